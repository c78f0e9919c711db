//! Subscriber × topic, at a frequency; and the enrolments derived from them.
//!
//! Every change goes the same way, in one transaction: lock the reader, freeze what must keep its bound, change the
//! rows, derive the enrolments anew. The commands, the pages and the import all come through here.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements, two};
use super::subscriber::{self, Settings};
use super::{Error, Store, Tx, setting, slot};
use crate::model::address::Address;
use crate::model::choice::Held;
use crate::model::delivery::Key;
use crate::model::slug::Slug;
use crate::model::topic::Facet;

statements! {
    /// Order of locks everywhere: slots by id, then subscribers. A slot that the reader is in is shared with the other
    /// changes; one that they enter is woken, so it is taken alone. SQLite has one writer and needs none of it.
    SHARE_SLOT = two("SELECT id FROM slot WHERE id = $1", "SELECT id FROM slot WHERE id = $1 FOR SHARE");
    TAKE_SLOT = two("SELECT id FROM slot WHERE id = $1", "SELECT id FROM slot WHERE id = $1 FOR UPDATE");
    /// Frequencies of the live subscriptions, and one more, with the hour they mean for this reader.
    SLOT_KEYS = same(
        "SELECT f.id, f.hour_choice FROM frequency f WHERE f.id = $2
         OR f.id IN (SELECT s.frequency FROM subscription s WHERE s.subscriber = $1 AND s.state <> 'ended') ORDER BY f.id",
    );
    LOCK_SUBSCRIBER = two(
        "SELECT id FROM subscriber WHERE id = $1",
        "SELECT id FROM subscriber WHERE id = $1 FOR UPDATE",
    );
    OF_READER = same(
        "SELECT t.slug, f.slug, s.state, s.created_at, s.started_at, s.stopped_at, s.stop_reason FROM subscription s
         JOIN topic t ON t.id = s.topic JOIN frequency f ON f.id = s.frequency
         WHERE s.subscriber = $1 ORDER BY coalesce(s.rank, t.rank), s.id",
    );
    LIVE = same("SELECT topic, state FROM subscription WHERE subscriber = $1 AND state <> 'ended'");
    ADD = same(
        "INSERT INTO subscription (subscriber, topic, frequency, state, since, starts, created_at, started_at, start_reason)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    CONFIRM = same(
        "UPDATE subscription SET state = 'active', since = $2, starts = $2, started_at = $3 WHERE subscriber = $1 AND state = 'pending'",
    );
    CONFIRM_ONE = same(
        "UPDATE subscription SET state = 'active', since = $3, starts = $3, started_at = $4
         WHERE subscriber = $1 AND topic = $2 AND state = 'pending'",
    );
    /// The bound: `since`; else the lower of a run of the slot that has not come to this reader; else the cut-off.
    FREEZE = same(
        "UPDATE subscription SET since = coalesce(since,
            (SELECT r.lower FROM run r JOIN slot o ON o.id = r.slot JOIN subscriber u ON u.id = subscription.subscriber
                JOIN frequency f ON f.id = subscription.frequency
                WHERE o.frequency = f.id AND o.zone = u.zone AND o.hour = CASE WHEN f.hour_choice THEN u.hour ELSE -1 END
                AND r.state = 'planning' AND r.through < u.id),
            (SELECT o.cutoff FROM slot o JOIN subscriber u ON u.id = subscription.subscriber
                JOIN frequency f ON f.id = subscription.frequency
                WHERE o.frequency = f.id AND o.zone = u.zone AND o.hour = CASE WHEN f.hour_choice THEN u.hour ELSE -1 END))
         WHERE subscriber = $1 AND state = 'active'",
    );
    END_ALL = same(
        "UPDATE subscription SET state = 'ended', stopped_at = $2, stop_reason = $3 WHERE subscriber = $1 AND state <> 'ended'",
    );
    END_ONE = same(
        "UPDATE subscription SET state = 'ended', stopped_at = $2, stop_reason = $3
         WHERE subscriber = $1 AND state <> 'ended' AND topic = $4",
    );
    SET_FREQUENCY = same("UPDATE subscription SET frequency = $3 WHERE subscriber = $1 AND topic = $2 AND state <> 'ended'");
    CHANGED = same("UPDATE subscriber SET changed_at = $2 WHERE id = $1");
    ENROLLED = same(
        "SELECT s.frequency, CASE WHEN f.hour_choice THEN u.hour ELSE -1 END, s.topic, s.since, s.starts FROM subscription s
         JOIN frequency f ON f.id = s.frequency JOIN topic t ON t.id = s.topic JOIN subscriber u ON u.id = s.subscriber
         WHERE s.subscriber = $1 AND s.state = 'active'
         ORDER BY s.frequency, coalesce(s.rank, t.rank), s.id",
    );
    REGIONS = same("SELECT region FROM subscriber_region WHERE subscriber = $1 ORDER BY region");
    REGIONS_CHANGED_AT = same("SELECT regions_changed_at FROM subscriber WHERE id = $1");
    ENROLMENTS = same("SELECT slot, fold FROM enrolment WHERE subscriber = $1");
    LEAVE = same("DELETE FROM enrolment WHERE subscriber = $1 AND slot = $2");
    ENROL = same(
        "INSERT INTO enrolment (slot, subscriber, topics, regions, language, format, changed_at, regions_changed_at, sole, fold)
         SELECT $1, u.id, $3, $4, u.language, u.format, $5, $6, $7, $8 FROM subscriber u WHERE u.id = $2
         ON CONFLICT (slot, subscriber) DO UPDATE SET topics = excluded.topics, regions = excluded.regions,
            language = excluded.language, format = excluded.format, changed_at = excluded.changed_at,
            regions_changed_at = excluded.regions_changed_at, sole = excluded.sole, fold = excluded.fold",
    );
    TOPIC_COUNTS = same(
        "SELECT t.facet, t.slug,
            (SELECT count(*) FROM subscription s WHERE s.topic = t.id AND s.state IN ('active', 'paused'))
            + (SELECT count(*) FROM subscriber_region r WHERE r.region = t.id),
            (SELECT count(*) FROM filing f WHERE f.topic = t.id)
         FROM topic t WHERE t.retired_at IS NULL",
    );
    /// Stops of everything are honoured in their own transaction: what waits, unless it was ever in doubt, is cancelled.
    DOUBT_WAITING = same(
        "UPDATE delivery SET state = 'uncertain', token = NULL WHERE subscriber = $1 AND kind = 'digest'
         AND state IN ('ready', 'deferred', 'claimed') AND doubts > 0",
    );
    CANCEL_WAITING = same(
        "UPDATE delivery SET state = 'cancelled', reason = $3, settled_at = $2, token = NULL
         WHERE subscriber = $1 AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0",
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
}
record!(Subscription { topic, frequency, state, created_at, started_at, stopped_at, stop_reason });

