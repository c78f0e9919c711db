//! When the relay was at fault: kept for as long as a message may wait, since that time does not count for it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Error, Store, Tx, setting};
use crate::model::breaker::Outage;

/// The setting that says it.
const NAME: &str = "outages";
/// Longer than anybody lets a message wait.
const KEPT: TimeDelta = TimeDelta::days(60);

pub async fn all(store: &Store) -> Result<Vec<Outage>, Error> {
    Ok(setting::get(store, NAME).await?.as_deref().map(read).unwrap_or_default())
}

/// The relay is at fault, or still. Whoever finds it first writes down when.
pub async fn begins(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
    let mut outages = read(&setting::take(tx, NAME, "[]").await?);
    if outages.last().is_some_and(|last| last.ended.is_none()) {
        return Ok(());
    }
    outages.retain(|outage| outage.ended.is_some_and(|ended| now - ended < KEPT));
    outages.push(Outage { began: now, ended: None });
    write(tx, &outages).await
}

/// It takes mail again, from whichever process.
pub async fn ends(tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
    let mut outages = read(&setting::take(tx, NAME, "[]").await?);
    match outages.last_mut().filter(|last| last.ended.is_none()) {
        Some(last) => last.ended = Some(now),
        None => return Ok(()),
    }
    write(tx, &outages).await
}

async fn write(tx: &mut Tx, outages: &[Outage]) -> Result<(), Error> {
    let text = serde_json::to_string(outages).expect("times always serialise");
    setting::put(tx, NAME, &text).await
}

fn read(text: &str) -> Vec<Outage> {
    serde_json::from_str(text).unwrap_or_default()
}
