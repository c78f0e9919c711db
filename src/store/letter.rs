//! Letters: mail to an address that is no reader's, not yet or no more. A sign-up that waits for its confirmation, and
//! a change of address. Until somebody says yes nothing here can be read: a keyed hash, and the sealed address until
//! the mail has gone.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::delivery::{Answer, Kind};
use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx, delivery};
use crate::model::delivery::{Key, Mode};
use crate::model::language::Language;

statements! {
    WRITE = same(
        "INSERT INTO letter (key, hash, sealed, subscriber, topics, frequency, language, zone, hour, origin, asked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    );
    /// Those that asked this address something, and went out or may yet.
    ASKED_SINCE = same(
        "SELECT count(*) FROM letter l JOIN delivery d ON d.key = l.key
         WHERE l.hash = $1 AND l.asked_at > $2 AND d.kind = $3 AND d.state <> 'cancelled'",
    );
    BY_KEY = same(
        "SELECT key, hash, subscriber, topics, frequency, language, zone, hour, origin, asked_at, answered_at FROM letter WHERE key = $1",
    );
    OPEN_OF = same(
        "SELECT key, hash, subscriber, topics, frequency, language, zone, hour, origin, asked_at, answered_at FROM letter
         WHERE hash = $1 AND subscriber IS NULL AND answered_at IS NULL AND asked_at >= $2 ORDER BY asked_at, key",
    );
    ANSWER = same("UPDATE letter SET answered_at = $2 WHERE hash = $1 AND subscriber IS NULL AND answered_at IS NULL");
    /// What was refused waits for its word again.
    REOPEN = same(
        "UPDATE letter SET answered_at = NULL WHERE hash = $1 AND subscriber IS NULL
         AND answered_at = (SELECT s.since FROM suppression s WHERE s.hash = $1 AND s.reason = 'not-me')",
    );
    ANSWER_ONE = same("UPDATE letter SET answered_at = $2 WHERE key = $1 AND answered_at IS NULL");
    /// What has gone, or never will, needs its address no more.
    /// What somebody else has in hand is for the next time: two daemons that tidy up do not wait for each other.
    FORGET = two(
        "UPDATE letter SET sealed = NULL WHERE sealed IS NOT NULL AND EXISTS (SELECT 1 FROM delivery d WHERE d.key = letter.key
            AND d.state IN ('sent', 'refused', 'cancelled', 'expired', 'not sent'))",
        "UPDATE letter SET sealed = NULL WHERE key IN (SELECT l.key FROM letter l WHERE l.sealed IS NOT NULL
            AND EXISTS (SELECT 1 FROM delivery d WHERE d.key = l.key AND d.state IN ('sent', 'refused', 'cancelled', 'expired', 'not sent'))
            FOR UPDATE OF l SKIP LOCKED)",
    );
    THROW_AWAY = two(
        "DELETE FROM letter WHERE asked_at < $1",
        "DELETE FROM letter WHERE key IN (SELECT key FROM letter WHERE asked_at < $1 FOR UPDATE SKIP LOCKED)",
    );
}

/// How long the link in a letter works.
pub const VALID: TimeDelta = TimeDelta::days(7);
/// How long letters are kept: they count against the next ones of the week.
const KEPT: TimeDelta = TimeDelta::days(8);

/// What is written, besides the address.
#[derive(Debug, Clone)]
pub struct Writing<'a> {
    pub kind: Kind,
    /// Whose address changes.
    pub subscriber: Option<i64>,
    pub topics: &'a [i64],
    pub frequency: Option<i64>,
    pub language: &'a Language,
    pub zone: Tz,
    pub hour: i64,
    /// The page or site that the sign-up came from.
    pub origin: &'a str,
}

/// A letter to be written.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    pub key: Key,
    /// Of the address, as suppressions keep it.
    pub hash: &'a [u8],
    pub sealed: Vec<u8>,
    pub writing: &'a Writing<'a>,
}

/// One that was written.
#[derive(Debug, Clone)]
pub struct Letter {
    pub key: Key,
    pub hash: Vec<u8>,
    pub subscriber: Option<i64>,
    /// JSON.
    topics: String,
    pub frequency: Option<i64>,
    pub language: Language,
    pub zone: Tz,
    pub hour: i64,
    pub origin: String,
    pub asked_at: DateTime<Utc>,
    pub answered_at: Option<DateTime<Utc>>,
}
record!(Letter { key, hash, subscriber, topics, frequency, language, zone, hour, origin, asked_at, answered_at });

impl Letter {
    pub fn topics(&self) -> Vec<i64> {
        serde_json::from_str(&self.topics).unwrap_or_default()
    }

    pub fn is_open(&self, now: DateTime<Utc>) -> bool {
        self.answered_at.is_none() && now - self.asked_at <= VALID
    }
}

/// Writes a letter and posts it, in the transaction of its cause. `withheld`: why it must not go out.
pub async fn write(
    tx: &mut Tx,
    draft: &Draft<'_>,
    mode: Mode,
    withheld: Option<&'static str>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let writing = draft.writing;
    let topics = serde_json::to_string(writing.topics).expect("numbers always serialise");
    let sealed = withheld.is_none().then_some(draft.sealed.as_slice());
    let values = args![
        &draft.key,
        draft.hash,
        sealed,
        writing.subscriber,
        &topics,
        writing.frequency,
        writing.language.as_str(),
        writing.zone.name(),
        writing.hour,
        writing.origin,
        now,
    ];
    tx.exec(&WRITE, values).await?;
    let answer = Answer { kind: writing.kind, key: draft.key, mode, subscriber: None, withheld };
    delivery::answer(tx, &answer, now).await
}

/// How many letters of a kind went to this address since then.
pub async fn asked_since(tx: &mut Tx, hash: &[u8], kind: Kind, since: DateTime<Utc>) -> Result<i64, Error> {
    Ok(tx.one::<(i64,)>(&ASKED_SINCE, args![hash, since, kind.word()]).await?.0)
}

pub async fn by_key(store: &Store, key: &Key) -> Result<Option<Letter>, Error> {
    store.db.opt(&BY_KEY, args![key]).await
}

/// All sign-ups of this address that wait for a word, the oldest first: one word is for all of them.
pub async fn open_of(store: &Store, hash: &[u8], now: DateTime<Utc>) -> Result<Vec<Letter>, Error> {
    store.db.all(&OPEN_OF, args![hash, now - VALID]).await
}

/// The sign-ups of this address have their word. How many had waited.
pub async fn answer(tx: &mut Tx, hash: &[u8], now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&ANSWER, args![hash, now]).await
}

/// Those that were refused with "this wasn't me" wait again; before that is taken back.
pub async fn reopen(tx: &mut Tx, hash: &[u8]) -> Result<(), Error> {
    tx.exec(&REOPEN, args![hash]).await.map(drop)
}

/// This one has its word. False: it had it before.
pub async fn answer_one(tx: &mut Tx, key: &Key, now: DateTime<Utc>) -> Result<bool, Error> {
    Ok(tx.exec(&ANSWER_ONE, args![key, now]).await? == 1)
}

/// Forgets addresses that are needed no more, and letters that count for nothing any more.
pub async fn tidy(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&FORGET, args![]).await?;
    tx.exec(&THROW_AWAY, args![now - KEPT]).await.map(drop)
}
