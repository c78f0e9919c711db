//! Subscriber × topic, at a frequency: who gets what, and how it is asked for.
//!
//! What a change does is said in `model::holdings`, how it is read, locked and written in `holdings`; here are the ways
//! in: a wish (a command, a sign-up, a line of an import), the reader's word, a stop, a pause, a return.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements};
use super::subscriber::Newcomer;
use super::{Error, Store, Tx, holdings, subscriber};
use crate::model::address::Address;
use crate::model::delivery::Key;
use crate::model::holdings::{Given, Ground, Holdings, Pause, Return, Settings, StopReason, Wanted};
use crate::model::slug::Slug;
use crate::model::topic::Facet;

statements! {
    OF_READER = same(
        "SELECT t.slug, f.slug, s.state, s.created_at, s.started_at, s.stopped_at, s.stop_reason, s.paused_until, s.pause_reason
         FROM subscription s JOIN topic t ON t.id = s.topic JOIN frequency f ON f.id = s.frequency
         WHERE s.subscriber = $1 ORDER BY coalesce(s.rank, t.rank), s.id",
    );
    WITHOUT_A_REGION = same("SELECT count(DISTINCT subscriber) FROM subscription WHERE state = 'paused' AND pause_reason = 'region'");
    /// With what is live of each reader in a range, those without anything left out.
    LIVE = same(
        "SELECT s.subscriber, t.slug, f.slug, s.state FROM subscription s JOIN topic t ON t.id = s.topic JOIN frequency f ON f.id = s.frequency
         WHERE s.subscriber BETWEEN $1 AND $2 AND s.state <> 'ended' ORDER BY s.subscriber, coalesce(s.rank, t.rank), s.id",
    );
    LIVE_REGIONS = same(
        "SELECT r.subscriber, t.slug FROM subscriber_region r JOIN topic t ON t.id = r.region WHERE r.subscriber BETWEEN $1 AND $2
         ORDER BY r.subscriber, t.rank",
    );
    /// Of slots that the reader was in when these ended.
    RUNS_SINCE = same(
        "SELECT count(*) FROM run r JOIN slot l ON l.id = r.slot JOIN subscriber u ON u.id = $1 AND u.zone = l.zone AND l.hour IN (u.hour, -1)
         WHERE r.due_at > $2 AND r.due_at <= $3 AND r.state <> 'skipped'
         AND l.frequency IN (SELECT p.frequency FROM subscription p WHERE p.subscriber = $1 AND p.stopped_at = $2)",
    );
    LIVE_COUNT = same("SELECT count(*) FROM subscription WHERE subscriber = $1 AND state <> 'ended'");
    TOPIC_COUNTS = same(
        "SELECT t.facet, t.slug,
            (SELECT count(*) FROM subscription s WHERE s.topic = t.id AND s.state IN ('active', 'paused'))
            + (SELECT count(*) FROM subscriber_region r WHERE r.region = t.id),
            (SELECT count(*) FROM filing f WHERE f.topic = t.id)
         FROM topic t WHERE t.retired_at IS NULL",
    );
}

/// One subscription, in words.
#[derive(Debug, Clone)]
pub struct Subscription {
    pub topic: Slug,
    pub frequency: Slug,
    pub state: String,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub stopped_at: Option<DateTime<Utc>>,
    pub stop_reason: Option<String>,
    /// The last day of a pause, `2026-12-01`.
    pub paused_until: Option<String>,
    pub pause_reason: Option<String>,
}
record!(Subscription {
    topic,
    frequency,
    state,
    created_at,
    started_at,
    stopped_at,
    stop_reason,
    paused_until,
    pause_reason,
});

/// A wish to receive topics, from whichever door.
#[derive(Debug, Clone)]
pub struct Wish {
    pub address: Address,
    /// For a reader who is new.
    pub key: Key,
    pub settings: Settings,
    /// Also change the settings and regions of a reader who is not new.
    pub set: bool,
    /// None: as they are; of a new reader: all.
    pub regions: Option<Vec<i64>>,
    pub wanted: Wanted,
}

/// What came of a wish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granted {
    pub subscriber: i64,
    pub given: Given,
    pub new_reader: bool,
    /// Language, zone, hour, format or regions are others now.
    pub changed: bool,
}

