//! One address, with language, time zone, hour and format.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx};
use crate::model::address::Address;
use crate::model::delivery::Key;
use crate::model::edition::Format;
use crate::model::holdings::Settings;
use crate::model::language::Language;
use crate::model::slug::Slug;

statements! {
    BY_ADDRESS = same("SELECT id, key, address, language, zone, hour, format, created_at, moved_at FROM subscriber WHERE address_key = $1");
    BY_KEY = same("SELECT id, key, address, language, zone, hour, format, created_at, moved_at FROM subscriber WHERE key = $1");
    BY_ID = same("SELECT id, key, address, language, zone, hour, format, created_at, moved_at FROM subscriber WHERE id = $1");
    LIST = same(
        "SELECT id, key, address, language, zone, hour, format, created_at, moved_at FROM subscriber WHERE id > $1 ORDER BY id LIMIT $2",
    );
    BY_ADDRESSES = two(
        "SELECT id, address_key FROM subscriber WHERE address_key IN (SELECT value FROM json_each($1))",
        "SELECT id, address_key FROM subscriber WHERE address_key IN (SELECT jsonb_array_elements_text($1::text::jsonb))",
    );
    /// Who is new has changed now: most of them need no second writing.
    ADD = two(
        "INSERT INTO subscriber (key, address, address_key, language, zone, hour, format, created_at, changed_at)
         SELECT unhex(value ->> 0), value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, $2, (SELECT value FROM counter WHERE name = 'position')
         FROM json_each($1) WHERE true
         ON CONFLICT (address_key) DO NOTHING RETURNING id, address_key",
        "INSERT INTO subscriber (key, address, address_key, language, zone, hour, format, created_at, changed_at)
         SELECT decode(j ->> 0, 'hex'), j ->> 1, j ->> 2, j ->> 3, j ->> 4, (j ->> 5)::bigint, j ->> 6, $2, (SELECT value FROM counter WHERE name = 'position')
         FROM jsonb_array_elements($1::text::jsonb) j
         ON CONFLICT (address_key) DO NOTHING RETURNING id, address_key",
    );
    /// Not if another reader has it.
    MOVE = same(
        "UPDATE subscriber SET address = $2, address_key = $3, moved_at = $4 WHERE id = $1 AND address IS NOT NULL
         AND NOT EXISTS (SELECT 1 FROM subscriber o WHERE o.address_key = $3 AND o.id <> $1)",
    );
    REGIONS = same(
        "SELECT t.slug FROM subscriber_region r JOIN topic t ON t.id = r.region WHERE r.subscriber = $1 ORDER BY t.rank",
    );
    COUNT = same(
        "SELECT count(DISTINCT subscriber), count(*) FROM subscription WHERE state = 'active'",
    );
}

#[derive(Debug, Clone)]
pub struct Subscriber {
    pub id: i64,
    /// What their links carry.
    pub key: Key,
    /// None after an erasure.
    pub address: Option<Address>,
    pub language: Language,
    pub zone: Tz,
    pub hour: i64,
    pub format: Format,
    pub created_at: DateTime<Utc>,
    /// When their address changed last.
    pub moved_at: Option<DateTime<Utc>>,
}
record!(Subscriber { id, key, address, language, zone, hour, format, created_at, moved_at });

impl super::sql::Cell for Format {
    fn of(row: &super::sql::Row, i: usize) -> Result<Self, Error> {
        match String::of(row, i)?.as_str() {
            "full" => Ok(Self::Full),
            "no-images" => Ok(Self::NoImages),
            "text" => Ok(Self::Text),
            other => Err(Error::unreadable(i, other.to_owned())),
        }
    }
}

pub(super) fn word(format: Format) -> &'static str {
    match format {
        Format::Full => "full",
        Format::NoImages => "no-images",
        Format::Text => "text",
    }
}

impl Subscriber {
    pub fn settings(&self) -> Settings {
        Settings { language: self.language.clone(), zone: self.zone, hour: self.hour, format: self.format }
    }
}