/// A wish to receive topics, from whichever door.
#[derive(Debug, Clone)]
pub struct Wish {
    pub address: Address,
    /// For a reader who is new.
    pub key: Key,
    pub settings: Settings,
    /// Also change the settings of a reader who is not new.
    pub set: bool,
    pub topics: Vec<i64>,
    /// None: as they are; of a new reader: all.
    pub regions: Option<Vec<i64>>,
    pub frequency: i64,
    pub reason: StartReason,
    /// Ask the reader first.
    pub pending: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartReason {
    Operator,
    Confirmed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    Reader,
    OneClick,
    Operator,
    Suppressed,
}

impl StartReason {
    fn word(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Confirmed => "confirmed",
        }
    }
}

impl StopReason {
    fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::OneClick => "one-click",
            Self::Operator => "operator",
            Self::Suppressed => "suppressed",
        }
    }
}

/// What came of a wish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granted {
    pub subscriber: i64,
    pub added: Vec<i64>,
    /// Topics that this reader had already, left as they were.
    pub already: Vec<i64>,
    /// Topics that waited for a confirmation and are now active.
    pub started: Vec<i64>,
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

struct Live {
    topic: i64,
    state: String,
}
record!(Live { topic, state });

struct Enrolled {
    frequency: i64,
    hour: i64,
    topic: i64,
    since: Option<i64>,
    starts: i64,
}
record!(Enrolled { frequency, hour, topic, since, starts });

