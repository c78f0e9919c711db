//! Due slots → a run → editions → deliveries.
//!
//! Beginning a run is one short transaction; `wake` ends the pauses that are over by then, `plan` goes through its
//! readers. A digest on request belongs to no run.

pub(crate) mod plan;
pub mod preview;
mod request;
mod wake;

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use super::{Error, Line};
use crate::model::schedule::{Firing, Schedule};
use crate::store::run::{self, Beginning};
use crate::store::slot::{self, Slot};
use crate::store::{Store, declared, hold, withdrawal};
use plan::plan_all;

/// A run begun later than this after it was due says so.
const LATE: TimeDelta = TimeDelta::hours(2);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Composed {
    pub runs: usize,
    pub skipped: usize,
    pub editions: usize,
    pub deliveries: usize,
}

/// Begins what is due, once a period, and plans it.
pub async fn run(line: &Line, now: DateTime<Utc>) -> Result<Composed, Error> {
    // Whoever withdrew an article may have been killed half-way.
    let swept = withdrawal::sweep(&line.store, now).await?;
    if swept > 0 {
        info!(swept, "what was withdrawn was taken out of {swept} mails that waited");
    }
    sweep_cancelled(line, now).await?;
    line.must_be_in_force().await?;
    let mut composed = Composed { deliveries: request::serve_all(line, now).await?, ..Composed::default() };
    let schedules = schedules(&line.store).await?;
    schedule(&line.store, &schedules, now).await?;
    // What a kill left half planned comes first: a slot plans one run at a time.
    plan_all(line, &mut composed, now).await?;
    for slot in slot::due(&line.store, now).await? {
        if let Some(frequency) = schedules.get(&slot.frequency) {
            begin(line, &slot, frequency, &mut composed, now).await?;
        }
    }
    plan_all(line, &mut composed, now).await?;
    // What was cancelled while it was being planned.
    sweep_cancelled(line, now).await?;
    Ok(composed)
}

/// Whoever cancelled a run may have been killed half-way, or have come while it was being planned.
async fn sweep_cancelled(line: &Line, now: DateTime<Utc>) -> Result<(), Error> {
    let swept = hold::sweep(&line.store, now).await?;
    if swept > 0 {
        info!(swept, "ended {swept} mails of runs that were cancelled");
    }
    Ok(())
}

/// Plans the slots that have no next firing, for whoever has just added a reader and no daemon runs: the first digest
/// then comes at the reader's next hour, whenever the program runs after it.
pub async fn plan_ahead(store: &Store, now: DateTime<Utc>) -> Result<(), Error> {
    schedule(store, &schedules(store).await?, now).await
}

struct Frequency {
    schedule: Schedule,
    approve: bool,
}

impl Frequency {
    fn of_slot(&self, slot: &Slot) -> Schedule {
        match u8::try_from(slot.hour) {
            Ok(hour) => self.schedule.at_hour(hour),
            Err(_) => self.schedule.clone(),
        }
    }
}

async fn schedules(store: &Store) -> Result<HashMap<i64, Frequency>, Error> {
    let mut schedules = HashMap::new();
    for row in declared::frequencies(store).await? {
        match Schedule::parse(&row.cron) {
            Ok(schedule) => {
                schedules.insert(row.id, Frequency { schedule, approve: row.approve });
            }
            Err(error) => warn!(frequency = %row.slug, "frequency {} makes no runs: {error}", row.slug),
        }
    }
    Ok(schedules)
}

/// Gives each slot that has readers its next firing: the first after now, never a stale one. One that has another (the
/// clock was ahead once, the expression or the zone's rules have changed) is set right.
async fn schedule(store: &Store, schedules: &HashMap<i64, Frequency>, now: DateTime<Utc>) -> Result<(), Error> {
    let mut slots = slot::unscheduled(store).await?;
    slots.extend(slot::scheduled(store).await?.into_iter().filter(|slot| slot.next_run_at > Some(now)));
    for slot in slots {
        let Some(frequency) = schedules.get(&slot.frequency) else { continue };
        let next = frequency.of_slot(&slot).next_after(now, slot.zone).map(|firing| firing.at);
        if next != slot.next_run_at {
            let mut tx = store.begin().await?;
            slot::schedule(&mut tx, slot.id, next).await?;
            tx.commit().await?;
        }
    }
    Ok(())
}

/// Begins the latest firing of a slot that is due; what earlier ones owe folds into it.
async fn begin(
    line: &Line,
    slot: &Slot,
    frequency: &Frequency,
    composed: &mut Composed,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let schedule = frequency.of_slot(slot);
    let Some(firing) = schedule.latest_at_or_before(now, slot.zone) else { return Ok(()) };
    let next = schedule.following(firing.period, slot.zone);
    let mode = line.config.delivery.mode;

    let mut tx = line.store.begin().await?;
    if run::is_planning(&mut tx, slot.id).await? {
        // The slot stays due: this firing begins when that planning has ended.
        return Ok(tx.rollback().await?);
    }
    slot::schedule(&mut tx, slot.id, next.map(|next| next.at)).await?;
    if leaves_it_to_the_next(&firing, next.as_ref(), now) {
        run::skip(&mut tx, slot.id, &firing, mode, now).await?;
        composed.skipped += 1;
    } else {
        let late = now - firing.at > LATE;
        let held = frequency.approve.then_some("waits for approval");
        let begun = run::begin(&mut tx, &Beginning { slot: slot.id, firing, late, mode, held }, now).await?;
        composed.runs += usize::from(begun.is_some());
    }
    tx.commit().await.map_err(Error::from)
}

/// More than half its interval late, and the next one is near: then the next covers it.
fn leaves_it_to_the_next(firing: &Firing, next: Option<&Firing>, now: DateTime<Utc>) -> bool {
    next.is_some_and(|next| now - firing.at > (next.at - firing.at) / 2 && next.at - now < TimeDelta::hours(2))
}
