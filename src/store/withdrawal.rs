//! An article that the newsroom took back: no run takes it from here on, and it is taken out of all that still waits.
//! A digest that has nothing else ends, and owes nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::claim::lanes;
use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx, edition, setting};
use crate::model::revision::Gone;

statements! {
    /// Whoever withdraws has every slot: a page of planning has committed its deliveries before, or reads the mark. SQLite
    /// has one writer and needs none of it.
    LOCK_SLOTS = two(
        "SELECT id FROM slot WHERE id > $1 AND FALSE",
        "SELECT id FROM slot WHERE id > $1 ORDER BY id FOR UPDATE",
    );
    WITHDRAW = same("UPDATE article SET withdrawn_at = $2, mark = $3, sweeping = TRUE WHERE id = $1 AND withdrawn_at IS NULL");
    SWEEPING = same("SELECT id FROM article WHERE sweeping ORDER BY id");
    WITH_ARTICLE = same("SELECT edition FROM edition_article WHERE article = $1 ORDER BY edition");
    /// What waits with these editions: an arm for each index that knows the state. Answers to a person have lane 0.
    WAITING_WITH = two(
        concat!("SELECT id, edition FROM delivery WHERE lane IN (", lanes!(), ") AND edition IN (SELECT value FROM json_each($1)) AND state IN ('ready', 'deferred') AND doubts = 0
         UNION ALL
         SELECT id, edition FROM delivery WHERE edition IN (SELECT value FROM json_each($1)) AND state IN ('held', 'quarantined') AND doubts = 0
         UNION ALL
         SELECT id, edition FROM delivery WHERE edition IN (SELECT value FROM json_each($1)) AND state IN ('claimed', 'sending') AND state = 'claimed' AND doubts = 0
         LIMIT $2"),
        concat!("SELECT id, edition FROM delivery WHERE lane IN (", lanes!(), ") AND edition = ANY($1) AND state IN ('ready', 'deferred') AND doubts = 0
         UNION ALL
         SELECT id, edition FROM delivery WHERE edition = ANY($1) AND state IN ('held', 'quarantined') AND doubts = 0
         UNION ALL
         SELECT id, edition FROM delivery WHERE edition = ANY($1) AND state IN ('claimed', 'sending') AND state = 'claimed' AND doubts = 0
         LIMIT $2"),
    );
    /// Somebody else's hands are passed over, so that nobody waits for anybody; they are come back to.
    REVISE = two(
        "UPDATE delivery SET edition = $3,
            reason = CASE WHEN state = 'quarantined' THEN NULL ELSE reason END,
            state = CASE WHEN state = 'quarantined' AND EXISTS (SELECT 1 FROM edition e WHERE e.id = $3 AND e.quarantined_at IS NULL)
                THEN 'ready' ELSE state END
         WHERE id IN (SELECT value FROM json_each($1)) AND edition = $2
         AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0",
        "UPDATE delivery SET edition = $3,
            reason = CASE WHEN state = 'quarantined' THEN NULL ELSE reason END,
            state = CASE WHEN state = 'quarantined' AND EXISTS (SELECT 1 FROM edition e WHERE e.id = $3 AND e.quarantined_at IS NULL)
                THEN 'ready' ELSE state END
         WHERE id IN (SELECT d.id FROM delivery d WHERE d.id = ANY($1) AND d.edition = $2
            AND d.state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND d.doubts = 0 ORDER BY d.id FOR UPDATE SKIP LOCKED)",
    );
    CANCEL = two(
        "UPDATE delivery SET state = 'cancelled', reason = 'withdrawn', settled_at = $3, token = NULL
         WHERE id IN (SELECT value FROM json_each($1)) AND edition = $2
         AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0",
        "UPDATE delivery SET state = 'cancelled', reason = 'withdrawn', settled_at = $3, token = NULL
         WHERE id IN (SELECT d.id FROM delivery d WHERE d.id = ANY($1) AND d.edition = $2
            AND d.state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND d.doubts = 0 ORDER BY d.id FOR UPDATE SKIP LOCKED)",
    );
    /// Swept when nothing can leave with it any more. What is being handed over may come back to wait.
    SWEPT = same(concat!(
        "UPDATE article SET sweeping = FALSE WHERE id = $1
         AND NOT EXISTS (SELECT 1 FROM edition_article a JOIN delivery d ON d.edition = a.edition
            WHERE a.article = $1 AND d.lane IN (", lanes!(), ") AND d.state IN ('ready', 'deferred') AND d.doubts = 0)
         AND NOT EXISTS (SELECT 1 FROM edition_article a JOIN delivery d ON d.edition = a.edition
            WHERE a.article = $1 AND d.state IN ('held', 'quarantined') AND d.doubts = 0)
         AND NOT EXISTS (SELECT 1 FROM delivery d JOIN edition_article a ON a.edition = d.edition AND a.article = $1
            WHERE d.state IN ('claimed', 'sending') AND d.doubts = 0)",
    ));
    /// Of the runs that had the article: what became of the digests that had it.
    REACH = same(
        "SELECT count(CASE WHEN NOT x.there AND x.state NOT IN ('cancelled', 'expired', 'refused', 'not sent') THEN 1 END),
            count(CASE WHEN x.state = 'cancelled' AND x.reason = 'withdrawn' THEN 1 END),
            count(CASE WHEN x.there AND x.state = 'sent' THEN 1 END),
            count(CASE WHEN x.there AND (x.state IN ('sending', 'uncertain') OR (x.doubts > 0
                AND x.state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined'))) THEN 1 END)
         FROM (SELECT d.state, d.reason, d.doubts,
                EXISTS (SELECT 1 FROM edition_article n WHERE n.edition = d.edition AND n.article = $1) AS there
            FROM delivery d WHERE d.kind = 'digest'
            AND d.run IN (SELECT e.run FROM edition_article a JOIN edition e ON e.id = a.edition WHERE a.article = $1)
            AND EXISTS (SELECT 1 FROM edition_article f WHERE f.edition = d.first_edition AND f.article = $1)) x",
    );
}

/// Editions looked at together, and deliveries changed in one transaction.
const EDITIONS: usize = 50;
const DELIVERIES: i64 = 2000;

/// What became of the digests that had an article.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Reach {
    /// Go, or went, without it.
    pub changed: i64,
    /// Had nothing else.
    pub cancelled: i64,
    /// Went with it.
    pub sent: i64,
    /// Are being handed over with it, or may have been: they cannot be called back.
    pub in_doubt: i64,
}
record!(Reach { changed, cancelled, sent, in_doubt });

/// Marks an article as withdrawn: no page of planning takes it from here on. False: it was already. What waits is for
/// [`sweep`].
pub async fn withdraw(tx: &mut Tx, article: i64, now: DateTime<Utc>) -> Result<bool, Error> {
    let mut last = 0;
    // A slot that was made meanwhile counts too.
    while let Some((slot,)) = tx.all::<(i64,)>(&LOCK_SLOTS, args![last]).await?.into_iter().last() {
        last = slot;
    }
    let mark = setting::next_mark(tx).await?;
    Ok(tx.exec(&WITHDRAW, args![article, now, mark]).await? > 0)
}

/// Takes what was withdrawn out of all that waits, and comes back to what a kill left undone. How many deliveries were
/// changed or ended.
pub async fn sweep(store: &Store, now: DateTime<Utc>) -> Result<u64, Error> {
    let mut swept = 0;
    for (article,) in store.db.all::<(i64,)>(&SWEEPING, args![]).await? {
        for some in editions_with(store, article).await?.chunks(EDITIONS) {
            swept += sweep_some(store, article, some, now).await?;
        }
        let mut tx = store.begin().await?;
        tx.exec(&SWEPT, args![article]).await?;
        tx.commit().await?;
    }
    Ok(swept)
}

/// Takes an article out of what waits with these editions, a short transaction at a time.
async fn sweep_some(store: &Store, article: i64, editions: &[i64], now: DateTime<Utc>) -> Result<u64, Error> {
    let mut swept = 0;
    loop {
        let waiting = waiting_with(store, editions, DELIVERIES).await?;
        if waiting.is_empty() {
            return Ok(swept);
        }
        let mut revised = 0;
        let mut tx = store.begin().await?;
        for (edition, deliveries) in waiting {
            revised += revise(&mut tx, article, edition, &deliveries, now).await?;
        }
        tx.commit().await?;
        if revised == 0 {
            // Others have them in hand: the next sweep comes back to them.
            return Ok(swept);
        }
        swept += revised;
    }
}

async fn revise(tx: &mut Tx, article: i64, edition: i64, deliveries: &[i64], now: DateTime<Utc>) -> Result<u64, Error> {
    let Some(old) = edition::by_id_in(tx, edition).await? else { return Ok(0) };
    match old.content.without(&withdrawn(article)) {
        Some(content) => {
            let new = edition::put(tx, old.run, &content, now).await?;
            tx.exec(&REVISE, args![deliveries, edition, new]).await
        }
        None => tx.exec(&CANCEL, args![deliveries, edition, now]).await,
    }
}

/// Counted from the ledger, whoever has swept.
pub async fn reach(store: &Store, article: i64) -> Result<Reach, Error> {
    store.db.one(&REACH, args![article]).await
}

/// What withdrawing it now would come to. Nothing is changed.
pub async fn reach_if_withdrawn(store: &Store, article: i64) -> Result<Reach, Error> {
    let mut reach = reach(store, article).await?;
    for some in editions_with(store, article).await?.chunks(EDITIONS) {
        for (id, deliveries) in waiting_with(store, some, i64::MAX).await? {
            let Some(edition) = edition::by_id(store, id).await? else { continue };
            match edition.content.without(&withdrawn(article)) {
                Some(_) => reach.changed += deliveries.len() as i64,
                None => reach.cancelled += deliveries.len() as i64,
            }
        }
    }
    Ok(reach)
}

async fn editions_with(store: &Store, article: i64) -> Result<Vec<i64>, Error> {
    Ok(store.db.all::<(i64,)>(&WITH_ARTICLE, args![article]).await?.into_iter().map(|(id,)| id).collect())
}

/// The deliveries that wait with these editions, edition by edition.
async fn waiting_with(store: &Store, editions: &[i64], limit: i64) -> Result<BTreeMap<i64, Vec<i64>>, Error> {
    let mut waiting: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (delivery, edition) in store.db.all::<(i64, i64)>(&WAITING_WITH, args![editions, limit]).await? {
        waiting.entry(edition).or_default().push(delivery);
    }
    Ok(waiting)
}

fn withdrawn(article: i64) -> Gone {
    Gone { withdrawn: [article].into(), ..Gone::default() }
}
