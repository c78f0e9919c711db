//! Articles and how they got here: first sightings become articles and filings; later ones only keep them fresh.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::filing::{self, Numbering};
use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx, setting};
use crate::model::article::{Image, Story};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;

statements! {
    SIGHTED = two(
        "SELECT identity, article, text_hash FROM sighting WHERE feed = $1 AND identity IN (SELECT value FROM json_each($2))",
        // json_each is jsonb_array_elements_text there
        "SELECT identity, article, text_hash FROM sighting WHERE feed = $1 AND identity IN (SELECT jsonb_array_elements_text($2::text::jsonb))",
    );
    BY_LINK = two(
        "SELECT canonical_link, id FROM article WHERE canonical_link IN (SELECT value FROM json_each($1))",
        "SELECT canonical_link, id FROM article WHERE canonical_link IN (SELECT jsonb_array_elements_text($1::text::jsonb))",
    );
    ADD = same(
        "INSERT INTO article (canonical_link, title, link, summary, image_url, image_alt, language, author, categories, published_at, first_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id",
    );
    SIGHT = same(
        "INSERT INTO sighting (feed, identity, article, first_seen_at, last_seen_at, text_hash) VALUES ($1, $2, $3, $4, $4, $5)",
    );
    REHASH = same("UPDATE sighting SET text_hash = $3 WHERE feed = $1 AND identity = $2");
    SEEN_AGAIN = two(
        "UPDATE sighting SET last_seen_at = $3 WHERE feed = $1 AND identity IN (SELECT value FROM json_each($2))",
        "UPDATE sighting SET last_seen_at = $3 WHERE feed = $1 AND identity IN (SELECT jsonb_array_elements_text($2::text::jsonb))",
    );
    /// Until it is in an edition, the text follows the feed.
    FOLLOW = same(
        "UPDATE article SET title = $2, summary = $3 WHERE id = $1 AND NOT mailed AND (title <> $2 OR summary <> $3)",
    );
    /// From then on it stands, and a correction is kept beside it.
    CORRECT = same(
        "UPDATE article SET corrected_title = $2, corrected_summary = $3, corrected_at = $4
         WHERE id = $1 AND mailed AND (coalesce(corrected_title, title) <> $2 OR coalesce(corrected_summary, summary) <> $3)",
    );
    TEXTS = two(
        "SELECT id, title, link, summary, image_url, image_alt, language, author, categories, published_at, corrected_title, corrected_summary
         FROM article WHERE id IN (SELECT value FROM json_each($1))",
        "SELECT id, title, link, summary, image_url, image_alt, language, author, categories, published_at, corrected_title, corrected_summary
         FROM article WHERE id = ANY($1)",
    );
    NEWEST_IN = two(
        "SELECT a.id FROM article a JOIN filing f ON f.article = a.id
         WHERE f.topic IN (SELECT value FROM json_each($1)) AND a.withdrawn_at IS NULL AND coalesce(a.language, $2) = $3
         GROUP BY a.id ORDER BY max(f.filed_at) DESC, a.id DESC LIMIT $4",
        "SELECT a.id FROM article a JOIN filing f ON f.article = a.id
         WHERE f.topic = ANY($1) AND a.withdrawn_at IS NULL AND coalesce(a.language, $2) = $3
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
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND (f.position IS NOT NULL OR f.number_at IS NOT NULL))
         FROM article a WHERE a.first_seen_at >= $2
         AND (CAST($1 AS BIGINT) IS NULL OR EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND f.topic = $1))
         ORDER BY a.first_seen_at DESC, a.id DESC LIMIT $3",
    );
    BY_ID = same(
        "SELECT a.id, a.first_seen_at, coalesce(a.corrected_title, a.title), a.link, a.language, a.mailed, a.pinned_at, a.withdrawn_at,
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND (f.position IS NOT NULL OR f.number_at IS NOT NULL))
         FROM article a WHERE a.id = $1",
    );
    BY_CANONICAL_LINK = same(
        "SELECT a.id, a.first_seen_at, coalesce(a.corrected_title, a.title), a.link, a.language, a.mailed, a.pinned_at, a.withdrawn_at,
            EXISTS (SELECT 1 FROM filing f WHERE f.article = a.id AND (f.position IS NOT NULL OR f.number_at IS NOT NULL))
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

/// An entry as it was sighted in a feed: cleaned, told apart, and matched with the rules.
#[derive(Debug, Clone)]
pub struct Sighting {
    pub identity: String,
    /// What it was told apart by before its feed had to be read more carefully, if that was another.
    pub former: Option<String>,
    pub canonical_link: Option<String>,
    pub story: Story,
    /// Of the title and summary that this feed has for it.
    pub text_hash: Vec<u8>,
    /// Topics and regions it belongs to, if this is its first sighting in this feed.
    pub topics: Vec<i64>,
}

/// What a document brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Articles that nobody had seen.
    pub new: usize,
    /// Filings that got a position now.
    pub numbered: usize,
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
}
record!(Listed { id, first_seen_at, title, link, language, mailed, pinned_at, withdrawn_at, counts });

