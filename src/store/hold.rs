//! Mail that a person stops: all of it, a run until it is released, or a run for good.
//!
//! A hold is one row, and so is its release: the claim and the mark before the dot look there. What is cancelled is ended
//! delivery by delivery, in batches that a kill may interrupt.

use chrono::{DateTime, Utc};

use super::sql::{args, same, statements, two};
use super::{Error, Store, Tx, run, setting};

statements! {
    HOLD = same(
        "UPDATE run SET held_at = $2, held_reason = $3
         WHERE id = $1 AND held_at IS NULL AND cancelled_at IS NULL AND state IN ('planning', 'planned')",
    );
    RELEASE = same("UPDATE run SET held_at = NULL, held_reason = NULL WHERE id = $1 AND held_at IS NOT NULL AND cancelled_at IS NULL");
    RELEASE_ALL = same("DELETE FROM setting WHERE name = 'hold'");
    /// Planning goes on, so that each reader's bound moves; the deliveries it makes from here on are born cancelled.
    CANCEL_RUN = same(
        "UPDATE run SET cancelled_at = $2, cancel_reason = $3
         WHERE id = $1 AND cancelled_at IS NULL AND state IN ('planning', 'planned')",
    );
    CANCELLED = same("SELECT id, cancel_reason FROM run WHERE cancelled_at IS NOT NULL AND state = 'planned' ORDER BY id");
    WAITING = same(
        "SELECT subscriber, id FROM delivery WHERE run = $1 AND subscriber > $2
         AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0 ORDER BY subscriber LIMIT $3",
    );
    COUNT_WAITING = same(
        "SELECT count(*) FROM delivery WHERE run = $1 AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0",
    );
    /// Slots by id, then subscribers by id. SQLite has one writer and needs none of it.
    SHARE_SLOTS = two(
        "SELECT id FROM slot WHERE FALSE AND id IN (SELECT e.slot FROM enrolment e WHERE e.subscriber IN (SELECT value FROM json_each($1)))",
        "SELECT id FROM slot WHERE id IN (SELECT e.slot FROM enrolment e WHERE e.subscriber = ANY($1)) ORDER BY id FOR SHARE",
    );
    LOCK_SUBSCRIBERS = two(
        "SELECT id FROM subscriber WHERE FALSE AND id IN (SELECT value FROM json_each($1))",
        "SELECT id FROM subscriber WHERE id = ANY($1) ORDER BY id FOR UPDATE",
    );
    /// Somebody else's hands are passed over, so that nobody waits for anybody; they are come back to.
    CANCEL = two(
        "UPDATE delivery SET state = 'cancelled', reason = $2, settled_at = $3, token = NULL
         WHERE id IN (SELECT value FROM json_each($1))
         AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0 RETURNING subscriber",
        "UPDATE delivery SET state = 'cancelled', reason = $2, settled_at = $3, token = NULL
         WHERE id IN (SELECT d.id FROM delivery d WHERE d.id = ANY($1)
            AND d.state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND d.doubts = 0 ORDER BY d.id FOR UPDATE SKIP LOCKED)
         RETURNING subscriber",
    );
    /// The ledger knows what is owed; this says that it is to be asked. One that was dropped owes nothing itself, but what
    /// had been folded into it does.
    WANT_FOLDING = two(
        "UPDATE enrolment SET fold = TRUE WHERE subscriber IN (SELECT value FROM json_each($1))",
        "UPDATE enrolment SET fold = TRUE WHERE subscriber = ANY($1)",
    );
    /// Swept when nothing can leave with it any more. What is being handed over may come back to wait.
    SWEPT = same(
        "UPDATE run SET state = 'cancelled' WHERE id = $1 AND cancelled_at IS NOT NULL AND state = 'planned'
         AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.run = $1
            AND d.state IN ('ready', 'deferred', 'claimed', 'sending', 'held', 'quarantined') AND d.doubts = 0)",
    );
}

/// How the reason begins when no person has given it.
const BY_GUARD: &str = "by Tidings itself: ";

/// Deliveries ended in one transaction.
const BATCH: i64 = 1000;

