//! Bringing the database in line with what the configuration declares: by slug; what disappears is retired.

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements};
use super::{Error, Store, Tx, setting};
use crate::model::declaration::Declaration;
use crate::model::slug::Slug;
use crate::model::topic::Facet;

statements! {
    FEEDS = same("SELECT slug FROM feed WHERE retired_at IS NULL");
    PUT_FEED = same(
        "INSERT INTO feed (slug, url, language, next_check_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (slug) DO UPDATE SET url = excluded.url, language = excluded.language, retired_at = NULL,
             next_check_at = CASE WHEN feed.url = excluded.url AND feed.retired_at IS NULL THEN feed.next_check_at ELSE excluded.next_check_at END,
             etag = CASE WHEN feed.url = excluded.url THEN feed.etag END,
             last_modified = CASE WHEN feed.url = excluded.url THEN feed.last_modified END,
             body_hash = CASE WHEN feed.url = excluded.url THEN feed.body_hash END,
             gone_at = CASE WHEN feed.url = excluded.url THEN feed.gone_at END,
             adopted_url = CASE WHEN feed.url = excluded.url THEN feed.adopted_url END",
    );
    RETIRE_FEED = same("UPDATE feed SET retired_at = $2 WHERE slug = $1 AND retired_at IS NULL");
    TOPICS = same("SELECT id, facet, slug FROM topic WHERE retired_at IS NULL ORDER BY facet, rank");
    PUT_TOPIC = same(
        "INSERT INTO topic (facet, slug, rank) VALUES ($1, $2, $3)
         ON CONFLICT (facet, slug) DO UPDATE SET rank = excluded.rank, retired_at = NULL",
    );
    RETIRE_TOPIC = same("UPDATE topic SET retired_at = $2 WHERE id = $1");
    TOPIC_READERS = same("SELECT count(*) FROM subscription WHERE topic = $1 AND state <> 'ended'");
    REGION_READERS = same(
        "SELECT count(*) FROM subscriber_region r WHERE r.region = $1
         AND EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber = r.subscriber AND s.state <> 'ended')",
    );
    FREQUENCIES = same("SELECT id, slug, cron, hour_choice, approve FROM frequency WHERE retired_at IS NULL ORDER BY rank");
    PUT_FREQUENCY = same(
        "INSERT INTO frequency (slug, cron, hour_choice, approve, rank) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (slug) DO UPDATE SET cron = excluded.cron, hour_choice = excluded.hour_choice, approve = excluded.approve,
             rank = excluded.rank, retired_at = NULL",
    );
    /// Another expression means other firings: each slot of it is scheduled anew. The cut-off stays.
    RESCHEDULE = same(
        "UPDATE slot SET next_run_at = NULL WHERE frequency IN (SELECT id FROM frequency WHERE slug = $1 AND cron <> $2)",
    );
    RETIRE_FREQUENCY = same("UPDATE frequency SET retired_at = $2 WHERE id = $1");
    FREQUENCY_READERS = same("SELECT count(*) FROM subscription WHERE frequency = $1 AND state <> 'ended'");
}

#[derive(Debug, Clone)]
pub struct Topic {
    pub id: i64,
    pub facet: Facet,
    pub slug: Slug,
}
record!(Topic { id, facet, slug });

