//! Feeds as we know them: when each is due, what its last answers were.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx};
use crate::model::language::Language;
use crate::model::slug::Slug;

statements! {
    DUE = same(
        "SELECT id, slug, coalesce(adopted_url, url), language, etag, last_modified, body_hash, ttl_minutes, identity, failures,
             told_at, missing_since, moved_to, moved_since
         FROM feed WHERE retired_at IS NULL AND gone_at IS NULL AND next_check_at <= $1 ORDER BY next_check_at, id",
    );
    NEXT = same("SELECT min(next_check_at) FROM feed WHERE retired_at IS NULL AND gone_at IS NULL");
    LIST = same(
        "SELECT slug, url, adopted_url, title, next_check_at, first_fetched_at, last_success_at, failures, error, error_since, told_at, missing_since,
             gone_at, damaged, held_since, (SELECT count(DISTINCT h.article) FROM filing h WHERE h.held_for = feed.id)
         FROM feed WHERE retired_at IS NULL ORDER BY id",
    );
    MAKE_DUE = same("UPDATE feed SET next_check_at = $2, gone_at = NULL WHERE slug = $1 AND retired_at IS NULL");
    MAKE_ALL_DUE = same("UPDATE feed SET next_check_at = $1 WHERE retired_at IS NULL AND gone_at IS NULL");
    ANSWERED = same(
        "UPDATE feed SET title = coalesce($2, title), document_language = coalesce($13, document_language), etag = $3, last_modified = $4, body_hash = $5, identity = $6, damaged = $7,
             next_check_at = $8, last_success_at = $9, first_fetched_at = coalesce(first_fetched_at, $15),
             moved_to = $10, moved_since = $11, adopted_url = coalesce($12, adopted_url), ttl_minutes = $14,
             failures = 0, error = NULL, error_since = NULL, told_at = NULL, missing_since = NULL WHERE id = $1",
    );
    LANGUAGES = same("SELECT slug, coalesce(language, document_language) FROM feed WHERE retired_at IS NULL");
    ADDRESSES = same("SELECT id, coalesce(adopted_url, url) FROM feed WHERE retired_at IS NULL AND gone_at IS NULL");
    POSTPONE = two(
        "UPDATE feed SET next_check_at = $2 WHERE id IN (SELECT value FROM json_each($1)) AND next_check_at < $2",
        "UPDATE feed SET next_check_at = $2 WHERE id IN (SELECT id FROM feed WHERE id = ANY($1) ORDER BY id FOR UPDATE) AND next_check_at < $2",
    );
    UNCHANGED = same(
        "UPDATE feed SET next_check_at = $2, last_success_at = $3, moved_to = $4, moved_since = $5, adopted_url = coalesce($6, adopted_url),
             failures = 0, error = NULL, error_since = NULL, told_at = NULL, missing_since = NULL WHERE id = $1",
    );
    VALIDATORS = same("UPDATE feed SET etag = $2, last_modified = $3 WHERE id = $1");
    FAILED = same(
        "UPDATE feed SET next_check_at = $2, error = $3, error_since = coalesce(error_since, $4), failures = failures + $5,
             gone_at = $6, missing_since = $7, told_at = $8 WHERE id = $1",
    );
}

/// A feed that wants fetching.
#[derive(Debug, Clone)]
pub struct Due {
    pub id: i64,
    pub slug: Slug,
    pub url: String,
    pub language: Option<Language>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    pub body_hash: Option<Vec<u8>>,
    /// How long its last document asked us to wait.
    pub ttl_minutes: Option<i64>,
    /// How its entries are told apart: `guid` or `guid+link`.
    pub identity: String,
    pub failures: i64,
    /// When its present error was told, if there is one and it was.
    pub told_at: Option<DateTime<Utc>>,
    /// Since when it has not been found.
    pub missing_since: Option<DateTime<Utc>>,
    pub moved_to: Option<String>,
    pub moved_since: Option<DateTime<Utc>>,
}
record!(Due {
    id,
    slug,
    url,
    language,
    etag,
    last_modified,
    body_hash,
    ttl_minutes,
    identity,
    failures,
    told_at,
    missing_since,
    moved_to,
    moved_since,
});

/// A feed for the operator's eyes.
#[derive(Debug, Clone)]
pub struct Listed {
    pub slug: Slug,
    pub url: String,
    pub adopted_url: Option<String>,
    pub title: Option<String>,
    pub next_check_at: DateTime<Utc>,
    pub first_fetched_at: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub failures: i64,
    pub error: Option<String>,
    pub error_since: Option<DateTime<Utc>>,
    /// When the error was told; a 404 is not before it lasts.
    pub told_at: Option<DateTime<Utc>>,
    /// Since when it has answered 404.
    pub missing_since: Option<DateTime<Utc>>,
    pub gone_at: Option<DateTime<Utc>>,
    pub damaged: Option<String>,
    /// Since when it is held: it had too much at once.
    pub held_since: Option<DateTime<Utc>>,
    /// Articles that wait for its release.
    pub held: i64,
}
record!(Listed {
    slug,
    url,
    adopted_url,
    title,
    next_check_at,
    first_fetched_at,
    last_success_at,
    failures,
    error,
    error_since,
    told_at,
    missing_since,
    gone_at,
    damaged,
    held_since,
    held,
});

