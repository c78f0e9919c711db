//! A document of a feed that is new to us: what it has is kept, with its validators, in one transaction.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use super::super::shelves::Shelves;
use super::super::{Error, Line};
use super::entries::sightings;
use super::outcome::{next, works};
use super::{Collected, flood};
use crate::config::FirstFetch;
use crate::feed::Document;
use crate::feed::fetch::Freshness;
use crate::feed::identity::{self, Policy};
use crate::model::words::count;
use crate::store;
use crate::store::feed::{self, Answered, Due, Moved};
use crate::store::filing::Numbering;
use crate::store::sighting::{Keeping, Sighting};

pub(super) struct Received {
    pub(super) document: Document,
    pub(super) hash: Vec<u8>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
    pub(super) moved: Moved,
    pub(super) freshness: Freshness,
}

/// Keeps what a document has, and its validators, in one transaction.
pub(super) async fn keep(
    line: &Line,
    due: &Due,
    shelves: &Shelves,
    received: Received,
    now: DateTime<Utc>,
) -> Result<Collected, Error> {
    let document = &received.document;
    let so_far = if due.identity == "guid+link" { Policy::GuidAndLink } else { Policy::Guid };
    let policy = identity::policy(&document.entries, so_far);
    let policies = (so_far, policy);
    let sightings = sightings(line, due, shelves, document, policies, now);
    let is_whole = !document.cut_short;
    let mut answered = Answered {
        title: document.title.clone(),
        language: document.language.as_deref().and_then(|tag| tag.parse().ok()),
        // What broke off is to be sent for again, also as it is.
        etag: received.etag.filter(|_| is_whole),
        last_modified: received.last_modified.filter(|_| is_whole),
        body_hash: is_whole.then_some(received.hash),
        identity: if policy == Policy::GuidAndLink { "guid+link" } else { "guid" },
        damaged: document.damaged.clone(),
        is_first_fetched: is_whole,
        next_check_at: next(line, due, document.ttl_minutes, &received.freshness, now),
        ttl_minutes: document.ttl_minutes,
        moved: received.moved,
    };

    let mut tx = line.store.begin().await?;
    let standing = store::flood::standing(&mut tx, due.id).await?;
    // The rest of an archive that broke off is no news when it comes; a feed that always breaks off has no more than this.
    answered.is_first_fetched |= standing.damaged.is_some();
    let keeping = Keeping::begin(&mut tx, due.id, &sightings).await?;
    let is_held = flood::holds(line, &mut tx, due, &standing, &keeping, now).await?;
    let numbering = numbering(line, due, standing.first_fetched_at.is_none(), is_held, &sightings, now);
    let kept = keeping.end(&mut tx, numbering, now).await?;
    if kept.held > 0 {
        store::flood::hold(&mut tx, due.id, now).await?;
    }
    feed::answered(&mut tx, due.id, &answered, now).await?;
    tx.commit().await?;

    works(due, &answered.moved);
    if let Some(damage) = &answered.damaged {
        warn!(feed = %due.slug, "feed {} is damaged, what could be read was kept: {damage}", due.slug);
    }
    if kept.new > 0 {
        info!(feed = %due.slug, new = kept.new, filed = kept.numbered, "feed {} has {} nobody had seen", due.slug, count(kept.new, "article"));
    }
    if kept.held > 0 {
        flood::tell(due, &standing, kept.held);
    }
    Ok(Collected { feeds: 1, new: kept.new, filed: kept.numbered, ..Collected::default() })
}

/// The first fetch of a feed mails nothing, or its newest few; later ones at once, or after `hold_back`. A flood waits.
fn numbering(
    line: &Line,
    due: &Due,
    is_first: bool,
    is_held: bool,
    sightings: &[Sighting],
    now: DateTime<Utc>,
) -> impl Fn(usize) -> Numbering + use<> {
    let hold_back = line.config.collect.hold_back;
    let counted = if is_held {
        Numbering::Held(due.id)
    } else if hold_back.is_zero() {
        Numbering::Now
    } else {
        Numbering::At(now + TimeDelta::from_std(hold_back).unwrap_or(TimeDelta::MAX))
    };
    let newest = newest(sightings, if is_first { line.config.collect.first_fetch } else { FirstFetch::None });
    move |i| if !is_first || newest.contains(&i) { counted } else { Numbering::Never }
}

fn newest(sightings: &[Sighting], first: FirstFetch) -> HashSet<usize> {
    let FirstFetch::Newest(n) = first else { return HashSet::new() };
    let mut order: Vec<usize> = (0..sightings.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(sightings[i].story.published_at));
    order.into_iter().take(n).collect()
}