pub async fn topic_counts(store: &Store) -> Result<Vec<TopicCount>, Error> {
    store.db.all(&TOPIC_COUNTS, args![]).await
}

pub async fn of_reader(store: &Store, subscriber: i64) -> Result<Vec<Subscription>, Error> {
    store.db.all(&OF_READER, args![subscriber]).await
}

/// Grants a wish: the reader if they are new, a subscription for each topic they do not have. A live one is left as
/// it is, and counted.
pub async fn grant(tx: &mut Tx, wish: &Wish, now: DateTime<Utc>) -> Result<Granted, Error> {
    let mut granted = Granted::default();
    let found = subscriber::by_address_in(tx, &wish.address).await?;
    let id = match &found {
        Some(reader) => reader.id,
        None => {
            granted.new_reader = true;
            subscriber::add(tx, &wish.address, wish.key, &wish.settings, now).await?
        }
    };
    granted.subscriber = id;
    let settings = match &found {
        Some(reader) if !wish.set => reader.settings(),
        _ => wish.settings.clone(),
    };
    let position = setting::position(tx).await?;
    lock(tx, id, &settings, wish.frequency, position).await?;
    let position = setting::position(tx).await?;

    if found.is_some_and(|reader| reader.settings() != settings) {
        granted.changed = true;
        freeze(tx, id).await?;
        subscriber::set(tx, id, &settings).await?;
    }
    if let Some(regions) = &wish.regions {
        granted.changed |= !granted.new_reader;
        subscriber::set_regions(tx, id, regions, position).await?;
    }
    let live: Vec<Live> = tx.all(&LIVE, args![id]).await?;
    for &topic in &wish.topics {
        match live.iter().find(|l| l.topic == topic) {
            Some(l) if l.state == "pending" && !wish.pending => {
                tx.exec(&SET_FREQUENCY, args![id, topic, wish.frequency]).await?;
                tx.exec(&CONFIRM_ONE, args![id, topic, position, now]).await?;
                granted.started.push(topic);
            }
            Some(_) => granted.already.push(topic),
            None => {
                add(tx, id, topic, wish, position, now).await?;
                granted.added.push(topic);
            }
        }
    }
    derive(tx, id, position).await?;
    Ok(granted)
}

async fn add(tx: &mut Tx, id: i64, topic: i64, wish: &Wish, position: i64, now: DateTime<Utc>) -> Result<(), Error> {
    let (state, started_at) = if wish.pending { ("pending", None) } else { ("active", Some(now)) };
    let since = (!wish.pending).then_some(position);
    let values = args![id, topic, wish.frequency, state, since, position, now, started_at, wish.reason.word()];
    tx.exec(&ADD, values).await.map(drop)
}

/// Makes a reader's pending subscriptions active, from the position now. How many were.
pub async fn confirm(tx: &mut Tx, subscriber: i64, now: DateTime<Utc>) -> Result<u64, Error> {
    let position = setting::position(tx).await?;
    if lock_as_is(tx, subscriber, position).await?.is_none() {
        return Ok(0);
    }
    let position = setting::position(tx).await?;
    let started = tx.exec(&CONFIRM, args![subscriber, position, now]).await?;
    if started > 0 {
        derive(tx, subscriber, position).await?;
    }
    Ok(started)
}

/// Ends one subscription of a reader, or all. What waits for a reader who has none left is cancelled. How many ended.
pub async fn stop(
    tx: &mut Tx,
    subscriber: i64,
    topic: Option<i64>,
    reason: StopReason,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let position = setting::position(tx).await?;
    if lock_as_is(tx, subscriber, position).await?.is_none() {
        return Ok(0);
    }
    let position = setting::position(tx).await?;
    freeze(tx, subscriber).await?;
    let ended = match topic {
        Some(topic) => tx.exec(&END_ONE, args![subscriber, now, reason.word(), topic]).await?,
        None => tx.exec(&END_ALL, args![subscriber, now, reason.word()]).await?,
    };
    let left: Vec<Live> = tx.all(&LIVE, args![subscriber]).await?;
    if left.is_empty() {
        tx.exec(&CANCEL_WAITING, args![subscriber, now, "stopped"]).await?;
        // What was in doubt may have arrived; it is not sent again to somebody who has gone.
        tx.exec(&DOUBT_WAITING, args![subscriber]).await?;
    }
    derive(tx, subscriber, position).await?;
    Ok(ended)
}

