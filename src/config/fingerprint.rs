//! What the database is brought in line with, as one short text: two processes with the same fingerprint mean the same.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::{Config, Feed, Frequency, Topic};

impl Config {
    /// SHA-256, in hexadecimal, of feeds, topics, regions, frequencies and languages, and of nothing else.
    pub fn fingerprint(&self) -> String {
        let canonical = json!({
            "language": self.site.language,
            "languages": self.site.languages,
            "feeds": self.feeds.iter().map(feed).collect::<Vec<_>>(),
            "topics": self.topics.iter().map(topic).collect::<Vec<_>>(),
            "regions": self.regions.iter().map(topic).collect::<Vec<_>>(),
            "frequencies": self.frequencies.iter().map(frequency).collect::<Vec<_>>(),
            "retired": {
                "topics": self.retired.topics.iter().map(topic).collect::<Vec<_>>(),
                "regions": self.retired.regions.iter().map(topic).collect::<Vec<_>>(),
                "frequencies": self.retired.frequencies.iter().map(frequency).collect::<Vec<_>>(),
            },
        });
        sha256(&canonical.to_string())
    }
}

/// Of all that a text says. Comments, and the order of keys, say nothing; nor do variables, since whoever looks has others
/// than a service.
pub(super) fn of_text(text: &str) -> String {
    let said = toml::from_str::<toml::Table>(text).unwrap_or_default();
    sha256(&serde_json::to_string(&said).unwrap_or_default())
}

fn sha256(text: &str) -> String {
    digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn feed(feed: &Feed) -> Value {
    json!({
        "slug": feed.slug,
        "url": feed.url.as_str(),
        "language": feed.language,
        "allow_private": feed.allow_private,
        "interval": feed.interval.map(|interval| interval.as_millis() as u64),
    })
}

fn topic(topic: &Topic) -> Value {
    json!({
        "slug": topic.slug,
        "name": topic.name,
        "description": topic.description,
        "rule": topic.rule,
        "replaced_by": topic.replaced_by,
        "end_subscriptions": topic.end_subscriptions,
    })
}

fn frequency(frequency: &Frequency) -> Value {
    json!({
        "slug": frequency.slug,
        "name": frequency.name,
        "cron": frequency.schedule.to_string(),
        "hour_choice": frequency.hour_choice,
        "approve": frequency.approve,
        "replaced_by": frequency.replaced_by,
        "end_subscriptions": frequency.end_subscriptions,
    })
}
