//! JSON Feed 1.x, read item by item: what is of the wrong type is passed over, and a text that breaks off keeps the
//! items before.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use url::Url;

use super::draft::Draft;
use super::html::looks_like_html;
use super::links;
use super::loose::{Loose, Many, Named};
use super::reading::{ENTRIES, TOO_MANY};
use crate::feed::clean::plain_text;
use crate::feed::{Document, Text};
use crate::model::article::Image;

/// None when it is no feed.
pub(super) fn read(text: &str, base: Option<&Url>) -> Option<Document> {
    let mut feed = Feed { document: Document::default(), base, is_feed: false };
    let mut json = serde_json::Deserializer::from_str(text);
    if let Err(error) = (&mut feed).deserialize(&mut json) {
        feed.document.damaged = Some(format!("the JSON is broken: {error}"));
        feed.document.cut_short = true;
    }
    let Feed { mut document, is_feed, .. } = feed;
    for entry in &mut document.entries {
        entry.language = entry.language.take().or_else(|| document.language.clone());
    }
    is_feed.then_some(document)
}

struct Feed<'a> {
    document: Document,
    base: Option<&'a Url>,
    /// A version that says so, or a list of items.
    is_feed: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Feed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Feed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a feed")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => self.is_feed |= map.next_value::<Loose>()?.text().is_some_and(|v| v.contains("jsonfeed")),
                "title" => self.document.title = title(map.next_value()?),
                "home_page_url" => self.document.link = map.next_value::<Loose>()?.link(self.base),
                "language" => self.document.language = map.next_value::<Loose>()?.text(),
                "items" => map.next_value_seed(Items(self))?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Plain text by the specification, but many that make a JSON Feed from their RSS forget that.
fn title(given: Loose) -> Option<String> {
    let text = given.text()?;
    let text = if looks_like_html(&text) { Text::html(text) } else { Text::plain(text) };
    Some(plain_text(&text)).filter(|title| !title.is_empty())
}

struct Items<'a, 'b>(&'a mut Feed<'b>);

impl<'de> DeserializeSeed<'de> for Items<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Feed { document, base, is_feed } = self.0;
        *is_feed = true;
        while document.entries.len() < ENTRIES {
            match items.next_element::<Item>()? {
                Some(item) => document.entries.push(item.draft(*base).into_entry()),
                None => return Ok(()),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {
            document.damaged.get_or_insert_with(|| TOO_MANY.to_owned());
        }
        Ok(())
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Item {
    id: Loose,
    url: Loose,
    external_url: Loose,
    title: Loose,
    content_html: Loose,
    content_text: Loose,
    summary: Loose,
    image: Loose,
    banner_image: Loose,
    date_published: Loose,
    date_modified: Loose,
    language: Loose,
    author: Named,
    authors: Many<Named>,
    tags: Many<Loose>,
}

impl Item {
    fn draft(self, base: Option<&Url>) -> Draft {
        let mut draft = Draft::default();
        draft.title(0, title(self.title).unwrap_or_default());
        draft.link(self.url.link(base).or(self.external_url.link(base)));
        if let Some(id) = self.id.text() {
            let link = if links::is_absolute(&id) { links::resolve(None, &id) } else { None };
            draft.id(id, link);
        }
        draft.published = self.date_published.date();
        draft.updated = self.date_modified.date();
        draft.language = self.language.text();
        self.tags.0.into_iter().filter_map(Loose::text).for_each(|tag| draft.tag(&tag));
        let authors = self.authors.0.into_iter().chain([self.author]);
        authors.filter_map(|author| author.0.text()).for_each(|name| draft.author(name));

        draft.content(Text::html(self.content_html.text().unwrap_or_default()));
        draft.content(Text::plain(self.content_text.text().unwrap_or_default()));
        draft.summary(0, Text::plain(self.summary.text().unwrap_or_default()));
        if let Some(url) = self.image.link(base).or(self.banner_image.link(base)) {
            draft.image(Image { url, alt: None });
        }
        draft
    }
}
