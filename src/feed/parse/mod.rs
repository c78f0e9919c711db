//! From the bytes of a feed to a [`Document`]: RSS of every age, Atom, JSON Feed, well-formed or not.
//!
//! A body passes through [`encoding`] (bytes → characters), then [`xml`] (one forgiving pass, which tells a [`reading`]
//! what it meets) or [`json`]. Nothing here recurses, and everything has a limit: an input can be refused or cut short,
//! but never cost more than a few times its length. What HTML may do is for `clean` to say, and which entries are new
//! for others still.

mod capture;
mod chars;
mod dates;
mod draft;
mod elements;
mod encoding;
mod entities;
mod form;
mod html;
mod json;
mod links;
mod loose;
mod namespace;
mod pictures;
mod reading;
mod scope;
mod tag;
mod xml;

#[cfg(test)]
mod corpus;

pub(in crate::feed) use chars::unescape;
pub(in crate::feed) use encoding::{declared_encoding, decode};

use thiserror::Error;
use url::Url;

use super::document::Document;

/// A body that is no feed: what it was sent as, and what it looks like.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("this is no feed but {looks_like} (content type: {content_type})")]
pub struct NotAFeed {
    /// As the server gave it, or "none".
    pub content_type: String,
    /// In words: "an HTML page", "an empty body".
    pub looks_like: &'static str,
}

const A_PAGE: &str = "an HTML page";

impl NotAFeed {
    /// It is the address of a site, most likely, whose feed is elsewhere.
    pub fn is_a_page(&self) -> bool {
        self.looks_like == A_PAGE
    }
}

/// Reads a feed. `content_type` is HTTP's header, `base` the address the body came from in the end.
pub fn document(body: &[u8], content_type: Option<&str>, base: Option<&Url>) -> Result<Document, NotAFeed> {
    let text = chars::without_controls(encoding::decode(body, content_type));
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    let read = if start.starts_with('{') { json::read(start, base) } else { xml::read(&text, base) };
    read.ok_or_else(|| NotAFeed {
        content_type: content_type.map_or("none", str::trim).chars().take(100).collect(),
        looks_like: looks_like(start),
    })
}

fn looks_like(start: &str) -> &'static str {
    let head: String = start.chars().take(1000).collect::<String>().to_ascii_lowercase();
    match start.chars().next() {
        None => "an empty body",
        Some('{' | '[') => "JSON that is no JSON Feed",
        _ if ["<!doctype html", "<html", "<head", "<body"].iter().any(|mark| head.contains(mark)) => A_PAGE,
        Some('<') => "XML of another kind",
        _ if head.starts_with("%pdf") || head.starts_with("pk\u{3}") || head.contains('\u{fffd}') => {
            "a file of another kind"
        }
        _ => "plain text",
    }
}
