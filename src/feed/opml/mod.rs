//! Lists of feeds as programs exchange them: OPML 1.0 and 2.0. A folder, or a category, is a topic in the making.
//!
//! What OPML has no word for and a list of ours must keep (slugs, leave for a private address, an interval) stands in
//! attributes of our own, which others pass over.

mod read;
mod write;

use std::time::Duration;

use thiserror::Error;
use url::Url;

use crate::model::language::Language;
use crate::model::slug::Slug;

pub use read::read;
pub use write::write;

/// Bytes of a list at most; ten thousand feeds take some three million.
const LONGEST: usize = 10 << 20;

/// A feed of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    pub url: Url,
    pub title: Option<String>,
    pub language: Option<Language>,
    /// In the order of the list; a feed may stand in several.
    pub folders: Vec<Folder>,
    pub slug: Option<Slug>,
    pub allow_private: bool,
    pub interval: Option<Duration>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    pub name: String,
    pub slug: Option<Slug>,
}

/// What is in a list, each feed once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    pub feeds: Vec<Outline>,
    pub bad: Vec<Bad>,
}

/// An outline that names a feed and cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Bad {
    /// From 1, counting all outlines in the order of the list.
    pub outline: usize,
    pub why: String,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum OpmlError {
    #[error("it is longer than {} MiB, which no list of feeds is", LONGEST >> 20)]
    TooLong,
    #[error("it is no OPML: there is no <opml> in it")]
    NoOpml,
}

#[cfg(test)]
mod tests;
