//! How long the ledger is kept. A run goes when it is old and nobody's bound lies before its end any more, so that what it
//! told cannot be told again.

use chrono::{DateTime, Utc};

use super::sql::{args, same, statements};
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
    DELIVERIES = same("DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE run = $1 LIMIT $2)");
    CONTENTS = same("DELETE FROM edition_article WHERE edition IN (SELECT id FROM edition WHERE run = $1)");
    EDITIONS = same("DELETE FROM edition WHERE run = $1");
    RUN = same("DELETE FROM run WHERE id = $1");
    ANSWERS = same(
        "DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE run IS NULL AND kind <> 'digest' AND created_at < $1
            AND state IN ('sent', 'refused', 'cancelled', 'expired', 'not sent') LIMIT $2)",
    );
}

/// Deliveries that go in one transaction: others wait for the writer meanwhile.
const AT_ONCE: i64 = 2000;
const RUNS: i64 = 100;

/// Throws away what began before `then`. How many deliveries that were.
pub async fn throw_away(store: &Store, then: DateTime<Utc>) -> Result<u64, Error> {
    let mut gone = 0;
    loop {
        let mut tx = store.begin().await?;
        let bound = tx.one::<(Option<i64>,)>(&LOWEST_BOUND, args![]).await?.0.unwrap_or(i64::MAX);
        let runs: Vec<(i64,)> = tx.all(&OLD_RUNS, args![then, bound, RUNS]).await?;
        tx.rollback().await?;
        if runs.is_empty() {
            break;
        }
        for (run,) in runs {
            gone += run_away(store, run).await?;
        }
    }
    loop {
        let mut tx = store.begin().await?;
        let answers = tx.exec(&ANSWERS, args![then, AT_ONCE]).await?;
        tx.commit().await?;
        gone += answers;
        if answers == 0 {
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
