//! What the configuration declares, as the database has it: by slug; what disappears is retired.

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements};
use super::{Error, Store, Tx};
use crate::model::declaration::Declaration;
use crate::model::slug::Slug;
use crate::model::topic::Facet;

statements! {
    FEEDS = same("SELECT slug, url FROM feed WHERE retired_at IS NULL");
    /// With all that it has shown. Not where another feed has had the name.
    RENAME_FEED = same("UPDATE feed SET slug = $2 WHERE slug = $1 AND NOT EXISTS (SELECT 1 FROM feed n WHERE n.slug = $2)");
    PUT_FEED = same(
        "INSERT INTO feed (slug, url, language, next_check_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (slug) DO UPDATE SET url = excluded.url, language = excluded.language, retired_at = NULL,
             next_check_at = CASE WHEN feed.url = excluded.url AND feed.retired_at IS NULL THEN feed.next_check_at ELSE excluded.next_check_at END,
             etag = CASE WHEN feed.url = excluded.url THEN feed.etag END,
             last_modified = CASE WHEN feed.url = excluded.url THEN feed.last_modified END,
             body_hash = CASE WHEN feed.url = excluded.url THEN feed.body_hash END,
             ttl_minutes = CASE WHEN feed.url = excluded.url THEN feed.ttl_minutes END,
             gone_at = CASE WHEN feed.url = excluded.url THEN feed.gone_at END,
             missing_since = CASE WHEN feed.url = excluded.url THEN feed.missing_since END,
             moved_to = CASE WHEN feed.url = excluded.url THEN feed.moved_to END,
             moved_since = CASE WHEN feed.url = excluded.url THEN feed.moved_since END,
             adopted_url = CASE WHEN feed.url = excluded.url THEN feed.adopted_url END",
    );
    RETIRE_FEED = same("UPDATE feed SET retired_at = $2 WHERE slug = $1 AND retired_at IS NULL");
    TOPICS = same("SELECT id, facet, slug FROM topic WHERE retired_at IS NULL ORDER BY facet, rank");
    ALL_TOPICS = same("SELECT id, facet, slug FROM topic ORDER BY facet, rank, id");
    PUT_TOPIC = same(
        "INSERT INTO topic (facet, slug, rank) VALUES ($1, $2, $3)
         ON CONFLICT (facet, slug) DO UPDATE SET rank = excluded.rank, retired_at = NULL, replaced_by = NULL",
    );
    RETIRE_TOPIC = same(
        "UPDATE topic SET retired_at = coalesce(retired_at, $3), replaced_by = (SELECT n.id FROM topic n WHERE n.facet = topic.facet AND n.slug = $2)
         WHERE id = $1",
    );
    /// A successor that is itself replaced passes on what it took over.
    PASS_TOPICS_ON = same(
        "UPDATE topic SET replaced_by = (SELECT n.replaced_by FROM topic n WHERE n.id = topic.replaced_by)
         WHERE replaced_by IN (SELECT n.id FROM topic n WHERE n.replaced_by IS NOT NULL)",
    );
    TOPIC_NOW = same(
        "SELECT n.id, n.facet, n.slug FROM topic t JOIN topic n ON n.id = coalesce(t.replaced_by, t.id) WHERE t.facet = $1 AND t.slug = $2",
    );
    TOPIC_READERS = same("SELECT count(*) FROM subscription WHERE topic = $1 AND state <> 'ended'");
    REGION_READERS = same(
        "SELECT count(*) FROM subscriber_region r WHERE r.region = $1
         AND EXISTS (SELECT 1 FROM subscription s WHERE s.subscriber = r.subscriber AND s.state <> 'ended')",
    );
    FREQUENCIES = same("SELECT id, slug, cron, hour_choice, approve FROM frequency WHERE retired_at IS NULL ORDER BY rank");
    ALL_FREQUENCIES = same("SELECT id, slug, cron, hour_choice, approve FROM frequency ORDER BY rank, id");
    PUT_FREQUENCY = same(
        "INSERT INTO frequency (slug, cron, hour_choice, approve, rank) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (slug) DO UPDATE SET cron = excluded.cron, hour_choice = excluded.hour_choice, approve = excluded.approve,
             rank = excluded.rank, retired_at = NULL, replaced_by = NULL",
    );
    /// Another expression means other firings: each slot of it is scheduled anew. The cut-off stays.
    RESCHEDULE = same(
        "UPDATE slot SET next_run_at = NULL WHERE frequency IN (SELECT id FROM frequency WHERE slug = $1 AND cron <> $2)",
    );
    RETIRE_FREQUENCY = same(
        "UPDATE frequency SET retired_at = coalesce(retired_at, $3), replaced_by = (SELECT n.id FROM frequency n WHERE n.slug = $2) WHERE id = $1",
    );
    PASS_FREQUENCIES_ON = same(
        "UPDATE frequency SET replaced_by = (SELECT n.replaced_by FROM frequency n WHERE n.id = frequency.replaced_by)
         WHERE replaced_by IN (SELECT n.id FROM frequency n WHERE n.replaced_by IS NOT NULL)",
    );
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

/// Why a text is not adopted: readers hold what it no longer has, and it does not say what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StillHeld {
    /// topic, region or frequency
    pub what: &'static str,
    pub slug: String,
    pub readers: i64,
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

/// Those that were given up, too: what was mailed under them is still shown.
pub async fn all_topics(store: &Store) -> Result<Vec<Topic>, Error> {
    store.db.all(&ALL_TOPICS, args![]).await
}

/// The topic of this name, or the one that has replaced it.
pub async fn topic_now(store: &Store, facet: Facet, slug: &Slug) -> Result<Option<Topic>, Error> {
    store.db.opt(&TOPIC_NOW, args![facet_name(facet), slug.as_str()]).await
}

pub async fn frequencies(store: &Store) -> Result<Vec<Frequency>, Error> {
    store.db.all(&FREQUENCIES, args![]).await
}

pub async fn all_frequencies(store: &Store) -> Result<Vec<Frequency>, Error> {
    store.db.all(&ALL_FREQUENCIES, args![]).await
}

/// What the text no longer has though readers hold it, without a word on what becomes of them.
pub(super) async fn still_held(tx: &mut Tx, text: &Declaration) -> Result<Vec<StillHeld>, Error> {
    let mut held = Vec::new();
    for topic in tx.all::<Topic>(&TOPICS, args![]).await? {
        let is_named = text.topics.iter().any(|(facet, slug)| (*facet, slug) == (topic.facet, &topic.slug))
            || text.retired_topics.iter().any(|(facet, slug, _)| (*facet, slug) == (topic.facet, &topic.slug));
        if !is_named {
            let count = if topic.facet == Facet::Region { &REGION_READERS } else { &TOPIC_READERS };
            let (readers,) = tx.one(count, args![topic.id]).await?;
            held.push(StillHeld { what: facet_name(topic.facet), slug: topic.slug.to_string(), readers });
        }
    }
    for row in tx.all::<Frequency>(&FREQUENCIES, args![]).await? {
        let is_named = text.frequencies.iter().any(|frequency| frequency.slug == row.slug)
            || text.retired_frequencies.iter().any(|(slug, _)| *slug == row.slug);
        if !is_named {
            let (readers,) = tx.one(&FREQUENCY_READERS, args![row.id]).await?;
            held.push(StillHeld { what: "frequency", slug: row.slug.to_string(), readers });
        }
    }
    held.retain(|one| one.readers > 0);
    Ok(held)
}

/// Puts down what the text has. Who holds what it has no more is left to find out.
pub(super) async fn put(tx: &mut Tx, text: &Declaration, now: DateTime<Utc>) -> Result<(), Error> {
    put_feeds(tx, text, now).await?;
    put_topics(tx, text, now).await?;
    put_frequencies(tx, text, now).await
}

async fn put_feeds(tx: &mut Tx, text: &Declaration, now: DateTime<Utc>) -> Result<(), Error> {
    for (slug, url) in tx.all::<(String, String)>(&FEEDS, args![]).await? {
        if text.feeds.iter().any(|feed| feed.slug.as_str() == slug) {
            continue;
        }
        let renamed = match text.feeds.iter().find(|feed| feed.url == url) {
            Some(feed) => tx.exec(&RENAME_FEED, args![&slug, feed.slug.as_str()]).await?,
            None => 0,
        };
        if renamed == 0 {
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

async fn put_topics(tx: &mut Tx, text: &Declaration, now: DateTime<Utc>) -> Result<(), Error> {
    let dropped = tx.all::<Topic>(&TOPICS, args![]).await?;
    for (rank, (facet, slug)) in text.topics.iter().enumerate() {
        tx.exec(&PUT_TOPIC, args![facet_name(*facet), slug.as_str(), rank as i64]).await?;
    }
    for topic in dropped {
        if !text.topics.iter().any(|(facet, slug)| (*facet, slug) == (topic.facet, &topic.slug)) {
            tx.exec(&RETIRE_TOPIC, args![topic.id, None::<&str>, now]).await?;
        }
    }
    // Of one whose readers were moving when a kill came, the text may say something else by now.
    for topic in tx.all::<Topic>(&ALL_TOPICS, args![]).await? {
        let of_text = |(facet, slug, _): &&(Facet, Slug, _)| (*facet, slug) == (topic.facet, &topic.slug);
        if let Some((_, _, successor)) = text.retired_topics.iter().find(of_text) {
            tx.exec(&RETIRE_TOPIC, args![topic.id, successor.as_ref().map(Slug::as_str), now]).await?;
        }
    }
    tx.exec(&PASS_TOPICS_ON, args![]).await.map(drop)
}

async fn put_frequencies(tx: &mut Tx, text: &Declaration, now: DateTime<Utc>) -> Result<(), Error> {
    let dropped = tx.all::<Frequency>(&FREQUENCIES, args![]).await?;
    for (rank, frequency) in text.frequencies.iter().enumerate() {
        tx.exec(&RESCHEDULE, args![frequency.slug.as_str(), &frequency.cron]).await?;
        let rank = rank as i64;
        let values = args![frequency.slug.as_str(), &frequency.cron, frequency.hour_choice, frequency.approve, rank];
        tx.exec(&PUT_FREQUENCY, values).await?;
    }
    for row in dropped {
        if !text.frequencies.iter().any(|frequency| frequency.slug == row.slug) {
            tx.exec(&RETIRE_FREQUENCY, args![row.id, None::<&str>, now]).await?;
        }
    }
    for row in tx.all::<Frequency>(&ALL_FREQUENCIES, args![]).await? {
        if let Some((_, successor)) = text.retired_frequencies.iter().find(|(slug, _)| *slug == row.slug) {
            tx.exec(&RETIRE_FREQUENCY, args![row.id, successor.as_ref().map(Slug::as_str), now]).await?;
        }
    }
    tx.exec(&PASS_FREQUENCIES_ON, args![]).await.map(drop)
}
