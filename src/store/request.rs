//! "Send me today's now": asked by a reader, served by composing with a digest that belongs to no run.

use chrono::{DateTime, NaiveDate, Utc};

use super::sql::{args, same, statements};
use super::{Error, Store, Tx};
use crate::model::delivery::{Key, Mode};

statements! {
    ASK = same("INSERT INTO request (subscriber, asked_at) VALUES ($1, $2) ON CONFLICT (subscriber) DO NOTHING");
    WAITING = same("SELECT subscriber FROM request ORDER BY asked_at, subscriber");
    SERVED = same("DELETE FROM request WHERE subscriber = $1");
    COUNT_OF_DAY = same("SELECT count(*) FROM delivery WHERE subscriber = $1 AND day = $2");
    DELIVER = same(
        "INSERT INTO delivery (key, kind, lane, mode, subscriber, day, edition, first_edition, topics, state, created_at, next_attempt_at)
         VALUES ($1, 'digest', 0, $2, $3, $4, $5, $5, $6, 'ready', $7, $7) ON CONFLICT (subscriber, day) WHERE day IS NOT NULL DO NOTHING",
    );
}

/// One who waits already waits on.
pub async fn ask(tx: &mut Tx, subscriber: i64, now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&ASK, args![subscriber, now]).await.map(drop)
}

/// Who waits, the first to ask first.
pub async fn waiting(store: &Store) -> Result<Vec<i64>, Error> {
    Ok(store.db.all::<(i64,)>(&WAITING, args![]).await?.into_iter().map(|(subscriber,)| subscriber).collect())
}

/// Takes the request off the list. Whether it was still there: another daemon may have been first.
pub async fn take(tx: &mut Tx, subscriber: i64) -> Result<bool, Error> {
    Ok(tx.exec(&SERVED, args![subscriber]).await? > 0)
}

/// Whether this reader had one on this day of theirs.
pub async fn had_one(tx: &mut Tx, subscriber: i64, day: NaiveDate) -> Result<bool, Error> {
    Ok(tx.one::<(i64,)>(&COUNT_OF_DAY, args![subscriber, &day.to_string()]).await?.0 > 0)
}

/// A digest on request, once a local day.
#[derive(Debug, Clone)]
pub struct Served {
    pub subscriber: i64,
    pub day: NaiveDate,
    pub key: Key,
    pub mode: Mode,
    pub edition: i64,
    /// All that the reader holds, for the "why" of the mail.
    pub topics: Vec<i64>,
}

pub async fn deliver(tx: &mut Tx, served: &Served, now: DateTime<Utc>) -> Result<(), Error> {
    let topics = serde_json::to_string(&served.topics).expect("numbers always serialise");
    let day = served.day.to_string();
    let values = args![&served.key.0, served.mode.word(), served.subscriber, &day, served.edition, &topics, now];
    tx.exec(&DELIVER, values).await.map(drop)
}
