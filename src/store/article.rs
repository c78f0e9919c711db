//! Articles, as they were kept: their texts, how they stand, and where they were seen.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx, setting};
use crate::model::article::{Image, Story};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;

statements! {
    TEXTS = two(
        "SELECT id, title, link, summary, image_url, image_alt, language, author, categories, published_at, corrected_title, corrected_summary
         FROM article WHERE id IN (SELECT value FROM json_each($1))",
        "SELECT id, title, link, summary, image_url, image_alt, language, author, categories, published_at, corrected_title, corrected_summary
         FROM article WHERE id = ANY($1)",
    );
    NEWEST_IN = two(
        "SELECT a.id FROM article a JOIN filing f ON f.article = a.id
         WHERE f.topic IN (SELECT value FROM json_each($1)) AND f.held_for IS NULL AND a.withdrawn_at IS NULL AND coalesce(a.language, $2) = $3
         GROUP BY a.id ORDER BY max(f.filed_at) DESC, a.id DESC LIMIT $4",
        "SELECT a.id FROM article a JOIN filing f ON f.article = a.id
         WHERE f.topic = ANY($1) AND f.held_for IS NULL AND a.withdrawn_at IS NULL AND coalesce(a.language, $2) = $3
         GROUP BY a.id ORDER BY max(f.filed_at) DESC, a.id DESC LIMIT $4",
    );
    COUNT = same("SELECT count(*) FROM article");
    WITHDRAWN = two(
        "SELECT id FROM article WHERE withdrawn_at IS NOT NULL AND id IN (SELECT value FROM json_each($1))",
        "SELECT id FROM article WHERE withdrawn_at IS NOT NULL AND id = ANY($1)",
    );
    PIN = same("UPDATE article SET pinned_at = $2, mark = $3 WHERE id = $1");
    MARKED_AFTER = same("SELECT mark, id, pinned_at IS NOT NULL, withdrawn_at IS NOT NULL FROM article WHERE mark > $1 ORDER BY mark");
    LISTED = same(
        "SELECT a.id, a.first_seen_at, coalesce(a.corrected_title, a.title), a.link, a.language, a.mailed, a.pinned_at, a.withdrawn_at,
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND (f.position IS NOT NULL OR f.number_at IS NOT NULL)),
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND f.held_for IS NOT NULL)
         FROM article a WHERE a.first_seen_at >= $2
         AND (CAST($1 AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND f.topic = $1))
         ORDER BY a.first_seen_at DESC, a.id DESC LIMIT $3",
    );
    BY_ID = same(
        "SELECT a.id, a.first_seen_at, coalesce(a.corrected_title, a.title), a.link, a.language, a.mailed, a.pinned_at, a.withdrawn_at,
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND (f.position IS NOT NULL OR f.number_at IS NOT NULL)),
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND f.held_for IS NOT NULL)
         FROM article a WHERE a.id = $1",
    );
    BY_CANONICAL_LINK = same(
        "SELECT a.id, a.first_seen_at, coalesce(a.corrected_title, a.title), a.link, a.language, a.mailed, a.pinned_at, a.withdrawn_at,
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND (f.position IS NOT NULL OR f.number_at IS NOT NULL)),
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND f.held_for IS NOT NULL)
         FROM article a WHERE a.canonical_link = $1",
    );
    NEWEST_OF_FEED = same(
        "SELECT s.article FROM sighting s JOIN feed f ON f.id = s.feed
         WHERE f.slug = $1 GROUP BY s.article ORDER BY max(s.first_seen_at) DESC, s.article DESC LIMIT $2",
    );
    SIGHTED_IN = same(
        "SELECT DISTINCT f.slug FROM sighting s JOIN feed f ON f.id = s.feed WHERE s.article = $1 ORDER BY f.slug",
    );
    FILED_UNDER = two(
        "SELECT f.article, t.facet, t.slug FROM filing f JOIN topic t ON t.id = f.topic
         WHERE f.article IN (SELECT value FROM json_each($1)) ORDER BY f.article, t.facet DESC, t.rank",
        "SELECT f.article, t.facet, t.slug FROM filing f JOIN topic t ON t.id = f.topic
         WHERE f.article = ANY($1) ORDER BY f.article, t.facet DESC, t.rank",
    );
}

/// Which text of an article is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// As it was, or will be, mailed.
    Mailed,
    /// With a later correction: for pages.
    Corrected,
}

/// An article for the operator's eyes.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: i64,
    pub first_seen_at: DateTime<Utc>,
    pub title: String,
    pub link: Option<String>,
    pub language: Option<Language>,
    /// It is in an edition: its text stands.
    pub mailed: bool,
    pub pinned_at: Option<DateTime<Utc>>,
    pub withdrawn_at: Option<DateTime<Utc>>,
    /// It is, or will be, news under some topic; else it is here for the archive only.
    pub counts: bool,
    /// Whether it is news waits for the release of its feed.
    pub held: bool,
}
record!(Listed { id, first_seen_at, title, link, language, mailed, pinned_at, withdrawn_at, counts, held });

