//! Readers whose digest falls due at the same instant: frequency × zone × hour, and the cut-off.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::sql::{args, record, same, statements};
use super::{Error, Store, Tx};

statements! {
    MAKE = same(
        "INSERT INTO slot (frequency, zone, hour, cutoff) VALUES ($1, $2, $3, $4) ON CONFLICT (frequency, zone, hour) DO NOTHING",
    );
    FIND = same("SELECT id FROM slot WHERE frequency = $1 AND zone = $2 AND hour = $3");
    /// A slot without readers takes the position now as its cut-off when the first one comes; composing schedules it.
    WAKE = same(
        "UPDATE slot SET cutoff = $2, next_run_at = NULL WHERE id = $1
         AND NOT EXISTS (SELECT 1 FROM enrolment e WHERE e.slot = slot.id)
         AND NOT EXISTS (SELECT 1 FROM run r WHERE r.slot = slot.id AND r.state = 'planning')",
    );
    UNSCHEDULED = same(
        "SELECT id, frequency, zone, hour, cutoff, next_run_at FROM slot WHERE next_run_at IS NULL
         AND EXISTS (SELECT 1 FROM enrolment e WHERE e.slot = slot.id) ORDER BY id",
    );
    /// One without readers makes no runs, nor does one of a frequency that was retired.
    DUE = same(
        "SELECT id, frequency, zone, hour, cutoff, next_run_at FROM slot WHERE next_run_at IS NOT NULL AND next_run_at <= $1
         AND EXISTS (SELECT 1 FROM enrolment e WHERE e.slot = slot.id)
         AND EXISTS (SELECT 1 FROM frequency f WHERE f.id = slot.frequency AND f.retired_at IS NULL) ORDER BY next_run_at, id",
    );
    SCHEDULED = same(
        "SELECT id, frequency, zone, hour, cutoff, next_run_at FROM slot WHERE next_run_at IS NOT NULL
         AND EXISTS (SELECT 1 FROM enrolment e WHERE e.slot = slot.id)
         AND EXISTS (SELECT 1 FROM frequency f WHERE f.id = slot.frequency AND f.retired_at IS NULL) ORDER BY next_run_at, id",
    );
    BY_ID = same("SELECT id, frequency, zone, hour, cutoff, next_run_at FROM slot WHERE id = $1");
    SCHEDULE = same("UPDATE slot SET next_run_at = $2 WHERE id = $1");
    NEXT = same(
        "SELECT next_run_at FROM slot WHERE next_run_at IS NOT NULL
         AND EXISTS (SELECT 1 FROM enrolment e WHERE e.slot = slot.id)
         AND EXISTS (SELECT 1 FROM frequency f WHERE f.id = slot.frequency AND f.retired_at IS NULL) ORDER BY next_run_at LIMIT 1",
    );
    READERS = same("SELECT count(*) FROM enrolment WHERE slot = $1");
    OF_SUBSCRIBER = same(
        "SELECT s.id, s.frequency, s.zone, s.hour, s.cutoff, s.next_run_at FROM slot s JOIN enrolment e ON e.slot = s.id WHERE e.subscriber = $1 ORDER BY s.id",
    );
}

#[derive(Debug, Clone)]
pub struct Slot {
    pub id: i64,
    pub frequency: i64,
    pub zone: Tz,
    /// −1 where the frequency offers no choice.
    pub hour: i64,
    pub cutoff: i64,
    pub next_run_at: Option<DateTime<Utc>>,
}
record!(Slot { id, frequency, zone, hour, cutoff, next_run_at });

/// The slot's id; the row is made if there is none, and not touched if there is.
pub(super) async fn find_or_make(
    tx: &mut Tx,
    frequency: i64,
    zone: Tz,
    hour: i64,
    position: i64,
) -> Result<i64, Error> {
    let key = args![frequency, zone.name(), hour];
    if let Some((id,)) = tx.opt::<(i64,)>(&FIND, key).await? {
        return Ok(id);
    }
    tx.exec(&MAKE, args![frequency, zone.name(), hour, position]).await?;
    Ok(tx.one::<(i64,)>(&FIND, key).await?.0)
}

/// Wakes a slot that has no readers, before its first one enters.
pub(super) async fn wake(tx: &mut Tx, id: i64, position: i64) -> Result<(), Error> {
    tx.exec(&WAKE, args![id, position]).await.map(drop)
}

/// Slots with readers that have no next firing yet.
pub async fn unscheduled(store: &Store) -> Result<Vec<Slot>, Error> {
    store.db.all(&UNSCHEDULED, args![]).await
}

pub async fn due(store: &Store, now: DateTime<Utc>) -> Result<Vec<Slot>, Error> {
    store.db.all(&DUE, args![now]).await
}

pub async fn scheduled(store: &Store) -> Result<Vec<Slot>, Error> {
    store.db.all(&SCHEDULED, args![]).await
}

pub async fn by_id(store: &Store, id: i64) -> Result<Option<Slot>, Error> {
    store.db.opt(&BY_ID, args![id]).await
}

pub async fn of_subscriber(store: &Store, subscriber: i64) -> Result<Vec<Slot>, Error> {
    store.db.all(&OF_SUBSCRIBER, args![subscriber]).await
}

/// None: it makes no runs until it is scheduled again.
pub async fn schedule(tx: &mut Tx, id: i64, next_run_at: Option<DateTime<Utc>>) -> Result<(), Error> {
    tx.exec(&SCHEDULE, args![id, next_run_at]).await.map(drop)
}

/// When the next slot falls due.
pub async fn next_run(store: &Store) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(store.db.opt::<(DateTime<Utc>,)>(&NEXT, args![]).await?.map(|(next,)| next))
}

pub async fn readers(store: &Store, id: i64) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&READERS, args![id]).await?.0)
}