impl super::sql::Cell for Facet {
    fn of(row: &super::sql::Row, i: usize) -> Result<Self, Error> {
        match String::of(row, i)?.as_str() {
            "topic" => Ok(Self::Topic),
            "region" => Ok(Self::Region),
            other => Err(Error::unreadable(i, other.to_owned())),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Frequency {
    pub id: i64,
    pub slug: Slug,
    pub cron: String,
    pub hour_choice: bool,
    pub approve: bool,
}
record!(Frequency { id, slug, cron, hour_choice, approve });

/// Why a text is not adopted: readers hold what it no longer has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StillHeld {
    pub what: &'static str,
    pub slug: String,
    pub readers: i64,
    /// What has changed about it, as it follows the slug in a sentence.
    pub change: &'static str,
}

fn facet_name(facet: Facet) -> &'static str {
    match facet {
        Facet::Topic => "topic",
        Facet::Region => "region",
    }
}

pub async fn topics(store: &Store) -> Result<Vec<Topic>, Error> {
    store.db.all(&TOPICS, args![]).await
}

pub async fn frequencies(store: &Store) -> Result<Vec<Frequency>, Error> {
    store.db.all(&FREQUENCIES, args![]).await
}

/// Brings the database in line with the text, unless readers hold what it dropped: then nothing is changed.
pub async fn adopt(tx: &mut Tx, text: &Declaration, now: DateTime<Utc>) -> Result<Vec<StillHeld>, Error> {
    if setting::get_in(tx, "fingerprint").await?.as_deref() == Some(&text.fingerprint) {
        return Ok(vec![]);
    }
    let mut held = adopt_topics(tx, text, now).await?;
    held.extend(adopt_frequencies(tx, text, now).await?);
    if !held.is_empty() {
        return Ok(held);
    }
    adopt_feeds(tx, text, now).await?;
    setting::put(tx, "fingerprint", &text.fingerprint).await?;
    Ok(vec![])
}

async fn adopt_feeds(tx: &mut Tx, text: &Declaration, now: DateTime<Utc>) -> Result<(), Error> {
    for (slug,) in tx.all::<(String,)>(&FEEDS, args![]).await? {
        if !text.feeds.iter().any(|feed| feed.slug.as_str() == slug) {
            tx.exec(&RETIRE_FEED, args![&slug, now]).await?;
        }
    }
    for feed in &text.feeds {
        let language = feed.language.as_ref().map(|l| l.as_str());
        // A feed that is new, or has a new address, is due whatever the clock says.
        tx.exec(&PUT_FEED, args![feed.slug.as_str(), &feed.url, language, DateTime::UNIX_EPOCH]).await?;
    }
    Ok(())
}

async fn adopt_topics(tx: &mut Tx, text: &Declaration, now: DateTime<Utc>) -> Result<Vec<StillHeld>, Error> {
    let mut held = Vec::new();
    for topic in tx.all::<Topic>(&TOPICS, args![]).await? {
        if text.topics.iter().any(|(facet, slug)| (*facet, slug) == (topic.facet, &topic.slug)) {
            continue;
        }
        let count = if topic.facet == Facet::Region { &REGION_READERS } else { &TOPIC_READERS };
        let (readers,): (i64,) = tx.one(count, args![topic.id]).await?;
        if readers > 0 {
            let what = facet_name(topic.facet);
            held.push(StillHeld { what, slug: topic.slug.to_string(), readers, change: "is no longer in it" });
        }
        tx.exec(&RETIRE_TOPIC, args![topic.id, now]).await?;
    }
    for (rank, (facet, slug)) in text.topics.iter().enumerate() {
        tx.exec(&PUT_TOPIC, args![facet_name(*facet), slug.as_str(), rank as i64]).await?;
    }
    Ok(held)
}

async fn adopt_frequencies(tx: &mut Tx, text: &Declaration, now: DateTime<Utc>) -> Result<Vec<StillHeld>, Error> {
    let mut held = Vec::new();
    for row in tx.all::<Frequency>(&FREQUENCIES, args![]).await? {
        let stays = text.frequencies.iter().find(|frequency| frequency.slug == row.slug);
        let change = match stays {
            None => "is no longer in it",
            Some(frequency) if frequency.hour_choice != row.hour_choice => "has another `hour_choice`",
            Some(_) => continue,
        };
        let (readers,): (i64,) = tx.one(&FREQUENCY_READERS, args![row.id]).await?;
        if readers > 0 {
            held.push(StillHeld { what: "frequency", slug: row.slug.to_string(), readers, change });
        }
        if stays.is_none() {
            tx.exec(&RETIRE_FREQUENCY, args![row.id, now]).await?;
        }
    }
    for (rank, frequency) in text.frequencies.iter().enumerate() {
        tx.exec(&RESCHEDULE, args![frequency.slug.as_str(), &frequency.cron]).await?;
        let rank = rank as i64;
        let values = args![frequency.slug.as_str(), &frequency.cron, frequency.hour_choice, frequency.approve, rank];
        tx.exec(&PUT_FREQUENCY, values).await?;
    }
    Ok(held)
}
