//! A stop is never lost: who has stopped since a backup was made is found in the database that it replaces, and stopped
//! again. So it is with addresses that must not be mailed.

use std::path::Path;

use chrono::{DateTime, Utc};

use super::{Db, Error, Store, Tx, subscription};
use crate::model::holdings::StopReason;

/// What was taken over from the database that was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Who had stopped something.
    pub readers: usize,
    /// Addresses that must not be mailed.
    pub suppressed: u64,
}

/// A subscription that has ended there and lives here.
struct Ended {
    subscriber: i64,
    topic: i64,
    reason: StopReason,
}

type Suppression = (Vec<u8>, String, Option<String>, i64);

/// Readers are known by their keys: numbers may have been given again. Only the last word about a topic counts.
///
/// It is not among the statements of the tests: they are prepared where there is no second database.
const ENDED: &str = "SELECT u.id, t.id, (SELECT o.stop_reason FROM old.subscription o
        WHERE o.subscriber = ou.id AND o.topic = ot.id ORDER BY o.id DESC LIMIT 1) AS reason
     FROM subscription p JOIN subscriber u ON u.id = p.subscriber JOIN topic t ON t.id = p.topic
     JOIN old.subscriber ou ON ou.key = u.key JOIN old.topic ot ON ot.facet = t.facet AND ot.slug = t.slug
     WHERE p.state <> 'ended'
     AND NOT EXISTS (SELECT 1 FROM old.subscription o WHERE o.subscriber = ou.id AND o.topic = ot.id AND o.state <> 'ended')
     AND reason IN ('reader', 'one-click', 'operator', 'suppressed', 'erased') ORDER BY u.id, t.id";

/// Readers stopped in one transaction.
const BATCH: usize = 500;

/// Takes over from the database that was moved to `aside`.
pub async fn take_over(store: &Store, aside: &Path, now: DateTime<Utc>) -> Result<TakenOver, Error> {
    let (ended, suppressions) = look_into(store, aside).await?;
    let readers: Vec<&[Ended]> = ended.chunk_by(|a, b| a.subscriber == b.subscriber).collect();
    for batch in readers.chunks(BATCH) {
        let mut tx = store.begin().await?;
        for ended in batch.iter().copied() {
            stop_again(&mut tx, ended, now).await?;
        }
        tx.commit().await?;
    }
    let mut tx = store.begin().await?;
    let mut suppressed = 0;
    for suppression in &suppressions {
        suppressed += suppress_again(&mut tx, suppression).await?;
    }
    tx.commit().await?;
    Ok(TakenOver { readers: readers.len(), suppressed })
}

/// The one connection that writes sees both databases for a while.
async fn look_into(store: &Store, aside: &Path) -> Result<(Vec<Ended>, Vec<Suppression>), Error> {
    let Db::Lite { write, .. } = &store.db else { return Ok((vec![], vec![])) };
    let mut connection = write.acquire().await?;
    sqlx::query("ATTACH $1 AS old").bind(aside.display().to_string()).execute(&mut *connection).await?;
    let looked = async {
        let ended: Vec<(i64, i64, String)> = sqlx::query_as(ENDED).fetch_all(&mut *connection).await?;
        let suppressions = sqlx::query_as("SELECT hash, reason, detail, since FROM old.suppression");
        Ok((ended, suppressions.fetch_all(&mut *connection).await?))
    };
    let looked: Result<_, sqlx::Error> = looked.await;
    sqlx::query("DETACH old").execute(&mut *connection).await?;
    let (ended, suppressions) = looked?;
    let ended = ended.into_iter().filter_map(|(subscriber, topic, reason)| {
        StopReason::of_word(&reason).map(|reason| Ended { subscriber, topic, reason })
    });
    Ok((ended.collect(), suppressions))
}

/// All of one reader, each for its reason.
async fn stop_again(tx: &mut Tx, ended: &[Ended], now: DateTime<Utc>) -> Result<(), Error> {
    for same_reason in ended.chunk_by(|a, b| a.reason == b.reason) {
        let topics: Vec<i64> = same_reason.iter().map(|one| one.topic).collect();
        subscription::stop(tx, same_reason[0].subscriber, Some(&topics), same_reason[0].reason, now).await?;
    }
    Ok(())
}

/// 1: it was not here.
async fn suppress_again(tx: &mut Tx, (hash, reason, detail, since): &Suppression) -> Result<u64, Error> {
    let Tx::Lite(tx) = tx else { return Ok(0) };
    let text =
        "INSERT INTO suppression (hash, reason, detail, since) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING";
    let added = sqlx::query(text).bind(hash).bind(reason).bind(detail).bind(since).execute(&mut **tx).await?;
    Ok(added.rows_affected())
}
