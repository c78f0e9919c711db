//! What a feed says, whatever its format: the nouns that `parse` makes and the rest of `feed` takes.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::model::article::Image;

/// A feed as it was read. An empty one is no error.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    pub title: Option<String>,
    pub link: Option<String>,
    pub language: Option<String>,
    /// How long the feed asks us to wait, in minutes.
    pub ttl_minutes: Option<u32>,
    pub entries: Vec<Entry>,
    /// What was wrong with the document, in words, when it had to be mended or was cut short.
    pub damaged: Option<String>,
    /// Its end did not come: what else it has is not known.
    pub cut_short: bool,
}

/// An item as the feed states it: decoded and bounded, but neither cleaned nor kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Plain text.
    pub title: Option<String>,
    /// Absolute, http or https.
    pub link: Option<String>,
    /// The guid or Atom id as the feed gives it, trimmed.
    pub guid: Option<String>,
    /// When it was published, else updated. None when the feed does not say so in a way one can read.
    pub date: Option<DateTime<Utc>>,
    /// Without duplicates, regardless of case.
    pub tags: Vec<String>,
    pub author: Option<String>,
    pub summary: Option<Text>,
    pub content: Option<Text>,
    /// Any scheme the feed gave; whether it may be shown is for `clean` to say.
    pub image: Option<Image>,
    /// The entry's own language, else the feed's.
    pub language: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    pub kind: TextKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    Plain,
    Html,
}

impl Text {
    pub fn plain(value: impl Into<String>) -> Self {
        Self { value: value.into(), kind: TextKind::Plain }
    }

    pub fn html(value: impl Into<String>) -> Self {
        Self { value: value.into(), kind: TextKind::Html }
    }
}

impl TextKind {
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Plain => "text/plain",
            Self::Html => "text/html",
        }
    }
}

impl Document {
    /// What `tidings feed parse --json` prints. Absent values are null.
    pub fn to_json(&self) -> Value {
        json!({
            "ok": true,
            "feed": { "title": self.title, "link": self.link, "language": self.language },
            "entries": self.entries.iter().map(Entry::to_json).collect::<Vec<_>>(),
        })
    }
}

impl Entry {
    /// A feed that gives only the content means it as the summary too.
    pub fn summary_or_content(&self) -> Option<&Text> {
        self.summary.as_ref().or(self.content.as_ref())
    }

    fn to_json(&self) -> Value {
        let (summary, content) = (self.summary_or_content(), self.content.as_ref());
        json!({
            "title": self.title,
            "link": self.link,
            "id": self.guid,
            "date_utc": self.date.map(|date| date.to_rfc3339_opts(SecondsFormat::Secs, true)),
            "tags": self.tags,
            "author": self.author,
            "summary": summary.map(|text| &text.value),
            "summary_type": summary.map(|text| text.kind.media_type()),
            "content": content.map(|text| &text.value),
            "content_type": content.map(|text| text.kind.media_type()),
        })
    }
}