/// How many readers and articles a topic or region has.
#[derive(Debug, Clone)]
pub struct TopicCount {
    pub facet: Facet,
    pub slug: Slug,
    pub readers: i64,
    pub articles: i64,
}
record!(TopicCount { facet, slug, readers, articles });

pub async fn topic_counts(store: &Store) -> Result<Vec<TopicCount>, Error> {
    store.db.all(&TOPIC_COUNTS, args![]).await
}

/// How many readers are paused because the last region that they had chosen has ended.
pub async fn without_a_region(store: &Store) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&WITHOUT_A_REGION, args![]).await?.0)
}

/// Whether a reader has nothing left.
pub async fn is_gone(tx: &mut Tx, subscriber: i64) -> Result<bool, Error> {
    Ok(tx.one::<(i64,)>(&LIVE_COUNT, args![subscriber]).await?.0 == 0)
}

/// How many digests went out between a stop of this reader and now that they would have been told something in.
pub async fn runs_since(
    store: &Store,
    subscriber: i64,
    stopped_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&RUNS_SINCE, args![subscriber, stopped_at, now]).await?.0)
}

pub async fn of_reader(store: &Store, subscriber: i64) -> Result<Vec<Subscription>, Error> {
    store.db.all(&OF_READER, args![subscriber]).await
}

/// One live subscription, for an export.
#[derive(Debug, Clone)]
pub struct Live {
    pub subscriber: i64,
    pub topic: Slug,
    pub frequency: Slug,
    pub state: String,
}
record!(Live { subscriber, topic, frequency, state });

/// What readers from one to another have, in each reader's order.
pub async fn live(store: &Store, first: i64, last: i64) -> Result<Vec<Live>, Error> {
    store.db.all(&LIVE, args![first, last]).await
}

/// Pairs of reader and region, of readers from one to another.
pub async fn regions(store: &Store, first: i64, last: i64) -> Result<Vec<(i64, Slug)>, Error> {
    store.db.all(&LIVE_REGIONS, args![first, last]).await
}

/// Grants a wish: the reader if they are new, a subscription for each topic they do not have. A live one is left as
/// it is, and counted.
pub async fn grant(tx: &mut Tx, wish: &Wish, now: DateTime<Utc>) -> Result<Granted, Error> {
    Ok(grant_all(tx, std::slice::from_ref(wish), now).await?.remove(0))
}

/// The same for many, in their order; several may be of one reader, who is new by the first, with its settings.
pub async fn grant_all(tx: &mut Tx, wishes: &[Wish], now: DateTime<Utc>) -> Result<Vec<Granted>, Error> {
    let newcomers: Vec<Newcomer> =
        wishes.iter().map(|Wish { address, key, settings, .. }| Newcomer { address, key: *key, settings }).collect();
    let found = subscriber::find_or_add(tx, &newcomers, now).await?;
    let mut of_reader: HashMap<i64, Vec<usize>> = HashMap::new();
    for (i, (id, _)) in found.iter().enumerate() {
        of_reader.entry(*id).or_default().push(i);
    }
    let mut readers: Vec<i64> = of_reader.keys().copied().collect();
    readers.sort_unstable();
    let granted = holdings::change(tx, &readers, now, |holdings, ground| {
        let theirs = &of_reader[&holdings.subscriber];
        let grant = |(n, i): (usize, &usize)| (*i, grant_one(holdings, ground, &wishes[*i], found[*i].1 && n == 0));
        theirs.iter().enumerate().map(grant).collect::<Vec<_>>()
    })
    .await?;
    let mut all: Vec<(usize, Granted)> = granted.into_iter().flatten().collect();
    all.sort_unstable_by_key(|(i, _)| *i);
    Ok(all.into_iter().map(|(_, granted)| granted).collect())
}

fn grant_one(holdings: &mut Holdings, ground: &Ground, wish: &Wish, new_reader: bool) -> Granted {
    let mut changed = (wish.set || new_reader) && holdings.set(&wish.settings, ground);
    if let Some(regions) = wish.regions.as_ref().filter(|_| wish.set || new_reader) {
        changed |= holdings.choose_regions(regions, ground) && !new_reader;
    }
    let given = holdings.grant(&wish.wanted, ground);
    Granted { subscriber: holdings.subscriber, given, new_reader, changed }
}

