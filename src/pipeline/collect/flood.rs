//! Whether a document brings so much that somebody should look first.

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use super::super::{Error, Line};
use crate::model::flood::{Brings, Usual, is_flood};
use crate::store::Tx;
use crate::store::feed::Due;
use crate::store::flood::{self, Standing};
use crate::store::sighting::Keeping;

/// What a feed did before is forgotten: newsrooms change.
const REMEMBERED: TimeDelta = TimeDelta::days(28);

/// Whether what is new is held. While a feed is held, all that comes is held with it: whoever releases it sees all, and the
/// order stays. Its first fetch mails nothing, or what the newsroom asked for.
pub(super) async fn holds(
    line: &Line,
    tx: &mut Tx,
    due: &Due,
    standing: &Standing,
    keeping: &Keeping<'_>,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let Some(first) = standing.first_fetched_at else { return Ok(false) };
    let new = keeping.news().count();
    if new == 0 || standing.held_since.is_some() {
        return Ok(standing.held_since.is_some());
    }
    let max_new = line.config.collect.max_new;
    let all_changed = keeping.has_only_news() && flood::has_shown(tx, due.id).await?;
    if !all_changed && new <= max_new {
        return Ok(false);
    }
    let familiar = if all_changed { keeping.familiar(tx).await? } else { 0 };
    let usual = usual(tx, due.id, first, now).await?;
    let since_last = now - standing.last_success_at.unwrap_or(first);
    Ok(is_flood(Brings { new, all_changed, familiar }, usual, since_last, max_new))
}

/// What a feed that was first fetched then has brought since.
async fn usual(tx: &mut Tx, feed: i64, first: DateTime<Utc>, now: DateTime<Utc>) -> Result<Usual, Error> {
    let from = first.max(now - REMEMBERED);
    let batches = flood::batches(tx, feed, from).await?;
    let at_first = batches.iter().find(|(at, _)| *at == first).map(|(_, n)| *n);
    let later: Vec<i64> = batches.iter().filter(|(at, _)| *at != first).map(|(_, n)| *n).collect();
    Ok(Usual::of(at_first, &later, now - from))
}

/// Says that so many articles were held.
pub(super) fn tell(due: &Due, standing: &Standing, held: usize) {
    let slug = &due.slug;
    if standing.held_since.is_some() {
        info!(feed = %slug, held, "feed {slug} is held, and so are {held} more of its articles");
    } else {
        warn!(
            feed = %slug, held,
            "feed {slug} has {held} new articles at once, far more than usual: they are held and not mailed; \
             `tidings feed release {slug}` mails them, with --archive they are kept and not mailed"
        );
    }
}
