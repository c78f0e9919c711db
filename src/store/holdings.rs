//! Reads what readers hold, has a change done to it, and writes what became of it with the enrolments that follow: many
//! readers at once, in one transaction. Every change comes through here, whoever asks for it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx, revision, setting, slot, subscriber};
use crate::model::edition::Format;
use crate::model::holdings::{
    Enrolment, Ground, Holdings, Pause, PauseReason, Settings, SlotKey, SlotState, StartReason, State, Stop,
    StopReason, Subscription,
};
use crate::model::language::Language;

statements! {
    SUBSCRIBERS = two(
        "SELECT id, language, zone, hour, format, changed_at, regions_changed_at FROM subscriber
         WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id",
        "SELECT id, language, zone, hour, format, changed_at, regions_changed_at FROM subscriber WHERE id = ANY($1) ORDER BY id",
    );
    SUBSCRIPTIONS = two(
        "SELECT id, subscriber, topic, frequency, state, since, starts, rank, created_at, started_at, start_reason, paused_until,
            pause_reason, stopped_at, stop_reason
         FROM subscription WHERE subscriber IN (SELECT value FROM json_each($1)) ORDER BY id",
        "SELECT id, subscriber, topic, frequency, state, since, starts, rank, created_at, started_at, start_reason, paused_until,
            pause_reason, stopped_at, stop_reason
         FROM subscription WHERE subscriber = ANY($1) ORDER BY id",
    );
    REGIONS = two(
        "SELECT subscriber, region FROM subscriber_region WHERE subscriber IN (SELECT value FROM json_each($1)) ORDER BY subscriber, region",
        "SELECT subscriber, region FROM subscriber_region WHERE subscriber = ANY($1) ORDER BY subscriber, region",
    );
    ENROLMENTS = two(
        "SELECT e.subscriber, e.slot, e.fold FROM enrolment e WHERE e.subscriber IN (SELECT value FROM json_each($1)) ORDER BY e.slot",
        "SELECT e.subscriber, e.slot, e.fold FROM enrolment e WHERE e.subscriber = ANY($1) ORDER BY e.slot",
    );
    WAKING = same(
        "SELECT subscriber FROM enrolment WHERE slot = $1 AND wakes_after IS NOT NULL AND wakes_after < $2 AND subscriber > $3
         ORDER BY subscriber LIMIT $4",
    );
    FREQUENCIES = same(
        "SELECT id, hour_choice, retired_at IS NOT NULL, replaced_by FROM frequency ORDER BY rank, id",
    );
    RANKS = same("SELECT id, rank, retired_at IS NOT NULL, replaced_by FROM topic");
    SLOTS = two(
        "SELECT s.id, s.frequency, s.zone, s.hour, s.cutoff, r.lower, r.through FROM slot s
         LEFT JOIN run r ON r.slot = s.id AND r.state = 'planning' WHERE s.id IN (SELECT value FROM json_each($1)) ORDER BY s.id",
        "SELECT s.id, s.frequency, s.zone, s.hour, s.cutoff, r.lower, r.through FROM slot s
         LEFT JOIN run r ON r.slot = s.id AND r.state = 'planning' WHERE s.id = ANY($1) ORDER BY s.id",
    );
    /// Order of locks everywhere: slots by id, then subscribers by id. A slot that the reader is in is shared with the
    /// other changes; one that they enter is woken, so it is taken alone. SQLite has one writer and needs none of it.
    SHARE_SLOT = two("SELECT id FROM slot WHERE id = $1", "SELECT id FROM slot WHERE id = $1 FOR SHARE");
    TAKE_SLOT = two("SELECT id FROM slot WHERE id = $1", "SELECT id FROM slot WHERE id = $1 FOR UPDATE");
    LOCK_SUBSCRIBERS = two(
        "SELECT id FROM subscriber WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id",
        "SELECT id FROM subscriber WHERE id = ANY($1) ORDER BY id FOR UPDATE",
    );
    PUT_SUBSCRIBERS = two(
        "UPDATE subscriber SET language = j.value ->> 1, zone = j.value ->> 2, hour = j.value ->> 3, format = j.value ->> 4,
            changed_at = j.value ->> 5, regions_changed_at = j.value ->> 6
         FROM json_each($1) j WHERE subscriber.id = j.value ->> 0",
        "UPDATE subscriber SET language = j ->> 1, zone = j ->> 2, hour = (j ->> 3)::bigint, format = j ->> 4,
            changed_at = (j ->> 5)::bigint, regions_changed_at = (j ->> 6)::bigint
         FROM jsonb_array_elements($1::text::jsonb) j WHERE subscriber.id = (j ->> 0)::bigint",
    );
    CLEAR_REGIONS = two(
        "DELETE FROM subscriber_region WHERE subscriber IN (SELECT value FROM json_each($1))",
        "DELETE FROM subscriber_region WHERE subscriber = ANY($1)",
    );
    PUT_REGIONS = two(
        "INSERT INTO subscriber_region (subscriber, region) SELECT value ->> 0, value ->> 1 FROM json_each($1)",
        "INSERT INTO subscriber_region (subscriber, region) SELECT (j ->> 0)::bigint, (j ->> 1)::bigint FROM jsonb_array_elements($1::text::jsonb) j",
    );
    ADD = two(
        "INSERT INTO subscription (subscriber, topic, frequency, state, since, starts, rank, created_at, started_at, start_reason, pause_reason)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
            value ->> 10
         FROM json_each($1)",
        "INSERT INTO subscription (subscriber, topic, frequency, state, since, starts, rank, created_at, started_at, start_reason, pause_reason)
         SELECT (j ->> 0)::bigint, (j ->> 1)::bigint, (j ->> 2)::bigint, j ->> 3, (j ->> 4)::bigint, (j ->> 5)::bigint, (j ->> 6)::bigint,
            (j ->> 7)::bigint, (j ->> 8)::bigint, j ->> 9, j ->> 10
         FROM jsonb_array_elements($1::text::jsonb) j",
    );
    PUT = two(
        "UPDATE subscription SET topic = j.value ->> 1, frequency = j.value ->> 2, state = j.value ->> 3, since = j.value ->> 4,
            starts = j.value ->> 5, rank = j.value ->> 6, started_at = j.value ->> 7, paused_until = j.value ->> 8,
            pause_reason = j.value ->> 9, stopped_at = j.value ->> 10, stop_reason = j.value ->> 11
         FROM json_each($1) j WHERE subscription.id = j.value ->> 0",
        "UPDATE subscription SET topic = (j ->> 1)::bigint, frequency = (j ->> 2)::bigint, state = j ->> 3, since = (j ->> 4)::bigint,
            starts = (j ->> 5)::bigint, rank = (j ->> 6)::bigint, started_at = (j ->> 7)::bigint, paused_until = j ->> 8,
            pause_reason = j ->> 9, stopped_at = (j ->> 10)::bigint, stop_reason = j ->> 11
         FROM jsonb_array_elements($1::text::jsonb) j WHERE subscription.id = (j ->> 0)::bigint",
    );
    LEAVE = two(
        "DELETE FROM enrolment WHERE (slot, subscriber) IN (SELECT value ->> 0, value ->> 1 FROM json_each($1))",
        "DELETE FROM enrolment WHERE (slot, subscriber) IN (SELECT (j ->> 0)::bigint, (j ->> 1)::bigint FROM jsonb_array_elements($1::text::jsonb) j)",
    );
    /// That something is to be folded may be written by whoever delivers, since the enrolment was read.
    ENROL = two(
        "INSERT INTO enrolment (slot, subscriber, topics, regions, language, format, changed_at, regions_changed_at, sole, fold, wakes_after)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10
         FROM json_each($1) WHERE true
         ON CONFLICT (slot, subscriber) DO UPDATE SET topics = excluded.topics, regions = excluded.regions,
            language = excluded.language, format = excluded.format, changed_at = excluded.changed_at,
            regions_changed_at = excluded.regions_changed_at, sole = excluded.sole, fold = enrolment.fold OR excluded.fold, wakes_after = excluded.wakes_after",
        "INSERT INTO enrolment (slot, subscriber, topics, regions, language, format, changed_at, regions_changed_at, sole, fold, wakes_after)
         SELECT (j ->> 0)::bigint, (j ->> 1)::bigint, j ->> 2, j ->> 3, j ->> 4, j ->> 5, (j ->> 6)::bigint, (j ->> 7)::bigint, (j ->> 8)::boolean,
            (j ->> 9)::boolean, j ->> 10
         FROM jsonb_array_elements($1::text::jsonb) j
         ON CONFLICT (slot, subscriber) DO UPDATE SET topics = excluded.topics, regions = excluded.regions,
            language = excluded.language, format = excluded.format, changed_at = excluded.changed_at,
            regions_changed_at = excluded.regions_changed_at, sole = excluded.sole, fold = enrolment.fold OR excluded.fold, wakes_after = excluded.wakes_after",
    );
    /// What was in doubt may have arrived; it is not sent again to somebody who has gone.
    DOUBT_WAITING = same(
        "UPDATE delivery SET state = 'uncertain', token = NULL WHERE subscriber = $1 AND kind = 'digest'
         AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts > 0",
    );
    /// Stops of everything are honoured in their own transaction: what waits, unless it was ever in doubt, is cancelled.
    CANCEL_WAITING = same(
        "UPDATE delivery SET state = 'cancelled', reason = $3, settled_at = $2, token = NULL
         WHERE subscriber = $1 AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0",
    );
}

