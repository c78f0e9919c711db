//! The feeds that were answered, as they are declared: each asked for its title once, which names its topic.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use url::{Host, Url};

use crate::cli::naming;
use crate::feed::discover::find;
use crate::feed::fetch::{Fetcher, Limits, public_only, user_agent};
use crate::model::slug::Slug;
use crate::model::words::with_causes;

/// A public feed, for whoever names none: something is there to be seen.
const EXAMPLE: &str = "https://news.un.org/feed/subscribe/en/news/topic/health/feed/rss.xml";

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
        let asked = if offline { None } else { Some(find(&fetcher, url, is_private(url)).await) };
        let (found, error) = match asked.transpose() {
            Ok(found) => (found, None),
            Err(why) => (None, Some(with_causes(&why))),
        };
        // A site's address leads to its feed, which is what is asked from then on.
        let url = found.as_ref().map_or(url, |found| &found.url);
        let name = naming::name(found.as_ref().and_then(|found| found.document.title.as_deref()), url);
        let slug = naming::untaken(&name, url, &mut taken)?;
        let allow_private = is_private(url);
        let entries = found.as_ref().map(|found| found.document.entries.len());
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

/// Whether the address itself says so. Where a name leads to is looked at when it is fetched, and refused.
fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => public_only(IpAddr::V4(address)).is_some(),
        Some(Host::Ipv6(address)) => public_only(IpAddr::V6(address)).is_some(),
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        None => false,
    }
}
