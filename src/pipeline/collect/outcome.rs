//! What an answer leaves on the feed's own row, and when the feed is asked again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tracing::{debug, info, warn};

use super::super::{Error, Line};
use crate::feed::fetch::{FetchError, Freshness, next_after_failure, next_check};
use crate::store::feed::{self, Due, Failed};

pub(super) fn next(
    line: &Line,
    due: &Due,
    ttl_minutes: Option<u32>,
    freshness: &Freshness,
    now: DateTime<Utc>,
) -> DateTime<Utc> {
    let ttl = ttl_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let collect = &line.config.collect;
    let bounds = (collect.min_interval, collect.max_interval);
    next_check(now, interval(line, due), ttl, freshness, bounds, line.chance.jitter())
}

fn interval(line: &Line, due: &Due) -> Duration {
    let declared = line.config.feeds.iter().find(|feed| feed.slug == due.slug);
    declared.and_then(|feed| feed.interval).unwrap_or(line.config.collect.interval)
}

pub(super) async fn unchanged(line: &Line, due: &Due, freshness: &Freshness, now: DateTime<Utc>) -> Result<(), Error> {
    let next_check_at = next(line, due, None, freshness, now);
    let mut tx = line.store.begin().await?;
    feed::unchanged(&mut tx, due.id, next_check_at, now).await?;
    tx.commit().await?;
    recovered(due);
    Ok(())
}

pub(super) fn recovered(due: &Due) {
    if due.failures > 0 {
        info!(feed = %due.slug, "feed {} answers again", due.slug);
    }
}

/// Records a failure on the feed's own row, and says it once, when it begins. When it is asked next.
pub(super) async fn failed(
    line: &Line,
    due: &Due,
    error: &str,
    now: DateTime<Utc>,
    answer: Option<&FetchError>,
) -> Result<DateTime<Utc>, Error> {
    let gone = matches!(answer, Some(FetchError::Gone { .. }));
    let counts = !answer.is_some_and(FetchError::pauses_host);
    let failures = u32::try_from(due.failures).unwrap_or(u32::MAX).saturating_add(u32::from(counts));
    let retry_after = answer.and_then(FetchError::retry_after);
    let next_check_at = next_after_failure(
        now,
        interval(line, due),
        line.config.collect.max_interval,
        failures,
        retry_after,
        line.chance.jitter(),
    );

    let mut tx = line.store.begin().await?;
    feed::failed(&mut tx, due.id, &Failed { error, next_check_at, counts, gone }, now).await?;
    tx.commit().await?;

    if gone {
        warn!(feed = %due.slug, "feed {} is gone for good and is not asked again: {error}", due.slug);
    } else if due.failures == 0 {
        let again = next_check_at.format("%Y-%m-%d %H:%M UTC");
        warn!(feed = %due.slug, "feed {} fails, next try at {again}: {error}", due.slug);
    } else {
        debug!(feed = %due.slug, failures, "feed {} still fails: {error}", due.slug);
    }
    Ok(next_check_at)
}