struct SubscriberRow {
    id: i64,
    language: Language,
    zone: Tz,
    hour: i64,
    format: Format,
    changed_at: i64,
    regions_changed_at: i64,
}
record!(SubscriberRow { id, language, zone, hour, format, changed_at, regions_changed_at });

struct SubscriptionRow {
    id: i64,
    subscriber: i64,
    topic: i64,
    frequency: i64,
    state: String,
    since: Option<i64>,
    starts: i64,
    rank: Option<i64>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    start_reason: String,
    paused_until: Option<String>,
    pause_reason: Option<String>,
    stopped_at: Option<DateTime<Utc>>,
    stop_reason: Option<String>,
}
record!(SubscriptionRow {
    id,
    subscriber,
    topic,
    frequency,
    state,
    since,
    starts,
    rank,
    created_at,
    started_at,
    start_reason,
    paused_until,
    pause_reason,
    stopped_at,
    stop_reason,
});

struct SlotRow {
    id: i64,
    frequency: i64,
    zone: Tz,
    hour: i64,
    cutoff: i64,
    lower: Option<i64>,
    through: Option<i64>,
}
record!(SlotRow { id, frequency, zone, hour, cutoff, lower, through });

/// A word of ours, or the row is not ours.
fn word<T>(of: impl Fn(&str) -> Option<T>, text: &str, column: usize) -> Result<T, Error> {
    of(text).ok_or_else(|| Error::unreadable(column, text.to_owned()))
}

