//! The feeds that were answered, as they are declared: each asked for its title once, which names its topic.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use url::{Host, Url};

use super::naming;
use crate::feed::fetch::{Answer, Fetcher, Limits, Request, public_only, user_agent};
use crate::feed::{Document, parse};
use crate::model::slug::Slug;
use crate::model::words::with_causes;

/// A public feed, for whoever names none: something is there to be seen.
const EXAMPLE: &str = "https://news.un.org/feed/subscribe/en/news/topic/health/feed/rss.xml";

/// Characters of a topic's name at most: it is a heading.
const LONGEST_NAME: usize = 60;

/// What may be waited for with a person in front of it.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    whole: Duration::from_secs(10),
    body: 10 << 20,
    redirects: 5,
    pause: Duration::ZERO,
};

/// A feed and the topic made for it, which has the same slug.
#[derive(Debug, Serialize)]
pub struct Feed {
    pub slug: Slug,
    /// Of its topic.
    pub name: String,
    pub url: String,
    /// It is on this machine or in our own network, as its address says.
    pub allow_private: bool,
    /// It stands in until there is one to take its place.
    pub example: bool,
    /// How many entries it has now, if it was asked and is a feed.
    pub entries: Option<usize>,
    /// Why it could not be read.
    pub error: Option<String>,
}

/// Asks each for its title; `offline`, nobody is asked. `site` says to the publishers who asks.
pub async fn declare(urls: &[Url], offline: bool, site: &str) -> anyhow::Result<Vec<Feed>> {
    if urls.is_empty() {
        return Ok(vec![example()?]);
    }
    let fetcher = Fetcher::open(&user_agent(site), LIMITS)?;
    let mut feeds = Vec::new();
    let mut taken = BTreeSet::new();
    for url in urls {
        let allow_private = is_private(url);
        let asked = if offline { Ok(None) } else { ask(&fetcher, url, allow_private).await.map(Some) };
        let (document, error) = match asked {
            Ok(document) => (document, None),
            Err(why) => (None, Some(why)),
        };
        let name = name(document.as_ref(), url);
        let slug = untaken(naming::slug(&name).or_else(|| naming::slug(&naming::words_of(url))), &mut taken)?;
        let entries = document.map(|document| document.entries.len());
        feeds.push(Feed { slug, name, url: url.to_string(), allow_private, example: false, entries, error });
    }
    Ok(feeds)
}

fn example() -> anyhow::Result<Feed> {
    Ok(Feed {
        slug: "health".to_owned().try_into()?,
        name: "Health".to_owned(),
        url: EXAMPLE.to_owned(),
        allow_private: false,
        example: true,
        entries: None,
        error: None,
    })
}

async fn ask(fetcher: &Fetcher, url: &Url, allow_private: bool) -> Result<Document, String> {
    let request = Request { url: url.clone(), etag: None, last_modified: None, allow_private };
    match fetcher.fetch(&request).await {
        Ok(Answer::Document { body, content_type, url: found, .. }) => {
            parse::document(&body, content_type.as_deref(), Some(&found)).map_err(|no_feed| format!("{url}: {no_feed}"))
        }
        // Nothing was said of what we know, so this is an answer to another question.
        Ok(Answer::Unchanged { .. }) => Err(format!("{url} answered that nothing has changed, and was not asked that")),
        Err(error) => Err(with_causes(&error)),
    }
}

/// Whether the address itself says so. Where a name leads to is looked at when it is fetched, and refused.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => public_only(IpAddr::V4(address)).is_some(),
        Some(Host::Ipv6(address)) => public_only(IpAddr::V6(address)).is_some(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}

fn name(document: Option<&Document>, url: &Url) -> String {
    let title = document.and_then(|document| document.title.as_deref()).map(one_line).filter(|title| !title.is_empty());
    title.unwrap_or_else(|| naming::words_of(url))
}

/// Without line breaks and what else cannot be seen, and cut between two words.
fn one_line(title: &str) -> String {
    let mut line = String::new();
    for word in title.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if line.is_empty() {
            line.extend(word.chars().take(LONGEST_NAME));
        } else if line.chars().count() + 1 + word.chars().count() <= LONGEST_NAME {
            line = format!("{line} {word}");
        } else {
            break;
        }
    }
    line
}

/// The slug, or it with a number behind it.
fn untaken(slug: Option<Slug>, taken: &mut BTreeSet<Slug>) -> anyhow::Result<Slug> {
    let wanted = slug.map_or_else(|| "news".to_owned(), String::from);
    let mut free = wanted.clone();
    let mut number = 1;
    loop {
        let slug: Slug = free.try_into()?;
        if taken.insert(slug.clone()) {
            return Ok(slug);
        }
        number += 1;
        free = format!("{wanted}-{number}");
    }
}
