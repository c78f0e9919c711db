//! What is due, taken in hand: first the rows, by whoever writes, then all that their messages take, which keeps nobody from
//! writing.

use chrono::{DateTime, Utc};

use super::delivery::{Kind, Token};
use super::sql::{args, statements, two};
use super::{Error, Store, Tx};
use crate::model::address::Address;
use crate::model::delivery::{Key, Mode};
use crate::model::language::Language;

statements! {
    /// Nothing of a run that is held; of one that is cancelled, only what was ever in doubt, which stays a message of its
    /// own.
    TAKE = two(
        "UPDATE delivery SET state = 'claimed', token = $2, claimed_at = $1 WHERE id IN (
            SELECT d.id FROM delivery d LEFT JOIN run r ON r.id = d.run
            WHERE d.state IN ('ready', 'deferred') AND d.next_attempt_at <= $1
            AND (d.run IS NULL OR (r.held_at IS NULL AND ((r.state = 'planned' AND r.cancelled_at IS NULL)
                OR (d.doubts > 0 AND r.state IN ('planned', 'cancelled')))))
            AND NOT EXISTS (SELECT 1 FROM setting h WHERE h.name = 'hold') AND d.lane <= $4
            ORDER BY d.lane, d.edition, d.id LIMIT $3) RETURNING id, edition",
        // Several daemons claim side by side: each passes over what another has in hand.
        "UPDATE delivery SET state = 'claimed', token = $2, claimed_at = $1 WHERE id IN (
            SELECT d.id FROM delivery d LEFT JOIN run r ON r.id = d.run
            WHERE d.state IN ('ready', 'deferred') AND d.next_attempt_at <= $1
            AND (d.run IS NULL OR (r.held_at IS NULL AND ((r.state = 'planned' AND r.cancelled_at IS NULL)
                OR (d.doubts > 0 AND r.state IN ('planned', 'cancelled')))))
            AND NOT EXISTS (SELECT 1 FROM setting h WHERE h.name = 'hold') AND d.lane <= $4
            ORDER BY d.lane, d.edition, d.id LIMIT $3 FOR UPDATE OF d SKIP LOCKED) RETURNING id, edition",
    );
    /// All rows in one value, a JSON list: each value of a row is one more copy, and each row a hand-over between threads.
    TAKEN = two(
        "SELECT '[' || group_concat(json_array(d.id, hex(d.key), d.kind, d.mode, d.edition, d.subscriber, nullif(hex(u.key), ''), u.address,
            nullif(hex(l.sealed), ''), coalesce(u.language, l.language), d.created_at, d.attempts, d.doubts, d.topics), ','
            ORDER BY d.lane, d.edition, d.id) || ']'
         FROM delivery d LEFT JOIN subscriber u ON u.id = d.subscriber LEFT JOIN letter l ON l.key = d.key AND d.subscriber IS NULL
         WHERE d.id IN (SELECT value FROM json_each($1))",
        "SELECT CAST(json_agg(json_build_array(d.id, encode(d.key, 'hex'), d.kind, d.mode, d.edition, d.subscriber, encode(u.key, 'hex'), u.address,
            encode(l.sealed, 'hex'), coalesce(u.language, l.language), d.created_at, d.attempts, d.doubts, d.topics)
            ORDER BY d.lane, d.edition, d.id) AS TEXT)
         FROM delivery d LEFT JOIN subscriber u ON u.id = d.subscriber LEFT JOIN letter l ON l.key = d.key AND d.subscriber IS NULL
         WHERE d.id = ANY($1)",
    );
}

/// A delivery in hand.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub id: i64,
    pub key: Key,
    pub kind: Kind,
    pub mode: Mode,
    pub edition: Option<i64>,
    /// None: a letter to nobody that we know.
    pub subscriber: Option<i64>,
    /// What the reader's links carry.
    pub reader_key: Option<Key>,
    /// Of a reader. None: erased meanwhile.
    pub address: Option<Address>,
    /// Of a letter.
    pub sealed: Option<Vec<u8>>,
    /// None: the letter is there no more.
    pub language: Option<Language>,
    /// The message's Date, the same at every attempt.
    pub created_at: DateTime<Utc>,
    pub attempts: i64,
    pub doubts: i64,
    /// JSON: the topics that the reader held when it was planned.
    pub topics: Option<String>,
}

/// Which are claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lanes {
    All,
    /// To a person.
    Answers,
}

/// Mail goes lane by lane: 0 is for answers to a person, 1 and on for digests, so many of a large run in each.
pub const LAST_LANE: i64 = 16;

/// All of them, for `concat!`: an index that begins with the lane is of use only to whoever names it.
macro_rules! lanes {
    () => {
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16"
    };
}
pub(super) use lanes;

/// The rows that were taken in hand, each with its edition.
#[derive(Debug, Clone, Default)]
pub struct Taken(Vec<(i64, Option<i64>)>);

impl Taken {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn editions(&self) -> impl Iterator<Item = i64> {
        self.0.iter().filter_map(|(_, edition)| *edition)
    }
}

/// Takes up to `limit` deliveries that are due, answers to a person first.
pub async fn take(tx: &mut Tx, token: &Token, limit: i64, lanes: Lanes, now: DateTime<Utc>) -> Result<Taken, Error> {
    let last = if lanes == Lanes::Answers { 0 } else { LAST_LANE };
    Ok(Taken(tx.all(&TAKE, args![now, token, limit, last]).await?))
}

/// What was taken and committed, in the order in which it is to go.
pub async fn taken(store: &Store, taken: &Taken) -> Result<Vec<Claimed>, Error> {
    let ids: Vec<i64> = taken.0.iter().map(|(id, _)| *id).collect();
    let (listed,): (Option<String>,) = store.db.one(&TAKEN, args![&ids]).await?;
    let rows: Vec<Listed> = match &listed {
        // The list itself is not for anybody's log: addresses are in it.
        Some(listed) => serde_json::from_str(listed).map_err(|why| Error::unreadable(0, why.to_string()))?,
        None => vec![],
    };
    rows.into_iter().map(Claimed::of).collect()
}

/// A row, in the order of its statement.
type Listed = (
    i64,
    String,
    String,
    Mode,
    Option<i64>,
    Option<i64>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    i64,
    i64,
    i64,
    Option<String>,
);

impl Claimed {
    fn of(row: Listed) -> Result<Self, Error> {
        let (
            id,
            key,
            kind,
            mode,
            edition,
            subscriber,
            reader_key,
            address,
            sealed,
            language,
            created_at,
            attempts,
            doubts,
            topics,
        ) = row;
        Ok(Self {
            id,
            key: read(1, key, key_of)?,
            kind: read(2, kind, Kind::of_word)?,
            mode,
            edition,
            subscriber,
            reader_key: reader_key.map(|hex| read(6, hex, key_of)).transpose()?,
            address: address.map(|text| read(7, text, |text| text.parse().ok())).transpose()?,
            sealed: sealed.map(|hex| read(8, hex, |hex| hex::decode(hex).ok())).transpose()?,
            language: language.map(|text| read(9, text, |text| text.parse().ok())).transpose()?,
            created_at: DateTime::from_timestamp_millis(created_at)
                .ok_or_else(|| Error::unreadable(10, created_at.to_string()))?,
            attempts,
            doubts,
            topics,
        })
    }
}

fn read<T>(column: usize, value: String, of: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    of(&value).ok_or_else(|| Error::unreadable(column, value))
}

fn key_of(hex: &str) -> Option<Key> {
    let mut key = [0; 16];
    hex::decode_to_slice(hex, &mut key).ok()?;
    Some(Key(key))
}