impl SubscriptionRow {
    fn subscription(self) -> Result<Subscription, Error> {
        let state = word(State::of_word, &self.state, 4)?;
        let until = self
            .paused_until
            .map(|day| day.parse::<NaiveDate>().map_err(|_| Error::unreadable(11, day.clone())))
            .transpose()?;
        let paused_by = match &self.pause_reason {
            Some(reason) => word(PauseReason::of_word, reason, 12)?,
            None => PauseReason::Reader,
        };
        let stop_reason = self.stop_reason.as_deref().map(|w| word(StopReason::of_word, w, 14)).transpose()?;
        Ok(Subscription {
            id: Some(self.id),
            topic: self.topic,
            frequency: self.frequency,
            state,
            since: self.since,
            starts: self.starts,
            rank: self.rank,
            created_at: self.created_at,
            started_at: self.started_at,
            start_reason: word(StartReason::of_word, &self.start_reason, 10)?,
            pause: (state == State::Paused).then_some(Pause { until, reason: paused_by }),
            stop: stop_reason.map(|reason| Stop { at: self.stopped_at.unwrap_or(self.created_at), reason }),
        })
    }
}

/// What readers hold, and the slots that they are in.
struct Read {
    holdings: Vec<Holdings>,
    /// By subscriber.
    slots: HashMap<i64, BTreeSet<i64>>,
}

/// Readers of one change, before and after.
struct Changed {
    before: Holdings,
    after: Holdings,
    slots: BTreeSet<i64>,
    enrolments: Vec<Enrolment>,
}

impl Changed {
    /// Whether their own row is another.
    fn is_of_the_reader(&self) -> bool {
        let own = |h: &Holdings| (h.settings.clone(), h.changed_at, h.regions_changed_at);
        own(&self.before) != own(&self.after)
    }
}

