//! Feeds that move: a permanent redirect is followed at once, and adopted when it has proved itself.

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::store::feed::{Due, Moved};

/// A permanent redirect is adopted after it has been the same for so long.
const ADOPT_AFTER: TimeDelta = TimeDelta::days(7);

/// What it means that a working feed was found there, after nothing but permanent redirects.
pub(super) fn moved(due: &Due, to: Option<&Url>, now: DateTime<Utc>) -> Moved {
    let Some(to) = to else { return Moved::default() };
    let is_the_same = due.moved_to.as_deref() == Some(to.as_str());
    let since = due.moved_since.filter(|_| is_the_same).unwrap_or(now);
    let adopts = now - since >= ADOPT_AFTER || only_becomes_safer(&due.url, to);
    let adopted = adopts.then(|| to.to_string());
    Moved { to: Some((to.to_string(), since)), adopted }
}

/// From http to https of the same host.
fn only_becomes_safer(from: &str, to: &Url) -> bool {
    let from = Url::parse(from).ok();
    to.scheme() == "https" && from.is_some_and(|from| from.scheme() == "http" && from.host() == to.host())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(url: &str, moved: Option<(&str, DateTime<Utc>)>) -> Due {
        let (moved_to, moved_since) = moved.map(|(to, since)| (to.to_owned(), since)).unzip();
        Due {
            id: 1,
            slug: "sea".to_owned().try_into().unwrap(),
            url: url.to_owned(),
            language: None,
            etag: None,
            last_modified: None,
            body_hash: None,
            ttl_minutes: None,
            identity: "guid".to_owned(),
            failures: 0,
            told_at: None,
            missing_since: None,
            moved_to,
            moved_since,
        }
    }

    #[test]
    fn a_move_is_adopted_when_it_has_been_the_same_for_a_week() {
        let now: DateTime<Utc> = "2026-03-09T12:00:00Z".parse().unwrap();
        let to: Url = "https://new.example/feed".parse().unwrap();
        let since = |days| {
            moved(&due("https://old.example/", Some((to.as_str(), now - TimeDelta::days(days)))), Some(&to), now)
        };
        assert_eq!(since(6).adopted, None);
        assert_eq!(since(7).adopted.as_deref(), Some(to.as_str()));
        let elsewhere = due("https://old.example/", Some(("https://other.example/", now - TimeDelta::days(30))));
        assert_eq!(moved(&elsewhere, Some(&to), now), Moved { to: Some((to.to_string(), now)), adopted: None });
        assert_eq!(moved(&elsewhere, None, now), Moved::default());
    }

    #[test]
    fn to_https_of_the_same_host_it_is_adopted_at_once() {
        let now = DateTime::UNIX_EPOCH;
        let adopts = |from, to: &str| moved(&due(from, None), Some(&to.parse().unwrap()), now).adopted.is_some();
        assert!(adopts("http://news.example/feed", "https://news.example/feed/"));
        assert!(!adopts("http://news.example/feed", "https://other.example/feed"));
        assert!(!adopts("https://news.example/feed", "http://news.example/feed"));
        assert!(!adopts("https://news.example/feed", "https://news.example/rss"));
    }
}
