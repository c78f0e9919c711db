//! A stop is never lost: who has stopped since a backup was made is found in the database that it replaces, and stopped
//! again. So it is with who was forgotten, and with addresses that must not be mailed.

use std::path::Path;

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnection;

use super::former::{self, Goes};
use super::{Db, Error, Store, Tx, subscription};
use crate::model::address::Address;
use crate::model::holdings::StopReason;

/// What was taken over from the database that was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TakenOver {
    /// Who had stopped something.
    pub readers: usize,
    /// Who was forgotten.
    pub erased: usize,
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
type Former = (Vec<u8>, i64);

/// What the database that was there knows and this one does not.
#[derive(Default)]
struct Known {
    ended: Vec<Ended>,
    erased: Vec<(i64, Address)>,
    suppressions: Vec<Suppression>,
    former: Vec<Former>,
}

/// Readers are known by their keys: numbers may have been given again. Only the last word about a topic counts.
///
/// It is not among the statements of the tests: they are prepared where there is no second database.
const ENDED: &str = "SELECT u.id, t.id, (SELECT o.stop_reason FROM old.subscription o
        WHERE o.subscriber = ou.id AND o.topic = ot.id ORDER BY o.id DESC LIMIT 1) AS reason
     FROM subscription p JOIN subscriber u ON u.id = p.subscriber JOIN topic t ON t.id = p.topic
     JOIN old.subscriber ou ON ou.key = u.key JOIN old.topic ot ON ot.facet = t.facet AND ot.slug = t.slug
     WHERE p.state <> 'ended' AND ou.address IS NOT NULL
     AND NOT EXISTS (SELECT 1 FROM old.subscription o WHERE o.subscriber = ou.id AND o.topic = ot.id AND o.state <> 'ended')
     AND reason IN ('reader', 'one-click', 'operator', 'suppressed') ORDER BY u.id, t.id";

const ERASED: &str = "SELECT u.id, u.address FROM subscriber u JOIN old.subscriber ou ON ou.key = u.key
     WHERE u.address IS NOT NULL AND ou.address IS NULL ORDER BY u.id";
const SUPPRESSIONS: &str = "SELECT hash, reason, detail, since FROM old.suppression";
const SUPPRESS: &str =
    "INSERT INTO suppression (hash, reason, detail, since) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING";
/// An older database has none.
const REMEMBERS: &str = "SELECT count(*) FROM old.sqlite_master WHERE name = 'former_reader'";
const FORMER: &str = "SELECT hash, since FROM old.former_reader";
const REMEMBER: &str = "INSERT INTO former_reader (hash, since) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING";

/// Readers stopped in one transaction.
const BATCH: usize = 500;

/// Takes over from the database that was moved to `aside`. `hash` is how suppressions keep an address.
pub async fn take_over(
    store: &Store,
    aside: &Path,
    hash: impl Fn(&Address) -> Vec<u8>,
    now: DateTime<Utc>,
) -> Result<TakenOver, Error> {
    let known = look_into(store, aside).await?;
    for batch in known.erased.chunks(BATCH) {
        let mut tx = store.begin().await?;
        for (id, address) in batch {
            former::forget(&mut tx, Goes { id: *id, address, hash: &hash(address) }, now).await?;
        }
        tx.commit().await?;
    }
    let readers: Vec<&[Ended]> = known.ended.chunk_by(|a, b| a.subscriber == b.subscriber).collect();
    for batch in readers.chunks(BATCH) {
        let mut tx = store.begin().await?;
        for ended in batch.iter().copied() {
            stop_again(&mut tx, ended, now).await?;
        }
        tx.commit().await?;
    }
    let mut tx = store.begin().await?;
    let suppressed = remember_addresses(&mut tx, &known).await?;
    tx.commit().await?;
    Ok(TakenOver { readers: readers.len(), erased: known.erased.len(), suppressed })
}

/// The one connection that writes sees both databases for a while.
async fn look_into(store: &Store, aside: &Path) -> Result<Known, Error> {
    let Db::Lite { write, .. } = &store.db else { return Ok(Known::default()) };
    let mut connection = write.acquire().await?;
    sqlx::query("ATTACH $1 AS old").bind(aside.display().to_string()).execute(&mut *connection).await?;
    let known = read(&mut connection).await;
    sqlx::query("DETACH old").execute(&mut *connection).await?;
    Ok(known?)
}

async fn read(connection: &mut SqliteConnection) -> Result<Known, sqlx::Error> {
    let ended: Vec<(i64, i64, String)> = sqlx::query_as(ENDED).fetch_all(&mut *connection).await?;
    let ended = ended.into_iter().filter_map(|(subscriber, topic, reason)| {
        StopReason::of_word(&reason).map(|reason| Ended { subscriber, topic, reason })
    });
    let erased: Vec<(i64, String)> = sqlx::query_as(ERASED).fetch_all(&mut *connection).await?;
    let erased = erased.into_iter().filter_map(|(id, address)| Some((id, address.parse().ok()?)));
    let remembers: i64 = sqlx::query_scalar(REMEMBERS).fetch_one(&mut *connection).await?;
    let former = if remembers > 0 { sqlx::query_as(FORMER).fetch_all(&mut *connection).await? } else { vec![] };
    let suppressions = sqlx::query_as(SUPPRESSIONS).fetch_all(&mut *connection).await?;
    Ok(Known { ended: ended.collect(), erased: erased.collect(), suppressions, former })
}

/// All of one reader, each for its reason.
async fn stop_again(tx: &mut Tx, ended: &[Ended], now: DateTime<Utc>) -> Result<(), Error> {
    for same_reason in ended.chunk_by(|a, b| a.reason == b.reason) {
        let topics: Vec<i64> = same_reason.iter().map(|one| one.topic).collect();
        subscription::stop(tx, same_reason[0].subscriber, Some(&topics), same_reason[0].reason, now).await?;
    }
    Ok(())
}

/// How many of the suppressions were not here.
async fn remember_addresses(tx: &mut Tx, known: &Known) -> Result<u64, Error> {
    let Tx::Lite(tx) = tx else { return Ok(0) };
    let mut added = 0;
    for (hash, reason, detail, since) in &known.suppressions {
        let suppress = sqlx::query(SUPPRESS).bind(hash).bind(reason).bind(detail).bind(since);
        added += suppress.execute(&mut **tx).await?.rows_affected();
    }
    for (hash, since) in &known.former {
        sqlx::query(REMEMBER).bind(hash).bind(since).execute(&mut **tx).await?;
    }
    Ok(added)
}
