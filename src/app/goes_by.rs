//! What each process at work goes by, for commands that look: the file may have changed since it was read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::store::{self, Store, Tx, adoption, lease, setting};

/// The setting that says it.
const SETTING: &str = "goes-by";

type ByHolder = BTreeMap<String, GoesBy>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GoesBy {
    mode: String,
    /// See [`Config::text`].
    text: String,
}

/// How it stands with those at work, as `config` sees it.
#[derive(Debug, Default)]
pub struct AtWorkBy {
    /// In which modes they are, each once. None: nobody is at work, or nobody has said.
    pub modes: Vec<String>,
    /// Where they go by something else, a sentence each.
    pub differences: Vec<String>,
}

/// From here on `holder` goes by this. What others have left who are not `alive` is taken away.
pub async fn put(tx: &mut Tx, alive: &[String], holder: &str, config: &Config) -> Result<(), store::Error> {
    let mut all = read(&setting::take(tx, SETTING, "{}").await?);
    all.retain(|other, _| alive.contains(other));
    let ours = GoesBy { mode: config.delivery.mode.word().to_owned(), text: config.text.clone() };
    all.insert(holder.to_owned(), ours);
    write(tx, &all).await
}

pub async fn remove(tx: &mut Tx, holder: &str) -> Result<(), store::Error> {
    let mut all = read(&setting::take(tx, SETTING, "{}").await?);
    all.remove(holder);
    write(tx, &all).await
}

pub async fn look(store: &Store, config: &Config) -> Result<AtWorkBy, store::Error> {
    let alive = lease::holders(store).await?;
    let mut all = setting::get(store, SETTING).await?.map(|text| read(&text)).unwrap_or_default();
    let in_force = adoption::is_in_force(store, &config.fingerprint()).await? == Some(true);
    let (ours, file) = (config.delivery.mode.word(), config.source());
    let mut at_work = AtWorkBy::default();
    for holder in alive {
        let Some(theirs) = all.remove(&holder) else { continue };
        if theirs.mode != ours {
            at_work
                .differences
                .push(format!("{file} says mode {ours}, and mode {} is in force: {holder}", theirs.mode));
        } else if theirs.text != config.text && in_force {
            at_work.differences.push(format!("{file} says something else than what is in force: {holder}"));
        }
        if !at_work.modes.contains(&theirs.mode) {
            at_work.modes.push(theirs.mode);
        }
    }
    Ok(at_work)
}

fn read(text: &str) -> ByHolder {
    serde_json::from_str(text).unwrap_or_default()
}

async fn write(tx: &mut Tx, all: &ByHolder) -> Result<(), store::Error> {
    let text = serde_json::to_string(all).expect("words always serialise");
    setting::put(tx, SETTING, &text).await
}
