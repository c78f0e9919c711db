//! Readers who are forgotten: a keyed hash of the address, and nothing else.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::sql::{args, same, statements, two};
use super::{Error, Tx, subscription};
use crate::model::address::Address;
use crate::model::holdings::{State, StopReason};

statements! {
    FORGET = same("UPDATE subscriber SET address = NULL, address_key = NULL, erased_at = $2 WHERE id = $1 AND address IS NOT NULL");
    /// Nothing has changed since somebody looked: whoever comes back at this moment stays.
    FORGET_UNCHANGED = same(
        "UPDATE subscriber SET address = NULL, address_key = NULL, erased_at = $2 WHERE id = $1 AND address IS NOT NULL AND changed_at = $3",
    );
    FORGET_REGIONS = same("DELETE FROM subscriber_region WHERE subscriber = $1");
    /// Relays repeat the address in what they answer.
    FORGET_REPLIES = same("UPDATE delivery SET reply = NULL WHERE subscriber = $1 AND reply IS NOT NULL");
    /// By the index of runs and readers: the ledger may be long.
    FORGET_TESTS = same(
        "UPDATE delivery SET address = NULL, reply = NULL WHERE run IS NULL AND subscriber IS NULL AND kind = 'test'
         AND (address IN ($1, $2) OR lower(address) IN ($3, $4))",
    );
    FORGET_OLD_TESTS = same(
        "UPDATE delivery SET address = NULL, reply = NULL WHERE run IS NULL AND subscriber IS NULL AND kind = 'test'
         AND address IS NOT NULL AND created_at < $1",
    );
    FORGET_DETAIL = same("UPDATE suppression SET detail = NULL WHERE hash = $1");
    FORGET_LETTERS = same("DELETE FROM letter WHERE hash = $1 OR subscriber = $2");
    FORGET_CHANGES = same("DELETE FROM letter WHERE subscriber = $1");
    /// As it was shown and as it went over the wire; SQLite knows upper and lower case of ASCII alone.
    FORGET_CAPTURED = same("DELETE FROM captured_mail WHERE envelope_to IN ($1, $2) OR lower(envelope_to) IN ($3, $4)");
    REMEMBER = same("INSERT INTO former_reader (hash, since) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING");
    RETURNS = same("DELETE FROM former_reader WHERE hash = $1");
    AMONG = two(
        "SELECT hash FROM former_reader WHERE hash IN (SELECT unhex(value) FROM json_each($1))",
        "SELECT hash FROM former_reader WHERE hash = ANY($1)",
    );
    /// All that they held has ended before then.
    GONE_SINCE = same(
        "SELECT u.id, u.address, u.changed_at FROM subscriber u WHERE u.id > $2 AND u.address IS NOT NULL AND u.created_at < $1
         AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber = u.id AND (s.state <> 'ended' OR s.stopped_at >= $1))
         ORDER BY u.id LIMIT $3",
    );
    NEVER_CONFIRMED = same(
        "SELECT DISTINCT subscriber FROM subscription WHERE state = 'pending' AND created_at < $1 ORDER BY subscriber LIMIT $2",
    );
}

/// A reader, and how suppressions keep their address.
#[derive(Debug, Clone, Copy)]
pub struct Goes<'a> {
    pub id: i64,
    pub address: &'a Address,
    pub hash: &'a [u8],
}

/// Forgets a reader who wants it: what they hold ends, what waits for them is cancelled, and their address is nowhere any
/// more. What was sent stays in the ledger, to nobody.
pub async fn forget(tx: &mut Tx, goes: Goes<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    subscription::stop(tx, goes.id, None, StopReason::Erased, now).await?;
    tx.exec(&FORGET, args![goes.id, now]).await?;
    tx.exec(&FORGET_LETTERS, args![goes.hash, goes.id]).await?;
    tidy_up(tx, goes, now).await
}

/// Forgets a reader who has long gone, if nothing has changed since it was seen: false, if something has. A sign-up of
/// theirs that waits for its word goes on.
pub async fn forget_gone(tx: &mut Tx, goes: Goes<'_>, changed_at: i64, now: DateTime<Utc>) -> Result<bool, Error> {
    if tx.exec(&FORGET_UNCHANGED, args![goes.id, now, changed_at]).await? == 0 {
        return Ok(false);
    }
    tx.exec(&FORGET_CHANGES, args![goes.id]).await?;
    tidy_up(tx, goes, now).await.map(|()| true)
}

async fn tidy_up(tx: &mut Tx, goes: Goes<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    let Goes { id, address, hash } = goes;
    let (shown, wire) = (address.to_string(), address.wire());
    let (small, small_wire) = (shown.to_ascii_lowercase(), wire.to_ascii_lowercase());
    tx.exec(&FORGET_REGIONS, args![id]).await?;
    tx.exec(&FORGET_REPLIES, args![id]).await?;
    tx.exec(&FORGET_DETAIL, args![hash]).await?;
    tx.exec(&FORGET_TESTS, args![&shown, &wire, &small, &small_wire]).await?;
    tx.exec(&FORGET_CAPTURED, args![&shown, &wire, &small, &small_wire]).await?;
    tx.exec(&REMEMBER, args![hash, now]).await.map(drop)
}

/// Somebody who was a reader is one again, by their own word or the operator's.
pub async fn returns(tx: &mut Tx, hash: &[u8]) -> Result<(), Error> {
    tx.exec(&RETURNS, args![hash]).await.map(drop)
}

/// Those of these who were readers.
pub async fn among(tx: &mut Tx, hashes: &[Vec<u8>]) -> Result<HashSet<Vec<u8>>, Error> {
    Ok(tx.all::<(Vec<u8>,)>(&AMONG, args![hashes]).await?.into_iter().map(|(hash,)| hash).collect())
}

/// A page of readers, after an id, all of whose subscriptions ended before then; and when they changed last.
pub async fn gone_since(
    tx: &mut Tx,
    then: DateTime<Utc>,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Address, i64)>, Error> {
    tx.all(&GONE_SINCE, args![then, after, limit]).await
}

/// Ends what was asked for before then and never confirmed. How many readers that concerned.
pub async fn give_up_unconfirmed(
    tx: &mut Tx,
    then: DateTime<Utc>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let readers = tx.all::<(i64,)>(&NEVER_CONFIRMED, args![then, limit]).await?;
    let readers: Vec<i64> = readers.into_iter().map(|(reader,)| reader).collect();
    if readers.is_empty() {
        return Ok(0);
    }
    super::holdings::change(tx, &readers, now, |holdings, ground| {
        let old = holdings.live().filter(|s| s.state == State::Pending && s.created_at < then);
        let old: Vec<i64> = old.map(|s| s.topic).collect();
        holdings.stop(Some(&old), StopReason::Unconfirmed, ground)
    })
    .await?;
    Ok(readers.len())
}

/// To whom tests were sent before then.
pub async fn forget_tests(tx: &mut Tx, then: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&FORGET_OLD_TESTS, args![then]).await.map(drop)
}
