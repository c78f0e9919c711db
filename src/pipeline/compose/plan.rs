//! A run's planning: its readers page by page, each page a transaction that moves `through`, so that a kill resumes at
//! the next page. What a reader gets is decided in `model::choice`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use tracing::info;

use super::super::shelves::Shelves;
use super::Composed;
use crate::model::choice::{Ledger, Section, Window, choose};
use crate::model::edition::{Content, lay_out};
use crate::pipeline::{Error, Line};
use crate::store::page::{self, Enrolled, Planned};
use crate::store::run::{self, Run};
use crate::store::slot::{self, Slot};
use crate::store::{Tx, article, edition, filing, setting};

/// Readers planned in one transaction. Large enough to share its cost, small enough for the other writers.
const PAGE: i64 = 1000;

/// Plans what is being planned, to its end or until we are asked to stop.
pub(super) async fn plan_all(line: &Line, composed: &mut Composed, now: DateTime<Utc>) -> Result<(), Error> {
    for run in run::planning(&line.store).await? {
        plan(line, run, composed, now).await?;
    }
    Ok(())
}

/// A run being planned: what it chooses from, and the editions it has made.
pub(crate) struct Plan<'a> {
    line: &'a Line,
    run: Run,
    slot: Slot,
    window: Window,
    /// Down to which position the window was loaded.
    floor: i64,
    is_fresh: bool,
    /// The last withdrawal or pin that the window has seen.
    mark: i64,
    editions: HashMap<Content, i64>,
    /// Readers planned in one transaction.
    pub(crate) at_once: i64,
}

async fn plan(line: &Line, run: Run, composed: &mut Composed, now: DateTime<Utc>) -> Result<(), Error> {
    let Some(slot) = slot::by_id(&line.store, run.slot).await? else { return Ok(()) };
    let id = run.id;
    let mut plan = Plan::open(line, run, slot).await?;
    let mut deliveries = 0;
    while let Some(planned) = plan.page(now).await? {
        deliveries += planned;
        if line.stopping.is_cancelled() {
            return Ok(());
        }
    }
    composed.editions += plan.editions.len();
    composed.deliveries += deliveries;
    info!(run = id, deliveries, editions = plan.editions.len(), mode = plan.run.mode.word(), "planned run {id}");
    Ok(())
}

impl<'a> Plan<'a> {
    pub(crate) async fn open(line: &'a Line, run: Run, slot: Slot) -> Result<Self, Error> {
        let site = &line.config.site.language;
        let mut window = Window::new(run.lower, run.upper, site.clone());
        for (topic, language) in Shelves::load(&line.store, &line.config).await?.served_in_site_language(&line.config) {
            window.serve(topic, language, site.clone());
        }
        let mut tx = line.store.begin().await?;
        // The number first: what is withdrawn from here on is looked for again, page by page.
        let mark = setting::mark(&mut tx).await?;
        filing::window(&mut tx, run.lower, run.upper).await?.into_iter().for_each(|c| window.add(c));
        tx.rollback().await?;
        let (floor, is_fresh) = (run.lower, window.is_fresh());
        Ok(Self { line, run, slot, window, floor, is_fresh, mark, editions: HashMap::new(), at_once: PAGE })
    }

    /// Plans the next page of readers. How many deliveries it made; None when there were no readers left.
    pub(crate) async fn page(&mut self, now: DateTime<Utc>) -> Result<Option<usize>, Error> {
        let mut tx = self.line.store.begin().await?;
        let Some(readers) = page::read(&mut tx, &self.run, self.at_once).await? else {
            tx.rollback().await?;
            return Ok(None);
        };
        if readers.is_empty() {
            page::finish(&mut tx, &self.run, now).await?;
            tx.commit().await?;
            return Ok(None);
        }
        self.look_again(&mut tx).await?;
        let ids: Vec<i64> = readers.iter().map(|reader| reader.subscriber).collect();
        let folded = page::fold(&mut tx, &self.run, &ids, now).await?;
        self.reach_back(&mut tx, &readers).await?;
        let ledger = self.ask_ledger(&mut tx, &readers, &folded).await?;

        let mut planned = Vec::new();
        for reader in &readers {
            let nothing = Ledger::default();
            let sections = choose(&self.window, &reader.reader, ledger.get(&reader.subscriber).unwrap_or(&nothing));
            if sections.is_empty() {
                continue;
            }
            let edition = self.edition(&mut tx, reader, &sections, now).await?;
            let topics = reader.reader.topics.iter().map(|held| held.topic).collect();
            planned.push(Planned { subscriber: reader.subscriber, edition, key: self.line.chance.key(), topics });
        }
        page::write(&mut tx, &self.run, &readers, &planned, &folded, now).await?;
        tx.commit().await?;
        Ok(Some(planned.len()))
    }

