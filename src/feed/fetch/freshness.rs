//! What an answer's headers say about when to come back. A server's clock is compared with itself alone: dates are
//! read against the answer's own `Date`, so that neither its clock nor ours need be right.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::header::{AGE, AsHeaderName, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, RETRY_AFTER};

/// For how long a feed says it will not change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Freshness {
    /// `max-age` less `Age`.
    pub max_age: Option<Duration>,
    /// `Expires` less `Date`.
    pub expires: Option<Duration>,
    pub retry_after: Option<RetryAfter>,
}

/// How long we are asked to stay away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    Wait(Duration),
    /// From a server that did not say what time it has.
    At(DateTime<Utc>),
}

impl Freshness {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let age = text(headers, AGE).and_then(seconds).unwrap_or_default();
        let expires = date(headers, EXPIRES).zip(date(headers, DATE));
        Self {
            max_age: max_age(headers).map(|max| max.saturating_sub(age)),
            expires: expires.map(|(expires, date)| between(date, expires)),
            retry_after: RetryAfter::of(headers),
        }
    }

    /// The longer of the two: coming late costs nobody anything.
    pub(super) fn lasts(&self) -> Duration {
        self.max_age.max(self.expires).unwrap_or_default()
    }
}

impl RetryAfter {
    /// RFC 9110 §10.2.3: seconds or a date.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        if let Some(wait) = text(headers, RETRY_AFTER).and_then(seconds) {
            return Some(Self::Wait(wait));
        }
        let at = date(headers, RETRY_AFTER)?;
        Some(date(headers, DATE).map_or(Self::At(at), |date| Self::Wait(between(date, at))))
    }

    /// From `now` on; zero for what has passed.
    pub fn wait(self, now: DateTime<Utc>) -> Duration {
        match self {
            Self::Wait(wait) => wait,
            Self::At(at) => between(now, at),
        }
    }
}

fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let directives = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    directives.flat_map(|value| value.split(',')).find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        name.trim().eq_ignore_ascii_case("max-age").then(|| seconds(value.trim().trim_matches('"')))?
    })
}

fn text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// RFC 9111 §1.2.2: digits only; more of them than we can count is as long as we can count.
fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| Duration::from_secs(text.parse().unwrap_or(u32::MAX.into())))
}

/// RFC 9110 §5.6.7: today's form and the two of old.
fn date(headers: &HeaderMap, name: impl AsHeaderName) -> Option<DateTime<Utc>> {
    let text = text(headers, name)?;
    let old = |form| NaiveDateTime::parse_from_str(text, form).ok().map(|naive| naive.and_utc());
    let today = DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc());
    today.or_else(|| old("%A, %d-%b-%y %H:%M:%S GMT")).or_else(|| old("%a %b %e %H:%M:%S %Y"))
}

fn between(from: DateTime<Utc>, to: DateTime<Utc>) -> Duration {
    (to - from).to_std().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const NOON: &str = "Mon, 02 Mar 2026 12:00:00 GMT";

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for &(name, value) in lines {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn lasts(lines: &[(&'static str, &str)]) -> u64 {
        Freshness::of(&headers(lines)).lasts().as_secs()
    }

    #[test]
    fn max_age_counts_from_when_it_left_its_origin() {
        assert_eq!(lasts(&[("cache-control", "public, Max-Age=3600")]), 3600);
        assert_eq!(lasts(&[("cache-control", "public"), ("cache-control", "max-age=\"60\""), ("age", "20")]), 40);
        assert_eq!(lasts(&[("cache-control", "max-age=60"), ("age", "90")]), 0);
        assert_eq!(lasts(&[("cache-control", "max-age=-1")]), 0);
        assert_eq!(lasts(&[("cache-control", "max-age=99999999999999999999999")]), u64::from(u32::MAX));
        assert_eq!(lasts(&[]), 0);
    }

    #[test]
    fn expires_counts_against_the_answers_own_date_in_any_of_its_forms() {
        for one in ["Mon, 02 Mar 2026 13:00:00 GMT", "Monday, 02-Mar-26 13:00:00 GMT", "Mon Mar  2 13:00:00 2026"] {
            assert_eq!(lasts(&[("date", NOON), ("expires", one)]), 3600, "{one}");
        }
        assert_eq!(lasts(&[("date", NOON), ("expires", "Mon, 02 Mar 2026 11:00:00 GMT")]), 0);
        assert_eq!(lasts(&[("date", NOON), ("expires", "0")]), 0);
        assert_eq!(lasts(&[("expires", NOON)]), 0, "without a date of its own it says nothing");
    }

    #[test]
    fn the_longer_of_the_two_holds() {
        let both = [("date", NOON), ("expires", "Mon, 02 Mar 2026 13:00:00 GMT"), ("cache-control", "max-age=60")];
        assert_eq!(lasts(&both), 3600);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let of = |lines: &[(&'static str, &str)]| RetryAfter::of(&headers(lines));
        let later = "Mon, 02 Mar 2026 12:02:00 GMT";
        let now = DateTime::parse_from_rfc2822(NOON).unwrap().to_utc();

        assert_eq!(of(&[("retry-after", "120")]), Some(RetryAfter::Wait(Duration::from_secs(120))));
        assert_eq!(of(&[("retry-after", later), ("date", NOON)]), Some(RetryAfter::Wait(Duration::from_secs(120))));
        assert_eq!(of(&[("retry-after", later)]).unwrap().wait(now), Duration::from_secs(120));
        assert_eq!(of(&[("retry-after", NOON), ("date", later)]), Some(RetryAfter::Wait(Duration::ZERO)));
        assert_eq!(of(&[("retry-after", "soon")]), None);
        assert_eq!(of(&[]), None);
    }
}
