//! What has been heard of an entry (or of the feed) so far: several elements may say the same thing, and here it is
//! decided which of them is believed.

use chrono::{DateTime, Utc};

use crate::feed::{Entry, Text};
use crate::model::article::Image;

/// More tags than this are not kept.
const TAGS: usize = 64;

#[derive(Default)]
pub(super) struct Draft {
    /// The outer of two titles is the entry's; of two at one level, the first.
    title: Option<(usize, String)>,
    media_title: Option<String>,

    alternate_html: Option<String>,
    link: Option<String>,
    alternate_other: Option<String>,
    permalink: Option<String>,
    /// `rdf:about`, which is the address in most feeds that have it.
    pub about: Option<String>,
    pub guid: Option<String>,

    pub published: Option<DateTime<Utc>>,
    pub updated: Option<DateTime<Utc>>,
    pub created: Option<DateTime<Utc>>,

    tags: Vec<String>,
    author: Option<String>,
    pub email: Option<String>,
    summary: Option<(usize, Text)>,
    media_description: Option<Text>,
    content: Option<Text>,
    pub image: Option<Image>,
    pub language: Option<String>,
}

impl Draft {
    pub(super) fn title(&mut self, depth: usize, title: String) {
        if !title.is_empty() && self.title.as_ref().is_none_or(|&(before, _)| depth < before) {
            self.title = Some((depth, title));
        }
    }

    pub(super) fn media_title(&mut self, title: String) {
        self.media_title = Some(title).filter(|title| !title.is_empty());
    }

    pub(super) fn link(&mut self, link: Option<String>) {
        self.link = link.or(self.link.take());
    }

    pub(super) fn alternate(&mut self, link: Option<String>, is_html: bool) {
        if is_html {
            self.alternate_html = link.or(self.alternate_html.take());
        } else {
            self.alternate_other = self.alternate_other.take().or(link);
        }
    }

    pub(super) fn id(&mut self, id: String, link: Option<String>) {
        if !id.is_empty() {
            self.guid = Some(id);
            self.permalink = link;
        }
    }

    pub(super) fn tag(&mut self, tag: &str) {
        let tag = tag.split_whitespace().collect::<Vec<_>>().join(" ");
        let lower = tag.to_lowercase();
        if !tag.is_empty() && self.tags.len() < TAGS && self.tags.iter().all(|known| known.to_lowercase() != lower) {
            self.tags.push(tag);
        }
    }

    pub(super) fn author(&mut self, author: String) {
        if self.author.is_none() && !author.is_empty() {
            self.author = Some(author);
        }
    }

    /// A second summary, when there is no content, is the content: some feeds give the short and the long text so.
    pub(super) fn summary(&mut self, depth: usize, text: Text) {
        if text.value.is_empty() {
            return;
        }
        match &self.summary {
            Some(_) if self.content.is_none() => self.content = Some(text),
            Some((before, _)) if depth > *before => {}
            _ => self.summary = Some((depth, text)),
        }
    }

    pub(super) fn media_description(&mut self, text: Text) {
        if self.media_description.is_none() && !text.value.is_empty() {
            self.media_description = Some(text);
        }
    }

    pub(super) fn content(&mut self, text: Text) {
        if self.content.is_none() && !text.value.is_empty() {
            self.content = Some(text);
        }
    }

    pub(super) fn image(&mut self, image: Image) {
        self.image.get_or_insert(image);
    }

    pub(super) fn take_title(&mut self) -> Option<String> {
        self.title.take().map(|(_, title)| title).or(self.media_title.take())
    }

    pub(super) fn take_link(&mut self) -> Option<String> {
        let candidates =
            [&mut self.alternate_html, &mut self.link, &mut self.permalink, &mut self.about, &mut self.alternate_other];
        candidates.into_iter().find_map(Option::take)
    }

    pub(super) fn into_entry(mut self) -> Entry {
        Entry {
            title: self.take_title(),
            link: self.take_link(),
            guid: self.guid,
            date: self.published.or(self.updated).or(self.created),
            tags: self.tags,
            author: self.author.or(self.email),
            summary: self.summary.map(|(_, text)| text).or(self.media_description),
            content: self.content,
            image: self.image,
            language: self.language,
        }
    }
}
