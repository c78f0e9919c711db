//! How a text is written down: plain, as HTML, as elements, or encoded.

use super::tag::Tag;

/// How a text is written down in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Html,
    /// Markup stands in the feed as elements; text in it is text.
    Xhtml,
    Base64 {
        html: bool,
    },
}

impl Form {
    /// By the attributes `type` and (Atom 0.3) `mode`.
    pub(super) fn declared(tag: &Tag, default: Self) -> Self {
        let mode = tag.given("mode").unwrap_or_default().to_ascii_lowercase();
        let kind = tag.given("type").map(str::to_ascii_lowercase);
        let form = match kind.as_deref() {
            None => default,
            Some("text" | "plain") => Self::Plain,
            Some("html" | "text/html") => Self::Html,
            Some("xhtml") => Self::Xhtml,
            Some(kind) if kind.ends_with("xml") => Self::Xhtml,
            Some(kind) if kind.contains('/') && !kind.starts_with("text/") => Self::Base64 { html: false },
            Some(_) => Self::Plain,
        };
        match (mode.as_str(), form) {
            ("base64", _) => Self::Base64 { html: kind.is_some_and(|kind| kind.contains("html")) },
            ("escaped", Self::Xhtml | Self::Base64 { .. }) => Self::Html,
            _ => form,
        }
    }
}
