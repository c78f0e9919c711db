//! An entry we kept: cleaned, deduplicated, ours.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::language::Language;

/// What a mail or a page shows of an article: plain text throughout, safe to escape and print anywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// One line, at most 300 characters, never empty.
    pub title: String,
    /// http or https; absent when the feed gave none that can be followed.
    pub link: Option<String>,
    /// Plain text, cut at a word; may be empty.
    pub summary: String,
    pub image: Option<Image>,
    pub language: Option<Language>,
    pub author: Option<String>,
    pub categories: Vec<String>,
    /// What the feed says; for showing only, since feeds lie.
    pub published_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// https only.
    pub url: String,
    pub alt: Option<String>,
}
