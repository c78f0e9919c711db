//! Looks for what is wrong and does not mend itself: a run that is not made, a question that is not sent, a relay that
//! refuses us, a run that waits for a person, a feed that is gone.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Error, Line};
use crate::model::trouble::{News, RelayLook};
use crate::store::{self, Store, feed, queue, run, slot, trouble};

const RUN_LATE: TimeDelta = TimeDelta::hours(2);
/// Whoever signs up waits for it.
const ANSWER_LATE: TimeDelta = TimeDelta::minutes(15);
const RELAY: &str = "relay";

/// What is news since somebody looked last, whichever process that was.
pub async fn run(line: &Line, relay: &RelayLook, now: DateTime<Utc>) -> Result<Vec<News>, Error> {
    let found = troubles(&line.store, relay, now).await?;
    let unseen: &[&str] = if *relay == RelayLook::Unknown { &[RELAY] } else { &[] };
    let mut tx = line.store.begin().await?;
    let news = trouble::note(&mut tx, found, unseen, now).await?;
    tx.commit().await?;
    Ok(news)
}

async fn troubles(store: &Store, relay: &RelayLook, now: DateTime<Utc>) -> Result<Vec<(String, String)>, store::Error> {
    let mut found = Vec::new();
    let mut add = |name: String, words: String| found.push((name, words));
    if let Some(due) = slot::next_run(store).await?.filter(|due| now - *due > RUN_LATE) {
        add(
            "run-late".into(),
            format!("a run has been due since {} and is not made", due.format("%Y-%m-%d %H:%M UTC")),
        );
    }
    let answers = queue::waiting(store).await?.into_iter();
    let mut answers = answers.filter(|w| w.kind == "confirm" && matches!(w.state.as_str(), "ready" | "deferred"));
    if let Some(late) = answers.find(|w| now - w.oldest > ANSWER_LATE) {
        let words = format!("a confirmation has waited since {} to be sent", late.oldest.format("%Y-%m-%d %H:%M UTC"));
        add("confirmation-late".into(), words);
    }
    if let RelayLook::Refuses(why) = relay {
        add(RELAY.into(), format!("the relay takes no mail from us: {why}"));
    }
    for (id, frequency, why) in run::held(store).await? {
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        add(format!("run-held:{id}"), format!("run {id} ({frequency}) is held{why}; `tidings digest release {id}`"));
    }
    for feed in feed::list(store).await?.into_iter().filter(|feed| feed.gone_at.is_some()) {
        let words = format!("the feed `{}` is gone for good; take it out, or give it another address", feed.slug);
        add(format!("feed-gone:{}", feed.slug), words);
    }
    Ok(found)
}
