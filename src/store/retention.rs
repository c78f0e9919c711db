//! How long the ledger is kept. A run goes when it is old and nobody's bound lies before its end any more, so that what it
//! told cannot be told again.

use chrono::{DateTime, Utc};

use super::sql::{Sql, args, same, statements};
use super::{Error, Store, Tx};

statements! {
    /// The first position that somebody may still be owed.
    LOWEST_BOUND = same(
        "SELECT min(b) FROM (
            SELECT min(since) AS b FROM subscription WHERE state <> 'ended' AND since IS NOT NULL
            UNION ALL SELECT min(o.cutoff) FROM slot o WHERE EXISTS (SELECT 1 FROM enrolment e WHERE e.slot = o.id)) all_bounds",
    );
    OLD_RUNS = same(
        "SELECT r.id FROM run r WHERE r.begun_at < $1 AND r.upper <= $2 AND r.state <> 'planning'
         AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.run = r.id
            AND d.state IN ('ready', 'deferred', 'claimed', 'sending', 'uncertain', 'held', 'quarantined'))
         ORDER BY r.id LIMIT $3",
    );
    /// What is owed by what is old goes first, also by a run that stays for something in doubt: what made it good may be told
    /// by a run that goes.
    DEBTS = same(
        "DELETE FROM delivery WHERE id IN (SELECT d.id FROM delivery d LEFT JOIN run r ON r.id = d.run
            WHERE d.kind = 'digest' AND d.state IN ('sent', 'refused', 'cancelled', 'expired', 'not sent')
            AND (d.state = 'expired' OR d.state = 'not sent' OR d.state = 'cancelled' OR d.edition <> d.first_edition)
            AND ((r.begun_at < $1 AND r.upper <= $2 AND r.state <> 'planning')
                OR (d.run IS NULL AND d.created_at < $1 AND EXISTS (SELECT 1 FROM run l WHERE l.begun_at >= d.created_at AND l.upper <= $2)))
            LIMIT $3)",
    );
    DELIVERIES = same("DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE run = $1 LIMIT $2)");
    CONTENTS = same("DELETE FROM edition_article WHERE edition IN (SELECT id FROM edition WHERE run = $1)");
    EDITIONS = same("DELETE FROM edition WHERE run = $1");
    RUN = same("DELETE FROM run WHERE id = $1");
    /// Also digests on request, where a run has served its readers since.
    ANSWERS = same(
        "DELETE FROM delivery WHERE id IN (SELECT d.id FROM delivery d WHERE d.run IS NULL AND d.created_at < $1
            AND d.state IN ('sent', 'refused', 'cancelled', 'expired', 'not sent')
            AND (d.kind <> 'digest' OR EXISTS (SELECT 1 FROM run l WHERE l.begun_at >= d.created_at AND l.upper <= $2)) LIMIT $3)",
    );
}

/// Deliveries that go in one transaction: others wait for the writer meanwhile.
const AT_ONCE: i64 = 2000;
const RUNS: i64 = 100;

/// Throws away what began before `then`. How many deliveries that were.
pub async fn throw_away(store: &Store, then: DateTime<Utc>) -> Result<u64, Error> {
    // Of those without a run, before the last run that served them goes.
    let mut gone = all_away(store, &DEBTS, then).await? + all_away(store, &ANSWERS, then).await?;
    loop {
        let mut tx = store.begin().await?;
        let bound = lowest_bound(&mut tx).await?;
        let runs: Vec<(i64,)> = tx.all(&OLD_RUNS, args![then, bound, RUNS]).await?;
        tx.rollback().await?;
        if runs.is_empty() {
            return Ok(gone);
        }
        for (run,) in runs {
            gone += run_away(store, run).await?;
        }
    }
}

async fn lowest_bound(tx: &mut Tx) -> Result<i64, Error> {
    Ok(tx.one::<(Option<i64>,)>(&LOWEST_BOUND, args![]).await?.0.unwrap_or(i64::MAX))
}

/// Bit by bit.
async fn all_away(store: &Store, statement: &'static Sql, then: DateTime<Utc>) -> Result<u64, Error> {
    let mut gone = 0;
    loop {
        let mut tx = store.begin().await?;
        let bound = lowest_bound(&mut tx).await?;
        let some = tx.exec(statement, args![then, bound, AT_ONCE]).await?;
        tx.commit().await?;
        gone += some;
        if some == 0 {
            return Ok(gone);
        }
        store.let_others_in().await;
    }
}

/// Its deliveries bit by bit, then what they were made from.
async fn run_away(store: &Store, run: i64) -> Result<u64, Error> {
    let mut gone = 0;
    loop {
        let mut tx = store.begin().await?;
        let deliveries = tx.exec(&DELIVERIES, args![run, AT_ONCE]).await?;
        if deliveries == 0 {
            contents(&mut tx, run).await?;
        }
        tx.commit().await?;
        gone += deliveries;
        if deliveries == 0 {
            return Ok(gone);
        }
        store.let_others_in().await;
    }
}

async fn contents(tx: &mut Tx, run: i64) -> Result<(), Error> {
    for statement in [&CONTENTS, &EDITIONS, &RUN] {
        tx.exec(statement, args![run]).await?;
    }
    Ok(())
}