impl Listed {
    /// In a word.
    pub fn state(&self) -> &'static str {
        match self {
            Self { withdrawn_at: Some(_), .. } => "withdrawn",
            Self { mailed: true, .. } => "mailed",
            Self { counts: true, .. } => "new",
            Self { held: true, .. } => "held",
            _ => "archive",
        }
    }
}

/// How an article stands after a withdrawal or a pin.
#[derive(Debug, Clone)]
pub struct Mark {
    /// In the order of these.
    pub number: i64,
    pub article: i64,
    pub pinned: bool,
    pub withdrawn: bool,
}
record!(Mark { number, article, pinned, withdrawn });

struct Texts {
    id: i64,
    title: String,
    link: Option<String>,
    summary: String,
    image_url: Option<String>,
    image_alt: Option<String>,
    language: Option<Language>,
    author: Option<String>,
    categories: String,
    published_at: Option<DateTime<Utc>>,
    corrected_title: Option<String>,
    corrected_summary: Option<String>,
}
record!(Texts {
    id,
    title,
    link,
    summary,
    image_url,
    image_alt,
    language,
    author,
    categories,
    published_at,
    corrected_title,
    corrected_summary,
});

impl Texts {
    fn story(self, version: Version) -> Result<Story, Error> {
        let categories = serde_json::from_str(&self.categories).map_err(|_| Error::unreadable(8, self.categories))?;
        let corrected = |text: String, correction: Option<String>| match version {
            Version::Mailed => text,
            Version::Corrected => correction.unwrap_or(text),
        };
        Ok(Story {
            title: corrected(self.title, self.corrected_title),
            link: self.link,
            summary: corrected(self.summary, self.corrected_summary),
            image: self.image_url.map(|url| Image { url, alt: self.image_alt }),
            language: self.language,
            author: self.author,
            categories,
            published_at: self.published_at,
        })
    }
}

/// The texts of these articles.
pub async fn stories(store: &Store, ids: &[i64], version: Version) -> Result<HashMap<i64, Story>, Error> {
    let rows: Vec<Texts> = store.db.all(&TEXTS, args![ids]).await?;
    rows.into_iter().map(|row| Ok((row.id, row.story(version)?))).collect()
}

/// The newest articles under any of these topics in a language; one without a language counts as the site's.
pub async fn newest_in(
    store: &Store,
    topics: &[i64],
    site: &Language,
    language: &Language,
    limit: i64,
) -> Result<Vec<i64>, Error> {
    let values = args![topics, site.as_str(), language.as_str(), limit];
    Ok(store.db.all::<(i64,)>(&NEWEST_IN, values).await?.into_iter().map(|(id,)| id).collect())
}

pub async fn count(store: &Store) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&COUNT, args![]).await?.0)
}

/// Which of these were withdrawn: their text is shown nowhere.
pub async fn withdrawn(store: &Store, ids: &[i64]) -> Result<HashSet<i64>, Error> {
    Ok(store.db.all::<(i64,)>(&WITHDRAWN, args![ids]).await?.into_iter().map(|(id,)| id).collect())
}

/// Pinned, it stands first in its section in runs from now on; None: no longer.
pub async fn pin(tx: &mut Tx, id: i64, pinned_at: Option<DateTime<Utc>>) -> Result<(), Error> {
    let mark = setting::next_mark(tx).await?;
    tx.exec(&PIN, args![id, pinned_at, mark]).await.map(drop)
}

/// What was withdrawn, pinned or let go of after this number.
pub async fn marked_after(tx: &mut Tx, mark: i64) -> Result<Vec<Mark>, Error> {
    tx.all(&MARKED_AFTER, args![mark]).await
}

/// The newest first; with a topic, those filed under it.
pub async fn list(store: &Store, topic: Option<i64>, since: DateTime<Utc>, limit: i64) -> Result<Vec<Listed>, Error> {
    store.db.all(&LISTED, args![topic, since, limit]).await
}

pub async fn by_id(store: &Store, id: i64) -> Result<Option<Listed>, Error> {
    store.db.opt(&BY_ID, args![id]).await
}

pub async fn by_canonical_link(store: &Store, link: &str) -> Result<Option<Listed>, Error> {
    store.db.opt(&BY_CANONICAL_LINK, args![link]).await
}

/// The newest articles that were seen in a feed.
pub async fn newest_of_feed(store: &Store, feed: &Slug, limit: i64) -> Result<Vec<i64>, Error> {
    let newest = store.db.all::<(i64,)>(&NEWEST_OF_FEED, args![feed.as_str(), limit]).await?;
    Ok(newest.into_iter().map(|(id,)| id).collect())
}

/// The feeds in which an article was seen.
pub async fn sighted_in(store: &Store, id: i64) -> Result<Vec<Slug>, Error> {
    Ok(store.db.all::<(Slug,)>(&SIGHTED_IN, args![id]).await?.into_iter().map(|(feed,)| feed).collect())
}

/// The topics and regions that these are filed under, article by article.
pub async fn filed_under(store: &Store, ids: &[i64]) -> Result<Vec<(i64, Facet, Slug)>, Error> {
    store.db.all(&FILED_UNDER, args![ids]).await
}
