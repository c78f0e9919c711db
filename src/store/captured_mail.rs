//! The mailbox inside Tidings: what would have been sent.

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements};
use super::{Error, Store, Tx};

statements! {
    ADD = same("INSERT INTO captured_mail (received_at, envelope_from, envelope_to, bytes) VALUES ($1, $2, $3, $4)");
    ALL_SINCE = same("SELECT id, received_at, envelope_from, envelope_to, bytes FROM captured_mail WHERE id > $1 ORDER BY id LIMIT $2");
    COUNT = same("SELECT count(*) FROM captured_mail");
}

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

pub async fn count(store: &Store) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&COUNT, args![]).await?.0)
}
