//! All templates in all languages, parsed once; the doors through which mails and pages come out.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::digest as hash;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use minijinja::{Environment, context};
use serde::Serialize;
use tracing::info;

use super::catalogue::{Catalogue, Wording};
use super::confirm::Confirm;
use super::digest::Digest;
use super::engine::{self, environment, html, render, subject, text};
use super::error::{RenderError, TemplateError};
use super::note::Note;
use super::page::{Content, Elsewhere, Page};
use super::script::one_line;
use super::site::Site;
use super::theme::Theme;
use super::view::{Room, View};
use super::{encoded, functions, shipped, view};
use crate::model::colour::Colour;
use crate::model::edition::Format;
use crate::model::language::Language;
use crate::model::rendering::{Place, Rendering};
use crate::model::token::base32;

/// What Gmail shows before it clips a message is 102 KB; room is left for headers, the text part and rewriting relays.
pub(super) const HTML_LIMIT: usize = 90_000;
const ENGLISH: &str = "en";

pub struct Templates {
    /// What each language speaks with.
    languages: BTreeMap<Language, Speaker>,
    /// Speaks for a language without a catalogue.
    default: Language,
    version: String,
    style_hash: String,
}

struct Speaker {
    env: Environment<'static>,
    wording: Wording,
}

impl Templates {
    /// The shipped texts, with those in the folder `over` in their place: a template replaces the one of the same path, a
    /// catalogue the messages it names. `site_language` stands in for what a language does not say; `colour` is the site's own.
    pub fn load(over: Option<&Path>, site_language: &Language, colour: Option<Colour>) -> Result<Self, TemplateError> {
        let over = over.map(shipped::over).transpose()?.unwrap_or_default();
        let version = version(&over, site_language);
        let catalogues = catalogues(&over)?;
        let (base, style) = environment(over, &Theme::of(colour))?;
        let english = ENGLISH.parse().expect("a language");
        let default = if catalogues.contains_key(site_language) { site_language.clone() } else { english };

        let speaker = |language: &Language| {
            let chain = [language, &default, &ENGLISH.parse().expect("a language")].map(Clone::clone);
            let wording = Wording(chain.into_iter().map(|l| (l.clone(), catalogues[&l].clone())).collect());
            let mut env = base.clone();
            functions::speak(&mut env, language, wording.clone());
            Speaker { env, wording }
        };
        Ok(Self {
            languages: catalogues.keys().map(|language| (language.clone(), speaker(language))).collect(),
            default,
            version,
            style_hash: style_hash(&style),
        })
    }

    pub fn digest(&self, digest: &Digest) -> Result<Rendering, RenderError> {
        let rooms = Room::ladder(digest);
        let mut rendering = self.digest_in(digest, rooms[0])?;
        for room in &rooms[1..] {
            let size = encoded::size(&rendering.html);
            if size <= HTML_LIMIT {
                break;
            }
            info!(
                size,
                articles = digest.count,
                "a digest of {size} bytes is cut to {room:?} ({})",
                digest.edition_url
            );
            rendering = self.digest_in(digest, *room)?;
        }
        Ok(rendering)
    }

    pub fn confirm(&self, confirm: &Confirm) -> Result<Rendering, RenderError> {
        self.mail("confirm", &confirm.language, confirm, true)
    }

    pub fn note(&self, note: &Note) -> Result<Rendering, RenderError> {
        self.mail("note", &note.language, note, true)
    }

    /// A mail in its language; without HTML for readers who want text alone.
    fn mail(
        &self,
        kind: &str,
        language: &Language,
        data: &impl Serialize,
        with_html: bool,
    ) -> Result<Rendering, RenderError> {
        let (language, env) = self.speaker(language);
        let data = engine::view(data);
        let subject = subject(env, &format!("mail/{kind}/subject.txt"), &data)?;
        let view = context! { subject => &subject, ..data };
        let html = with_html.then(|| html(env, &format!("mail/{kind}/body.html"), &view)).transpose()?;
        Ok(Rendering {
            text: text(env, &format!("mail/{kind}/body.txt"), &view)?,
            html: html.unwrap_or_default(),
            subject,
            language: language.clone(),
        })
    }

