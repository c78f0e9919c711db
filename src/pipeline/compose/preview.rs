//! A reader's pending mail, as their next run would make it now: the planning itself, in a transaction that is rolled
//! back.

use chrono::{DateTime, Utc};

use super::plan::Plan;
use super::{Frequency, schedules};
use crate::model::edition::Content;
use crate::model::schedule::Firing;
use crate::pipeline::{Error, Line};
use crate::store::run::{self, Beginning, Run};
use crate::store::slot::{self, Slot};
use crate::store::{Tx, edition, page};

/// What the next run of a reader would make.
#[derive(Debug, Clone)]
pub struct Pending {
    pub slot: Slot,
    /// When that run is due.
    pub due_at: DateTime<Utc>,
    /// None: there is nothing new for them.
    pub mail: Option<Mail>,
}

#[derive(Debug, Clone)]
pub struct Mail {
    pub content: Content,
    /// JSON: the topics that the reader holds in the slot.
    pub topics: String,
}

/// The reader's slot that fires first, of this frequency if one is named, and what it would bring. None: they are in no
/// slot, or in none that fires.
pub async fn pending(
    line: &Line,
    reader: i64,
    frequency: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Option<Pending>, Error> {
    let schedules = schedules(&line.store).await?;
    let mut firings: Vec<(Firing, Slot)> = Vec::new();
    for slot in slot::of_subscriber(&line.store, reader).await? {
        let known = schedules.get(&slot.frequency).filter(|_| frequency.is_none_or(|wanted| wanted == slot.frequency));
        firings.extend(known.and_then(|known| next_firing(known, &slot, now)).map(|firing| (firing, slot)));
    }
    firings.sort_by_key(|(firing, slot)| (firing.at, slot.id));
    let Some((firing, slot)) = firings.into_iter().next() else { return Ok(None) };
    let schedule = &schedules[&slot.frequency];

    let mut tx = line.store.begin().await?;
    let run = foresee(line, &mut tx, &slot, schedule, firing, reader, now).await?;
    let due_at = run.due_at;
    let mail = plan_one(line, &mut tx, run, &slot, reader, now).await?;
    tx.rollback().await?;
    Ok(Some(Pending { slot, due_at, mail }))
}

/// What composing would begin: what is due, else what comes next.
fn next_firing(frequency: &Frequency, slot: &Slot, now: DateTime<Utc>) -> Option<Firing> {
    let schedule = frequency.of_slot(slot);
    if slot.next_run_at.is_some_and(|next| next <= now) {
        return schedule.latest_at_or_before(now, slot.zone);
    }
    schedule.next_after(now, slot.zone)
}

/// The run that is being planned, if it has not come to this reader; else the one that would be begun.
async fn foresee(
    line: &Line,
    tx: &mut Tx,
    slot: &Slot,
    frequency: &Frequency,
    mut firing: Firing,
    reader: i64,
    now: DateTime<Utc>,
) -> Result<Run, Error> {
    if let Some((run, through)) = run::planning_in(tx, slot.id).await? {
        if through < reader {
            return Ok(run);
        }
        run::planned(tx, run.id, now).await?;
    }
    let mode = line.config.delivery.mode;
    loop {
        let beginning = Beginning { slot: slot.id, firing, late: false, mode, held: None };
        run::begin(tx, &beginning, now).await?;
        if let Some((run, _)) = run::planning_in(tx, slot.id).await? {
            return Ok(run);
        }
        // That period is on record: the clock was ahead once.
        match frequency.of_slot(slot).following(firing.period, slot.zone) {
            Some(next) => firing = next,
            None => return Err(Error::NeverAgain),
        }
    }
}

/// The page of planning that this reader alone is on.
async fn plan_one(
    line: &Line,
    tx: &mut Tx,
    run: Run,
    slot: &Slot,
    reader: i64,
    now: DateTime<Utc>,
) -> Result<Option<Mail>, Error> {
    let id = run.id;
    run::advance(tx, id, reader - 1).await?;
    let mut plan = Plan::open_in(line, tx, run, slot.clone()).await?;
    plan.at_once = 1;
    plan.page_in(tx, now).await?;
    let Some((edition, topics)) = page::made(tx, id, reader).await? else { return Ok(None) };
    let edition = edition::by_id_in(tx, edition).await?;
    Ok(edition.map(|edition| Mail { content: edition.content, topics }))
}