/// Does a change to each of these readers, in the order of their numbers. `does` may be asked twice, and must not mind.
pub async fn change<T>(
    tx: &mut Tx,
    readers: &[i64],
    now: DateTime<Utc>,
    mut does: impl FnMut(&mut Holdings, &Ground) -> T,
) -> Result<Vec<T>, Error> {
    let mut ground = ground(tx, now).await?;
    let mut read = read(tx, readers).await?;
    if tx.is_pg() {
        // Which slots it leads into can be known only by doing it; what it finds there, only under the locks.
        let foreseen = foresee(&read, &ground, &mut does);
        lock(tx, &mut ground, &read, &foreseen, readers).await?;
        read = self::read(tx, readers).await?;
    }
    let mut slots: SlotIds = SlotIds::default();
    slots.read(tx, read.slots.values().flatten().copied().collect(), &mut ground).await?;

    let keys: HashMap<i64, SlotKey> = slots.0.iter().map(|(key, slot)| (*slot, *key)).collect();

    let (mut outcomes, mut all) = (Vec::with_capacity(readers.len()), Vec::with_capacity(readers.len()));
    for mut before in read.holdings {
        let theirs = read.slots.get(&before.subscriber).into_iter().flatten();
        before.enrolled = theirs.filter_map(|slot| keys.get(slot).copied()).collect();
        let mut after = before.clone();
        outcomes.push(do_to(&mut after, &ground, &mut does));
        if after != before || before.is_elsewhere(&ground) {
            let slots = read.slots.remove(&before.subscriber).unwrap_or_default();
            all.push(Changed { before, after, slots, enrolments: vec![] });
        }
    }
    for changed in &mut all {
        take_back(tx, changed, &ground).await?;
        changed.enrolments = changed.after.enrolments(&ground);
    }
    write(tx, &all, &mut slots, &ground).await?;
    Ok(outcomes)
}

/// What a reader holds, for looking at it only.
pub async fn of_reader(store: &Store, reader: i64) -> Result<Option<Holdings>, Error> {
    let mut tx = store.begin().await?;
    let read = read(&mut tx, &[reader]).await?;
    tx.rollback().await?;
    Ok(read.holdings.into_iter().next())
}

/// Nothing is done on old ground: first the reader follows what the newsroom has changed. And what comes back or is new
/// waits, too, while they have a choice of regions to make.
fn do_to<T>(holdings: &mut Holdings, ground: &Ground, does: &mut impl FnMut(&mut Holdings, &Ground) -> T) -> T {
    holdings.follow(ground);
    let outcome = does(holdings, ground);
    holdings.follow_regions(ground);
    outcome
}

/// Readers of a slot, after one of them, of whose pauses here one was to end before `day`.
pub async fn waking(tx: &mut Tx, slot: i64, day: NaiveDate, after: i64, limit: i64) -> Result<Vec<i64>, Error> {
    let rows: Vec<(i64,)> = tx.all(&WAKING, args![slot, &day.to_string(), after, limit]).await?;
    Ok(rows.into_iter().map(|(subscriber,)| subscriber).collect())
}

/// What a change stands on, but for the slots.
async fn ground(tx: &mut Tx, now: DateTime<Utc>) -> Result<Ground, Error> {
    let position = setting::position(tx).await?;
    let mut ground = Ground { now, position, ..Ground::default() };
    for (id, hour_choice, is_retired, successor) in
        tx.all::<(i64, bool, bool, Option<i64>)>(&FREQUENCIES, args![]).await?
    {
        ground.frequencies.insert(id, hour_choice);
        if is_retired {
            ground.retired_frequencies.insert(id, successor);
        } else {
            ground.usual_frequency = ground.usual_frequency.or(Some(id));
        }
    }
    for (id, rank, is_retired, successor) in tx.all::<(i64, i64, bool, Option<i64>)>(&RANKS, args![]).await? {
        ground.ranks.insert(id, rank);
        if is_retired {
            ground.retired_topics.insert(id, successor);
        }
    }
    Ok(ground)
}

async fn read(tx: &mut Tx, readers: &[i64]) -> Result<Read, Error> {
    let mut all: BTreeMap<i64, Holdings> = BTreeMap::new();
    for row in tx.all::<SubscriberRow>(&SUBSCRIBERS, args![readers]).await? {
        let settings = Settings { language: row.language, zone: row.zone, hour: row.hour, format: row.format };
        let mut holdings = Holdings::of_new(row.id, settings);
        (holdings.changed_at, holdings.regions_changed_at) = (row.changed_at, row.regions_changed_at);
        all.insert(row.id, holdings);
    }
    for row in tx.all::<SubscriptionRow>(&SUBSCRIPTIONS, args![readers]).await? {
        if let Some(holdings) = all.get_mut(&row.subscriber) {
            holdings.subscriptions.push(row.subscription()?);
        }
    }
    for (subscriber, region) in tx.all::<(i64, i64)>(&REGIONS, args![readers]).await? {
        if let Some(holdings) = all.get_mut(&subscriber) {
            holdings.regions.push(region);
        }
    }
    let mut slots: HashMap<i64, BTreeSet<i64>> = HashMap::new();
    for (subscriber, slot, fold) in tx.all::<(i64, i64, bool)>(&ENROLMENTS, args![readers]).await? {
        slots.entry(subscriber).or_default().insert(slot);
        if let Some(holdings) = all.get_mut(&subscriber) {
            holdings.fold |= fold;
        }
    }
    Ok(Read { holdings: all.into_values().collect(), slots })
}