    pub fn page(&self, page: &Page) -> Result<String, RenderError> {
        #[derive(Serialize)]
        struct View<'a, C> {
            site: &'a Site,
            /// Where the site's own pages begin in this language.
            home_url: String,
            elsewhere: &'a [Elsewhere],
            #[serde(flatten)]
            content: C,
        }
        let template = page.content.template();
        let (language, env) = self.speaker(&page.language);
        let home_url = format!("/{}/", page.language);
        let (site, elsewhere) = (&page.site, page.elsewhere.as_slice());
        match &page.content {
            Content::Edition { digest, subscribe_url } => {
                let (language, env) = self.speaker(&digest.language);
                let digest = view::View::of(digest, language, Room::AMPLE);
                let content = view::Edition { digest, subscribe_url };
                // The digest brings its site along.
                render(env, template, &engine::view(&content))
            }
            Content::Topic(topic) => {
                let content = view::Topic::of(topic, site, language);
                render(env, template, &engine::view(&View { site, home_url, elsewhere, content }))
            }
            content => render(env, template, &engine::view(&View { site, home_url, elsewhere, content })),
        }
    }

    /// What a language calls itself.
    pub fn own_name(&self, language: &Language) -> String {
        let wording = &self.languages[self.speaker(language).0].wording;
        wording.message("page.language", None).unwrap_or(language.as_str()).to_owned()
    }

    /// Words of ours for a page of somebody else's: the line under the article.
    pub fn message(&self, language: &Language, key: &str) -> String {
        let wording = &self.languages[self.speaker(language).0].wording;
        wording.message(key, None).unwrap_or(key).to_owned()
    }

    /// What fills the hole `why`: the names of the reader's topics, joined as the language joins them.
    pub fn why(&self, language: &Language, topics: &[String]) -> Place {
        let wording = &self.languages[self.speaker(language).0].wording;
        Place {
            text: functions::list(wording, topics.iter().map(|name| one_line(name))),
            html: functions::list(wording, topics.iter().map(|name| functions::html_name(&one_line(name)))),
        }
    }

    /// Those that have a catalogue.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.languages.keys()
    }

    /// That a mail of this kind has a hole that nothing fills, and where its template says so.
    pub(super) fn strange_hole(&self, kind: &str, hole: &str) -> RenderError {
        let env = self.speaker(&self.default).1;
        engine::strange_hole(env, kind, hole)
    }

    /// Changes with any text of any template or catalogue, and with the site's language; part of what an edition is keyed by.
    /// The site's face (name, colour, logo, foot) is no part of it: the same articles under another face are the same
    /// edition.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The `style-src` source of the pages' one inline style, quotes included: `'sha256-…'`.
    pub fn style_hash(&self) -> &str {
        &self.style_hash
    }

    fn digest_in(&self, digest: &Digest, room: Room) -> Result<Rendering, RenderError> {
        let (spoken, _) = self.speaker(&digest.language);
        self.mail("digest", spoken, &View::of(digest, spoken, room), digest.format != Format::Text)
    }

    fn speaker(&self, language: &Language) -> (&Language, &Environment<'static>) {
        let (language, speaker) = self
            .languages
            .get_key_value(language)
            .or_else(|| self.languages.get_key_value(&self.default))
            .expect("the default language has a catalogue");
        (language, &speaker.env)
    }
}

fn catalogues(over: &BTreeMap<String, String>) -> Result<BTreeMap<Language, Arc<Catalogue>>, TemplateError> {
    let mut catalogues: BTreeMap<Language, Catalogue> = BTreeMap::new();
    let shipped = shipped::SHIPPED.iter().copied();
    for (name, text) in shipped.chain(over.iter().map(|(name, text)| (name.as_str(), text.as_str()))) {
        let Some(tag) = name.strip_prefix("locale/").and_then(|file| file.strip_suffix(".toml")) else { continue };
        let language = tag.parse().map_err(|_| TemplateError::CatalogueName { name: name.to_owned() })?;
        catalogues.entry(language).or_default().overlay(Catalogue::read(name, text)?);
    }
    Ok(catalogues.into_iter().map(|(language, catalogue)| (language, Arc::new(catalogue))).collect())
}

fn version(over: &BTreeMap<String, String>, site_language: &Language) -> String {
    let mut context = hash::Context::new(&hash::SHA256);
    let site_language = [("site", site_language.as_str())];
    let shipped = shipped::SHIPPED.iter().copied();
    let over = over.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    for (name, text) in shipped.chain(over).chain(site_language) {
        for part in [name, text] {
            context.update(&part.len().to_be_bytes());
            context.update(part.as_bytes());
        }
    }
    base32(&context.finish().as_ref()[..10])
}

fn style_hash(style: &str) -> String {
    format!("'sha256-{}'", BASE64_STANDARD.encode(hash::digest(&hash::SHA256, style.as_bytes())))
}
