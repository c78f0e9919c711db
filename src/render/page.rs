//! What the pages say. One frame (`pages/layout.html`), one template each.

use serde::Serialize;

use super::digest::Digest;
use super::site::{Moment, Site};
use crate::model::language::Language;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub site: Site,
    pub language: Language,
    pub content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// `/stop/{token}`
    Stop {
        what: Stopping,
        step: Step,
    },
    /// `/confirm/{token}`
    Confirm {
        topics: Vec<String>,
        frequency: String,
        /// When the first digest comes (or would come), on the reader's wall.
        first: Option<Moment>,
        /// IANA name.
        zone: String,
        step: Step,
    },
    /// `/edition/{key}`: all articles, none left behind "N more". Its language is the digest's own.
    Edition {
        digest: Box<Digest>,
    },
    Error {
        trouble: Trouble,
    },
}

/// What a stop ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopping {
    Everything {
        /// Names of the topics that end.
        topics: Vec<String>,
    },
    Topic {
        name: String,
        /// Names of those that stay.
        left: Vec<String>,
        /// The page that stops everything.
        everything_url: String,
    },
}

/// A page that asks first, and the same page after the press of its button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Ask(Ask),
    Done,
}

/// The form behind the one button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// Where it posts to.
    pub action: String,
    /// Names and values of hidden fields.
    pub hidden: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    NotFound,
    /// A link that worked once, or for a while.
    Expired,
    /// Our fault.
    Wrong,
}

impl Content {
    pub(super) fn template(&self) -> &'static str {
        match self {
            Self::Stop { .. } => "pages/stop.html",
            Self::Confirm { .. } => "pages/confirm.html",
            Self::Edition { .. } => "pages/edition.html",
            Self::Error { .. } => "pages/error.html",
        }
    }
}