/// What becomes of the articles of a run that is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its readers' next runs take them in.
    Owed,
    /// Whoever did not get them does not get them later.
    Dropped,
}

impl Fate {
    /// As rows keep it: the run's `cancel_reason`, and the reason of its deliveries.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owed => "operator",
            Self::Dropped => "dropped",
        }
    }
}

/// Holds a run: nothing of it leaves until it is released. False: it was held already, or there is nothing to hold.
pub async fn hold(tx: &mut Tx, run: i64, why: &str, now: DateTime<Utc>) -> Result<bool, Error> {
    Ok(tx.exec(&HOLD, args![run, now, why]).await? > 0)
}

/// False: it was not held.
pub async fn release(tx: &mut Tx, run: i64) -> Result<bool, Error> {
    Ok(tx.exec(&RELEASE, args![run]).await? > 0)
}

/// Stops all mail, whatever it belongs to, until it is released.
pub async fn hold_all(tx: &mut Tx, why: &str) -> Result<(), Error> {
    setting::put(tx, "hold", why).await
}

/// The same, by the program itself, for a reason that somebody must be told.
pub async fn guard_all(tx: &mut Tx, why: &str) -> Result<(), Error> {
    hold_all(tx, &format!("{BY_GUARD}{why}")).await
}

/// Why the program itself has stopped all mail, if it has.
pub async fn by_guard(store: &Store) -> Result<Option<String>, Error> {
    Ok(setting::get(store, "hold").await?.filter(|why| why.starts_with(BY_GUARD)))
}

/// False: it was not stopped. Runs that are held by themselves stay so.
pub async fn release_all(tx: &mut Tx) -> Result<bool, Error> {
    Ok(tx.exec(&RELEASE_ALL, args![]).await? > 0)
}

/// Cancels a run: from here on nothing of it is claimed. What waits is for [`sweep`]. False: it was cancelled already, or
/// made no mail.
pub async fn cancel(tx: &mut Tx, run: i64, slot: i64, fate: Fate, now: DateTime<Utc>) -> Result<bool, Error> {
    // A page that is being planned has committed its deliveries before, or makes them cancelled.
    run::lock_slot(tx, slot).await?;
    Ok(tx.exec(&CANCEL_RUN, args![run, now, fate.word()]).await? > 0)
}

/// How many deliveries a cancelling would end.
pub async fn waiting(store: &Store, run: i64) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&COUNT_WAITING, args![run]).await?.0)
}

/// Ends what waits of runs that were cancelled, and comes back to what a kill left undone. How many deliveries were ended.
pub async fn sweep(store: &Store, now: DateTime<Utc>) -> Result<u64, Error> {
    let mut swept = 0;
    for (run, reason) in store.db.all::<(i64, String)>(&CANCELLED, args![]).await? {
        let mut through = 0;
        while let Some(last) = sweep_batch(store, run, &reason, through, &mut swept, now).await? {
            through = last;
        }
        let mut tx = store.begin().await?;
        tx.exec(&SWEPT, args![run]).await?;
        tx.commit().await?;
    }
    Ok(swept)
}

/// The last subscriber looked at; None when none was left.
async fn sweep_batch(
    store: &Store,
    run: i64,
    reason: &str,
    through: i64,
    swept: &mut u64,
    now: DateTime<Utc>,
) -> Result<Option<i64>, Error> {
    let waiting: Vec<(i64, i64)> = store.db.all(&WAITING, args![run, through, BATCH]).await?;
    let Some(&(last, _)) = waiting.last() else { return Ok(None) };
    let (readers, ids): (Vec<i64>, Vec<i64>) = waiting.into_iter().unzip();
    let mut tx = store.begin().await?;
    tx.all::<(i64,)>(&SHARE_SLOTS, args![&readers]).await?;
    tx.all::<(i64,)>(&LOCK_SUBSCRIBERS, args![&readers]).await?;
    let ended = tx.all::<(i64,)>(&CANCEL, args![&ids, reason, now]).await?;
    let ended: Vec<i64> = ended.into_iter().map(|(reader,)| reader).collect();
    tx.exec(&WANT_FOLDING, args![&ended]).await?;
    tx.commit().await?;
    *swept += ended.len() as u64;
    Ok(Some(last))
}
