//! A sample as it came out of its templates, taken apart for the rules.

use std::collections::BTreeSet;

use super::super::digest::{Digest, Item};
use super::super::encoded;
use super::super::error::RenderError;
use super::super::page::Content;
use super::super::samples::{Mail, Sample, Subject};
use super::super::templates::{HTML_LIMIT, Templates};
use super::html::{self, Element};
use crate::model::language::Language;
use crate::model::rendering::Holed;

pub struct Specimen<'a> {
    pub kind: &'static str,
    /// The sample's.
    pub name: &'static str,
    /// That of the text around the articles.
    pub language: Language,
    /// None for a mail of text only.
    pub html: Option<Element>,
    /// What only mails have.
    pub mail: Option<Letter<'a>>,
    digest: Option<&'a Digest>,
}

pub struct Letter<'a> {
    pub mail: &'a Mail,
    pub subject: String,
    pub text: String,
    /// Of the HTML, as it is sent.
    pub size: usize,
    pub holes_of_text: BTreeSet<String>,
    pub holes_of_html: BTreeSet<String>,
    /// Names of those that are filled.
    pub filled: BTreeSet<String>,
}

/// Something wrong with a specimen.
pub struct Flaw {
    pub part: Part,
    pub what: String,
    pub place: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Subject,
    Text,
    Html,
}

impl<'a> Specimen<'a> {
    pub fn of(sample: &'a Sample, templates: &Templates) -> Result<Self, RenderError> {
        let (kind, name) = (sample.kind, sample.name);
        match &sample.content {
            Subject::Page(page) => {
                let html = Some(html::parse(&templates.page(page)?));
                let digest = match &page.content {
                    Content::Edition { digest, .. } => Some(&**digest),
                    _ => None,
                };
                Ok(Self { kind, name, language: page.language.clone(), html, mail: None, digest })
            }
            Subject::Mail(mail) => {
                let rendering = mail.render(templates)?;
                let places = mail.places(templates);
                let html = rendering.html.filled(|name| places.get(name).map(|place| place.html.as_str()));
                let letter = Letter {
                    mail,
                    subject: rendering.subject,
                    text: rendering.text.filled(|name| places.get(name).map(|place| place.text.as_str())),
                    size: encoded::size(&rendering.html),
                    holes_of_text: holes(&rendering.text),
                    holes_of_html: holes(&rendering.html),
                    filled: places.into_keys().collect(),
                };
                let digest = match &**mail {
                    Mail::Digest(digest) => Some(digest),
                    Mail::Confirm(_) | Mail::Note(_) => None,
                };
                let html = (!html.is_empty()).then(|| html::parse(&html));
                Ok(Self { kind, name, language: rendering.language, html, mail: Some(letter), digest })
            }
        }
    }

    /// The path of the template that made a part of it.
    pub fn template(&self, part: Part) -> String {
        match (&self.mail, part) {
            (None, _) => format!("{}.html", self.kind),
            (Some(_), Part::Subject) => format!("{}/subject.txt", self.kind),
            (Some(_), Part::Text) => format!("{}/body.txt", self.kind),
            (Some(_), Part::Html) => format!("{}/body.html", self.kind),
        }
    }

    /// Its HTML's elements, in order.
    pub fn elements(&self) -> Vec<&Element> {
        self.html.as_ref().map(Element::all).unwrap_or_default()
    }

    pub fn named<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s Element> {
        self.elements().into_iter().filter(move |element| element.name == name)
    }

    /// Names of its topics.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.digest.into_iter().flat_map(|digest| &digest.sections).map(|section| section.name.as_str())
    }

    /// Its articles, where all of them have room.
    pub fn articles(&self) -> impl Iterator<Item = &Item> {
        let cut = self.mail.as_ref().is_some_and(|letter| letter.size > HTML_LIMIT);
        let digest = self.digest.filter(|digest| digest.count <= 12 && !cut);
        let items = digest.into_iter().flat_map(|digest| &digest.sections).flat_map(|section| &section.articles);
        items.filter(|item| !item.withdrawn)
    }
}

fn holes(part: &Holed) -> BTreeSet<String> {
    part.holes().map(str::to_owned).collect()
}

impl Flaw {
    /// About an element, or what it says.
    pub fn at(element: &Element, what: impl Into<String>) -> Self {
        Self { part: Part::Html, what: what.into(), place: element.tag() }
    }

    /// About all of a part.
    pub fn whole(part: Part, what: impl Into<String>) -> Self {
        Self { part, what: what.into(), place: String::new() }
    }
}
