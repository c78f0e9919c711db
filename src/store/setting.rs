//! What is known once per database: the counters, the configuration's fingerprint, the stop of all mail.

use super::sql::{args, same, statements};
use super::{Error, Store, Tx};

statements! {
    /// Takes the counter: whoever holds it numbers filings, so that the order of numbers is the order of commits.
    TAKE_POSITION = same("UPDATE counter SET value = value WHERE name = 'position' RETURNING value");
    PUT_POSITION = same("UPDATE counter SET value = $1 WHERE name = 'position'");
    READ_POSITION = same("SELECT value FROM counter WHERE name = 'position'");
    NEXT_MARK = same("UPDATE counter SET value = value + 1 WHERE name = 'mark' RETURNING value");
    READ_MARK = same("SELECT value FROM counter WHERE name = 'mark'");
    /// Whoever holds it changes it alone, until their transaction ends.
    TAKE = same("INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = setting.value RETURNING value");
    GET = same("SELECT value FROM setting WHERE name = $1");
    PUT = same("INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
}

/// Of the text that the database was last brought in line with.
pub const FINGERPRINT: &str = "fingerprint";

/// Numbers for filings, taken first in their transaction and put back last.
#[derive(Debug)]
pub struct Positions {
    taken: i64,
    last: i64,
}

impl Positions {
    pub async fn take(tx: &mut Tx) -> Result<Self, Error> {
        let (last,) = tx.one(&TAKE_POSITION, args![]).await?;
        Ok(Self { taken: last, last })
    }

    pub fn give(&mut self) -> i64 {
        self.last += 1;
        self.last
    }

    /// How many were given.
    pub fn given(&self) -> i64 {
        self.last - self.taken
    }

    pub async fn put_back(self, tx: &mut Tx) -> Result<(), Error> {
        if self.last > self.taken {
            tx.exec(&PUT_POSITION, args![self.last]).await?;
        }
        Ok(())
    }
}

/// The number of the newest filing that is committed.
pub async fn position(tx: &mut Tx) -> Result<i64, Error> {
    let (position,) = tx.one(&READ_POSITION, args![]).await?;
    Ok(position)
}

/// A number for a withdrawal or a pin, held until its transaction ends: their order is the order of commits.
pub async fn next_mark(tx: &mut Tx) -> Result<i64, Error> {
    Ok(tx.one::<(i64,)>(&NEXT_MARK, args![]).await?.0)
}

/// The number of the newest withdrawal or pin that is committed.
pub async fn mark(tx: &mut Tx) -> Result<i64, Error> {
    Ok(tx.one::<(i64,)>(&READ_MARK, args![]).await?.0)
}

pub async fn get(store: &Store, name: &str) -> Result<Option<String>, Error> {
    Ok(store.db.opt::<(String,)>(&GET, args![name]).await?.map(|(value,)| value))
}

pub async fn get_in(tx: &mut Tx, name: &str) -> Result<Option<String>, Error> {
    Ok(tx.opt::<(String,)>(&GET, args![name]).await?.map(|(value,)| value))
}

/// What it says, `default` at first; held until the transaction ends.
pub async fn take(tx: &mut Tx, name: &str, default: &str) -> Result<String, Error> {
    Ok(tx.one::<(String,)>(&TAKE, args![name, default]).await?.0)
}

pub async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<(), Error> {
    tx.exec(&PUT, args![name, value]).await.map(drop)
}
