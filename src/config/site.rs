//! `[site]`: who we are, in which languages, and where our pages are.

use std::path::{Path, PathBuf};

use chrono_tz::{TZ_VARIANTS, Tz};
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;

use super::findings::Findings;
use super::relay::is_loopback_name;
use super::{suggest, value};
use crate::model::colour::Colour;
use crate::model::language::Language;
use crate::model::topic::Names;

/// Characters that the foot can have in one language.
const FOOTER_LIMIT: usize = 400;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    pub name: String,
    /// http or https, a host, and nothing behind it. See [`Site::link`].
    #[serde(deserialize_with = "base")]
    pub url: Url,
    pub language: Language,
    /// Holds `language`; no language twice.
    pub languages: Vec<Language>,
    #[serde(deserialize_with = "zone")]
    pub timezone: Tz,
    /// May be empty.
    pub postal_address: String,
    pub secret_file: PathBuf,
    #[serde(default)]
    pub templates: Option<PathBuf>,
    #[serde(default, deserialize_with = "value::optional")]
    pub colour: Option<Colour>,
    /// https.
    #[serde(default, deserialize_with = "logo")]
    pub logo: Option<Url>,
    /// Plain text of one or two lines.
    #[serde(default)]
    pub footer: Names,
}

impl Site {
    /// The public address of a page of ours; `path` begins with a slash.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    /// Its address leads to the reader's own machine and nowhere else.
    pub fn is_here(&self) -> bool {
        is_loopback(&self.url)
    }

    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.name.trim().is_empty() || self.name.chars().any(char::is_control) {
            findings.wrong("site.name", "`site.name` must be one line of text: it stands in every mail");
        }
        if !self.languages.contains(&self.language) {
            let path = if findings.given("site.languages") { "site.languages" } else { "site.language" };
            findings.wrong(
                path,
                format!("`site.languages` lacks `{}`, the site's own language (`site.language`)", self.language),
            );
        }
        for (i, language) in self.languages.iter().enumerate() {
            if self.languages[..i].contains(language) {
                findings.wrong(&format!("site.languages.{i}"), format!("`{language}` is listed twice"));
            }
        }
        for (path, file) in [("site.secret_file", Some(&self.secret_file)), ("site.templates", self.templates.as_ref())]
        {
            if file.is_some_and(|file| file.as_os_str().is_empty()) {
                findings.wrong(path, format!("`{path}` is empty: name it, or leave the line out"));
            }
        }
        self.check_footer(findings);
    }

    fn check_footer(&self, findings: &mut Findings<'_>) {
        for (language, text) in &self.footer {
            let lines = text.trim().lines().count();
            let plain = !text.chars().any(|c| c.is_control() && c != '\n');
            if !(1..=2).contains(&lines) || !plain || text.chars().count() > FOOTER_LIMIT {
                let wanted = format!("one or two lines of plain text, {FOOTER_LIMIT} characters at most, are wanted");
                findings.wrong(&format!("site.footer.{language}"), wanted);
            }
        }
        let missing: Vec<&str> =
            self.languages.iter().filter(|l| !self.footer.contains_key(l)).map(Language::as_str).collect();
        if !self.footer.is_empty() && !missing.is_empty() {
            findings.warn(format!("`site.footer` has no {}: another language's stands in", missing.join(", ")));
        }
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        self.secret_file = folder.join(&self.secret_file);
        self.templates = self.templates.as_ref().map(|path| folder.join(path));
    }
}

/// Whether it leads to this machine itself.
pub fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(is_loopback_name)
}

fn base<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    let wrong = |why: &str| D::Error::custom(format!("`{text}` {why}"));
    let url: Url = text.parse().map_err(|why| wrong(&format!("is not a URL ({why})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("is neither http nor https"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(wrong("has more than a host in it: our pages are at its root, such as https://digest.example.org"));
    }
    Ok(url)
}

fn logo<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(from)?;
    let url = text.parse::<Url>().ok().filter(|url| url.scheme() == "https" && url.username().is_empty());
    let wrong =
        || D::Error::custom(format!("`{text}` is not the https address of a picture: mail programs show no other"));
    url.map(Some).ok_or_else(wrong)
}

fn zone<'de, D: Deserializer<'de>>(from: D) -> Result<Tz, D::Error> {
    let name: String = value::text(from, "the name of a time zone in quotes, such as \"Africa/Nairobi\",")?;
    name.parse().map_err(|_| {
        let hint = suggest::nearest(&name, TZ_VARIANTS.iter().map(|zone| zone.name()))
            .map_or(String::new(), |known| format!("; did you mean `{known}`?"));
        D::Error::custom(format!("`{name}` is not a time zone{hint}"))
    })
}
