//! The feed at an address, or behind it: whoever wants a feed often has the address of its site. Its page says where the
//! feed is (`<link rel="alternate">`); where it does not, the usual places are tried.

mod page;

use std::time::{Duration, Instant};

use thiserror::Error;
use url::Url;

use super::document::Document;
use super::fetch::{Answer, FetchError, Fetcher, Request};
use super::parse::{self, NotAFeed};
use page::offers;

/// A page may offer a feed for every section: so many of those that are none are put up with.
const TRIES: usize = 3;

/// Where the common programs have it, the most common first.
const USUAL: [&str; 7] = ["/feed/", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/rss", "/feed.json"];

/// A feed that was read.
#[derive(Debug, Clone)]
pub struct Found {
    /// The address to ask: that of the feed, not of the page that led to it.
    pub url: Url,
    /// Where it was found in the end, after redirects.
    pub at: Url,
    /// The same, if every redirect on the way there was a permanent one.
    pub moved_to: Option<Url>,
    pub document: Document,
    /// Without compression.
    pub body: Vec<u8>,
    pub content_type: Option<String>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// How long its host took to send it.
    pub took: Duration,
    /// What else the page offers, if it was a page that led here.
    pub behind: Option<Behind>,
}

#[derive(Debug, Clone)]
pub struct Behind {
    pub page: Url,
    pub others: Vec<Offer>,
}

/// A feed that a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub url: Url,
    pub title: Option<String>,
}

#[derive(Debug, Error)]
pub enum DiscoverError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{url}: {why}")]
    NotAFeed { url: Url, why: NotAFeed },
    #[error("{url} is a page that names no feed, and none is where feeds usually are")]
    NoneBehind { url: Url },
    #[error("the page {url} names feeds, and none of those asked is one; the first: {why}")]
    NoneOfThese { url: Url, why: String },
    /// Nothing was said of what we know, so this is an answer to another question.
    #[error("{url} answered that nothing has changed, and was not asked that")]
    Unchanged { url: Url },
}

enum Asked {
    Feed(Box<Found>),
    Other { at: Url, body: Vec<u8>, why: NotAFeed },
}

/// The feed at this address, or else the first that is behind it.
pub async fn find(fetcher: &Fetcher, url: &Url, allow_private: bool) -> Result<Found, DiscoverError> {
    let (at, body, why) = match ask(fetcher, url, allow_private).await? {
        Asked::Feed(found) => return Ok(*found),
        Asked::Other { at, body, why } => (at, body, why),
    };
    let offers = offers(&parse::decode(&body, None), &at);
    if !offers.is_empty() {
        return first_of(fetcher, &at, &offers, allow_private).await;
    }
    if !why.is_a_page() {
        return Err(DiscoverError::NotAFeed { url: url.clone(), why });
    }
    for place in USUAL.iter().filter_map(|place| at.join(place).ok()) {
        if let Ok(Asked::Feed(found)) = ask(fetcher, &place, allow_private && place.host() == url.host()).await {
            return Ok(Found { behind: Some(Behind { page: at, others: vec![] }), ..*found });
        }
    }
    Err(DiscoverError::NoneBehind { url: url.clone() })
}

async fn first_of(
    fetcher: &Fetcher,
    page: &Url,
    offers: &[Offer],
    allow_private: bool,
) -> Result<Found, DiscoverError> {
    let mut first_why = None;
    for (i, offer) in offers.iter().take(TRIES).enumerate() {
        // Leave for one's own network is leave for the host that was named.
        let why = match ask(fetcher, &offer.url, allow_private && offer.url.host() == page.host()).await {
            Ok(Asked::Feed(found)) => {
                let others = offers.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, other)| other.clone());
                return Ok(Found { behind: Some(Behind { page: page.clone(), others: others.collect() }), ..*found });
            }
            Ok(Asked::Other { why, .. }) => format!("{}: {why}", offer.url),
            Err(error) => error.to_string(),
        };
        first_why.get_or_insert(why);
    }
    Err(DiscoverError::NoneOfThese { url: page.clone(), why: first_why.unwrap_or_default() })
}

async fn ask(fetcher: &Fetcher, url: &Url, allow_private: bool) -> Result<Asked, DiscoverError> {
    let request = Request { url: url.clone(), etag: None, last_modified: None, allow_private };
    let started = Instant::now();
    let Answer::Document { body, content_type, etag, last_modified, url: at, moved_to, .. } =
        fetcher.fetch(&request).await?
    else {
        return Err(DiscoverError::Unchanged { url: url.clone() });
    };
    let took = started.elapsed();
    Ok(match parse::document(&body, content_type.as_deref(), Some(&at)) {
        Ok(document) => Asked::Feed(Box::new(Found {
            url: url.clone(),
            at,
            moved_to,
            document,
            body,
            content_type,
            etag,
            last_modified,
            took,
            behind: None,
        })),
        Err(why) => Asked::Other { at, body, why },
    })
}