/// The slots that the change will lead into.
fn foresee<T>(read: &Read, ground: &Ground, does: &mut impl FnMut(&mut Holdings, &Ground) -> T) -> Vec<(i64, SlotKey)> {
    let mut foreseen = Vec::new();
    for before in &read.holdings {
        let mut after = before.clone();
        do_to(&mut after, ground, does);
        foreseen.extend(after.enrolments(ground).into_iter().map(|enrolment| (before.subscriber, enrolment.slot)));
    }
    foreseen
}

/// Locks the slots that the readers are in or will be in, then the readers; and looks at the position again.
async fn lock(
    tx: &mut Tx,
    ground: &mut Ground,
    read: &Read,
    foreseen: &[(i64, SlotKey)],
    readers: &[i64],
) -> Result<(), Error> {
    let mut ids = SlotIds::default();
    let mut locks: BTreeMap<i64, bool> = read.slots.values().flatten().map(|slot| (*slot, false)).collect();
    for (subscriber, key) in foreseen {
        let slot = ids.of(tx, *key, ground.position).await?;
        if !read.slots.get(subscriber).is_some_and(|slots| slots.contains(&slot)) {
            locks.insert(slot, true);
        }
    }
    for (slot, enters) in locks {
        let lock = if enters { &TAKE_SLOT } else { &SHARE_SLOT };
        tx.all::<(i64,)>(lock, args![slot]).await?;
    }
    tx.all::<(i64,)>(&LOCK_SUBSCRIBERS, args![readers]).await?;
    ground.position = setting::position(tx).await?;
    Ok(())
}

/// Slots' numbers by what they are.
#[derive(Default)]
struct SlotIds(HashMap<SlotKey, i64>);

impl SlotIds {
    async fn of(&mut self, tx: &mut Tx, key: SlotKey, position: i64) -> Result<i64, Error> {
        if let Some(id) = self.0.get(&key) {
            return Ok(*id);
        }
        let id = slot::find_or_make(tx, key.frequency, key.zone, key.hour, position).await?;
        self.0.insert(key, id);
        Ok(id)
    }

    /// Reads how far these have come.
    async fn read(&mut self, tx: &mut Tx, ids: BTreeSet<i64>, ground: &mut Ground) -> Result<(), Error> {
        let ids: Vec<i64> = ids.into_iter().collect();
        for row in tx.all::<SlotRow>(&SLOTS, args![&ids]).await? {
            let key = SlotKey { frequency: row.frequency, zone: row.zone, hour: row.hour };
            let planning = row.lower.zip(row.through);
            ground.slots.insert(key, SlotState { cutoff: row.cutoff, planning });
            self.0.insert(key, row.id);
        }
        Ok(())
    }
}

/// Takes out of what still waits what the reader has stopped or paused; all of it, when they hold nothing any more.
async fn take_back(tx: &mut Tx, changed: &mut Changed, ground: &Ground) -> Result<(), Error> {
    let (id, now) = (changed.after.subscriber, ground.now);
    if changed.after.left.is_empty() {
        return Ok(());
    }
    if changed.after.is_gone() {
        tx.exec(&CANCEL_WAITING, args![id, now, "stopped"]).await?;
        tx.exec(&DOUBT_WAITING, args![id]).await?;
        return Ok(());
    }
    let after = &mut changed.after;
    let stopped = |topic: &i64| after.live().all(|s| s.topic != *topic);
    let reason = if after.left.iter().any(stopped) { "stopped" } else { "paused" };
    let held = after.active(ground);
    let revised = revision::leave_out(tx, id, &after.left, &held, &after.regions, reason, now).await?;
    after.fold |= revised.taken_out;
    Ok(())
}

async fn write(tx: &mut Tx, all: &[Changed], slots: &mut SlotIds, ground: &Ground) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    write_subscribers(tx, all).await?;
    write_subscriptions(tx, all).await?;
    write_enrolments(tx, all, slots, ground).await
}