    /// Takes in what was withdrawn or pinned since the window was loaded. The page has its slot, so whoever withdraws from
    /// here on waits for it, and then finds its deliveries.
    async fn look_again(&mut self, tx: &mut Tx) -> Result<(), Error> {
        for mark in article::marked_after(tx, self.mark).await? {
            self.window.mark(mark.article, mark.pinned, mark.withdrawn);
            self.mark = mark.number;
        }
        Ok(())
    }

    /// Loads what readers whose bound lies before the window are due.
    async fn reach_back(&mut self, tx: &mut Tx, readers: &[Enrolled]) -> Result<(), Error> {
        let lowest = readers.iter().map(|r| r.reader.lowest_bound(&self.window)).min().unwrap_or(self.floor);
        if lowest < self.floor {
            filing::window(tx, lowest, self.floor).await?.into_iter().for_each(|c| self.window.add(c));
            self.floor = lowest;
        }
        Ok(())
    }

    /// Asks about those for whom it can matter, in one question, and loads what their unsent digests owe.
    async fn ask_ledger(
        &mut self,
        tx: &mut Tx,
        readers: &[Enrolled],
        folded: &[(i64, i64)],
    ) -> Result<HashMap<i64, Ledger>, Error> {
        let folded: HashSet<i64> = folded.iter().map(|(subscriber, _)| *subscriber).collect();
        let matters = |r: &&Enrolled| {
            let reaches_back = r.reader.lowest_bound(&self.window) < self.run.lower;
            !self.is_fresh
                || r.fold
                || reaches_back
                || folded.contains(&r.subscriber)
                || !r.reader.is_steady(&self.window)
        };
        let asked: Vec<i64> = readers.iter().filter(matters).map(|r| r.subscriber).collect();
        let ledger = page::ledger(tx, &self.run, &asked).await?;

        let unknown: HashSet<i64> =
            ledger.values().flat_map(|l| &l.owing).copied().filter(|article| !self.window.contains(*article)).collect();
        if !unknown.is_empty() {
            let unknown: Vec<i64> = unknown.into_iter().collect();
            filing::of_articles(tx, &unknown).await?.into_iter().for_each(|c| self.window.add(c));
        }
        Ok(ledger)
    }

    async fn edition(
        &mut self,
        tx: &mut Tx,
        reader: &Enrolled,
        sections: &[Section],
        now: DateTime<Utc>,
    ) -> Result<i64, Error> {
        let held: Vec<i64> = reader.reader.topics.iter().map(|held| held.topic).collect();
        let content = Content {
            frequency: Some(self.slot.frequency),
            zone: self.slot.zone.name().to_owned(),
            language: reader.reader.language.clone(),
            format: reader.format,
            parts: lay_out(sections, &held, &self.window),
            from: self.covers_from(sections),
            to: self.run.due_at.timestamp_millis(),
            late: self.run.late,
            template_version: self.line.templates.version().to_owned(),
        };
        if let Some(&id) = self.editions.get(&content) {
            return Ok(id);
        }
        let id = edition::put(tx, Some(self.run.id), &content, now).await?;
        self.editions.insert(content, id);
        Ok(id)
    }

    /// The run's window; or from the earliest article, where a carried bound or what was owed reaches back.
    fn covers_from(&self, sections: &[Section]) -> i64 {
        let from = self.run.covers_from.timestamp_millis();
        let seen =
            sections.iter().flat_map(|s| &s.articles).filter_map(|id| self.window.candidate(*id)).map(|c| c.seen_at);
        seen.min().map_or(from, |earliest| earliest.min(from))
    }
}