impl Listed {
    /// In a word.
    pub fn state(&self) -> &'static str {
        match self {
            Self { withdrawn_at: Some(_), .. } => "withdrawn",
            Self { mailed: true, .. } => "mailed",
            Self { counts: true, .. } => "new",
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

/// Keeps what a feed's document has: articles, sightings, filings, in the transaction of the caller. Positions are
/// taken first, so two feeds with the same articles neither deadlock nor number twice.
pub async fn keep(
    tx: &mut Tx,
    feed: i64,
    sightings: &[Sighting],
    numbering: impl Fn(usize) -> Numbering,
    now: DateTime<Utc>,
) -> Result<Kept, Error> {
    let mut numbers = filing::Numbers::take(tx).await?;
    let known = sighted(tx, feed, sightings).await?;
    let mut by_link = by_link(tx, sightings).await?;
    let mut kept = Kept::default();

    let mut again = Vec::new();
    // Feeds have their newest entry first, and their dates lie: numbered from the end, the newest gets the last number.
    for (i, sighting) in sightings.iter().enumerate().rev() {
        if let Some((article, text_hash)) = known.get(&sighting.identity) {
            again.push(sighting.identity.as_str());
            // Only a change in this feed is a correction; that another feed says it differently is not.
            if *text_hash != sighting.text_hash {
                refresh(tx, *article, &sighting.story, now).await?;
                tx.exec(&REHASH, args![feed, &sighting.identity, &sighting.text_hash]).await?;
            }
            continue;
        }
        if let Some((article, _)) = sighting.former.as_ref().and_then(|former| known.get(former)) {
            tx.exec(&SIGHT, args![feed, &sighting.identity, *article, now, &sighting.text_hash]).await?;
            continue;
        }
        let here_already = sighting.canonical_link.as_ref().and_then(|link| by_link.get(link)).copied();
        let article = match here_already {
            Some(article) => article,
            None => {
                kept.new += 1;
                add(tx, sighting, now).await?
            }
        };
        if let Some(link) = &sighting.canonical_link {
            by_link.insert(link.clone(), article);
        }
        tx.exec(&SIGHT, args![feed, &sighting.identity, article, now, &sighting.text_hash]).await?;
        numbers.file(tx, article, &sighting.topics, numbering(i), now).await?;
    }
    if !again.is_empty() {
        tx.exec(&SEEN_AGAIN, args![feed, &json(&again), now]).await?;
    }
    kept.numbered = numbers.put_back(tx).await?;
    Ok(kept)
}

fn json(texts: &[&str]) -> String {
    serde_json::to_string(texts).expect("strings always serialise")
}

/// By identity: the article, and the hash of the text that this feed had for it.
type Known = HashMap<String, (i64, Vec<u8>)>;

async fn sighted(tx: &mut Tx, feed: i64, sightings: &[Sighting]) -> Result<Known, Error> {
    let both = sightings.iter().flat_map(|s| [Some(&s.identity), s.former.as_ref()]).flatten();
    let identities: Vec<&str> = both.map(String::as_str).collect();
    let rows: Vec<(String, i64, Vec<u8>)> = tx.all(&SIGHTED, args![feed, &json(&identities)]).await?;
    Ok(rows.into_iter().map(|(identity, article, text_hash)| (identity, (article, text_hash))).collect())
}

async fn by_link(tx: &mut Tx, sightings: &[Sighting]) -> Result<HashMap<String, i64>, Error> {
    let links: Vec<&str> = sightings.iter().filter_map(|s| s.canonical_link.as_deref()).collect();
    Ok(tx.all::<(String, i64)>(&BY_LINK, args![&json(&links)]).await?.into_iter().collect())
}

async fn add(tx: &mut Tx, sighting: &Sighting, now: DateTime<Utc>) -> Result<i64, Error> {
    let story = &sighting.story;
    let image = story.image.as_ref();
    let categories = serde_json::to_string(&story.categories).expect("strings always serialise");
    let values = args![
        &sighting.canonical_link,
        &story.title,
        &story.link,
        &story.summary,
        image.map(|image| image.url.as_str()),
        image.and_then(|image| image.alt.as_deref()),
        story.language.as_ref().map(Language::as_str),
        &story.author,
        &categories,
        story.published_at,
        now,
    ];
    let (id,) = tx.one(&ADD, values).await?;
    Ok(id)
}

async fn refresh(tx: &mut Tx, article: i64, story: &Story, now: DateTime<Utc>) -> Result<(), Error> {
    if tx.exec(&FOLLOW, args![article, &story.title, &story.summary]).await? == 0 {
        tx.exec(&CORRECT, args![article, &story.title, &story.summary, now]).await?;
    }
    Ok(())
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
