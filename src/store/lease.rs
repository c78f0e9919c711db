//! Who is at work. On PostgreSQL a daemon's lease is renewed by the database's clock, and whose lease is over has lost
//! its claims. On SQLite the lock beside the file says who is at work; its holder's lease has no end.

use super::delivery::Token;
use super::sql::{args, same, statements, two};
use super::{Error, Store, Tx, lock};

statements! {
    TAKE = two(
        "INSERT INTO lease (token, holder, taken_at, expires_at) VALUES ($1, $2, 0 * $3, 9223372036854775807)",
        "INSERT INTO lease (token, holder, taken_at, expires_at)
         VALUES ($1, $2, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT), CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + $3)",
    );
    RENEW = two(
        "UPDATE lease SET expires_at = expires_at WHERE token = $1 AND $2 >= 0",
        // One that has run out is not revived: others may have its claims.
        "UPDATE lease SET expires_at = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) + $2
         WHERE token = $1 AND expires_at > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    );
    END = same("DELETE FROM lease WHERE token = $1");
    /// The holder of the lock beside the file is alone: whoever else has a lease is dead.
    END_OTHERS = two(
        "DELETE FROM lease WHERE token <> $1",
        // A row that another transaction has locked is being ended, or renewed.
        "DELETE FROM lease WHERE token IN (
            SELECT token FROM lease WHERE token <> $1 AND expires_at <= CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
            FOR UPDATE SKIP LOCKED)",
    );
    HOLDERS = two(
        "SELECT holder FROM lease ORDER BY taken_at",
        "SELECT holder FROM lease WHERE expires_at > CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT) ORDER BY taken_at",
    );
}

/// Takes a lease of `millis`.
pub async fn take(tx: &mut Tx, token: &Token, holder: &str, millis: i64) -> Result<(), Error> {
    tx.exec(&TAKE, args![token, holder, millis]).await.map(drop)
}

/// False: it is over, and with it every claim that carries its token. By itself: nothing else may keep it waiting.
pub async fn renew(store: &Store, token: &Token, millis: i64) -> Result<bool, Error> {
    Ok(store.db.exec(&RENEW, args![token, millis]).await? == 1)
}

/// Ends those of others that are over.
pub async fn end_others(tx: &mut Tx, token: &Token) -> Result<(), Error> {
    tx.exec(&END_OTHERS, args![token]).await.map(drop)
}

pub async fn end(tx: &mut Tx, token: &Token) -> Result<(), Error> {
    tx.exec(&END, args![token]).await.map(drop)
}

/// Who is at work now. Who was killed is not, though their lease is still there.
pub async fn holders(store: &Store) -> Result<Vec<String>, Error> {
    if store.file().is_some_and(|file| !lock::is_held(file)) {
        return Ok(vec![]);
    }
    Ok(store.db.all::<(String,)>(&HOLDERS, args![]).await?.into_iter().map(|(holder,)| holder).collect())
}
