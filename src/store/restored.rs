//! What a restored backup does not know: what has left since it was made. All mail is stopped, what was on its way is set
//! aside, and a person says of it whether it had gone.

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements, still_wanted, two};
use super::{Error, Store, Tx, hold, setting};

statements! {
    /// One that was being handed over may have arrived even before the backup was made: that stays known.
    SET_ASIDE = same(
        "UPDATE delivery SET doubts = doubts + CASE WHEN state = 'sending' THEN 1 ELSE 0 END,
            state = 'held', reason = 'restored from a backup', token = NULL
         WHERE state IN ('ready', 'deferred', 'claimed', 'sending', 'uncertain', 'quarantined')",
    );
    /// Whoever was at work then is not now.
    FORGET_LEASES = same("DELETE FROM lease");
    /// The first line about states is the index's own.
    WAITING = same(
        "SELECT d.run, f.slug, r.period, d.kind, count(*) FROM delivery d
         LEFT JOIN run r ON r.id = d.run LEFT JOIN slot s ON s.id = r.slot LEFT JOIN frequency f ON f.id = s.frequency
         WHERE d.state IN ('held', 'quarantined') AND d.state = 'held' AND d.reason = 'restored from a backup'
         GROUP BY d.run, f.slug, r.period, d.kind ORDER BY d.run, d.kind",
    );
    /// Of a run, or with a negative number of all.
    COUNT = same(
        "SELECT count(*) FROM delivery WHERE state IN ('held', 'quarantined') AND state = 'held' AND reason = 'restored from a backup'
         AND (CAST($1 AS BIGINT) < 0 OR run = $1)",
    );
    SEND = two(
        concat!("UPDATE delivery SET state = 'ready', reason = NULL, next_attempt_at = $1 WHERE id IN (
            SELECT id FROM delivery WHERE state IN ('held', 'quarantined') AND state = 'held' AND reason = 'restored from a backup'
            AND ", still_wanted!(), "
            AND (CAST($2 AS BIGINT) < 0 OR run = $2) LIMIT $3)"),
        // Somebody else's hands are waited for: it is a row or two.
        concat!("UPDATE delivery SET state = 'ready', reason = NULL, next_attempt_at = $1 WHERE id IN (
            SELECT id FROM delivery WHERE state IN ('held', 'quarantined') AND state = 'held' AND reason = 'restored from a backup'
            AND ", still_wanted!(), "
            AND (CAST($2 AS BIGINT) < 0 OR run = $2) ORDER BY id LIMIT $3 FOR UPDATE)"),
    );
    GONE = two(
        "UPDATE delivery SET state = 'sent', reason = 'had gone before the restore', settled_at = $1 WHERE id IN (
            SELECT id FROM delivery WHERE state IN ('held', 'quarantined') AND state = 'held' AND reason = 'restored from a backup'
            AND (CAST($2 AS BIGINT) < 0 OR run = $2) LIMIT $3)",
        "UPDATE delivery SET state = 'sent', reason = 'had gone before the restore', settled_at = $1 WHERE id IN (
            SELECT id FROM delivery WHERE state IN ('held', 'quarantined') AND state = 'held' AND reason = 'restored from a backup'
            AND (CAST($2 AS BIGINT) < 0 OR run = $2) ORDER BY id LIMIT $3 FOR UPDATE)",
    );
    /// Runs that fell due before the restore and were planned after it, if only to the end, of which mail waits.
    MADE_ANEW = same(
        "SELECT r.id, f.slug, r.period, 'digest', (SELECT count(*) FROM delivery d WHERE d.run = r.id AND d.state IN ('ready', 'deferred'))
         FROM run r JOIN slot s ON s.id = r.slot JOIN frequency f ON f.id = s.frequency
         WHERE coalesce(r.planned_at, $1) >= $1 AND r.due_at <= $1 AND r.cancelled_at IS NULL AND r.state IN ('planning', 'planned')
         AND EXISTS (SELECT 1 FROM delivery d WHERE d.run = r.id AND d.state IN ('ready', 'deferred')) ORDER BY r.id",
    );
}

/// When a backup was restored, in milliseconds.
const RESTORED: &str = "restored";
/// Deliveries decided on in one transaction.
const BATCH: i64 = 1000;

/// Mail that waits for a word about it.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// None: it belongs to no run.
    pub run: Option<i64>,
    pub frequency: Option<String>,
    /// The local time of the firing.
    pub period: Option<String>,
    pub kind: String,
    pub deliveries: i64,
}
record!(Waiting { run, frequency, period, kind, deliveries });

/// What a person says of mail that was on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It had not gone: it is sent.
    Send,
    /// It had gone: it is not sent again, and its readers have had it.
    Gone,
}

/// Stops all mail and sets aside what was on its way, as one transaction: nobody is at work, so nobody waits for it, and
/// nothing may leave before the last of them is set aside. How many.
pub async fn set_aside(tx: &mut Tx, why: &str, now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&FORGET_LEASES, args![]).await?;
    setting::put(tx, RESTORED, &now.timestamp_millis().to_string()).await?;
    hold::hold_all(tx, why).await?;
    tx.exec(&SET_ASIDE, args![]).await
}

/// When a backup was restored last.
pub async fn since(store: &Store) -> Result<Option<DateTime<Utc>>, Error> {
    let millis = setting::get(store, RESTORED).await?;
    Ok(millis.and_then(|millis| DateTime::from_timestamp_millis(millis.parse().ok()?)))
}

/// What was set aside, by run and kind.
pub async fn waiting(store: &Store) -> Result<Vec<Waiting>, Error> {
    store.db.all(&WAITING, args![]).await
}

/// How many were set aside of one run; None: of all.
pub async fn count(store: &Store, run: Option<i64>) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&COUNT, args![run.unwrap_or(-1)]).await?.0)
}

/// Runs that were made anew after the restore, though they fell due before it: their readers may have had them.
pub async fn made_anew(store: &Store, since: DateTime<Utc>) -> Result<Vec<Waiting>, Error> {
    store.db.all(&MADE_ANEW, args![since]).await
}

/// Does as the person says, of one run or of all. How many deliveries.
pub async fn settle(store: &Store, word: Word, run: Option<i64>, now: DateTime<Utc>) -> Result<u64, Error> {
    let statement = match word {
        Word::Send => &SEND,
        Word::Gone => &GONE,
    };
    let mut settled = 0;
    loop {
        let mut tx = store.begin().await?;
        let batch = tx.exec(statement, args![now, run.unwrap_or(-1), BATCH]).await?;
        tx.commit().await?;
        settled += batch;
        if batch == 0 {
            return Ok(settled);
        }
        store.let_others_in().await;
    }
}
