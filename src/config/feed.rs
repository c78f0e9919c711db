//! `[[feed]]`: a URL we poll.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;

use super::collect::Collect;
use super::duration;
use super::findings::Findings;
use super::site::Site;
use crate::model::language::Language;
use crate::model::slug::Slug;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    pub slug: Slug,
    /// http or https.
    #[serde(deserialize_with = "address")]
    pub url: Url,
    /// Of its articles. Without it, what the feed and its entries say.
    #[serde(default)]
    pub language: Option<Language>,
    /// Whether it may be on this machine or in our own network.
    #[serde(default)]
    pub allow_private: bool,
    /// Instead of `collect.interval`.
    #[serde(default, deserialize_with = "duration::optional")]
    pub interval: Option<Duration>,
}

pub(super) fn check(feeds: &[Feed], collect: &Collect, site: &Site, findings: &mut Findings<'_>) {
    findings.unique("feed", feeds.iter().map(|feed| &feed.slug));
    let mut seen = BTreeSet::new();
    for (i, feed) in feeds.iter().enumerate() {
        if !seen.insert(&feed.url) {
            findings.warn(format!("feed `{}` has the same URL as another above: it is fetched twice", feed.slug));
        }
        if let Some(interval) = feed.interval.filter(|i| !(collect.min_interval..=collect.max_interval).contains(i)) {
            findings.wrong(
                &format!("feed.{i}.interval"),
                format!(
                    "feed `{}` has an interval of {}, which is not between `collect.min_interval` ({}) and \
                     `collect.max_interval` ({})",
                    feed.slug,
                    duration::shown(interval),
                    duration::shown(collect.min_interval),
                    duration::shown(collect.max_interval)
                ),
            );
        }
        if let Some(language) = feed.language.as_ref().filter(|language| !site.languages.contains(language)) {
            findings.warn(format!(
                "feed `{}` is in {language}, which is not among `site.languages`: no reader can choose it",
                feed.slug
            ));
        }
    }
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    let url: Url = text.parse().map_err(|why| D::Error::custom(format!("`{text}` is not a URL ({why})")))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(D::Error::custom(format!("`{text}` is neither http nor https")))
    }
}
