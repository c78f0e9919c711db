//! The system's clock, held against the database server's and against what was written down last.

use chrono::{DateTime, TimeDelta, Utc};

use super::finding::Finding;
use crate::clock::Clock;
use crate::store::{Store, feed, health};

const ABOUT: &str = "clock";
/// A quarter of a minute: what a machine without a time service drifts in some weeks.
const NOTICEABLE: TimeDelta = TimeDelta::seconds(15);
/// Digests come at another minute than they should, and leases are measured wrongly.
const TOO_MUCH: TimeDelta = TimeDelta::minutes(1);

const FIX: &str = "have a time service (chrony, systemd-timesyncd) set the clock, and look at the machine's date";

/// `clock` may run ahead (`--at`); here only the system's own counts.
pub async fn look(clock: &Clock, store: Option<&Store>) -> anyhow::Result<Finding> {
    let now = || clock.now() - clock.offset();
    let Some(store) = store else { return Ok(Finding::ok(ABOUT, told(now()))) };
    let before = now();
    if let Some(theirs) = health::clock(store).await? {
        let half_way = before + (now() - before) / 2;
        return Ok(against_server(half_way, theirs));
    }
    let latest = feed::list(store).await?.into_iter().filter_map(|feed| feed.last_success_at).max();
    Ok(against_rows(now(), latest))
}

fn against_server(ours: DateTime<Utc>, theirs: DateTime<Utc>) -> Finding {
    let apart = (ours - theirs).abs();
    let way = if ours < theirs { "behind" } else { "ahead of" };
    let what = format!("{}, {:.1} seconds {way} the database server's", told(ours), apart.as_seconds_f64());
    if apart >= TOO_MUCH {
        Finding::problem(ABOUT, what, FIX)
    } else if apart >= NOTICEABLE {
        Finding::warning(ABOUT, what).then(FIX)
    } else {
        Finding::ok(ABOUT, what)
    }
}

/// A file has no clock of its own, but nothing in it can have happened later than now.
fn against_rows(now: DateTime<Utc>, latest: Option<DateTime<Utc>>) -> Finding {
    match latest.filter(|latest| *latest - now >= TOO_MUCH) {
        Some(latest) => {
            let what = format!("{}, but a feed was read at {}: it ran ahead, or is behind", told(now), told(latest));
            Finding::problem(ABOUT, what, FIX)
        }
        None => Finding::ok(ABOUT, told(now)),
    }
}

fn told(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_found() {
        let now: DateTime<Utc> = "2026-03-02T08:00:00Z".parse().unwrap();
        let level = |seconds| against_server(now, now + TimeDelta::seconds(seconds)).level;
        assert_eq!((level(3), level(-20), level(90)), (Level::Ok, Level::Warning, Level::Problem));
        let found = against_server(now, now - TimeDelta::milliseconds(250));
        assert_eq!(found.what, "2026-03-02 08:00:00 UTC, 0.2 seconds ahead of the database server's");
        assert_eq!(against_rows(now, Some(now - TimeDelta::days(1))).level, Level::Ok);
        assert_eq!(against_rows(now, Some(now + TimeDelta::hours(1))).level, Level::Problem);
    }
}
