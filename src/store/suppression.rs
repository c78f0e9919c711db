//! Addresses we do not send to, and why: keyed hashes that outlive an erasure.

use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx};

statements! {
    /// The first reason stays, but for "not me", which its reader can take back.
    ADD = same(
        "INSERT INTO suppression (hash, reason, detail, since) VALUES ($1, $2, $3, $4)
         ON CONFLICT (hash) DO UPDATE SET reason = excluded.reason, detail = excluded.detail, since = excluded.since
         WHERE suppression.reason = 'not-me' AND excluded.reason <> 'not-me'",
    );
    TAKE_BACK = same("DELETE FROM suppression WHERE hash = $1 AND reason = $2");
    FIND = same("SELECT reason, since FROM suppression WHERE hash = $1");
    AMONG = two(
        "SELECT hash FROM suppression WHERE hash IN (SELECT unhex(value) FROM json_each($1))",
        "SELECT hash FROM suppression WHERE hash = ANY($1)",
    );
    COUNT = same("SELECT count(*) FROM suppression");
    LIST = same("SELECT hash, reason, detail, since FROM suppression ORDER BY since DESC, hash");
    REMOVE = same("DELETE FROM suppression WHERE hash = $1");
}

#[derive(Debug, Clone)]
pub struct Suppression {
    pub hash: Vec<u8>,
    pub reason: String,
    /// What the relay said.
    pub detail: Option<String>,
    pub since: DateTime<Utc>,
}
record!(Suppression { hash, reason, detail, since });

/// Suppresses an address that the relay said does not exist.
pub async fn add_hard(tx: &mut Tx, hash: &[u8], reply: &str, now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&ADD, args![hash, "hard", Some(reply), now]).await.map(drop)
}

/// Its owner said that it was not them who signed up: nobody asks this address again.
pub async fn add_not_me(tx: &mut Tx, hash: &[u8], now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&ADD, args![hash, "not-me", None::<&str>, now]).await.map(drop)
}

/// The operator sends nothing to it. False: it was suppressed already.
pub async fn add_by_operator(tx: &mut Tx, hash: &[u8], now: DateTime<Utc>) -> Result<bool, Error> {
    Ok(tx.exec(&ADD, args![hash, "operator", None::<&str>, now]).await? == 1)
}

/// It may be mailed again, whatever it was suppressed for. False: it was not.
pub async fn remove(tx: &mut Tx, hash: &[u8]) -> Result<bool, Error> {
    Ok(tx.exec(&REMOVE, args![hash]).await? == 1)
}

/// The newest first.
pub async fn all(store: &Store) -> Result<Vec<Suppression>, Error> {
    store.db.all(&LIST, args![]).await
}

/// They have thought better of it. What it is suppressed for otherwise stays.
pub async fn take_back_not_me(tx: &mut Tx, hash: &[u8]) -> Result<(), Error> {
    tx.exec(&TAKE_BACK, args![hash, "not-me"]).await.map(drop)
}

/// Why and since when, if it is suppressed.
pub async fn find(store: &Store, hash: &[u8]) -> Result<Option<(String, DateTime<Utc>)>, Error> {
    store.db.opt(&FIND, args![hash]).await
}

/// Those of these that are suppressed.
pub async fn among(tx: &mut Tx, hashes: &[Vec<u8>]) -> Result<HashSet<Vec<u8>>, Error> {
    Ok(tx.all::<(Vec<u8>,)>(&AMONG, args![hashes]).await?.into_iter().map(|(hash,)| hash).collect())
}

/// The same, where nothing is written.
pub async fn which(store: &Store, hashes: &[Vec<u8>]) -> Result<HashSet<Vec<u8>>, Error> {
    Ok(store.db.all::<(Vec<u8>,)>(&AMONG, args![hashes]).await?.into_iter().map(|(hash,)| hash).collect())
}

pub async fn count(store: &Store) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&COUNT, args![]).await?.0)
}