pub async fn by_address(store: &Store, address: &Address) -> Result<Option<Subscriber>, Error> {
    store.db.opt(&BY_ADDRESS, args![&address.key()]).await
}

pub async fn by_key(store: &Store, key: &[u8; 16]) -> Result<Option<Subscriber>, Error> {
    store.db.opt(&BY_KEY, args![key]).await
}

pub async fn by_id(store: &Store, id: i64) -> Result<Option<Subscriber>, Error> {
    store.db.opt(&BY_ID, args![id]).await
}

/// Gives a reader another address. False: another reader has it.
pub async fn change_address(tx: &mut Tx, id: i64, address: &Address, now: DateTime<Utc>) -> Result<bool, Error> {
    Ok(tx.exec(&MOVE, args![id, &address.to_string(), &address.key(), now]).await? == 1)
}

/// A page of subscribers after an id.
pub async fn list(store: &Store, after: i64, limit: i64) -> Result<Vec<Subscriber>, Error> {
    store.db.all(&LIST, args![after, limit]).await
}

pub async fn regions(store: &Store, subscriber: i64) -> Result<Vec<Slug>, Error> {
    Ok(store.db.all::<(Slug,)>(&REGIONS, args![subscriber]).await?.into_iter().map(|(slug,)| slug).collect())
}

/// Readers with an active subscription, and active subscriptions.
pub async fn count(store: &Store) -> Result<(i64, i64), Error> {
    store.db.one(&COUNT, args![]).await
}

/// Somebody who may be new.
pub(super) struct Newcomer<'a> {
    pub address: &'a Address,
    pub key: Key,
    pub settings: &'a Settings,
}

/// These readers, added where they are new; and whether they are.
pub(super) async fn find_or_add(
    tx: &mut Tx,
    newcomers: &[Newcomer<'_>],
    now: DateTime<Utc>,
) -> Result<Vec<(i64, bool)>, Error> {
    let keys: Vec<String> = newcomers.iter().map(|newcomer| newcomer.address.key()).collect();
    let mut known = by_keys(tx, &keys).await?;
    let mut new: BTreeMap<&str, &Newcomer> = BTreeMap::new();
    for (key, newcomer) in keys.iter().zip(newcomers).filter(|(key, _)| !known.contains_key(*key)) {
        new.entry(key).or_insert(newcomer);
    }
    let mut added: HashSet<String> = HashSet::new();
    if !new.is_empty() {
        let rows: Vec<_> = new.iter().map(|(key, newcomer)| row(key, newcomer)).collect();
        let rows = serde_json::to_string(&rows).expect("strings and numbers always serialise");
        for (id, key) in tx.all::<(i64, String)>(&ADD, args![&rows, now]).await? {
            known.insert(key.clone(), id);
            added.insert(key);
        }
        // Somebody else added the same address at the same moment.
        if new.keys().any(|key| !known.contains_key(*key)) {
            known = by_keys(tx, &keys).await?;
        }
    }
    let find = |key: &String| known.get(key).map(|id| (*id, added.contains(key)));
    keys.iter().map(|key| find(key).ok_or(Error::NoRow { statement: ADD.lite })).collect()
}

async fn by_keys(tx: &mut Tx, keys: &[String]) -> Result<HashMap<String, i64>, Error> {
    let keys = serde_json::to_string(keys).expect("strings always serialise");
    let rows: Vec<(i64, String)> = tx.all(&BY_ADDRESSES, args![&keys]).await?;
    Ok(rows.into_iter().map(|(id, key)| (key, id)).collect())
}

fn row(key: &str, newcomer: &Newcomer) -> (String, String, String, String, &'static str, i64, &'static str) {
    let Settings { language, zone, hour, format } = newcomer.settings;
    (
        hex::encode(newcomer.key.0),
        newcomer.address.to_string(),
        key.to_owned(),
        language.to_string(),
        zone.name(),
        *hour,
        word(*format),
    )
}
