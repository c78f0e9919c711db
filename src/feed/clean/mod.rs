//! From an entry to what a mail or a page may show of it: plain text throughout, of bounded length, with a picture that
//! can be shown without being watched.

mod depth;
mod html;
mod image;
mod text;

pub use html::html;
pub use text::plain_text;

use super::document::Entry;
use crate::model::article::Story;
use text::{cut, fold};

/// The longest title, in characters.
const TITLE: usize = 300;
/// How much of the text stands in for a title that is missing.
const FIRST_WORDS: usize = 80;
const CATEGORY: usize = 100;
const AUTHOR: usize = 200;

/// How much of an entry is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Characters of the summary; mails shorten it further.
    pub summary: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { summary: 600 }
    }
}

pub fn story(entry: &Entry, limits: &Limits) -> Story {
    let text = entry.summary_or_content().map(plain_text).unwrap_or_default();
    let summary = cut(&text, limits.summary);
    Story {
        title: title(entry, &text),
        link: entry.link.clone(),
        summary,
        image: entry.image.as_ref().and_then(image::shown),
        language: entry.language.as_deref().and_then(|language| language.parse().ok()),
        author: entry.author.as_deref().map(|author| cut(&fold(author), AUTHOR)).filter(|author| !author.is_empty()),
        categories: entry.tags.iter().map(|tag| cut(&fold(tag), CATEGORY)).filter(|tag| !tag.is_empty()).collect(),
        published_at: entry.date,
    }
}

/// Never empty: the title, else the first words of the text, else the address, else dots.
fn title(entry: &Entry, text: &str) -> String {
    let given = cut(&fold(entry.title.as_deref().unwrap_or_default()), TITLE);
    let candidates = [given, cut(text, FIRST_WORDS), cut(entry.link.as_deref().unwrap_or_default(), TITLE)];
    candidates.into_iter().find(|title| !title.is_empty()).unwrap_or_else(|| "…".to_owned())
}

#[cfg(test)]
mod tests;
