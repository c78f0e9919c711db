//! Forms: what was posted, and whether it came from a page of ours.

use std::collections::HashSet;

use axum::http::{HeaderMap, header};
use chrono::TimeDelta;
use url::form_urlencoded;

use super::Pages;
use crate::render::Ask;

/// The name of the field that holds the signature.
const SIGNATURE: &str = "form";
/// A field that people do not see; what fills it in is no person.
const TRAP: &str = "website";
/// Nobody fills in a form faster.
const AT_LEAST: TimeDelta = TimeDelta::seconds(2);
/// A page that was open for longer is shown once more.
const AT_MOST: TimeDelta = TimeDelta::days(1);

/// What was posted.
pub struct Form(Vec<(String, String)>);

/// How a form came to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// From a page of ours, filled in by a person.
    Well,
    /// Faster than a person fills it in.
    Quickly,
    /// From a page that was open for too long, of another site, or of nobody's.
    Oddly,
    /// Filled in by a program.
    ByRobot,
}

impl Form {
    pub fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    /// Without the spaces around it; empty if it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value.trim())
    }

    /// What was ticked: each once, however often it was sent.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let mut seen = HashSet::new();
        let values = self.0.iter().filter(move |(field, _)| field == name).map(|(_, value)| value.as_str());
        values.filter(move |value| seen.insert(*value))
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(field, _)| field == name)
    }
}

impl Pages {
    /// The form of the page at `path`, signed, with more hidden fields.
    pub fn ask(&self, path: &str, more: &[(&str, &str)]) -> Ask {
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let signature = (SIGNATURE.to_owned(), self.keys.form(path, self.clock.now()));
        Ask { action: path.to_owned(), hidden: std::iter::once(signature).chain(more).collect() }
    }

    /// Whether a form was signed by us for this page, not too long ago. Cross-site posts were turned away before.
    pub fn is_ours(&self, path: &str, form: &Form) -> bool {
        let age = self.age(path, form);
        age.is_some_and(|age| age <= AT_MOST)
    }

    /// The same for a form that anybody finds without a link: it also tells people from programs.
    pub fn weigh(&self, path: &str, headers: &HeaderMap, form: &Form) -> Came {
        if !form.text(TRAP).is_empty() {
            return Came::ByRobot;
        }
        match self.age(path, form) {
            _ if is_from_elsewhere(headers) => Came::Oddly,
            Some(age) if age < AT_LEAST => Came::Quickly,
            Some(age) if age <= AT_MOST => Came::Well,
            _ => Came::Oddly,
        }
    }

    fn age(&self, path: &str, form: &Form) -> Option<TimeDelta> {
        let made = self.keys.form_made(path, form.text(SIGNATURE))?;
        Some(self.clock.now() - made).filter(|age| *age >= TimeDelta::zero())
    }
}

/// A form on the newsroom's own pages may post to us: then ours is shown, filled in.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match value("sec-fetch-site") {
        Some(site) => !matches!(site, "same-origin" | "none"),
        None => {
            let origin = value(header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
            origin.is_some_and(|(_, host)| value(header::HOST.as_str()) != Some(host))
        }
    }
}