/// Does one change to one reader. None: there is no such reader.
async fn change<T>(
    tx: &mut Tx,
    subscriber: i64,
    now: DateTime<Utc>,
    does: impl FnMut(&mut Holdings, &Ground) -> T,
) -> Result<Option<T>, Error> {
    Ok(holdings::change(tx, &[subscriber], now, does).await?.pop())
}

/// Makes a reader's pending subscriptions active, from the position now. How many were.
pub async fn confirm(tx: &mut Tx, subscriber: i64, now: DateTime<Utc>) -> Result<usize, Error> {
    Ok(change(tx, subscriber, now, |holdings, ground| holdings.confirm(ground)).await?.unwrap_or(0))
}

/// Ends these subscriptions of a reader; None: all. What waits leaves their sections out. Which ended.
pub async fn stop(
    tx: &mut Tx,
    subscriber: i64,
    topics: Option<&[i64]>,
    reason: StopReason,
    now: DateTime<Utc>,
) -> Result<Vec<i64>, Error> {
    let stop = |holdings: &mut Holdings, ground: &Ground| holdings.stop(topics, reason, ground);
    Ok(change(tx, subscriber, now, stop).await?.unwrap_or_default())
}

/// Pauses these subscriptions of a reader; None: all. Which.
pub async fn pause(
    tx: &mut Tx,
    subscriber: i64,
    topics: Option<&[i64]>,
    pause: Pause,
    now: DateTime<Utc>,
) -> Result<Vec<i64>, Error> {
    let does = |holdings: &mut Holdings, ground: &Ground| holdings.pause(topics, pause, ground);
    Ok(change(tx, subscriber, now, does).await?.unwrap_or_default())
}

/// Ends the pauses of these subscriptions; None: all. Which.
pub async fn resume(
    tx: &mut Tx,
    subscriber: i64,
    topics: Option<&[i64]>,
    how: Return,
    now: DateTime<Utc>,
) -> Result<Vec<i64>, Error> {
    let resume = |holdings: &mut Holdings, ground: &Ground| holdings.resume(topics, how, ground);
    Ok(change(tx, subscriber, now, resume).await?.unwrap_or_default())
}

/// Starts again what ended: these topics, or None: all that ended last. Which.
pub async fn start_again(
    tx: &mut Tx,
    subscriber: i64,
    topics: Option<&[i64]>,
    how: Return,
    now: DateTime<Utc>,
) -> Result<Vec<i64>, Error> {
    let again = |holdings: &mut Holdings, ground: &Ground| holdings.start_again(topics, how, ground);
    Ok(change(tx, subscriber, now, again).await?.unwrap_or_default())
}

/// What a reader wants otherwise; None: as it is.
#[derive(Debug, Clone, Default)]
pub struct Otherwise {
    pub settings: Option<Settings>,
    pub regions: Option<Vec<i64>>,
    /// Of these topics; None: of all.
    pub frequency: Option<(Option<Vec<i64>>, i64)>,
    /// The order of sections.
    pub order: Option<Vec<i64>>,
}

/// What became different.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Altered {
    pub settings: bool,
    pub regions: bool,
    /// Topics that have another frequency now.
    pub moved: Vec<i64>,
}

/// Sets what a reader wants otherwise, all in one.
pub async fn set(tx: &mut Tx, subscriber: i64, wish: &Otherwise, now: DateTime<Utc>) -> Result<Altered, Error> {
    let does = |holdings: &mut Holdings, ground: &Ground| {
        let mut altered = Altered::default();
        if let Some(settings) = &wish.settings {
            altered.settings = holdings.set(settings, ground);
        }
        if let Some(regions) = &wish.regions {
            altered.regions = holdings.choose_regions(regions, ground);
        }
        if let Some((topics, frequency)) = &wish.frequency {
            altered.moved = holdings.set_frequency(topics.as_deref(), *frequency, ground);
        }
        if let Some(order) = &wish.order {
            holdings.order(order, ground);
        }
        altered
    };
    Ok(change(tx, subscriber, now, does).await?.unwrap_or_default())
}
