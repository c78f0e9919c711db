//! Article × topic (or region), and its position: its number in the order of filing.

use std::collections::HashMap;
use std::iter;

use chrono::{DateTime, Utc};

use super::setting::Positions;
use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx};
use crate::model::choice::Candidate;
use crate::model::language::Language;

statements! {
    OF_ARTICLE = same("SELECT topic, position, number_at, held_for FROM filing WHERE article = $1");
    FILE = same("INSERT INTO filing (article, topic, position, number_at, held_for, filed_at) VALUES ($1, $2, $3, $4, $5, $6)");
    NUMBER = same("UPDATE filing SET position = $3, number_at = NULL, held_for = NULL WHERE article = $1 AND topic = $2");
    NUMBER_LATER = same("UPDATE filing SET number_at = $3, held_for = NULL WHERE article = $1 AND topic = $2");
    HOLD = same("UPDATE filing SET held_for = $3 WHERE article = $1 AND topic = $2 AND held_for IS NULL");
    HELD = same("SELECT article, topic FROM filing WHERE held_for = $1 ORDER BY filed_at, article, topic LIMIT 500");
    ARCHIVE = same("UPDATE filing SET held_for = NULL WHERE article = $1 AND topic = $2");
    RIPE = same("SELECT article, topic FROM filing WHERE number_at IS NOT NULL AND number_at <= $1 ORDER BY number_at, article, topic LIMIT 5000");
    /// What was filed under a topic after `$3`, or will be, and is not under its successor. (What is there already keeps its
    /// place, by which it is known who was told; that it came again later is seen from where it was filed.)
    TO_INHERIT = same(
        "SELECT f.article, f.number_at, f.held_for, n.article IS NOT NULL FROM filing f LEFT JOIN filing n ON n.article = f.article AND n.topic = $2
         WHERE f.topic = $1 AND (f.position > $3 OR f.number_at IS NOT NULL OR f.held_for IS NOT NULL)
         AND (n.article IS NULL OR (f.position IS NOT NULL AND n.position IS NULL AND n.number_at IS NULL))
         ORDER BY f.position, f.number_at, f.article LIMIT 1000",
    );
    NEXT_RIPE = same("SELECT min(number_at) FROM filing WHERE number_at IS NOT NULL");
    /// All filings, whenever they were made, of every article that has one in the window. Held ones are not made yet.
    WINDOW = same(
        "SELECT f.article, a.language, a.pinned_at, a.withdrawn_at, a.first_seen_at, t.facet, f.topic, t.replaced_by, f.position, f.number_at
         FROM filing f JOIN article a ON a.id = f.article JOIN topic t ON t.id = f.topic
         WHERE f.article IN (SELECT w.article FROM filing w WHERE w.position > $1 AND w.position <= $2) AND f.held_for IS NULL
         ORDER BY f.article, f.topic",
    );
    SEEN_AFTER = same(
        "SELECT f.article, a.language, a.pinned_at, a.withdrawn_at, a.first_seen_at, t.facet, f.topic, t.replaced_by, f.position, f.number_at
         FROM filing f JOIN article a ON a.id = f.article JOIN topic t ON t.id = f.topic
         WHERE f.article IN (SELECT n.id FROM article n WHERE n.first_seen_at > $1) AND f.held_for IS NULL ORDER BY f.article, f.topic",
    );
    NEW_AFTER = same(
        "SELECT count(DISTINCT f.article) FROM filing f JOIN topic t ON t.id = f.topic AND t.facet = 'topic' JOIN article a ON a.id = f.article
         WHERE f.position > $1 AND a.withdrawn_at IS NULL",
    );
    /// What counted as news; one without a language is in the site's.
    MEASURED = same(
        "SELECT f.topic, count(*), (SELECT min(o.filed_at) FROM filing o WHERE o.topic = f.topic) FROM filing f JOIN article a ON a.id = f.article
         WHERE f.filed_at > $3 AND f.position IS NOT NULL AND coalesce(a.language, $1) = $2 AND a.withdrawn_at IS NULL GROUP BY f.topic",
    );
    /// What pages show. What is held was seen by nobody yet who could say whether it is fit to be shown.
    SHELF = same(
        "SELECT f.article, f.filed_at FROM filing f JOIN article a ON a.id = f.article
         WHERE f.topic = $1 AND f.held_for IS NULL AND f.filed_at >= $4 AND f.filed_at < $5 AND coalesce(a.language, $2) = $3 AND a.withdrawn_at IS NULL
         ORDER BY f.filed_at DESC, f.article DESC LIMIT $6",
    );
    OF_ARTICLES = two(
        "SELECT f.article, a.language, a.pinned_at, a.withdrawn_at, a.first_seen_at, t.facet, f.topic, t.replaced_by, f.position, f.number_at
         FROM filing f JOIN article a ON a.id = f.article JOIN topic t ON t.id = f.topic
         WHERE f.article IN (SELECT value FROM json_each($1)) AND f.held_for IS NULL ORDER BY f.article, f.topic",
        "SELECT f.article, a.language, a.pinned_at, a.withdrawn_at, a.first_seen_at, t.facet, f.topic, t.replaced_by, f.position, f.number_at
         FROM filing f JOIN article a ON a.id = f.article JOIN topic t ON t.id = f.topic
         WHERE f.article = ANY($1) AND f.held_for IS NULL ORDER BY f.article, f.topic",
    );
}

