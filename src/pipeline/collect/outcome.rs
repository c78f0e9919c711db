//! What an answer leaves on the feed's own row, what of it is told, and when the feed is asked again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{debug, info, warn};

use super::super::{Error, Line};
use super::{Collected, host_of};
use crate::feed::fetch::{FetchError, Freshness, RetryAfter, next_after_failure, next_check};
use crate::model::words::with_causes;
use crate::store::feed::{self, Due, Failed, Moved};
use crate::store::{self, Tx};

/// A feed that is not found is told of after so long: while a site is being moved, it comes and goes.
const MISSING_FOR: TimeDelta = TimeDelta::days(3);

/// Why a feed was not read.
pub(super) struct Failure {
    pub(super) words: String,
    pub(super) was_silence: bool,
    kind: Kind,
    retry_after: Option<RetryAfter>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Error,
    /// The feed has not failed: this host wants quiet.
    Quiet(String),
    Missing,
    Gone,
}

impl Failure {
    /// Something came, and it is no feed.
    pub(super) fn unread(words: String, retry_after: Option<RetryAfter>) -> Self {
        Self { words, was_silence: false, kind: Kind::Error, retry_after }
    }

    /// It was read, and could not be kept.
    pub(super) fn not_kept(error: &store::Error) -> Self {
        let words = format!("what it has could not be kept: {}", with_causes(error));
        Self::unread(words, None)
    }

    pub(super) fn of(error: &FetchError) -> Self {
        let kind = match error {
            FetchError::Gone { .. } => Kind::Gone,
            FetchError::NotFound { .. } => Kind::Missing,
            error => error.paused_host().map_or(Kind::Error, |host| Kind::Quiet(host.to_owned())),
        };
        let was_silence = matches!(error, FetchError::Timeout { .. });
        Self { words: with_causes(error), was_silence, kind, retry_after: error.retry_after() }
    }

    /// The host that wants quiet.
    pub(super) fn quiet(self) -> Option<String> {
        if let Kind::Quiet(host) = self.kind { Some(host) } else { None }
    }
}

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

/// What a working feed says that has nothing new.
pub(super) struct Same {
    pub(super) moved: Moved,
    pub(super) freshness: Freshness,
    /// ETag and Last-Modified of a 200 whose body is known; a 304 need not repeat them.
    pub(super) validators: Option<(Option<String>, Option<String>)>,
}

pub(super) async fn unchanged(line: &Line, due: &Due, same: &Same, now: DateTime<Utc>) -> Result<Collected, Error> {
    let ttl = due.ttl_minutes.and_then(|minutes| minutes.try_into().ok());
    let next_check_at = next(line, due, ttl, &same.freshness, now);
    let mut tx = line.store.begin().await?;
    feed::unchanged(&mut tx, due.id, &same.moved, next_check_at, now).await?;
    if let Some((etag, last_modified)) = &same.validators {
        feed::validators(&mut tx, due.id, etag, last_modified).await?;
    }
    tx.commit().await?;
    works(due, &same.moved);
    Ok(Collected { feeds: 1, unchanged: 1, ..Collected::default() })
}

/// Says what is news about a feed that works.
pub(super) fn works(due: &Due, moved: &Moved) {
    if due.told_at.is_some() {
        info!(feed = %due.slug, "feed {} answers again", due.slug);
    }
    if let Some(to) = &moved.adopted {
        info!(feed = %due.slug, to, "feed {} has moved for good and is asked at {to} from now on", due.slug);
    }
}

/// Records a failure on the feed's own row, and says it once, when it begins.
pub(super) async fn failed(line: &Line, due: &Due, failure: &Failure, now: DateTime<Utc>) -> Result<(), Error> {
    let counts = !matches!(failure.kind, Kind::Quiet(_));
    let failures = u32::try_from(due.failures).unwrap_or(u32::MAX).saturating_add(u32::from(counts));
    let most = line.config.collect.max_interval;
    let jitter = line.chance.jitter();
    let next_check_at = next_after_failure(now, interval(line, due), most, failures, failure.retry_after, jitter);
    let missing_since = due.missing_since.or((failure.kind == Kind::Missing).then_some(now));
    let tells = tells(due, failure, missing_since, now);
    let record = Failed {
        error: &failure.words,
        next_check_at,
        counts,
        gone: failure.kind == Kind::Gone,
        missing_since,
        told_at: due.told_at.or(tells.then_some(now)),
    };

    let mut tx = line.store.begin().await?;
    if let Kind::Quiet(host) = &failure.kind {
        quieten(&mut tx, due, host, next_check_at).await?;
    }
    feed::failed(&mut tx, due.id, &record, now).await?;
    tx.commit().await?;

    tell(due, failure, tells, next_check_at);
    Ok(())
}

/// All feeds of a host wait, also those that are due later, and after a restart.
async fn quieten(tx: &mut Tx, due: &Due, host: &str, until: DateTime<Utc>) -> Result<(), Error> {
    let all = feed::addresses(tx).await?.into_iter();
    let there: Vec<i64> = all.filter(|(id, url)| *id == due.id || host_of(url) == host).map(|(id, _)| id).collect();
    Ok(feed::postpone(tx, &there, until).await?)
}

/// Each error once. That it is gone ends it, so that is told whatever was told before.
fn tells(due: &Due, failure: &Failure, missing_since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    let is_ripe = || missing_since.is_some_and(|since| now - since >= MISSING_FOR);
    match failure.kind {
        Kind::Gone => true,
        Kind::Missing => due.told_at.is_none() && is_ripe(),
        Kind::Error | Kind::Quiet(_) => due.told_at.is_none(),
    }
}

fn tell(due: &Due, failure: &Failure, tells: bool, next_check_at: DateTime<Utc>) {
    let (slug, words, again) = (&due.slug, &failure.words, next_check_at.format("%Y-%m-%d %H:%M UTC"));
    match (tells, &failure.kind) {
        (_, Kind::Gone) => warn!(feed = %slug, "feed {slug} is gone for good and is not asked again: {words}"),
        (true, Kind::Missing) => {
            warn!(feed = %slug, "feed {slug} has not been found for three days, next try at {again}: {words}")
        }
        (true, Kind::Quiet(host)) => {
            warn!(feed = %slug, host, "feed {slug} waits, with all others of {host}, until {again}: {words}")
        }
        (true, Kind::Error) => warn!(feed = %slug, "feed {slug} fails, next try at {again}: {words}"),
        (false, _) => debug!(feed = %slug, failures = due.failures, "feed {slug} still fails: {words}"),
    }
}
