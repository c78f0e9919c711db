//! What the program knows of the world's time zones, which it carries inside.

use chrono::{DateTime, Datelike, Utc};
use chrono_tz::IANA_TZDB_VERSION;

use super::finding::Finding;
use crate::config::Config;

const ABOUT: &str = "time zones";

pub fn look(config: &Config, now: DateTime<Utc>) -> Finding {
    judge(IANA_TZDB_VERSION, config.site.timezone.name(), now)
}

/// Some country changes its clocks every year, mostly with months of notice.
fn judge(version: &str, zone: &str, now: DateTime<Utc>) -> Finding {
    let what = format!("as the world agreed on in release {version}; the site's is {zone}");
    let year = version.get(..4).and_then(|year| year.parse::<i32>().ok());
    if year.is_some_and(|year| now.year() - year >= 2) {
        return Finding::warning(ABOUT, format!("{what}; what changed since is not known"))
            .then("install a newer Tidings");
    }
    Finding::ok(ABOUT, what)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn zones_of_long_ago_are_told() {
        let level = |now: &str| judge("2025b", "UTC", now.parse().unwrap()).level;
        assert_eq!(level("2026-11-25T00:00:00Z"), Level::Ok);
        assert_eq!(level("2027-01-01T00:00:00Z"), Level::Warning);
    }

    #[test]
    fn the_release_has_a_year() {
        assert!(IANA_TZDB_VERSION[..4].parse::<i32>().is_ok_and(|year| year >= 2025));
    }
}
