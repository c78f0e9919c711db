//! Due feeds → fetch → parse → clean → new articles, filed under topics, numbered.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt, stream};
use tracing::{debug, info, warn};
use url::Url;

use super::shelves::Shelves;
use super::{Error, Line};
use crate::config::FirstFetch;
use crate::feed::fetch::{Answer, FetchError, Freshness, Request, next_after_failure, next_check};
use crate::feed::identity::{self, Policy};
use crate::feed::rules::Sighting as Sighted;
use crate::feed::{Document, Entry, clean, parse};
use crate::model::article::Story;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::words::with_causes;
use crate::store::article::{self, Kept, Sighting};
use crate::store::feed::{self, Answered, Due, Failed};
use crate::store::filing::{self, Numbering};

/// A permanent redirect is adopted after it has been the same for so long.
const ADOPT_AFTER: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Feeds that were asked.
    pub feeds: usize,
    pub unchanged: usize,
    pub failed: usize,
    /// Articles that nobody had seen.
    pub new: usize,
    /// Filings that got a position, and so are news to somebody.
    pub filed: usize,
}

impl Collected {
    fn add(&mut self, other: Self) {
        self.feeds += other.feeds;
        self.unchanged += other.unchanged;
        self.failed += other.failed;
        self.new += other.new;
        self.filed += other.filed;
    }
}

/// Asks every feed that is due: hosts side by side, the feeds of one host one after another.
pub async fn run(line: &Line, now: DateTime<Utc>) -> Result<Collected, Error> {
    line.must_be_in_force().await?;
    let mut collected = Collected { filed: number_ripe(line, now).await?, ..Collected::default() };
    let due = feed::due(&line.store, now).await?;
    if due.is_empty() {
        return Ok(collected);
    }
    let shelves = Shelves::load(&line.store, &line.config).await?;
    let lanes = lanes(due);
    let mut done = stream::iter(lanes.into_iter().map(|lane| host(line, lane, &shelves, now)))
        .buffer_unordered(line.config.collect.at_once);
    while let Some(of_host) = done.next().await {
        collected.add(of_host?);
    }
    Ok(collected)
}

/// What was held back long enough gets its positions.
async fn number_ripe(line: &Line, now: DateTime<Utc>) -> Result<usize, Error> {
    if filing::next_ripe(&line.store).await?.is_none_or(|ripe| ripe > now) {
        return Ok(0);
    }
    let mut tx = line.store.begin().await?;
    let numbered = filing::number_ripe(&mut tx, now).await?;
    tx.commit().await?;
    Ok(numbered)
}

