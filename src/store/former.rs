//! Readers who are forgotten: a keyed hash of the address, and nothing else.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::sql::{args, same, statements, two};
use super::{Error, Tx, subscription};
use crate::model::address::Address;
use crate::model::holdings::{State, StopReason};

statements! {
    FORGET = same("UPDATE subscriber SET address = NULL, address_key = NULL, erased_at = $2 WHERE id = $1 AND address IS NOT NULL");
    FORGET_REGIONS = same("DELETE FROM subscriber_region WHERE subscriber = $1");
    /// Relays repeat the address in what they answer.
    FORGET_REPLIES = same("UPDATE delivery SET reply = NULL WHERE subscriber = $1 AND reply IS NOT NULL");
    FORGET_TESTS = same("UPDATE delivery SET address = NULL, reply = NULL WHERE kind = 'test' AND lower(address) = $1");
    FORGET_OLD_TESTS = same(
        "UPDATE delivery SET address = NULL, reply = NULL WHERE kind = 'test' AND address IS NOT NULL AND created_at < $1",
    );
    FORGET_DETAIL = same("UPDATE suppression SET detail = NULL WHERE hash = $1");
    FORGET_LETTERS = same("DELETE FROM letter WHERE hash = $1 OR subscriber = $2");
    FORGET_CAPTURED = same("DELETE FROM captured_mail WHERE lower(envelope_to) = $1");
    REMEMBER = same("INSERT INTO former_reader (hash, since) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING");
    RETURNS = same("DELETE FROM former_reader WHERE hash = $1");
    AMONG = two(
        "SELECT hash FROM former_reader WHERE hash IN (SELECT unhex(value) FROM json_each($1))",
        "SELECT hash FROM former_reader WHERE hash IN (SELECT decode(j, 'hex') FROM jsonb_array_elements_text($1::text::jsonb) j)",
    );
    /// All that they held has ended before then.
    GONE_SINCE = same(
        "SELECT u.id, u.address FROM subscriber u WHERE u.id > $2 AND u.address IS NOT NULL AND u.created_at < $1
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

/// Forgets a reader: what they hold ends, what waits for them is cancelled, and their address is nowhere any more. What was
/// sent stays in the ledger, to nobody.
pub async fn forget(tx: &mut Tx, goes: Goes<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    let Goes { id, address, hash } = goes;
    subscription::stop(tx, id, None, StopReason::Erased, now).await?;
    let written = address.to_string().to_lowercase();
    tx.exec(&FORGET, args![id, now]).await?;
    tx.exec(&FORGET_REGIONS, args![id]).await?;
    tx.exec(&FORGET_REPLIES, args![id]).await?;
    tx.exec(&FORGET_TESTS, args![&written]).await?;
    tx.exec(&FORGET_DETAIL, args![hash]).await?;
    tx.exec(&FORGET_LETTERS, args![hash, id]).await?;
    tx.exec(&FORGET_CAPTURED, args![&written]).await?;
    tx.exec(&REMEMBER, args![hash, now]).await.map(drop)
}

/// Somebody who was a reader is one again, by their own word or the operator's.
pub async fn returns(tx: &mut Tx, hash: &[u8]) -> Result<(), Error> {
    tx.exec(&RETURNS, args![hash]).await.map(drop)
}

/// Those of these who were readers.
pub async fn among(tx: &mut Tx, hashes: &[Vec<u8>]) -> Result<HashSet<Vec<u8>>, Error> {
    let hashes: Vec<String> = hashes.iter().map(hex::encode).collect();
    let hashes = serde_json::to_string(&hashes).expect("strings always serialise");
    Ok(tx.all::<(Vec<u8>,)>(&AMONG, args![&hashes]).await?.into_iter().map(|(hash,)| hash).collect())
}

/// A page of readers, after an id, all of whose subscriptions ended before then.
pub async fn gone_since(
    tx: &mut Tx,
    then: DateTime<Utc>,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, Address)>, Error> {
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
    for (reader,) in &readers {
        super::holdings::change(tx, &[*reader], now, |holdings, ground| {
            let pending: Vec<i64> = holdings.live().filter(|s| s.state == State::Pending).map(|s| s.topic).collect();
            holdings.stop(Some(&pending), StopReason::Unconfirmed, ground)
        })
        .await?;
    }
    Ok(readers.len())
}

/// To whom tests were sent before then.
pub async fn forget_tests(tx: &mut Tx, then: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&FORGET_OLD_TESTS, args![then]).await.map(drop)
}
