//! Editions: frozen when composed, found by their key, kept as long as the ledger.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements, still_wanted, two};
use super::{Error, Store, Tx, setting};
use crate::model::edition::Content;

statements! {
    FIND = same("SELECT id FROM edition WHERE run IS NOT DISTINCT FROM $1 AND key = $2");
    ADD = same("INSERT INTO edition (run, key, content, created_at) VALUES ($1, $2, $3, $4) RETURNING id");
    /// A run that goes on after a kill finds some of them there.
    PUT_ALL = two(
        "INSERT INTO edition (run, key, content, created_at) SELECT $1, unhex(value ->> 0), value ->> 1, $3 FROM json_each($2) WHERE true
         ON CONFLICT (run, key) DO UPDATE SET key = excluded.key RETURNING id, key",
        "INSERT INTO edition (run, key, content, created_at) SELECT $1, decode(j ->> 0, 'hex'), j ->> 1, $3 FROM jsonb_array_elements($2::text::jsonb) j
         ON CONFLICT (run, key) DO UPDATE SET key = excluded.key RETURNING id, key",
    );
    PUT_ALL_ARTICLES = two(
        "INSERT INTO edition_article (edition, article) SELECT value ->> 0, value ->> 1 FROM json_each($1) WHERE true ON CONFLICT DO NOTHING",
        "INSERT INTO edition_article (edition, article) SELECT (j ->> 0)::bigint, (j ->> 1)::bigint FROM jsonb_array_elements($1::text::jsonb) j ON CONFLICT DO NOTHING",
    );
    ADD_ARTICLES = two(
        "INSERT INTO edition_article (edition, article) SELECT DISTINCT $1, value FROM json_each($2) WHERE true ON CONFLICT DO NOTHING",
        "INSERT INTO edition_article (edition, article) SELECT DISTINCT $1::bigint, unnest($2::bigint[]) ON CONFLICT DO NOTHING",
    );
    FREEZE_ARTICLES = two(
        "UPDATE article SET mailed = TRUE WHERE NOT mailed AND id IN (SELECT value FROM json_each($1))",
        "UPDATE article SET mailed = TRUE WHERE NOT mailed AND id = ANY($1)",
    );
    BY_ID = same("SELECT id, run, key, content FROM edition WHERE id = $1");
    BY_IDS = two(
        "SELECT id, run, key, content FROM edition WHERE id IN (SELECT value FROM json_each($1))",
        "SELECT id, run, key, content FROM edition WHERE id = ANY($1)",
    );
    BY_KEY = same("SELECT id, run, key, content FROM edition WHERE key = $1 ORDER BY id DESC LIMIT 1");
    MARK = same("UPDATE edition SET render_marks = render_marks + 1 WHERE id = $1 RETURNING render_marks");
    /// Of these, those whose rendering never began without an end.
    MARK_FRESH = two(
        "UPDATE edition SET render_marks = 1 WHERE render_marks = 0 AND id IN (SELECT value FROM json_each($1)) RETURNING id",
        "UPDATE edition SET render_marks = 1 WHERE render_marks = 0 AND id = ANY($1) RETURNING id",
    );
    UNMARK = two(
        "UPDATE edition SET render_marks = 0 WHERE id IN (SELECT value FROM json_each($1))",
        "UPDATE edition SET render_marks = 0 WHERE id = ANY($1)",
    );
    TAKE_BACK = two(
        "UPDATE edition SET render_marks = render_marks - 1 WHERE render_marks > 0 AND id IN (SELECT value FROM json_each($1))",
        "UPDATE edition SET render_marks = render_marks - 1 WHERE render_marks > 0 AND id = ANY($1)",
    );
    QUARANTINE = same("UPDATE edition SET quarantined_at = $2, quarantine_reason = $3 WHERE id = $1");
    QUARANTINE_DELIVERIES = same(
        "UPDATE delivery SET state = 'quarantined', reason = $2, token = NULL WHERE edition = $1 AND state IN ('ready', 'deferred', 'claimed')",
    );
    LIFT = same(
        "UPDATE edition SET quarantined_at = NULL, quarantine_reason = NULL, render_marks = 0 WHERE quarantined_at IS NOT NULL",
    );
    /// The first line about states is the index's own.
    LIFT_DELIVERIES = same(
        concat!("UPDATE delivery SET state = 'ready', reason = NULL WHERE state IN ('held', 'quarantined') AND state = 'quarantined'
         AND ", still_wanted!()),
    );
}

/// The setting that says with which texts mails were last made.
const TEXTS: &str = "texts";

#[derive(Debug, Clone)]
pub struct Edition {
    pub id: i64,
    pub run: Option<i64>,
    /// Names its public page.
    pub key: Vec<u8>,
    pub content: Content,
}

struct Row {
    id: i64,
    run: Option<i64>,
    key: Vec<u8>,
    content: String,
}
record!(Row { id, run, key, content });

impl Row {
    fn edition(self) -> Result<Edition, Error> {
        let content = serde_json::from_str(&self.content).map_err(|_| Error::unreadable(3, self.content))?;
        Ok(Edition { id: self.id, run: self.run, key: self.key, content })
    }
}

/// The edition of this run with this content, made if it is new.
pub async fn put(tx: &mut Tx, run: Option<i64>, content: &Content, now: DateTime<Utc>) -> Result<i64, Error> {
    let key = content.key();
    if let Some((id,)) = tx.opt::<(i64,)>(&FIND, args![run, &key]).await? {
        return Ok(id);
    }
    let (id,) = tx.one::<(i64,)>(&ADD, args![run, &key, &content.to_json(), now]).await?;
    let articles: Vec<i64> = content.articles().collect();
    tx.exec(&ADD_ARTICLES, args![id, &articles]).await?;
    // A trial without a run promises nobody that this is the text.
    if run.is_some() {
        freeze(tx, &articles).await?;
    }
    Ok(id)
}

/// From its first edition on, an article's mailed text stands.
pub async fn freeze(tx: &mut Tx, articles: &[i64]) -> Result<(), Error> {
    tx.exec(&FREEZE_ARTICLES, args![articles]).await.map(drop)
}

/// Many editions of a run, by key. Their articles are the caller's to freeze. The ids, by key.
pub async fn put_all(
    tx: &mut Tx,
    run: i64,
    new: &HashMap<[u8; 16], Content>,
    now: DateTime<Utc>,
) -> Result<HashMap<[u8; 16], i64>, Error> {
    let rows: Vec<(String, String)> = new.iter().map(|(key, content)| (hex::encode(key), content.to_json())).collect();
    let rows = serde_json::to_string(&rows).expect("strings always serialise");
    let mut ids = HashMap::with_capacity(new.len());
    let mut pairs: Vec<(i64, i64)> = Vec::new();
    for (id, key) in tx.all::<(i64, Vec<u8>)>(&PUT_ALL, args![run, &rows, now]).await? {
        let key: [u8; 16] = key.as_slice().try_into().map_err(|_| Error::unreadable(1, hex::encode(&key)))?;
        let articles: BTreeSet<i64> = new.get(&key).into_iter().flat_map(Content::articles).collect();
        pairs.extend(articles.into_iter().map(|article| (id, article)));
        ids.insert(key, id);
    }
    let pairs = serde_json::to_string(&pairs).expect("numbers always serialise");
    tx.exec(&PUT_ALL_ARTICLES, args![&pairs]).await?;
    Ok(ids)
}

pub async fn by_id(store: &Store, id: i64) -> Result<Option<Edition>, Error> {
    store.db.opt::<Row>(&BY_ID, args![id]).await?.map(Row::edition).transpose()
}

/// Those of these that are there.
pub async fn by_ids(store: &Store, ids: &[i64]) -> Result<Vec<Edition>, Error> {
    store.db.all::<Row>(&BY_IDS, args![ids]).await?.into_iter().map(Row::edition).collect()
}

pub async fn by_id_in(tx: &mut Tx, id: i64) -> Result<Option<Edition>, Error> {
    tx.opt::<Row>(&BY_ID, args![id]).await?.map(Row::edition).transpose()
}

pub async fn by_key(store: &Store, key: &[u8]) -> Result<Option<Edition>, Error> {
    store.db.opt::<Row>(&BY_KEY, args![key]).await?.map(Row::edition).transpose()
}

/// Marks that its rendering begins; how many beginnings have had no end. One that brings the program down three times
/// is quarantined instead of a fourth.
pub async fn mark_rendering(tx: &mut Tx, id: i64) -> Result<i64, Error> {
    Ok(tx.one::<(i64,)>(&MARK, args![id]).await?.0)
}

/// Marks the same of all of these at once, but for those that have such a mark already: they are to be tried alone, since
/// one of them brought the program down.
pub async fn mark_fresh(tx: &mut Tx, ids: &[i64]) -> Result<Vec<i64>, Error> {
    Ok(tx.all::<(i64,)>(&MARK_FRESH, args![ids]).await?.into_iter().map(|(id,)| id).collect())
}

pub async fn rendered(tx: &mut Tx, ids: &[i64]) -> Result<(), Error> {
    tx.exec(&UNMARK, args![ids]).await.map(drop)
}

/// Takes back one mark of each: its rendering did not begin, or an error ended it.
pub async fn take_back(tx: &mut Tx, ids: &[i64]) -> Result<(), Error> {
    tx.exec(&TAKE_BACK, args![ids]).await.map(drop)
}

/// Sets an edition that cannot be rendered aside, with what waits for it. How many deliveries that is.
pub async fn quarantine(tx: &mut Tx, id: i64, reason: &str, now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&QUARANTINE, args![id, now, reason]).await?;
    tx.exec(&QUARANTINE_DELIVERIES, args![id, reason]).await
}

/// Whoever comes to work with other texts than the last one, by which `texts` differ, tries all that was set aside once
/// more. How many deliveries that is.
pub async fn lift_quarantines(tx: &mut Tx, texts: &str) -> Result<u64, Error> {
    if setting::get_in(tx, TEXTS).await?.as_deref() == Some(texts) {
        return Ok(0);
    }
    setting::put(tx, TEXTS, texts).await?;
    tx.exec(&LIFT, args![]).await?;
    tx.exec(&LIFT_DELIVERIES, args![]).await
}