fn lanes(due: Vec<Due>) -> Vec<Vec<Due>> {
    let mut lanes: Vec<Vec<Due>> = Vec::new();
    let mut by_host: HashMap<String, usize> = HashMap::new();
    for feed in due {
        let host = Url::parse(&feed.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let lane = *by_host.entry(host).or_insert_with(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        lanes[lane].push(feed);
    }
    lanes
}

/// The feeds of one host, in turn. One that asks for patience (429, 503) is left alone with all its feeds.
async fn host(line: &Line, lane: Vec<Due>, shelves: &Shelves, now: DateTime<Utc>) -> Result<Collected, Error> {
    let mut collected = Collected::default();
    let mut paused: Option<DateTime<Utc>> = None;
    for (i, due) in lane.iter().enumerate() {
        if line.stopping.is_cancelled() {
            break;
        }
        if let Some(until) = paused {
            let mut tx = line.store.begin().await?;
            feed::postpone(&mut tx, due.id, until).await?;
            tx.commit().await?;
            continue;
        }
        if i > 0 {
            tokio::time::sleep(line.config.collect.per_host_delay).await;
        }
        let (of_feed, until) = one(line, due, shelves, now).await?;
        collected.add(of_feed);
        paused = until;
    }
    Ok(collected)
}

/// One feed, from its request to its row. Also until when its host wants to be left alone, if it said so.
async fn one(
    line: &Line,
    due: &Due,
    shelves: &Shelves,
    now: DateTime<Utc>,
) -> Result<(Collected, Option<DateTime<Utc>>), Error> {
    let mut tally = Collected { feeds: 1, ..Collected::default() };
    let declared = line.config.feeds.iter().find(|feed| feed.slug == due.slug);
    let Ok(url) = Url::parse(&due.url) else {
        failed(line, due, "its address cannot be read", now, None).await?;
        tally.failed = 1;
        return Ok((tally, None));
    };
    let request = Request {
        url,
        etag: due.etag.clone(),
        last_modified: due.last_modified.clone(),
        allow_private: declared.is_some_and(|feed| feed.allow_private),
    };
    let fetched = tokio::select! {
        fetched = line.fetcher.fetch(&request) => fetched,
        // Nothing was done yet: a feed that is slow to answer need not hold up the end.
        () = line.stopping.cancelled() => return Ok((Collected::default(), None)),
    };
    match fetched {
        Ok(Answer::Unchanged { freshness, .. }) => {
            unchanged(line, due, &freshness, now).await?;
            tally.unchanged = 1;
        }
        Ok(Answer::Document { body, content_type, etag, last_modified, url, moved_to, freshness }) => {
            let hash = digest(&SHA256, &body).as_ref().to_vec();
            if due.body_hash.as_ref() == Some(&hash) || (etag.is_some() && etag == due.etag) {
                unchanged(line, due, &freshness, now).await?;
                tally.unchanged = 1;
                return Ok((tally, None));
            }
            match parse::document(&body, content_type.as_deref(), Some(&url)) {
                Ok(document) => {
                    let moved = moved_to.map(|url| url.to_string());
                    let answer = Received { document, hash, etag, last_modified, moved, freshness };
                    let kept = keep(line, due, shelves, answer, now).await?;
                    (tally.new, tally.filed) = (kept.new, kept.numbered);
                }
                Err(no_feed) => {
                    failed(line, due, &no_feed.to_string(), now, None).await?;
                    tally.failed = 1;
                }
            }
        }
        Err(error) => {
            tally.failed = 1;
            let until = failed(line, due, &with_causes(&error), now, Some(&error)).await?;
            return Ok((tally, error.pauses_host().then_some(until)));
        }
    }
    Ok((tally, None))
}

struct Received {
    document: Document,
    hash: Vec<u8>,
    etag: Option<String>,
    last_modified: Option<String>,
    moved: Option<String>,
    freshness: Freshness,
}

fn next(line: &Line, due: &Due, ttl_minutes: Option<u32>, freshness: &Freshness, now: DateTime<Utc>) -> DateTime<Utc> {
    let ttl = ttl_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let collect = &line.config.collect;
    let bounds = (collect.min_interval, collect.max_interval);
    next_check(now, interval(line, due), ttl, freshness, bounds, line.chance.jitter())
}

fn interval(line: &Line, due: &Due) -> Duration {
    let declared = line.config.feeds.iter().find(|feed| feed.slug == due.slug);
    declared.and_then(|feed| feed.interval).unwrap_or(line.config.collect.interval)
}

async fn unchanged(line: &Line, due: &Due, freshness: &Freshness, now: DateTime<Utc>) -> Result<(), Error> {
    let next_check_at = next(line, due, None, freshness, now);
    let mut tx = line.store.begin().await?;
    feed::unchanged(&mut tx, due.id, next_check_at, now).await?;
    tx.commit().await?;
    recovered(due);
    Ok(())
}

fn recovered(due: &Due) {
    if due.failures > 0 {
        info!(feed = %due.slug, "feed {} answers again", due.slug);
    }
}

/// Records a failure on the feed's own row, and says it once, when it begins. When it is asked next.
async fn failed(
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

/// Keeps what a document has, and its validators, in one transaction.
async fn keep(
    line: &Line,
    due: &Due,
    shelves: &Shelves,
    received: Received,
    now: DateTime<Utc>,
) -> Result<Kept, Error> {
    let document = &received.document;
    let so_far = if due.identity == "guid+link" { Policy::GuidAndLink } else { Policy::Guid };
    let policy = identity::policy(&document.entries, so_far);
    let policies = (so_far, policy);
    let sightings = sightings(line, due, shelves, document, policies, now);
    let moved = received.moved.map(|to| {
        let since = if due.moved_to.as_ref() == Some(&to) { due.moved_since.unwrap_or(now) } else { now };
        (to, since)
    });
    let answered = Answered {
        title: document.title.clone(),
        language: document.language.as_deref().and_then(|tag| tag.parse().ok()),
        etag: received.etag,
        last_modified: received.last_modified,
        body_hash: received.hash,
        identity: if policy == Policy::GuidAndLink { "guid+link" } else { "guid" },
        damaged: document.damaged.clone(),
        next_check_at: next(line, due, document.ttl_minutes, &received.freshness, now),
        adopt: moved.as_ref().filter(|(to, since)| adopts(&due.url, to, *since, now)).map(|(to, _)| to.clone()),
        moved,
    };

    let mut tx = line.store.begin().await?;
    let first = feed::is_first_fetch(&mut tx, due.id).await?;
    let numbering = numbering(line, first, &sightings, now);
    let kept = article::keep(&mut tx, due.id, &sightings, numbering, now).await?;
    feed::answered(&mut tx, due.id, &answered, now).await?;
    tx.commit().await?;

    recovered(due);
    if let Some(damage) = &answered.damaged {
        warn!(feed = %due.slug, "feed {} is damaged, what could be read was kept: {damage}", due.slug);
    }
    if kept.new > 0 {
        info!(feed = %due.slug, new = kept.new, filed = kept.numbered, "feed {} has {} nobody had seen", due.slug, articles(kept.new));
    }
    Ok(kept)
}

fn articles(n: usize) -> String {
    if n == 1 { "1 article".to_owned() } else { format!("{n} articles") }
}

/// At once for http → https of the same host; else when it has been the same for a week.
fn adopts(from: &str, to: &str, since: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - since >= ADOPT_AFTER
        || from.strip_prefix("http://").is_some_and(|rest| to.strip_prefix("https://") == Some(rest))
}

/// Cleaned, told apart, matched with the rules. Two equal entries are one.
fn sightings(
    line: &Line,
    due: &Due,
    shelves: &Shelves,
    document: &Document,
    (before, policy): (Policy, Policy),
    now: DateTime<Utc>,
) -> Vec<Sighting> {
    let former = formers(document, before, policy);
    let mut seen = HashSet::new();
    let mut sightings = Vec::new();
    for entry in &document.entries {
        let identity = identity::key(entry, policy);
        if !seen.insert(identity.clone()) {
            continue;
        }
        let story = story(entry, document, due.language.as_ref(), now);
        let topics = shelves.of(&sighted(&story, &due.slug, &line.config.site.language));
        let canonical_link = story.link.as_deref().and_then(identity::canonical_link);
        let former = former.get(&identity).cloned();
        let text_hash = text_hash(&story);
        sightings.push(Sighting { identity, former, canonical_link, topics, story, text_hash });
    }
    sightings
}

/// What we keep of an entry.
pub(super) fn story(entry: &Entry, document: &Document, declared: Option<&Language>, now: DateTime<Utc>) -> Story {
    let mut story = clean::story(entry, &clean::Limits::default());
    // A date that lies in the future is shown as the day it was first seen.
    story.published_at = story.published_at.filter(|at| *at <= now + TimeDelta::days(1));
    // What the newsroom declared is meant; what a feed says of itself is often a template's default.
    let of_document = || document.language.as_deref().and_then(|tag| tag.parse().ok());
    story.language = declared.cloned().or(story.language).or_else(of_document);
    story
}

/// As the rules look at it.
pub(super) fn sighted<'a>(story: &'a Story, feed: &'a Slug, site: &'a Language) -> Sighted<'a> {
    Sighted {
        feed,
        categories: &story.categories,
        title: &story.title,
        summary: &story.summary,
        language: story.language.as_ref().or(Some(site)),
    }
}

fn text_hash(story: &Story) -> Vec<u8> {
    digest(&SHA256, format!("{}\0{}", story.title, story.summary).as_bytes()).as_ref()[..16].to_vec()
}

/// When a feed's guids turn out to repeat, its entries are told apart by more; which of them we know already is found by
/// what they were told apart by before, where that names one entry alone.
fn formers(document: &Document, before: Policy, policy: Policy) -> HashMap<String, String> {
    if before == policy {
        return HashMap::new();
    }
    let mut entries: HashMap<String, HashSet<String>> = HashMap::new();
    for entry in &document.entries {
        entries.entry(identity::key(entry, before)).or_default().insert(identity::key(entry, policy));
    }
    let alone = entries.into_iter().filter(|(_, keys)| keys.len() == 1);
    alone.flat_map(|(former, keys)| keys.into_iter().map(move |key| (key, former.clone()))).collect()
}

/// The first fetch of a feed mails nothing, or its newest few; later ones at once, or after `hold_back`.
fn numbering(
    line: &Line,
    first: bool,
    sightings: &[Sighting],
    now: DateTime<Utc>,
) -> impl Fn(usize) -> Numbering + use<> {
    let hold_back = line.config.collect.hold_back;
    let counted = if hold_back.is_zero() {
        Numbering::Now
    } else {
        Numbering::At(now + TimeDelta::from_std(hold_back).unwrap_or(TimeDelta::MAX))
    };
    let newest = newest(sightings, if first { line.config.collect.first_fetch } else { FirstFetch::None });
    move |i| if !first || newest.contains(&i) { counted } else { Numbering::Never }
}

fn newest(sightings: &[Sighting], first: FirstFetch) -> HashSet<usize> {
    let FirstFetch::Newest(n) = first else { return HashSet::new() };
    let mut order: Vec<usize> = (0..sightings.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(sightings[i].story.published_at));
    order.into_iter().take(n).collect()
}