async fn write_subscribers(tx: &mut Tx, all: &[Changed]) -> Result<(), Error> {
    let row = |changed: &&Changed| {
        let Holdings { subscriber, settings, changed_at, regions_changed_at, .. } = &changed.after;
        let Settings { language, zone, hour, format } = settings;
        let format = subscriber::word(*format);
        (*subscriber, language.to_string(), zone.name(), *hour, format, *changed_at, *regions_changed_at)
    };
    let changed: Vec<&Changed> = all.iter().filter(|c| c.is_of_the_reader()).collect();
    if !changed.is_empty() {
        tx.exec(&PUT_SUBSCRIBERS, args![&json(changed.iter().map(row))]).await?;
    }

    let others: Vec<&Changed> = all.iter().filter(|c| c.before.regions != c.after.regions).collect();
    if !others.is_empty() {
        let ids: Vec<i64> = others.iter().map(|c| c.after.subscriber).collect();
        tx.exec(&CLEAR_REGIONS, args![&ids]).await?;
        let rows = others.iter().flat_map(|c| c.after.regions.iter().map(|region| (c.after.subscriber, *region)));
        tx.exec(&PUT_REGIONS, args![&json(rows)]).await?;
    }
    Ok(())
}

async fn write_subscriptions(tx: &mut Tx, all: &[Changed]) -> Result<(), Error> {
    let millis = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_millis());
    let mut changed = Vec::new();
    let mut new = Vec::new();
    for Changed { before, after, .. } in all {
        let known: HashSet<i64> = before.subscriptions.iter().filter_map(|s| s.id).collect();
        for s in &after.subscriptions {
            match s.id {
                None => new.push((
                    after.subscriber,
                    s.topic,
                    s.frequency,
                    s.state.word(),
                    s.since,
                    s.starts,
                    s.rank,
                    s.created_at.timestamp_millis(),
                    millis(s.started_at),
                    s.start_reason.word(),
                    s.pause.map(|pause| pause.reason.word()),
                )),
                Some(id) if known.contains(&id) && !before.subscriptions.contains(s) => changed.push((
                    id,
                    s.topic,
                    s.frequency,
                    s.state.word(),
                    s.since,
                    s.starts,
                    s.rank,
                    millis(s.started_at),
                    s.pause.and_then(|pause| pause.until).map(|day| day.to_string()),
                    s.pause.map(|pause| pause.reason.word()),
                    s.stop.map(|stop| stop.at.timestamp_millis()),
                    s.stop.map(|stop| stop.reason.word()),
                )),
                Some(_) => {}
            }
        }
    }
    // First those that end: a topic is held once.
    if !changed.is_empty() {
        tx.exec(&PUT, args![&json(changed)]).await?;
    }
    if !new.is_empty() {
        tx.exec(&ADD, args![&json(new)]).await?;
    }
    Ok(())
}

async fn write_enrolments(tx: &mut Tx, all: &[Changed], ids: &mut SlotIds, ground: &Ground) -> Result<(), Error> {
    let (mut left, mut rows, mut entered) = (Vec::new(), Vec::new(), BTreeSet::new());
    for Changed { after, slots, enrolments, .. } in all {
        let mut stays = BTreeSet::new();
        for enrolment in enrolments {
            let slot = ids.of(tx, enrolment.slot, ground.position).await?;
            if !slots.contains(&slot) {
                entered.insert(slot);
            }
            stays.insert(slot);
            rows.push((
                slot,
                after.subscriber,
                serde_json::to_string(&enrolment.topics).expect("numbers always serialise"),
                serde_json::to_string(&after.regions).expect("numbers always serialise"),
                after.settings.language.to_string(),
                subscriber::word(after.settings.format),
                after.changed_at,
                after.regions_changed_at,
                enrolments.len() == 1,
                after.fold,
                enrolment.wakes_after.map(|day| day.to_string()),
            ));
        }
        left.extend(slots.difference(&stays).map(|slot| (*slot, after.subscriber)));
    }
    for slot in entered {
        slot::wake(tx, slot, ground.position).await?;
    }
    if !left.is_empty() {
        tx.exec(&LEAVE, args![&json(left)]).await?;
    }
    if !rows.is_empty() {
        tx.exec(&ENROL, args![&json(rows)]).await?;
    }
    Ok(())
}

/// The rows of a batch, as one parameter.
fn json<T: serde::Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let rows: Vec<T> = rows.into_iter().collect();
    serde_json::to_string(&rows).expect("numbers and strings always serialise")
}