/// Where a permanent redirect leads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moved {
    /// And since when it has.
    pub to: Option<(String, DateTime<Utc>)>,
    /// The address that is asked from now on.
    pub adopted: Option<String>,
}

impl Moved {
    fn columns(&self) -> (Option<&str>, Option<DateTime<Utc>>, &Option<String>) {
        let (to, since) = self.to.as_ref().map(|(to, since)| (to.as_str(), *since)).unzip();
        (to, since, &self.adopted)
    }
}

/// What a 200 that parsed leaves behind. Validators are never stored from anything else.
#[derive(Debug, Clone)]
pub struct Answered {
    pub title: Option<String>,
    /// The language that the document says it is in.
    pub language: Option<Language>,
    pub etag: Option<String>,
    pub last_modified: Option<String>,
    /// None, as the validators: it is to be sent again even if it stays as it is.
    pub body_hash: Option<Vec<u8>>,
    pub identity: &'static str,
    pub damaged: Option<String>,
    /// Its archive is known from now on.
    pub is_first_fetched: bool,
    pub ttl_minutes: Option<u32>,
    pub next_check_at: DateTime<Utc>,
    pub moved: Moved,
}

/// What a failure leaves behind.
#[derive(Debug, Clone)]
pub struct Failed<'a> {
    pub error: &'a str,
    pub next_check_at: DateTime<Utc>,
    /// False when the host, not the feed, is to blame.
    pub counts: bool,
    /// The feed is gone for good (410) and is not asked again.
    pub gone: bool,
    /// Since when it has not been found (404).
    pub missing_since: Option<DateTime<Utc>>,
    /// When this was told.
    pub told_at: Option<DateTime<Utc>>,
}

pub async fn due(store: &Store, now: DateTime<Utc>) -> Result<Vec<Due>, Error> {
    store.db.all(&DUE, args![now]).await
}

/// The language of each feed: as declared, else as its document says.
pub async fn languages(store: &Store) -> Result<HashMap<Slug, Option<Language>>, Error> {
    Ok(store.db.all::<(Slug, Option<Language>)>(&LANGUAGES, args![]).await?.into_iter().collect())
}

/// When the next feed is due.
pub async fn next_check(store: &Store) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(store.db.one::<(Option<DateTime<Utc>>,)>(&NEXT, args![]).await?.0)
}

pub async fn list(store: &Store) -> Result<Vec<Listed>, Error> {
    store.db.all(&LIST, args![]).await
}

/// Whether there is such a feed. One that was gone is asked again.
pub async fn make_due(tx: &mut Tx, slug: &Slug, now: DateTime<Utc>) -> Result<bool, Error> {
    Ok(tx.exec(&MAKE_DUE, args![slug.as_str(), now]).await? > 0)
}

pub async fn make_all_due(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&MAKE_ALL_DUE, args![now]).await
}

pub async fn answered(tx: &mut Tx, id: i64, a: &Answered, now: DateTime<Utc>) -> Result<(), Error> {
    let (moved_to, moved_since, adopted) = a.moved.columns();
    let values = args![
        id,
        &a.title,
        &a.etag,
        &a.last_modified,
        &a.body_hash,
        a.identity,
        &a.damaged,
        a.next_check_at,
        now,
        moved_to,
        moved_since,
        adopted,
        a.language.as_ref().map(Language::as_str),
        a.ttl_minutes.map(i64::from),
        a.is_first_fetched.then_some(now),
    ];
    tx.exec(&ANSWERED, values).await.map(drop)
}

pub async fn unchanged(
    tx: &mut Tx,
    id: i64,
    moved: &Moved,
    next_check_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let (moved_to, moved_since, adopted) = moved.columns();
    tx.exec(&UNCHANGED, args![id, next_check_at, now, moved_to, moved_since, adopted]).await.map(drop)
}

/// Those of a 200 whose body is known: it parsed.
pub async fn validators(
    tx: &mut Tx,
    id: i64,
    etag: &Option<String>,
    last_modified: &Option<String>,
) -> Result<(), Error> {
    tx.exec(&VALIDATORS, args![id, etag, last_modified]).await.map(drop)
}

/// Where each feed is asked that is asked at all.
pub async fn addresses(tx: &mut Tx) -> Result<Vec<(i64, String)>, Error> {
    tx.all(&ADDRESSES, args![]).await
}

/// Asks these not before then, for no fault of their own.
pub async fn postpone(tx: &mut Tx, ids: &[i64], until: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&POSTPONE, args![ids, until]).await.map(drop)
}

pub async fn failed(tx: &mut Tx, id: i64, failed: &Failed<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    let gone_at = failed.gone.then_some(now);
    let values = args![
        id,
        failed.next_check_at,
        failed.error,
        now,
        i64::from(failed.counts),
        gone_at,
        failed.missing_since,
        failed.told_at,
    ];
    tx.exec(&FAILED, values).await.map(drop)
}
