//! `[collect]`: how often feeds are asked, how politely, and what is taken from them.

use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::findings::Findings;
use super::{duration, size, value};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collect {
    #[serde(deserialize_with = "duration::read")]
    pub interval: Duration,
    #[serde(deserialize_with = "duration::read")]
    pub min_interval: Duration,
    #[serde(deserialize_with = "duration::read")]
    pub max_interval: Duration,
    #[serde(deserialize_with = "duration::read")]
    pub connect_timeout: Duration,
    #[serde(deserialize_with = "duration::read")]
    pub fetch_timeout: Duration,
    /// Bytes, decoded.
    #[serde(deserialize_with = "size::read")]
    pub max_body: u64,
    pub max_redirects: usize,
    pub at_once: usize,
    #[serde(deserialize_with = "duration::read")]
    pub per_host_delay: Duration,
    #[serde(deserialize_with = "value::parsed")]
    pub first_fetch: FirstFetch,
    pub max_new: usize,
    #[serde(deserialize_with = "duration::read")]
    pub hold_back: Duration,
}

/// What of a feed's first fetch is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstFetch {
    None,
    Newest(usize),
}

impl FromStr for FirstFetch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_whitespace().collect::<Vec<_>>()[..] {
            ["none"] => Some(Self::None),
            ["newest", count] => count.parse().map(Self::Newest).ok(),
            _ => None,
        }
        .ok_or_else(|| format!("`{text}` is neither \"none\" nor \"newest 5\""))
    }
}

impl Collect {
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.min_interval.is_zero() {
            findings
                .wrong("collect.min_interval", "`collect.min_interval` is nothing: a feed would be asked without end");
        }
        if !(self.min_interval..=self.max_interval).contains(&self.interval) {
            let path = if findings.given("collect.interval") { "collect.interval" } else { "collect.min_interval" };
            findings.wrong(
                path,
                format!(
                    "`collect.interval` is {}, which is not between `min_interval` ({}) and `max_interval` ({})",
                    duration::shown(self.interval),
                    duration::shown(self.min_interval),
                    duration::shown(self.max_interval)
                ),
            );
        }
        if !(1..=1000).contains(&self.at_once) {
            findings.wrong("collect.at_once", format!("`collect.at_once` is {}: use 1 to 1000", self.at_once));
        }
        if self.max_body == 0 {
            findings.wrong("collect.max_body", "`collect.max_body` is nothing: no feed is that small");
        }
        for (key, timeout) in [("connect_timeout", self.connect_timeout), ("fetch_timeout", self.fetch_timeout)] {
            if timeout.is_zero() {
                findings
                    .wrong(&format!("collect.{key}"), format!("`collect.{key}` is nothing: no feed answers that fast"));
            }
        }
    }
}