/// Locks the slots that the reader is in, those that they will be in with these settings (and this frequency), and the
/// reader.
async fn lock(tx: &mut Tx, subscriber: i64, settings: &Settings, frequency: i64, position: i64) -> Result<(), Error> {
    let mut slots: BTreeMap<i64, bool> = BTreeMap::new();
    for (frequency, hour_choice) in tx.all::<(i64, bool)>(&SLOT_KEYS, args![subscriber, frequency]).await? {
        let hour = if hour_choice { settings.hour } else { -1 };
        slots.insert(slot::find_or_make(tx, frequency, settings.zone, hour, position).await?, true);
    }
    for (slot, _) in tx.all::<(i64, bool)>(&ENROLMENTS, args![subscriber]).await? {
        slots.insert(slot, false);
    }
    for (slot, enters) in slots {
        let lock = if enters { &TAKE_SLOT } else { &SHARE_SLOT };
        tx.all::<(i64,)>(lock, args![slot]).await?;
    }
    tx.all::<(i64,)>(&LOCK_SUBSCRIBER, args![subscriber]).await?;
    Ok(())
}

/// The same for a reader whose settings stay as they are. None: there is no such reader.
async fn lock_as_is(tx: &mut Tx, id: i64, position: i64) -> Result<Option<()>, Error> {
    let Some(reader) = subscriber::by_id_in(tx, id).await? else { return Ok(None) };
    // No frequency has this number: none is added.
    lock(tx, id, &reader.settings(), 0, position).await.map(Some)
}

/// Sets `since` to the bound: a change carries what has been served to wherever the subscription goes.
async fn freeze(tx: &mut Tx, subscriber: i64) -> Result<(), Error> {
    tx.exec(&FREEZE, args![subscriber]).await.map(drop)
}

/// Derives the reader's enrolments from their subscriptions, and says that the reader changed at this position.
async fn derive(tx: &mut Tx, subscriber: i64, position: i64) -> Result<(), Error> {
    tx.exec(&CHANGED, args![subscriber, position]).await?;
    let Some(reader) = subscriber::by_id_in(tx, subscriber).await? else { return Ok(()) };

    let mut wanted: BTreeMap<(i64, i64), Vec<Held>> = BTreeMap::new();
    for row in tx.all::<Enrolled>(&ENROLLED, args![subscriber]).await? {
        wanted.entry((row.frequency, row.hour)).or_default().push(Held {
            topic: row.topic,
            since: row.since,
            starts: row.starts,
        });
    }
    let mut slots = Vec::new();
    let before: Vec<(i64, bool)> = tx.all(&ENROLMENTS, args![subscriber]).await?;
    for ((frequency, hour), topics) in wanted {
        let slot = slot::find_or_make(tx, frequency, reader.zone, hour, position).await?;
        if !before.iter().any(|(enrolled, _)| *enrolled == slot) {
            slot::wake(tx, slot, position).await?;
        }
        slots.push((slot, topics));
    }
    let fold = before.iter().any(|(_, fold)| *fold);
    for (slot, _) in before.iter().filter(|(slot, _)| !slots.iter().any(|(s, _)| s == slot)) {
        tx.exec(&LEAVE, args![subscriber, *slot]).await?;
    }
    let regions: Vec<i64> =
        tx.all::<(i64,)>(&REGIONS, args![subscriber]).await?.into_iter().map(|(region,)| region).collect();
    let (regions_changed_at,): (i64,) = tx.one(&REGIONS_CHANGED_AT, args![subscriber]).await?;
    let regions = serde_json::to_string(&regions).expect("numbers always serialise");
    let sole = slots.len() == 1;
    for (slot, topics) in slots {
        let topics = serde_json::to_string(&topics).expect("numbers always serialise");
        let values = args![slot, subscriber, &topics, &regions, position, regions_changed_at, sole, fold];
        tx.exec(&ENROL, values).await?;
    }
    Ok(())
}
