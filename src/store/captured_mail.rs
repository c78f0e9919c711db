//! The mailbox inside Tidings: what would have been sent.

use chrono::{DateTime, TimeDelta, Utc};

use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx};

statements! {
    ADD = same("INSERT INTO captured_mail (received_at, envelope_from, envelope_to, bytes) VALUES ($1, $2, $3, $4)");
    ALL_SINCE = same("SELECT id, received_at, envelope_from, envelope_to, bytes FROM captured_mail WHERE id > $1 ORDER BY id LIMIT $2");
    BY_ID = same("SELECT id, received_at, envelope_from, envelope_to, bytes FROM captured_mail WHERE id = $1");
    /// Heads are enough for a list: 16 KiB hold those of any mail of ours.
    NEWEST = same(
        "SELECT id, received_at, envelope_from, envelope_to, CASE WHEN length(bytes) > 16384 THEN substr(bytes, 1, 16384) ELSE bytes END AS bytes FROM captured_mail
         WHERE id < $1 AND lower(envelope_to) LIKE $2 ESCAPE '\\' ORDER BY id DESC LIMIT $3",
    );
    COUNT = same("SELECT count(*) FROM captured_mail");
    /// What another daemon throws away just now is not waited for.
    THROW_AWAY = two(
        "DELETE FROM captured_mail WHERE received_at < $1",
        "DELETE FROM captured_mail WHERE id IN (SELECT id FROM captured_mail WHERE received_at < $1 FOR UPDATE SKIP LOCKED)",
    );
}

/// How long it can be looked at.
const KEPT: TimeDelta = TimeDelta::days(8);

#[derive(Debug, Clone)]
pub struct Captured {
    pub id: i64,
    pub received_at: DateTime<Utc>,
    pub envelope_from: String,
    pub envelope_to: String,
    /// RFC 5322.
    pub bytes: Vec<u8>,
}
record!(Captured { id, received_at, envelope_from, envelope_to, bytes });

pub async fn add(tx: &mut Tx, from: &str, to: &str, bytes: &[u8], now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&ADD, args![now, from, to, bytes]).await.map(drop)
}

/// A page of them, oldest first.
pub async fn after(store: &Store, id: i64, limit: i64) -> Result<Vec<Captured>, Error> {
    store.db.all(&ALL_SINCE, args![id, limit]).await
}

/// A page of them, the newest first, from before `id` on, whose recipients have `to` in them; of each its beginning.
pub async fn newest(store: &Store, before: i64, to: &str, limit: i64) -> Result<Vec<Captured>, Error> {
    let literal = to.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    store.db.all(&NEWEST, args![before, &format!("%{literal}%"), limit]).await
}

pub async fn by_id(store: &Store, id: i64) -> Result<Option<Captured>, Error> {
    store.db.opt(&BY_ID, args![id]).await
}

/// Throws away what is old.
pub async fn tidy(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&THROW_AWAY, args![now - KEPT]).await.map(drop)
}

pub async fn count(store: &Store) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&COUNT, args![]).await?.0)
}
