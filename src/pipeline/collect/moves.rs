//! Feeds that move: a permanent redirect is followed at once, and adopted when it has proved itself.

use chrono::{DateTime, TimeDelta, Utc};

/// A permanent redirect is adopted after it has been the same for so long.
const ADOPT_AFTER: TimeDelta = TimeDelta::days(7);

/// At once for http → https of the same host; else when it has been the same for a week.
pub(super) fn adopts(from: &str, to: &str, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - since >= ADOPT_AFTER
        || from.strip_prefix("http://").is_some_and(|rest| to.strip_prefix("https://") == Some(rest))
}