/// Whether a first sighting gets positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbering {
    Now,
    /// `hold_back`: not before.
    At(DateTime<Utc>),
    /// For the archive: kept and shown, never mailed.
    Never,
    /// When somebody releases this feed.
    Held(i64),
}

/// The position counter, held while a document is filed.
#[derive(Debug)]
pub struct Numbers(Positions);

/// One filing of an article. With neither position nor time nor feed, it is for the archive only.
#[derive(Debug, Clone)]
pub struct Filing {
    /// Or region.
    pub topic: i64,
    pub position: Option<i64>,
    /// When it gets its position, if it is held back.
    pub number_at: Option<i64>,
    /// The feed with whose release it gets its position, if it is held.
    pub held_for: Option<i64>,
}
record!(Filing { topic, position, number_at, held_for });

/// How much a topic had since a time.
#[derive(Debug, Clone)]
pub struct Measured {
    pub topic: i64,
    pub count: i64,
    /// When the first article ever came to it, as news or not.
    pub first_at: DateTime<Utc>,
}
record!(Measured { topic, count, first_at });

/// What was filed under each topic in a language since then; one without a language is in the site's.
pub async fn measured(
    store: &Store,
    site: &Language,
    language: &Language,
    since: DateTime<Utc>,
) -> Result<Vec<Measured>, Error> {
    store.db.all(&MEASURED, args![site.as_str(), language.as_str(), since]).await
}

/// An article under a topic, and when it came there.
#[derive(Debug, Clone, Copy)]
pub struct Shelved {
    pub article: i64,
    pub filed_at: DateTime<Utc>,
}
record!(Shelved { article, filed_at });

/// What stands under a topic in a language, filed from one time up to another; the newest first.
pub async fn shelf(
    store: &Store,
    topic: i64,
    (site, language): (&Language, &Language),
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    limit: i64,
) -> Result<Vec<Shelved>, Error> {
    store.db.all(&SHELF, args![topic, site.as_str(), language.as_str(), from, to, limit]).await
}

impl Numbers {
    pub async fn take(tx: &mut Tx) -> Result<Self, Error> {
        Positions::take(tx).await.map(Self)
    }

    /// Files an article where it is not filed yet. A first sighting that counts also gives a position to a filing of
    /// it that has none. Whether something is held now.
    pub async fn file(
        &mut self,
        tx: &mut Tx,
        article: i64,
        topics: &[i64],
        numbering: Numbering,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let existing: Vec<Filing> = tx.all(&OF_ARTICLE, args![article]).await?;
        let mut changed = 0;
        for &topic in topics.iter().filter(|topic| !existing.iter().any(|e| e.topic == **topic)) {
            let (position, number_at, held_for) = match numbering {
                Numbering::Now => (Some(self.0.give()), None, None),
                Numbering::At(at) => (None, Some(at), None),
                Numbering::Never => (None, None, None),
                Numbering::Held(feed) => (None, None, Some(feed)),
            };
            changed += tx.exec(&FILE, args![article, topic, position, number_at, held_for, now]).await?;
        }
        for bare in existing.iter().filter(|e| e.position.is_none() && e.number_at.is_none()) {
            changed += match numbering {
                Numbering::Now => tx.exec(&NUMBER, args![article, bare.topic, self.0.give()]).await?,
                Numbering::At(at) => tx.exec(&NUMBER_LATER, args![article, bare.topic, at]).await?,
                Numbering::Never => 0,
                Numbering::Held(feed) => tx.exec(&HOLD, args![article, bare.topic, feed]).await?,
            };
        }
        Ok(changed > 0 && matches!(numbering, Numbering::Held(_)))
    }

    /// Ends the numbering; how many were given.
    pub async fn put_back(self, tx: &mut Tx) -> Result<usize, Error> {
        let given = self.0.given();
        self.0.put_back(tx).await?;
        Ok(given as usize)
    }
}

/// Gives positions to what was held back long enough.
pub async fn number_ripe(tx: &mut Tx, now: DateTime<Utc>) -> Result<usize, Error> {
    let mut positions = Positions::take(tx).await?;
    for (article, topic) in tx.all::<(i64, i64)>(&RIPE, args![now]).await? {
        tx.exec(&NUMBER, args![article, topic, positions.give()]).await?;
    }
    let given = positions.given();
    positions.put_back(tx).await?;
    Ok(given as usize)
}

