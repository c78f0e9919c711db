//! What is known to be wrong, so that each is told once, whichever process looks.

use chrono::{DateTime, Utc};

use super::{Error, Store, Tx, setting};
use crate::model::trouble::{News, Troubles, compare};

/// The setting that says it.
const KNOWN: &str = "troubles";
/// The setting that says when a message was accepted last, as far as somebody has looked.
const ACCEPTED: &str = "accepted";

/// Writes down what is wrong now. What is news. `unseen`: of what nothing is known at this moment stays as it was.
pub async fn note(
    tx: &mut Tx,
    mut found: Vec<(String, String)>,
    unseen: &[&str],
    now: DateTime<Utc>,
) -> Result<Vec<News>, Error> {
    let known: Troubles = read(&setting::take(tx, KNOWN, "{}").await?);
    let stays = |name: &&str| known.get(*name).map(|trouble| ((*name).to_owned(), trouble.words.clone()));
    found.extend(unseen.iter().filter_map(stays));
    let (next, news) = compare(&known, found, now);
    if next != known {
        let text = serde_json::to_string(&next).expect("words and times always serialise");
        setting::put(tx, KNOWN, &text).await?;
    }
    Ok(news)
}

/// When a message was accepted last. `just_now`: one was, since somebody looked last. Of a house in which none was yet:
/// since somebody looks.
pub async fn accepted_at(tx: &mut Tx, just_now: bool, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let text = setting::get_in(tx, ACCEPTED).await?;
    let known = text.and_then(|text| text.parse::<DateTime<Utc>>().ok()).filter(|at| *at <= now);
    match known {
        Some(at) if !just_now => Ok(at),
        _ => {
            setting::put(tx, ACCEPTED, &now.to_rfc3339()).await?;
            Ok(now)
        }
    }
}

pub async fn known(store: &Store) -> Result<Troubles, Error> {
    Ok(setting::get(store, KNOWN).await?.as_deref().map(read).unwrap_or_default())
}

fn read(text: &str) -> Troubles {
    serde_json::from_str(text).unwrap_or_default()
}
