//! Reading: one pass without recursion. A document type is passed over, so no entity is ever expanded.

use std::collections::HashMap;
use std::time::Duration;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::{Bad, Folder, LONGEST, List, OpmlError, Outline};
use crate::feed::identity::canonical_link;
use crate::feed::parse::{decode, unescape};

/// Folders in folders. What lies deeper is reported, not read.
const DEEPEST: usize = 50;
/// Feeds and bad outlines, each.
const MOST: usize = 50_000;
/// Characters of a name.
const NAME: usize = 200;

pub fn read(bytes: &[u8]) -> Result<List, OpmlError> {
    if bytes.len() > LONGEST {
        return Err(OpmlError::TooLong);
    }
    let text = decode(bytes, None);
    let mut reader = Reader::from_str(&text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut reading = Reading::default();
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => reading.begins(&tag),
            Ok(Event::Empty(tag)) => {
                reading.begins(&tag);
                reading.ends(tag.name().as_ref());
            }
            Ok(Event::End(tag)) => reading.ends(tag.name().as_ref()),
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                reading.bad(format!("the list is damaged from here on: {error}"));
                break;
            }
        }
    }
    if reading.is_opml { Ok(reading.list) } else { Err(OpmlError::NoOpml) }
}

#[derive(Default)]
struct Reading {
    is_opml: bool,
    list: List,
    /// Outlines so far.
    number: usize,
    depth: usize,
    /// Those around us, down to the limit.
    folders: Vec<Option<Folder>>,
    /// Where in the list an address is.
    known: HashMap<String, usize>,
}

impl Reading {
    fn begins(&mut self, tag: &BytesStart<'_>) {
        let name = tag.name();
        if name.as_ref().eq_ignore_ascii_case(b"opml") {
            self.is_opml = true;
        } else if self.is_opml && name.as_ref().eq_ignore_ascii_case(b"outline") {
            self.outline(&Attributes::of(tag));
        }
    }

    fn ends(&mut self, name: &[u8]) {
        if self.is_opml && name.eq_ignore_ascii_case(b"outline") {
            self.depth = self.depth.saturating_sub(1);
            self.folders.truncate(self.depth);
        }
    }

    fn outline(&mut self, attributes: &Attributes) {
        self.number += 1;
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.bad(format!("it lies deeper than {DEEPEST} folders"));
        }
        let title = attributes.name();
        match attributes.get("xmlUrl") {
            Some(url) => match address(url) {
                Ok(url) => self.feed(url, title.clone(), attributes),
                Err(why) => self.bad(why),
            },
            None if attributes.get("type").is_some_and(|kind| kind.eq_ignore_ascii_case("include")) => {
                self.bad("it stands for another list: import that one too".to_owned());
            }
            None if attributes.get("htmlUrl").is_some() || attributes.get("type").is_some() => {
                self.bad(
                    "it has no `xmlUrl`: `tidings feed test URL` finds the feed behind a site's address".to_owned(),
                );
            }
            None => {}
        }
        let is_feed = attributes.get("xmlUrl").is_some();
        let folder = title.filter(|_| !is_feed).map(|name| Folder { name, slug: attributes.own("slug") });
        self.folders.push(folder);
    }

    fn feed(&mut self, url: Url, title: Option<String>, attributes: &Attributes) {
        let folders = match self.folders.iter().rev().flatten().next() {
            Some(folder) => vec![folder.clone()],
            None => categories(attributes.get("category").unwrap_or_default()),
        };
        let key = canonical_link(url.as_str()).unwrap_or_else(|| url.to_string());
        if let Some(&known) = self.known.get(&key) {
            let known = &mut self.list.feeds[known].folders;
            for folder in folders {
                if !known.contains(&folder) {
                    known.push(folder);
                }
            }
            return;
        }
        if self.list.feeds.len() == MOST {
            return self.bad(format!("it is beyond the first {MOST} feeds"));
        }
        self.known.insert(key, self.list.feeds.len());
        self.list.feeds.push(Outline {
            url,
            title,
            language: attributes.get("language").and_then(|language| language.parse().ok()),
            folders,
            slug: attributes.own("slug"),
            allow_private: attributes.own("private").unwrap_or(false),
            interval: attributes.own("interval").map(Duration::from_secs),
        });
    }

    fn bad(&mut self, why: String) {
        if self.list.bad.len() < MOST {
            self.list.bad.push(Bad { outline: self.number, why });
        }
    }
}

/// The attributes of an outline, whatever the case of their names: lists have `xmlurl` too.
struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn of(tag: &BytesStart<'_>) -> Self {
        let mut attributes = tag.attributes();
        let attributes = attributes.with_checks(false).filter_map(Result::ok);
        Self(
            attributes
                .map(|attribute| {
                    let key = String::from_utf8_lossy(attribute.key.as_ref()).to_ascii_lowercase();
                    (key, unescape(&String::from_utf8_lossy(&attribute.value)))
                })
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    fn own<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(&format!("tidings:{name}"))?.parse().ok()
    }

    fn name(&self) -> Option<String> {
        let name = self.get("title").or_else(|| self.get("text"))?;
        Some(
            name.split(|c: char| c.is_whitespace() || c.is_control())
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(" "),
        )
        .map(|name| name.chars().take(NAME).collect())
    }
}

/// `/News/Health,sport` is in the folders Health and sport.
fn categories(text: &str) -> Vec<Folder> {
    let last = |path: &str| path.rsplit('/').map(str::trim).find(|part| !part.is_empty()).map(str::to_owned);
    text.split(',').filter_map(last).map(|name| Folder { name, slug: None }).collect()
}

fn address(text: &str) -> Result<Url, String> {
    // As browsers handed feeds to readers once.
    let text = match text.strip_prefix("feed:") {
        Some(rest) if rest.starts_with("//") => format!("http:{rest}"),
        Some(rest) => rest.to_owned(),
        None => text.to_owned(),
    };
    let shown: String = text.chars().take(NAME).collect();
    let url: Url = text.parse().map_err(|why| format!("`{shown}` is not a URL ({why})"))?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(format!("`{shown}` is neither http nor https")) }
}
