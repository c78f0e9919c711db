//! A topic that its reader has stopped or paused is taken out of what still waits for them: deliveries that have not
//! reached `sending` and were never in doubt get an edition without it, or end if nothing is left of theirs.
//!
//! The first edition stays beside the new one: it is the record of what a digest owes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::edition::{self, Edition};
use super::sql::{args, record, same, statements, two};
use super::{Error, Tx, filing};
use crate::model::revision::Gone;

statements! {
    /// Locked, so that two who change one digest see each other's editions. Of one reader, in the order of their making.
    WAITING = two(
        "SELECT id, edition, topics FROM delivery WHERE subscriber = $1 AND kind = 'digest' AND edition IS NOT NULL
         AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0 ORDER BY id",
        "SELECT id, edition, topics FROM delivery WHERE subscriber = $1 AND kind = 'digest' AND edition IS NOT NULL
         AND state IN ('ready', 'deferred', 'claimed', 'held', 'quarantined') AND doubts = 0 ORDER BY id FOR UPDATE",
    );
    /// One in somebody's hands stays there: the mark before the dot compares the edition, and refuses. One that was set
    /// aside for its edition goes on, unless the new one is set aside as well.
    REVISE = same(
        "UPDATE delivery SET edition = $2, topics = $3,
            reason = CASE WHEN state = 'quarantined' THEN NULL ELSE reason END,
            state = CASE WHEN state = 'quarantined' AND EXISTS (SELECT 1 FROM edition e WHERE e.id = $2 AND e.quarantined_at IS NULL)
                THEN 'ready' ELSE state END
         WHERE id = $1",
    );
    SAY_TOPICS = same("UPDATE delivery SET topics = $2 WHERE id = $1");
    CANCEL = same("UPDATE delivery SET state = 'cancelled', reason = $2, settled_at = $3, token = NULL WHERE id = $1");
}

/// What was done to the digests of a reader that still waited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Revised {
    /// Have another edition now.
    pub changed: usize,
    /// Had nothing left.
    pub cancelled: usize,
    /// An article left one of them: it is owed, and the reader's next runs must ask the ledger for it.
    pub taken_out: bool,
}

struct Waiting {
    id: i64,
    edition: i64,
    /// JSON; none: all topics of the edition.
    topics: Option<String>,
}
record!(Waiting { id, edition, topics });

/// Takes topics that a reader has just stopped or paused out of their digests that still wait. `held`: those that they
/// still hold actively, in any slot, in their order. The caller has locked the reader.
pub async fn leave_out(
    tx: &mut Tx,
    subscriber: i64,
    dropped: &[i64],
    held: &[i64],
    regions: &[i64],
    reason: &'static str,
    now: DateTime<Utc>,
) -> Result<Revised, Error> {
    let mut revised = Revised::default();
    let waiting: Vec<Waiting> = tx.all(&WAITING, args![subscriber]).await?;
    if waiting.is_empty() || dropped.is_empty() {
        return Ok(revised);
    }
    let editions = editions(tx, &waiting).await?;
    let articles: Vec<i64> = editions.values().flat_map(|edition| edition.content.articles()).collect();
    let filed: HashMap<i64, _> =
        filing::of_articles(tx, &articles).await?.into_iter().map(|c| (c.article, c)).collect();
    let gone = Gone {
        withdrawn: filed.values().filter(|candidate| candidate.withdrawn).map(|candidate| candidate.article).collect(),
        dropped: dropped.to_vec(),
        held: held.to_vec(),
        regions: regions.to_vec(),
        filed,
    };
    for delivery in waiting {
        let Some(edition) = editions.get(&delivery.edition) else { continue };
        let topics = without_topics(delivery.topics.as_deref(), dropped);
        match edition.content.without(&gone) {
            None => {
                tx.exec(&CANCEL, args![delivery.id, reason, now]).await?;
                revised.cancelled += 1;
                revised.taken_out = true;
            }
            Some(content) if content == edition.content => {
                if topics != delivery.topics {
                    tx.exec(&SAY_TOPICS, args![delivery.id, &topics]).await?;
                }
            }
            Some(content) => {
                let new = edition::put(tx, edition.run, &content, now).await?;
                tx.exec(&REVISE, args![delivery.id, new, &topics]).await?;
                revised.changed += 1;
                revised.taken_out |= content.articles().count() < edition.content.articles().count();
            }
        }
    }
    Ok(revised)
}

async fn editions(tx: &mut Tx, waiting: &[Waiting]) -> Result<HashMap<i64, Edition>, Error> {
    let mut editions = HashMap::new();
    for delivery in waiting {
        if !editions.contains_key(&delivery.edition)
            && let Some(edition) = edition::by_id_in(tx, delivery.edition).await?
        {
            editions.insert(delivery.edition, edition);
        }
    }
    Ok(editions)
}

/// What the "why" of a mail names, less what its reader has dropped.
fn without_topics(topics: Option<&str>, dropped: &[i64]) -> Option<String> {
    let topics = topics?;
    let Ok(mut named) = serde_json::from_str::<Vec<i64>>(topics) else { return Some(topics.to_owned()) };
    named.retain(|topic| !dropped.contains(topic));
    Some(serde_json::to_string(&named).expect("numbers always serialise"))
}
