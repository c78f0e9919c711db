//! What waits for a time that only a clock that was ahead can have named.

use chrono::{DateTime, Utc};

use super::sql::{args, same, statements};
use super::{Error, Tx};

statements! {
    FEEDS = same("UPDATE feed SET next_check_at = $1 WHERE next_check_at > $2 AND retired_at IS NULL AND gone_at IS NULL");
    READY = same(
        "UPDATE delivery SET next_attempt_at = $1 WHERE id IN (SELECT id FROM delivery
         WHERE state IN ('ready', 'deferred') AND state = 'ready' AND next_attempt_at > $2 LIMIT $3)",
    );
    DEFERRED = same(
        "UPDATE delivery SET next_attempt_at = $1 WHERE id IN (SELECT id FROM delivery
         WHERE state IN ('ready', 'deferred') AND state = 'deferred' AND next_attempt_at > $2 LIMIT $3)",
    );
    /// By article: all topics of one are news at once.
    HELD_BACK = same("UPDATE filing SET number_at = $1 WHERE number_at IS NOT NULL AND number_at > $1");
}

/// Feeds that would be asked after `bound` are due now. How many.
pub async fn feeds(tx: &mut Tx, bound: DateTime<Utc>, now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&FEEDS, args![now, bound]).await
}

/// Mails that would be tried the first time after `bound` are due now, up to `limit` of them. How many.
pub async fn ready(tx: &mut Tx, bound: DateTime<Utc>, limit: i64, now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&READY, args![now, bound, limit]).await
}

/// The same for those that were put off.
pub async fn put_off(tx: &mut Tx, bound: DateTime<Utc>, limit: i64, now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&DEFERRED, args![now, bound, limit]).await
}

/// What is held back beyond `bound` is held back until then. How many filings.
pub async fn held_back(tx: &mut Tx, bound: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&HELD_BACK, args![bound]).await
}
