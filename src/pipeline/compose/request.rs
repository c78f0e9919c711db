//! "Send me today's now": the newest of the last 24 hours under a reader's topics, less what they were told. It moves no
//! bound, and the ledger knows of it.

use chrono::{DateTime, TimeDelta, Utc};
use tracing::info;

use super::super::shelves;
use crate::model::choice::{Held, Ledger, Reader, Section, Window, choose};
use crate::model::edition::{Content, lay_out};
use crate::model::holdings::{Ground, Holdings, Settings};
use crate::pipeline::{Error, Line};
use crate::store::request::{self, Served};
use crate::store::{Tx, edition, filing, holdings, page, setting};

const NEWEST: TimeDelta = TimeDelta::hours(24);

/// Serves whoever waits, the first to ask first. How many digests that made.
pub(super) async fn serve_all(line: &Line, now: DateTime<Utc>) -> Result<usize, Error> {
    let waiting = request::waiting(&line.store).await?;
    let mut served = 0;
    for subscriber in waiting {
        let mut tx = line.store.begin().await?;
        served += usize::from(serve(line, &mut tx, subscriber, now).await?);
        tx.commit().await?;
    }
    Ok(served)
}

/// What a reader holds in all slots.
struct Asking {
    topics: Vec<i64>,
    regions: Vec<i64>,
    settings: Settings,
}

async fn serve(line: &Line, tx: &mut Tx, subscriber: i64, now: DateTime<Utc>) -> Result<bool, Error> {
    // A change like any other: it locks the reader, and no run takes them for steady that has not seen this.
    let asks = |holdings: &mut Holdings, ground: &Ground| {
        holdings.asks(ground);
        let (regions, settings) = (holdings.regions.clone(), holdings.settings.clone());
        Asking { topics: holdings.active(ground), regions, settings }
    };
    let Some(asking) = holdings::change(tx, &[subscriber], now, asks).await?.pop() else { return Ok(false) };
    let day = now.with_timezone(&asking.settings.zone).date_naive();
    if !request::take(tx, subscriber).await? || request::had_one(tx, subscriber, day).await? {
        return Ok(false);
    }
    let mode = line.config.delivery.mode;
    let told = page::ledger(tx, mode, &[subscriber], 0).await?.remove(&subscriber).unwrap_or_default().told;
    let position = setting::position(tx).await?;
    let mut window = shelves::window(&line.store, &line.config, 0, position).await?;
    filing::seen_after(tx, now - NEWEST).await?.into_iter().for_each(|candidate| window.add(candidate));
    let ledger = Ledger { told, ..Ledger::default() };
    let sections = choose(&window, &asking.reader(), &ledger);
    if sections.is_empty() {
        info!(subscriber, "subscriber {subscriber} asked for today's digest, and there is nothing new in 24 hours");
        return Ok(false);
    }
    let content = asking.content(line, &sections, &window, now);
    let edition = edition::put(tx, None, &content, now).await?;
    edition::freeze(tx, &content.articles().collect::<Vec<_>>()).await?;
    let served = Served { subscriber, day, key: line.chance.key(), mode, edition, topics: asking.topics };
    request::deliver(tx, &served, now).await?;
    Ok(true)
}

impl Asking {
    /// Whoever asks has all positions of the window before them.
    fn reader(&self) -> Reader {
        Reader {
            topics: self.topics.iter().map(|&topic| Held { topic, since: None, starts: 0 }).collect(),
            regions: self.regions.clone(),
            language: self.settings.language.clone(),
            changed_at: 0,
            regions_changed_at: -1,
            sole: true,
        }
    }

    fn content(&self, line: &Line, sections: &[Section], window: &Window, now: DateTime<Utc>) -> Content {
        Content {
            frequency: None,
            zone: self.settings.zone.name().to_owned(),
            language: self.settings.language.clone(),
            format: self.settings.format,
            parts: lay_out(sections, &self.topics, window),
            from: (now - NEWEST).timestamp_millis(),
            to: now.timestamp_millis(),
            late: false,
            template_version: line.templates.version().to_owned(),
        }
    }
}
