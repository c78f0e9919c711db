//! Entries as feeds show them, and how they get here: first sightings become articles and filings; later ones only keep them
//! fresh.
//!
//! An identity is never forgotten, whether its feed fails, shows it no more, or is not declared for a year: what came back
//! would be news again, and a row is small.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::filing::{Numbering, Numbers};
use super::sql::{args, same, statements, two};
use super::{Error, Tx};
use crate::model::article::Story;
use crate::model::language::Language;

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
    /// By what it is told apart by now. It was seen first when it was seen first.
    SIGHT_ANEW = same(
        "INSERT INTO sighting (feed, identity, article, first_seen_at, last_seen_at, text_hash)
         SELECT feed, $3, article, first_seen_at, $4, $5 FROM sighting WHERE feed = $1 AND identity = $2",
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
    SHOWN_ELSEWISE = same("SELECT EXISTS (SELECT 1 FROM sighting WHERE feed = $1 AND article = $2 AND text_hash <> $3)");
    /// What a feed has shown: the articles, and the texts it had for them.
    SHOWN = same("SELECT article, text_hash FROM sighting WHERE feed = $1");
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
    /// Articles that wait for somebody to release their feed.
    pub held: usize,
}

/// What a feed's document has, beside what is known of it: to be kept in the transaction of the caller.
pub struct Keeping<'a> {
    feed: i64,
    sightings: &'a [Sighting],
    numbers: Numbers,
    known: Known,
    by_link: HashMap<String, i64>,
}

/// By identity: the article, and the hash of the text that this feed had for it.
type Known = HashMap<String, (i64, Vec<u8>)>;

impl<'a> Keeping<'a> {
    /// Positions are taken first, so two feeds with the same articles neither deadlock nor number twice.
    pub async fn begin(tx: &mut Tx, feed: i64, sightings: &'a [Sighting]) -> Result<Self, Error> {
        let numbers = Numbers::take(tx).await?;
        let known = sighted(tx, feed, sightings).await?;
        let by_link = by_link(tx, sightings).await?;
        Ok(Self { feed, sightings, numbers, known, by_link })
    }

    /// Those that this feed has not shown before.
    pub fn news(&self) -> impl Iterator<Item = &'a Sighting> {
        self.sightings.iter().filter(|sighting| self.known_as(sighting).is_none())
    }

    /// Nothing in it was known.
    pub fn has_only_news(&self) -> bool {
        self.news().count() == self.sightings.len()
    }

    /// How many of the news this feed has shown before, as something else: under the same link, or in the same words.
    pub async fn familiar(&self, tx: &mut Tx) -> Result<usize, Error> {
        let shown: Vec<(i64, Vec<u8>)> = tx.all(&SHOWN, args![self.feed]).await?;
        let (articles, texts): (HashSet<i64>, HashSet<Vec<u8>>) = shown.into_iter().unzip();
        let linked = |sighting: &Sighting| sighting.canonical_link.as_ref().and_then(|link| self.by_link.get(link));
        let is_familiar = |sighting: &&Sighting| {
            texts.contains(&sighting.text_hash) || linked(sighting).is_some_and(|article| articles.contains(article))
        };
        Ok(self.news().filter(is_familiar).count())
    }

    /// Keeps all of it; `numbering` says of each sighting, by its place, whether it is news.
    pub async fn end(
        mut self,
        tx: &mut Tx,
        numbering: impl Fn(usize) -> Numbering,
        now: DateTime<Utc>,
    ) -> Result<Kept, Error> {
        let mut kept = Kept::default();
        let mut again = Vec::new();
        // Feeds have their newest entry first, and their dates lie: numbered from the end, the newest gets the last number.
        for (i, sighting) in self.sightings.iter().enumerate().rev() {
            match self.known_as(sighting) {
                Some(identity) if identity == sighting.identity => {
                    again.push(identity);
                    self.see_again(tx, sighting, now).await?;
                }
                Some(former) => {
                    let values = args![self.feed, former, &sighting.identity, now, &sighting.text_hash];
                    tx.exec(&SIGHT_ANEW, values).await?;
                }
                None => self.see_first(tx, sighting, numbering(i), &mut kept, now).await?,
            }
        }
        if !again.is_empty() {
            tx.exec(&SEEN_AGAIN, args![self.feed, &json(&again), now]).await?;
        }
        kept.numbered = self.numbers.put_back(tx).await?;
        Ok(kept)
    }

    /// By what this feed has shown it before.
    fn known_as(&self, sighting: &'a Sighting) -> Option<&'a str> {
        let both = [Some(&sighting.identity), sighting.former.as_ref()];
        both.into_iter().flatten().find(|identity| self.known.contains_key(*identity)).map(String::as_str)
    }

    /// Only a change in this feed is a correction; that another feed says it differently is not.
    async fn see_again(&self, tx: &mut Tx, sighting: &Sighting, now: DateTime<Utc>) -> Result<(), Error> {
        let (article, text_hash) = &self.known[&sighting.identity];
        if *text_hash != sighting.text_hash {
            refresh(tx, *article, &sighting.story, now).await?;
            tx.exec(&REHASH, args![self.feed, &sighting.identity, &sighting.text_hash]).await?;
        }
        Ok(())
    }

    async fn see_first(
        &mut self,
        tx: &mut Tx,
        sighting: &Sighting,
        numbering: Numbering,
        kept: &mut Kept,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let here_already = sighting.canonical_link.as_ref().and_then(|link| self.by_link.get(link)).copied();
        let article = match here_already {
            Some(article) => {
                // Some give an entry a new guid with each change of it.
                let values = args![self.feed, article, &sighting.text_hash];
                if tx.one::<(bool,)>(&SHOWN_ELSEWISE, values).await?.0 {
                    refresh(tx, article, &sighting.story, now).await?;
                }
                article
            }
            None => {
                kept.new += 1;
                add(tx, sighting, now).await?
            }
        };
        if let Some(link) = &sighting.canonical_link {
            self.by_link.insert(link.clone(), article);
        }
        tx.exec(&SIGHT, args![self.feed, &sighting.identity, article, now, &sighting.text_hash]).await?;
        let held = self.numbers.file(tx, article, &sighting.topics, numbering, now).await?;
        kept.held += usize::from(held);
        Ok(())
    }
}

fn json(texts: &[&str]) -> String {
    serde_json::to_string(texts).expect("strings always serialise")
}

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
