//! Data for every template, to look at and to hold templates to rules: an ordinary day, nothing, one article, more
//! than forty, in a language's own words where we have them. It is said by the site that asks.
//!
//! Text that means harm is for tests alone.

mod confirm;
mod digest;
mod forms;
mod mailbox;
mod note;
mod page;
#[cfg(test)]
pub(super) mod tried;
mod words;

use super::confirm::Confirm;
use super::digest::Digest;
use super::error::RenderError;
use super::note::{Note, Occasion};
use super::page::Page;
use super::site::Site;
use super::templates::Templates;
use crate::model::language::Language;
use crate::model::rendering::{Place, Places, Rendering};

#[derive(Debug, Clone)]
pub struct Sample {
    /// What it is a sample of, as an operator names it: `mail/digest`, `pages/stop`.
    pub kind: &'static str,
    /// Among those of its kind.
    pub name: &'static str,
    pub language: Language,
    pub content: Subject,
}

#[derive(Debug, Clone)]
pub enum Subject {
    Mail(Box<Mail>),
    Page(Box<Page>),
}

#[derive(Debug, Clone)]
pub enum Mail {
    Digest(Digest),
    Confirm(Confirm),
    Note(Note),
}

/// Every kind of mail and every page, in one language.
pub fn all(site: &Site, language: &Language) -> Vec<Sample> {
    let mut all = Vec::new();
    for (name, digest) in digest::all(site, language) {
        all.push(Sample::mail("mail/digest", name, Mail::Digest(digest)));
    }
    for (name, confirm) in confirm::all(site, language) {
        all.push(Sample::mail("mail/confirm", name, Mail::Confirm(confirm)));
    }
    for (name, note) in note::all(site, language) {
        all.push(Sample::mail("mail/note", name, Mail::Note(note)));
    }
    for (name, content) in page::all(site, language) {
        let elsewhere = page::elsewhere(language, &content);
        all.push(Sample::page(name, Page { site: site.clone(), language: language.clone(), elsewhere, content }));
    }
    if language.as_str() == "en" {
        for (name, content) in mailbox::all() {
            let (site, language) = (site.clone(), language.clone());
            all.push(Sample::page(name, Page { site, language, elsewhere: vec![], content }));
        }
    }
    all
}

impl Sample {
    fn mail(kind: &'static str, name: &'static str, mail: Mail) -> Self {
        Self { kind, name, language: mail.language().clone(), content: Subject::Mail(Box::new(mail)) }
    }

    fn page(name: &'static str, page: Page) -> Self {
        let template = page.content.template();
        let kind = template.strip_suffix(".html").unwrap_or(template);
        Self { kind, name, language: page.language.clone(), content: Subject::Page(Box::new(page)) }
    }
}

impl Mail {
    pub fn site(&self) -> &Site {
        match self {
            Self::Digest(digest) => &digest.site,
            Self::Confirm(confirm) => &confirm.site,
            Self::Note(note) => &note.site,
        }
    }

    pub fn language(&self) -> &Language {
        match self {
            Self::Digest(digest) => &digest.language,
            Self::Confirm(confirm) => &confirm.language,
            Self::Note(note) => &note.language,
        }
    }

    pub fn render(&self, templates: &Templates) -> Result<Rendering, RenderError> {
        match self {
            Self::Digest(digest) => templates.digest(digest),
            Self::Confirm(confirm) => templates.confirm(confirm),
            Self::Note(note) => templates.note(note),
        }
    }

    /// The links that lead a reader of it out, by the names of their holes: without one of them, it is no such mail.
    pub fn ways(&self) -> Vec<String> {
        match self {
            Self::Digest(digest) => {
                let topics = digest.sections.iter().map(|section| format!("stop_topic_{}", section.topic));
                topics.chain(["preferences", "pause", "stop"].map(str::to_owned)).collect()
            }
            Self::Confirm(_) | Self::Note(_) => vec!["link".to_owned()],
        }
    }

    /// Which of our pages its one link leads to.
    fn page_behind(&self) -> &'static str {
        match self {
            Self::Note(Note { occasion: Occasion::Goodbye, .. }) => "again",
            Self::Note(Note { occasion: Occasion::PreferencesLink | Occasion::Welcome, .. }) => "preferences",
            _ => "confirm",
        }
    }

    /// What fills its holes, as it would for a reader; the links lead nowhere.
    pub fn places(&self, templates: &Templates) -> Places {
        let base = self.site().url.trim_end_matches('/');
        let link = |name: String| {
            let place = Place::plain(match name.strip_prefix("stop_topic_") {
                Some(topic) => format!("{base}/stop/sample?topic={topic}"),
                None if name == "link" => format!("{base}/{}/sample", self.page_behind()),
                None => format!("{base}/{name}/sample"),
            });
            (name, place)
        };
        let mut places: Places = self.ways().into_iter().map(link).collect();
        if let Self::Digest(digest) = self {
            let names: Vec<String> = digest.sections.iter().map(|section| section.name.clone()).collect();
            places.insert("why".to_owned(), templates.why(&digest.language, &names));
        }
        places
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::shipped::SHIPPED;
    use super::*;

    /// Else nobody could look at it, and no rule would be asked about it.
    #[test]
    fn every_mail_and_page_has_a_sample() {
        let wanted: BTreeSet<&str> = SHIPPED
            .iter()
            .filter(|(_, text)| text.contains("{% extends"))
            .filter_map(|(path, _)| path.strip_suffix("/body.html").or_else(|| path.strip_suffix(".html")))
            .collect();
        let samples = all(&tried::site(), &tried::language("en"));
        assert_eq!(samples.iter().map(|sample| sample.kind).collect::<BTreeSet<_>>(), wanted);
    }
}
