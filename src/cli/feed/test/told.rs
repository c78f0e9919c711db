//! What was found, as it is told.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::words::{bytes, count};
use crate::config::{Config, Feed};
use crate::feed::Document;
use crate::feed::discover::Found;
use crate::feed::form::form;
use crate::feed::oddities::{self, Oddity};
use crate::model::topic::Facet;
use crate::pipeline::matching::{Taken, taken};

/// Other feeds of a page that are shown to a person.
const OTHERS: usize = 10;

#[derive(Serialize)]
pub struct Told {
    ok: bool,
    url: String,
    /// Where it was found in the end.
    at: String,
    /// The page that led to it.
    page: Option<String>,
    others: Vec<Other>,
    title: Option<String>,
    language: Option<String>,
    form: String,
    content_type: Option<String>,
    entries: usize,
    newest: Option<DateTime<Utc>>,
    oldest: Option<DateTime<Utc>>,
    pictures: usize,
    /// Without compression.
    bytes: usize,
    milliseconds: u128,
    etag: bool,
    last_modified: bool,
    odd: Vec<Oddity>,
    /// Null without a configuration file: there is nothing to match with.
    topics: Option<Vec<Topic>>,
    /// It is in the configuration already.
    declared: bool,
    slug: String,
    /// Its lines for the configuration.
    toml: String,
}

#[derive(Serialize)]
struct Other {
    url: String,
    title: Option<String>,
}

#[derive(Serialize)]
struct Topic {
    facet: Facet,
    slug: String,
    entries: usize,
    example: String,
    why: String,
}

impl Told {
    pub fn of(config: &Config, found: &Found, feed: &Feed, declared: bool, now: DateTime<Utc>) -> Self {
        let Document { title, language, entries, .. } = &found.document;
        let dates = || entries.iter().filter_map(|entry| entry.date);
        let others = found.behind.iter().flat_map(|behind| &behind.others);
        let matched = || taken(config, feed, &found.document, now).into_iter().map(Topic::from).collect();
        Self {
            ok: true,
            url: found.url.to_string(),
            at: found.at.to_string(),
            page: found.behind.as_ref().map(|behind| behind.page.to_string()),
            others: others.map(|other| Other { url: other.url.to_string(), title: other.title.clone() }).collect(),
            title: title.clone(),
            language: language.clone(),
            form: form(&found.body, found.content_type.as_deref()),
            content_type: found.content_type.clone(),
            entries: entries.len(),
            newest: dates().max(),
            oldest: dates().min(),
            pictures: entries.iter().filter(|entry| entry.image.is_some()).count(),
            bytes: found.body.len(),
            milliseconds: found.took.as_millis(),
            etag: found.etag.is_some(),
            last_modified: found.last_modified.is_some(),
            odd: oddities::of(found, now),
            topics: config.file.is_some().then(matched),
            declared,
            slug: feed.slug.to_string(),
            toml: feed.text(),
        }
    }

    pub fn text(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.title.as_deref().unwrap_or("(no title)"), self.url)];
        lines.extend(self.page.iter().map(|page| format!("  behind    the page {page}")));
        if self.at != self.url {
            lines.push(format!("  found at  {}", self.at));
        }
        let sent_as = self.content_type.as_deref().unwrap_or("no content type");
        lines.push(format!("  form      {}, sent as {sent_as}", self.form));
        lines.push(format!("  language  {}", self.language.as_deref().unwrap_or("not said")));
        lines.push(format!("  entries   {}{}", self.entries, self.dates()));
        lines.push(format!("  pictures  in {} of them", self.pictures));
        lines.push(format!("  size      {}, in {} ms", bytes(self.bytes as u64), self.milliseconds));
        lines.push(format!("  checks    {}", self.checks()));
        lines.extend(self.odd.iter().map(|odd| format!("  odd       {}", odd.text)));
        lines.extend(self.topics());
        if !self.others.is_empty() {
            lines.push("The page names other feeds, too:".to_owned());
            let other = |other: &Other| format!("  {}  {}", other.url, other.title.as_deref().unwrap_or_default());
            lines.extend(self.others.iter().take(OTHERS).map(|one| other(one).trim_end().to_owned()));
        }
        if self.declared {
            lines.push(format!("It is in the configuration already, as `{}`.", self.slug));
        } else {
            lines.push(format!("\n{}", self.toml));
        }
        lines.join("\n")
    }

    fn dates(&self) -> String {
        let day = |date: DateTime<Utc>| date.format("%Y-%m-%d %H:%M UTC").to_string();
        match (self.newest, self.oldest) {
            (Some(newest), Some(oldest)) if newest != oldest => format!(", from {} to {}", day(oldest), day(newest)),
            (Some(one), _) => format!(", of {}", day(one)),
            _ => String::new(),
        }
    }

    fn checks(&self) -> &'static str {
        match (self.etag, self.last_modified) {
            (true, true) => "cost little where nothing is new (ETag and Last-Modified)",
            (true, false) => "cost little where nothing is new (ETag)",
            (false, true) => "cost little where nothing is new (Last-Modified)",
            (false, false) => "cost the whole document each time",
        }
    }

    fn topics(&self) -> Vec<String> {
        let Some(topics) = &self.topics else { return vec![] };
        if topics.is_empty() && self.entries > 0 {
            let slug = &self.slug;
            return vec![format!("  topics    none takes an entry of it: name it in one, feeds = [\"{slug}\"]")];
        }
        let line = |topic: &Topic| {
            let what = match topic.facet {
                Facet::Topic => "topic ",
                Facet::Region => "region",
            };
            let entries = count(topic.entries, "entry").replace("entrys", "entries");
            format!("  {what}    {}: {entries}, such as “{}”: {}", topic.slug, topic.example, topic.why)
        };
        topics.iter().map(line).collect()
    }
}

impl From<Taken> for Topic {
    fn from(taken: Taken) -> Self {
        let Taken { facet, slug, entries, example, why } = taken;
        Self { facet, slug: slug.to_string(), entries, example, why }
    }
}
