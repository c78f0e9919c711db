//! One address, with language, time zone, hour and format.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::sql::{args, record, same, statements};
use super::{Error, Store, Tx};
use crate::model::address::Address;
use crate::model::delivery::Key;
use crate::model::edition::Format;
use crate::model::language::Language;
use crate::model::slug::Slug;

statements! {
    BY_ADDRESS = same("SELECT id, key, address, language, zone, hour, format, created_at FROM subscriber WHERE address_key = $1");
    BY_KEY = same("SELECT id, key, address, language, zone, hour, format, created_at FROM subscriber WHERE key = $1");
    BY_ID = same("SELECT id, key, address, language, zone, hour, format, created_at FROM subscriber WHERE id = $1");
    LIST = same(
        "SELECT id, key, address, language, zone, hour, format, created_at FROM subscriber WHERE id > $1 ORDER BY id LIMIT $2",
    );
    ADD = same(
        "INSERT INTO subscriber (key, address, address_key, language, zone, hour, format, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (address_key) DO NOTHING RETURNING id",
    );
    SET = same("UPDATE subscriber SET language = $2, zone = $3, hour = $4, format = $5 WHERE id = $1");
    REGIONS = same(
        "SELECT t.slug FROM subscriber_region r JOIN topic t ON t.id = r.region WHERE r.subscriber = $1 ORDER BY t.rank",
    );
    CLEAR_REGIONS = same("DELETE FROM subscriber_region WHERE subscriber = $1");
    PUT_REGION = same("INSERT INTO subscriber_region (subscriber, region) VALUES ($1, $2)");
    REGIONS_CHANGED = same("UPDATE subscriber SET regions_changed_at = $2 WHERE id = $1");
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
}
record!(Subscriber { id, key, address, language, zone, hour, format, created_at });

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

fn word(format: Format) -> &'static str {
    match format {
        Format::Full => "full",
        Format::NoImages => "no-images",
        Format::Text => "text",
    }
}

/// What a reader can set about themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub language: Language,
    pub zone: Tz,
    pub hour: i64,
    pub format: Format,
}

impl Subscriber {
    pub fn settings(&self) -> Settings {
        Settings { language: self.language.clone(), zone: self.zone, hour: self.hour, format: self.format }
    }
}

pub async fn by_address(store: &Store, address: &Address) -> Result<Option<Subscriber>, Error> {
    store.db.opt(&BY_ADDRESS, args![&address.key()]).await
}

pub async fn by_address_in(tx: &mut Tx, address: &Address) -> Result<Option<Subscriber>, Error> {
    tx.opt(&BY_ADDRESS, args![&address.key()]).await
}

pub async fn by_key(store: &Store, key: &[u8; 16]) -> Result<Option<Subscriber>, Error> {
    store.db.opt(&BY_KEY, args![key]).await
}

pub async fn by_id(store: &Store, id: i64) -> Result<Option<Subscriber>, Error> {
    store.db.opt(&BY_ID, args![id]).await
}

pub(super) async fn by_id_in(tx: &mut Tx, id: i64) -> Result<Option<Subscriber>, Error> {
    tx.opt(&BY_ID, args![id]).await
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

pub(super) async fn add(
    tx: &mut Tx,
    address: &Address,
    key: Key,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Result<i64, Error> {
    let (shown, address_key) = (address.to_string(), address.key());
    let values = args![
        &key,
        &shown,
        &address_key,
        settings.language.as_str(),
        settings.zone.name(),
        settings.hour,
        word(settings.format),
        now,
    ];
    match tx.opt::<(i64,)>(&ADD, values).await? {
        Some((id,)) => Ok(id),
        // Somebody added the same address at the same moment.
        None => by_address_in(tx, address).await?.map(|reader| reader.id).ok_or(Error::NoRow { statement: ADD.lite }),
    }
}

pub(super) async fn set(tx: &mut Tx, id: i64, settings: &Settings) -> Result<(), Error> {
    let values = args![id, settings.language.as_str(), settings.zone.name(), settings.hour, word(settings.format),];
    tx.exec(&SET, values).await.map(drop)
}

pub(super) async fn set_regions(tx: &mut Tx, id: i64, regions: &[i64], position: i64) -> Result<(), Error> {
    tx.exec(&CLEAR_REGIONS, args![id]).await?;
    for &region in regions {
        tx.exec(&PUT_REGION, args![id, region]).await?;
    }
    tx.exec(&REGIONS_CHANGED, args![id, position]).await.map(drop)
}
