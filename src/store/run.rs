//! Firings of slots: each once per period, covering the positions after the slot's cut-off.

use chrono::{DateTime, NaiveDateTime, Utc};

use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx, setting};
use crate::model::delivery::Mode;
use crate::model::schedule::Firing;

statements! {
    LOCK_SLOT = two("SELECT cutoff FROM slot WHERE id = $1", "SELECT cutoff FROM slot WHERE id = $1 FOR UPDATE");
    BEGIN = same(
        "INSERT INTO run (slot, period, lower, upper, through, due_at, begun_at, covers_from, late, mode, state, held_at, held_reason)
         VALUES ($1, $2, $3, $4, 0, $5, $6, coalesce((SELECT max(p.due_at) FROM run p WHERE p.slot = $1 AND p.state <> 'skipped'), $7), $8, $9, 'planning', $10, $11)
         ON CONFLICT (slot, period) DO NOTHING RETURNING id",
    );
    SKIP = same(
        "INSERT INTO run (slot, period, lower, upper, through, due_at, begun_at, planned_at, covers_from, late, mode, state)
         SELECT $1, $2, s.cutoff, s.cutoff, 0, $3, $4, $4, $3, TRUE, $5, 'skipped' FROM slot s WHERE s.id = $1
         ON CONFLICT (slot, period) DO NOTHING",
    );
    CUT_OFF = same("UPDATE slot SET cutoff = $2 WHERE id = $1");
    PLANNING = same(
        "SELECT id, slot, period, lower, upper, due_at, begun_at, covers_from, late, mode FROM run WHERE state = 'planning' ORDER BY slot",
    );
    PLANNING_IN = same(
        "SELECT id, slot, period, lower, upper, due_at, begun_at, covers_from, late, mode FROM run WHERE slot = $1 AND state = 'planning'",
    );
    PLANNING_OF = same("SELECT count(*) FROM run WHERE slot = $1 AND state = 'planning'");
    THROUGH = same("SELECT through FROM run WHERE id = $1 AND state = 'planning'");
    ADVANCE = same("UPDATE run SET through = $2 WHERE id = $1");
    PLANNED = same("UPDATE run SET state = 'planned', planned_at = $2 WHERE id = $1");
    LATEST = same(
        "SELECT r.id, r.slot, f.slug, s.zone, s.hour, r.period, r.due_at, r.begun_at, r.planned_at, r.state, r.late,
            r.held_at, r.held_reason, r.cancelled_at, r.cancel_reason,
            (SELECT count(*) FROM delivery d WHERE d.run = r.id),
            (SELECT count(*) FROM delivery d WHERE d.run = r.id AND d.state = 'sent')
         FROM run r JOIN slot s ON s.id = r.slot JOIN frequency f ON f.id = s.frequency WHERE r.id <= $2 ORDER BY r.id DESC LIMIT $1",
    );
    DELIVERIES = two(
        "SELECT run, state, count(*) FROM delivery WHERE run IN (SELECT value FROM json_each($1)) GROUP BY run, state ORDER BY run, state",
        "SELECT run, state, count(*) FROM delivery WHERE run = ANY($1) GROUP BY run, state ORDER BY run, state",
    );
    EDITIONS = same("SELECT count(*) FROM edition WHERE run = $1");
    HELD = same(
        "SELECT r.id, f.slug, r.held_reason FROM run r JOIN slot s ON s.id = r.slot JOIN frequency f ON f.id = s.frequency
         WHERE r.held_at IS NOT NULL AND r.cancelled_at IS NULL AND r.state IN ('planning', 'planned')
         AND (r.state = 'planning' OR EXISTS (SELECT 1 FROM delivery d WHERE d.run = r.id)) ORDER BY r.id",
    );
    COUNT = same("SELECT count(*) FROM run WHERE state = 'planned'");
}

/// A run that is being planned.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: i64,
    pub slot: i64,
    pub period: NaiveDateTime,
    pub lower: i64,
    pub upper: i64,
    pub due_at: DateTime<Utc>,
    pub begun_at: DateTime<Utc>,
    /// When the slot's run before this fell due; of a first run, its own begin.
    pub covers_from: DateTime<Utc>,
    pub late: bool,
    pub mode: Mode,
}
record!(Run { id, slot, period, lower, upper, due_at, begun_at, covers_from, late, mode });

impl super::sql::Cell for Mode {
    fn of(row: &super::sql::Row, i: usize) -> Result<Self, Error> {
        match String::of(row, i)?.as_str() {
            "capture" => Ok(Self::Capture),
            "allowlist" => Ok(Self::Allowlist),
            "live" => Ok(Self::Live),
            other => Err(Error::unreadable(i, other.to_owned())),
        }
    }
}

