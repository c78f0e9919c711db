//! Feeds that are held: what they had too much of at once waits, as filings without a position, for somebody to say what
//! becomes of it.

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx, filing};
use crate::model::slug::Slug;

statements! {
    /// Another daemon may be keeping a document of the same feed, or somebody releases it: whoever comes second sees what the
    /// first has done.
    STANDING = two(
        "SELECT first_fetched_at, last_success_at, held_since, damaged FROM feed WHERE id = $1",
        "SELECT first_fetched_at, last_success_at, held_since, damaged FROM feed WHERE id = $1 FOR UPDATE",
    );
    BATCHES = same(
        "SELECT first_seen_at, count(*) FROM sighting WHERE feed = $1 AND first_seen_at >= $2 GROUP BY first_seen_at ORDER BY count(*) DESC",
    );
    HAS_SHOWN = same("SELECT EXISTS (SELECT 1 FROM sighting WHERE feed = $1)");
    HOLD = same("UPDATE feed SET held_since = $2 WHERE id = $1 AND held_since IS NULL");
    LET_GO = same("UPDATE feed SET held_since = NULL WHERE id = $1");
    FIND = same(
        "SELECT id, (SELECT count(DISTINCT f.article) FROM filing f WHERE f.held_for = feed.id) FROM feed WHERE slug = $1",
    );
}

/// How a feed stands when a document of it is to be kept.
#[derive(Debug, Clone)]
pub struct Standing {
    /// None: it is fetched for the first time.
    pub first_fetched_at: Option<DateTime<Utc>>,
    pub last_success_at: Option<DateTime<Utc>>,
    pub held_since: Option<DateTime<Utc>>,
    /// What was wrong with the document before.
    pub damaged: Option<String>,
}
record!(Standing { first_fetched_at, last_success_at, held_since, damaged });

/// What becomes of what is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// It is news from now on.
    News,
    /// It is kept and shown, and never mailed.
    Archive,
}

/// The feed is locked from here on.
pub async fn standing(tx: &mut Tx, feed: i64) -> Result<Standing, Error> {
    tx.one(&STANDING, args![feed]).await
}

/// How much was new in this feed each time since then that something was; the most first.
pub async fn batches(tx: &mut Tx, feed: i64, since: DateTime<Utc>) -> Result<Vec<(DateTime<Utc>, i64)>, Error> {
    tx.all(&BATCHES, args![feed, since]).await
}

/// Whether it ever had an entry.
pub async fn has_shown(tx: &mut Tx, feed: i64) -> Result<bool, Error> {
    Ok(tx.one::<(bool,)>(&HAS_SHOWN, args![feed]).await?.0)
}

pub async fn hold(tx: &mut Tx, feed: i64, now: DateTime<Utc>) -> Result<(), Error> {
    tx.exec(&HOLD, args![feed, now]).await.map(drop)
}

/// The feed of this name, and how many articles it holds. Also one that is declared no more.
pub async fn find(store: &Store, slug: &Slug) -> Result<Option<(i64, i64)>, Error> {
    store.db.opt(&FIND, args![slug.as_str()]).await
}

/// Lets go of all that a feed holds, oldest first, a batch at a time: others wait for the position counter meanwhile.
pub async fn release(store: &Store, feed: i64, how: Release) -> Result<(), Error> {
    loop {
        let mut tx = store.begin().await?;
        standing(&mut tx, feed).await?;
        let released = match how {
            Release::News => filing::number_held(&mut tx, feed).await?,
            Release::Archive => filing::archive_held(&mut tx, feed).await?,
        };
        if released == 0 {
            tx.exec(&LET_GO, args![feed]).await?;
        }
        tx.commit().await?;
        if released == 0 {
            return Ok(());
        }
        store.let_others_in().await;
    }
}
