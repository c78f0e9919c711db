//! Due feeds → fetch → parse → clean → new articles, filed under topics, numbered.

mod asking;
mod entries;
mod keeping;
mod moves;
mod outcome;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use url::Url;

use super::shelves::Shelves;
use super::{Error, Line};
use crate::store::feed::{self, Due};
use crate::store::filing;
use asking::one;
pub(super) use entries::{sighted, story};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Feeds that were asked.
    pub feeds: usize,
    pub unchanged: usize,
    pub failed: usize,
    /// Articles that nobody had seen.
    pub new: usize,
    /// Filings that got a position, and so are news to somebody.
    pub filed: usize,
}

impl Collected {
    fn add(&mut self, other: Self) {
        self.feeds += other.feeds;
        self.unchanged += other.unchanged;
        self.failed += other.failed;
        self.new += other.new;
        self.filed += other.filed;
    }
}

/// Asks every feed that is due: hosts side by side, the feeds of one host one after another.
pub async fn run(line: &Line, now: DateTime<Utc>) -> Result<Collected, Error> {
    line.must_be_in_force().await?;
    let mut collected = Collected { filed: number_ripe(line, now).await?, ..Collected::default() };
    let due = feed::due(&line.store, now).await?;
    if due.is_empty() {
        return Ok(collected);
    }
    let shelves = Shelves::load(&line.store, &line.config).await?;
    let lanes = lanes(due);
    let mut done = stream::iter(lanes.into_iter().map(|lane| host(line, lane, &shelves, now)))
        .buffer_unordered(line.config.collect.at_once);
    while let Some(of_host) = done.next().await {
        collected.add(of_host?);
    }
    Ok(collected)
}

/// What was held back long enough gets its positions.
async fn number_ripe(line: &Line, now: DateTime<Utc>) -> Result<usize, Error> {
    if filing::next_ripe(&line.store).await?.is_none_or(|ripe| ripe > now) {
        return Ok(0);
    }
    let mut tx = line.store.begin().await?;
    let numbered = filing::number_ripe(&mut tx, now).await?;
    tx.commit().await?;
    Ok(numbered)
}

fn lanes(due: Vec<Due>) -> Vec<Vec<Due>> {
    let mut lanes: Vec<Vec<Due>> = Vec::new();
    let mut by_host: HashMap<String, usize> = HashMap::new();
    for feed in due {
        let host = Url::parse(&feed.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let lane = *by_host.entry(host).or_insert_with(|| {
            lanes.push(Vec::new());
            lanes.len() - 1
        });
        lanes[lane].push(feed);
    }
    lanes
}

/// The feeds of one host, in turn. One that asks for patience (429, 503) is left alone with all its feeds.
async fn host(line: &Line, lane: Vec<Due>, shelves: &Shelves, now: DateTime<Utc>) -> Result<Collected, Error> {
    let mut collected = Collected::default();
    let mut paused: Option<DateTime<Utc>> = None;
    for (i, due) in lane.iter().enumerate() {
        if line.stopping.is_cancelled() {
            break;
        }
        if let Some(until) = paused {
            let mut tx = line.store.begin().await?;
            feed::postpone(&mut tx, due.id, until).await?;
            tx.commit().await?;
            continue;
        }
        if i > 0 {
            tokio::time::sleep(line.config.collect.per_host_delay).await;
        }
        let (of_feed, until) = one(line, due, shelves, now).await?;
        collected.add(of_feed);
        paused = until;
    }
    Ok(collected)
}