/// A run, for the operator's eyes.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: i64,
    pub slot: i64,
    pub frequency: String,
    pub zone: String,
    pub hour: i64,
    pub period: String,
    pub due_at: DateTime<Utc>,
    pub begun_at: DateTime<Utc>,
    pub planned_at: Option<DateTime<Utc>>,
    /// As the row says it; [`Listed::stands`] says it for people.
    pub state: String,
    pub late: bool,
    pub held_at: Option<DateTime<Utc>>,
    pub held_reason: Option<String>,
    pub cancelled_at: Option<DateTime<Utc>>,
    /// `operator` or `dropped`
    pub cancel_reason: Option<String>,
    pub deliveries: i64,
    pub sent: i64,
}
record!(Listed {
    id,
    slot,
    frequency,
    zone,
    hour,
    period,
    due_at,
    begun_at,
    planned_at,
    state,
    late,
    held_at,
    held_reason,
    cancelled_at,
    cancel_reason,
    deliveries,
    sent,
});

impl Listed {
    /// What it is at, in a word: `planning`, `planned`, `held`, `cancelled` or `skipped`.
    pub fn stands(&self) -> &str {
        match (self.cancelled_at, self.held_at) {
            (Some(_), _) => "cancelled",
            (None, Some(_)) => "held",
            (None, None) => &self.state,
        }
    }
}

/// A firing about to become a run.
#[derive(Debug, Clone)]
pub struct Beginning {
    pub slot: i64,
    pub firing: Firing,
    pub late: bool,
    pub mode: Mode,
    /// Why it waits for a person, if it does.
    pub held: Option<&'static str>,
}

fn period_text(period: NaiveDateTime) -> String {
    period.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Whether the slot, locked from here on, still plans a run: it plans one at a time.
pub async fn is_planning(tx: &mut Tx, slot: i64) -> Result<bool, Error> {
    lock_slot(tx, slot).await?;
    Ok(tx.one::<(i64,)>(&PLANNING_OF, args![slot]).await?.0 > 0)
}

/// Begins a run: lower = the slot's cut-off, upper = cut-off = the highest position committed. None: this period is on
/// record already.
pub async fn begin(tx: &mut Tx, b: &Beginning, now: DateTime<Utc>) -> Result<Option<i64>, Error> {
    let (lower,): (i64,) = tx.one(&LOCK_SLOT, args![b.slot]).await?;
    let upper = setting::position(tx).await?;
    let held_at = b.held.map(|_| now);
    let period = period_text(b.firing.period);
    let values =
        args![b.slot, &period, lower, upper, b.firing.at, now, b.firing.at, b.late, b.mode.word(), held_at, b.held,];
    let Some((id,)) = tx.opt::<(i64,)>(&BEGIN, values).await? else { return Ok(None) };
    tx.exec(&CUT_OFF, args![b.slot, upper]).await?;
    Ok(Some(id))
}

/// Records that a firing was left to the next.
pub async fn skip(tx: &mut Tx, slot: i64, firing: &Firing, mode: Mode, now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&SKIP, args![slot, &period_text(firing.period), firing.at, now, mode.word()]).await.map(drop)
}

pub async fn planning(store: &Store) -> Result<Vec<Run>, Error> {
    store.db.all(&PLANNING, args![]).await
}

/// The run that the slot, locked from here on, is planning, and how far that has come.
pub async fn planning_in(tx: &mut Tx, slot: i64) -> Result<Option<(Run, i64)>, Error> {
    lock_slot(tx, slot).await?;
    let Some(run) = tx.opt::<Run>(&PLANNING_IN, args![slot]).await? else { return Ok(None) };
    let through = through(tx, run.id).await?.unwrap_or_default();
    Ok(Some((run, through)))
}

pub(super) async fn lock_slot(tx: &mut Tx, slot: i64) -> Result<(), Error> {
    tx.all::<(i64,)>(&LOCK_SLOT, args![slot]).await.map(drop)
}

/// The last subscriber planned; None when the planning has ended.
pub(super) async fn through(tx: &mut Tx, run: i64) -> Result<Option<i64>, Error> {
    Ok(tx.opt::<(i64,)>(&THROUGH, args![run]).await?.map(|(through,)| through))
}

pub async fn advance(tx: &mut Tx, run: i64, through: i64) -> Result<(), Error> {
    tx.exec(&ADVANCE, args![run, through]).await.map(drop)
}

pub async fn planned(tx: &mut Tx, run: i64, now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&PLANNED, args![run, now]).await.map(drop)
}

pub async fn latest(store: &Store, limit: i64) -> Result<Vec<Listed>, Error> {
    store.db.all(&LATEST, args![limit, i64::MAX]).await
}

pub async fn by_id(store: &Store, id: i64) -> Result<Option<Listed>, Error> {
    Ok(store.db.opt::<Listed>(&LATEST, args![1, id]).await?.filter(|run| run.id == id))
}

/// How many deliveries of these runs are in each state: run, state, number.
pub async fn deliveries(store: &Store, runs: &[i64]) -> Result<Vec<(i64, String, i64)>, Error> {
    store.db.all(&DELIVERIES, args![runs]).await
}

pub async fn editions(store: &Store, id: i64) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&EDITIONS, args![id]).await?.0)
}

/// Runs that wait for a person: number, frequency, and why.
pub async fn held(store: &Store) -> Result<Vec<(i64, String, Option<String>)>, Error> {
    store.db.all(&HELD, args![]).await
}

/// How many runs have been planned.
pub async fn count(store: &Store) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&COUNT, args![]).await?.0)
}
