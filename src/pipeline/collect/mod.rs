//! Due feeds → fetch → parse → clean → new articles, filed under topics, numbered.

mod asking;
mod entries;
mod flood;
mod keeping;
mod moves;
mod outcome;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, stream};
use url::Url;

use super::shelves::Shelves;
use super::{Error, Line};
use crate::model::slug::Slug;
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
    those(line, |_| true, now).await
}

/// Asks of the feeds that are due these alone.
pub async fn only(line: &Line, slugs: &[Slug], now: DateTime<Utc>) -> Result<Collected, Error> {
    those(line, |due| slugs.contains(&due.slug), now).await
}

async fn those(line: &Line, wanted: impl Fn(&Due) -> bool, now: DateTime<Utc>) -> Result<Collected, Error> {
    line.must_be_in_force().await?;
    let mut collected = Collected { filed: number_ripe(line, now).await?, ..Collected::default() };
    let mut due = feed::due(&line.store, now).await?;
    due.retain(wanted);
    if due.is_empty() {
        return Ok(collected);
    }
    let shelves = Shelves::load(&line.store, &line.config).await?;
    let quiet = Quiet::default();
    let lanes = stream::iter(lanes(due).into_iter().map(|of_host| lane(line, of_host, &shelves, &quiet, now)));
    let mut done = lanes.buffer_unordered(line.config.collect.at_once);
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

/// The due feeds of each host, one host after another.
fn lanes(due: Vec<Due>) -> Vec<(String, Vec<Due>)> {
    let mut lanes: Vec<(String, Vec<Due>)> = Vec::new();
    let mut by_host: HashMap<String, usize> = HashMap::new();
    for feed in due {
        let host = host_of(&feed.url);
        let lane = *by_host.entry(host.clone()).or_insert_with(|| {
            lanes.push((host, Vec::new()));
            lanes.len() - 1
        });
        lanes[lane].1.push(feed);
    }
    lanes
}

fn host_of(url: &str) -> String {
    Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
}

/// Hosts that asked for quiet while this run was under way. Their feeds wait already, as their rows say.
#[derive(Default)]
struct Quiet(Mutex<HashSet<String>>);

impl Quiet {
    fn hosts(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A host that was silent so often is left for this run: all other hosts wait for its end.
const SILENCES: usize = 2;

/// The feeds of one host, in turn. The pause between two is the fetcher's, which sees redirects too. A host that asks for
/// patience (429, 503) is left alone with all its feeds; what one that is silent has more of stays due.
async fn lane(
    line: &Line,
    (host, feeds): (String, Vec<Due>),
    shelves: &Shelves,
    quiet: &Quiet,
    now: DateTime<Utc>,
) -> Result<Collected, Error> {
    let (mut collected, mut silences) = (Collected::default(), 0);
    for due in feeds {
        if silences >= SILENCES || line.stopping.is_cancelled() || quiet.hosts().contains(&host) {
            break;
        }
        let asked = one(line, &due, shelves, now).await?;
        collected.add(asked.tally);
        silences += usize::from(asked.was_silent);
        quiet.hosts().extend(asked.quiet);
    }
    Ok(collected)
}