/// Gives positions to a batch of what is held for a feed, in the order in which the feed had it. How many; 0: that was all.
pub(super) async fn number_held(tx: &mut Tx, feed: i64) -> Result<usize, Error> {
    let mut positions = Positions::take(tx).await?;
    let held: Vec<(i64, i64)> = tx.all(&HELD, args![feed]).await?;
    for (article, topic) in &held {
        tx.exec(&NUMBER, args![*article, *topic, positions.give()]).await?;
    }
    positions.put_back(tx).await?;
    Ok(held.len())
}

/// Leaves a batch of what is held for a feed to the archive. How many; 0: that was all.
pub(super) async fn archive_held(tx: &mut Tx, feed: i64) -> Result<usize, Error> {
    let held: Vec<(i64, i64)> = tx.all(&HELD, args![feed]).await?;
    for (article, topic) in &held {
        tx.exec(&ARCHIVE, args![*article, *topic]).await?;
    }
    Ok(held.len())
}

/// Files under a topic's successor what was filed under the topic after `bound`, in the same order, a batch of it. How
/// much; 0: all is there.
pub(super) async fn inherit_some(
    tx: &mut Tx,
    (old, successor): (i64, i64),
    bound: i64,
    now: DateTime<Utc>,
) -> Result<usize, Error> {
    let mut positions = Positions::take(tx).await?;
    let rows: Vec<(i64, Option<i64>, Option<i64>, bool)> = tx.all(&TO_INHERIT, args![old, successor, bound]).await?;
    for (article, number_at, held_for, is_there) in &rows {
        let position = if number_at.is_none() && held_for.is_none() { Some(positions.give()) } else { None };
        if *is_there {
            tx.exec(&NUMBER, args![*article, successor, position]).await?;
        } else {
            tx.exec(&FILE, args![*article, successor, position, *number_at, *held_for, now]).await?;
        }
    }
    positions.put_back(tx).await?;
    Ok(rows.len())
}

pub async fn of_article(store: &super::Store, article: i64) -> Result<Vec<Filing>, Error> {
    store.db.all(&OF_ARTICLE, args![article]).await
}

/// When the next filing that is held back gets its position.
pub async fn next_ripe(store: &super::Store) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(store.db.one::<(Option<DateTime<Utc>>,)>(&NEXT_RIPE, args![]).await?.0)
}

struct Filed {
    article: i64,
    language: Option<Language>,
    pinned_at: Option<i64>,
    withdrawn_at: Option<i64>,
    seen_at: i64,
    facet: String,
    topic: i64,
    replaced_by: Option<i64>,
    position: Option<i64>,
    number_at: Option<i64>,
}
record!(Filed { article, language, pinned_at, withdrawn_at, seen_at, facet, topic, replaced_by, position, number_at });

/// Every article with a filing in (lower, upper], with all its filings.
pub async fn window(tx: &mut Tx, lower: i64, upper: i64) -> Result<Vec<Candidate>, Error> {
    Ok(candidates(tx.all(&WINDOW, args![lower, upper]).await?))
}

/// Every article first seen after `then`, with all its filings.
pub async fn seen_after(tx: &mut Tx, then: DateTime<Utc>) -> Result<Vec<Candidate>, Error> {
    Ok(candidates(tx.all(&SEEN_AFTER, args![then]).await?))
}

/// These articles, with all their filings.
pub async fn of_articles(tx: &mut Tx, articles: &[i64]) -> Result<Vec<Candidate>, Error> {
    Ok(candidates(tx.all(&OF_ARTICLES, args![articles]).await?))
}

fn candidates(rows: Vec<Filed>) -> Vec<Candidate> {
    let mut found: HashMap<i64, Candidate> = HashMap::new();
    for row in rows {
        let candidate = found.entry(row.article).or_insert_with(|| Candidate {
            article: row.article,
            language: row.language.clone(),
            pinned: row.pinned_at.is_some(),
            withdrawn: row.withdrawn_at.is_some(),
            seen_at: row.seen_at,
            topics: vec![],
            inherited: vec![],
            regions: vec![],
        });
        match (row.facet.as_str(), row.position, row.number_at) {
            ("topic", Some(position), _) => {
                candidate.topics.push((row.topic, position));
                candidate.inherited.extend(row.replaced_by.map(|successor| (successor, position)));
            }
            // Under a region's successor it counts from when it counted under the region. Filed there for the archive
            // only, it delays nothing.
            ("region", position, None) => {
                let regions = iter::once(row.topic).chain(row.replaced_by);
                candidate.regions.extend(regions.map(|region| (region, position.unwrap_or(0))));
            }
            _ => {}
        }
    }
    found.values_mut().for_each(inherit);
    found.into_values().collect()
}

/// What was not filed under the successor anew, since it lies before what anybody was still due, may be owed there.
fn inherit(candidate: &mut Candidate) {
    for (successor, position) in &candidate.inherited {
        if candidate.topics.iter().all(|(topic, _)| topic != successor) {
            candidate.topics.push((*successor, *position));
        }
    }
}

/// How many articles have been filed under topics after a position, and not withdrawn.
pub async fn new_after(store: &Store, position: i64) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&NEW_AFTER, args![position]).await?.0)
}
