//! A field has been read to its end: what it says goes to the entry, or to the feed.

use super::Reading;
use crate::feed::Text;
use crate::feed::clean::plain_text;
use crate::feed::parse::capture::Capture;
use crate::feed::parse::elements::Field;
use crate::feed::parse::html::looks_like_html;
use crate::feed::parse::{dates, links};
use crate::model::article::Image;

impl Reading {
    pub(super) fn file(&mut self, capture: Capture) {
        let (field, depth, permalink) = (capture.field, capture.depth, capture.permalink);
        if field.is_prose() {
            let text = capture.prose(!self.is_atom, self.is_atom_1);
            return self.file_prose(field, depth, text);
        }
        let raw = capture.raw();
        let link = || links::resolve(self.scope.base(), &raw);
        match field {
            Field::Link => {
                let link = link();
                self.subject().link(link);
            }
            Field::Id => {
                let link = if permalink && links::is_absolute(&raw) { link() } else { None };
                self.subject().id(raw, link);
            }
            Field::Published => self.subject().published = dates::read(&raw).or(self.subject().published),
            Field::Updated => self.subject().updated = dates::read(&raw).or(self.subject().updated),
            Field::Created => self.subject().created = dates::read(&raw).or(self.subject().created),
            Field::Category => {
                let tag = self.words(raw);
                self.subject().tag(&tag);
            }
            Field::Keywords => self.words(raw).split(',').for_each(|tag| self.subject().tag(tag)),
            Field::Author | Field::Name => {
                let name = person(&self.words(raw));
                self.subject().author(name);
            }
            Field::Email => self.subject().email = Some(raw).filter(|email| !email.is_empty()),
            Field::Language => {
                let language = raw.replace('_', "-");
                if !language.is_empty() {
                    self.subject().language = Some(language);
                }
            }
            Field::TimeToLive => self.document.ttl_minutes = raw.parse().ok(),
            Field::MediaThumbnail => {
                let image = link().map(|url| Image { url, alt: None });
                self.picture(image);
            }
            Field::Title | Field::MediaTitle | Field::Summary(_) | Field::MediaDescription | Field::Content(_) => {}
        }
    }

    /// RSS does not say whether a name is HTML, and WordPress escapes categories twice.
    fn words(&self, raw: String) -> String {
        if !self.is_atom && looks_like_html(&raw) { plain_text(&Text::html(raw)) } else { raw }
    }

    fn file_prose(&mut self, field: Field, depth: usize, text: Text) {
        match field {
            Field::Title => self.subject().title(depth, plain_text(&text)),
            Field::MediaTitle => {
                let title = plain_text(&text);
                self.picture.alt(&title);
                self.subject().media_title(title);
            }
            Field::MediaDescription => {
                // Mastodon says here what is to be seen.
                self.picture.alt(&plain_text(&text));
                self.subject().media_description(text);
            }
            Field::Content(_) => self.subject().content(text),
            _ => self.subject().summary(depth, text),
        }
    }
}

/// `bo@example.org (Bo)` and `Bo <bo@example.org>` are Bo.
fn person(text: &str) -> String {
    let name = match text.split_once('(') {
        Some((before, inner)) if before.contains('@') => inner.trim_end_matches(')'),
        _ => match text.split_once('<') {
            Some((before, _)) if !before.trim().is_empty() => before,
            _ => text,
        },
    };
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
