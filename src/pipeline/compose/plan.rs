//! A run's planning: its readers page by page, each page a transaction that moves `through`, so that a kill resumes at
//! the next page. What a reader gets is decided in `model::choice`.
//!
//! Nearly all readers of a run are steady, and many hold the same: what one of them was due, the next one is, too. So a
//! reader costs a look into a table, and an edition is laid out once.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tracing::info;

use super::super::shelves;
use super::Composed;
use crate::model::choice::{Held, Ledger, Section, Window, choose, choose_unasked};
use crate::model::edition::{Content, Format, lay_out};
use crate::model::language::Language;
use crate::pipeline::{Error, Line};
use crate::store::claim::LAST_LANE;
use crate::store::page::{self, Enrolled, Planned};
use crate::store::run::{self, Run};
use crate::store::slot::{self, Slot};
use crate::store::{Tx, article, edition, filing, setting};

/// At most so many readers are planned in one transaction: enough to share its cost.
const PAGE: i64 = 8000;
/// And at first so many: their editions are all new.
const FIRST_PAGE: i64 = 200;
/// How long a page should take, in microseconds: on SQLite the other writers wait for it.
const TURN: i64 = 70_000;
/// Deliveries go out edition by edition, so that each is rendered once. Of a run over millions only so many are sorted
/// together: the index of what waits is written all over for each page, and stays small by it.
const LANE: i64 = 100_000;

/// Plans what is being planned, to its end or until we are asked to stop.
pub(super) async fn plan_all(line: &Line, composed: &mut Composed, now: DateTime<Utc>) -> Result<(), Error> {
    for run in run::planning(&line.store).await? {
        plan(line, run, composed, now).await?;
    }
    Ok(())
}

async fn plan(line: &Line, run: Run, composed: &mut Composed, now: DateTime<Utc>) -> Result<(), Error> {
    let Some(slot) = slot::by_id(&line.store, run.slot).await? else { return Ok(()) };
    let id = run.id;
    super::wake::wake(line, &run, now).await?;
    let mut plan = Plan::open(line, run, slot).await?;
    line.store.spreads_out().await?;
    let planned = pages(line, &mut plan, now).await;
    line.store.draws_in().await?;
    let Some(deliveries) = planned? else { return Ok(()) };
    composed.editions += plan.editions.len();
    composed.deliveries += deliveries;
    info!(run = id, deliveries, editions = plan.editions.len(), mode = plan.run.mode.word(), "planned run {id}");
    Ok(())
}

/// All pages of a run: how many deliveries they hold. None: we were asked to stop.
async fn pages(line: &Line, plan: &mut Plan<'_>, now: DateTime<Utc>) -> Result<Option<usize>, Error> {
    let mut deliveries = 0;
    loop {
        let begun = Instant::now();
        let Some(planned) = plan.page(now).await? else { break };
        deliveries += planned;
        plan.pace(begun.elapsed());
        line.store.let_others_in().await;
        if line.stopping.is_cancelled() {
            return Ok(None);
        }
    }
    Ok(Some(deliveries))
}

/// A run being planned: what it chooses from, and the editions it has made.
pub(crate) struct Plan<'a> {
    line: &'a Line,
    run: Run,
    slot: Slot,
    window: Window,
    /// Down to which position the window was loaded.
    floor: i64,
    /// Earlier runs of the slot of which something may still wait.
    unsettled: Vec<i64>,
    /// The last withdrawal or pin that the window has seen.
    mark: i64,
    /// By key.
    editions: HashMap<[u8; 16], i64>,
    /// Articles whose mailed text stands.
    frozen: HashSet<i64>,
    /// What steady readers who hold the same are due; none: nothing new.
    usual: HashMap<Hand, Option<i64>>,
    /// Made so far, by whoever began.
    deliveries: i64,
    /// Readers planned in one transaction.
    pub(crate) at_once: i64,
}

/// What a steady reader holds: all that their digest depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Hand {
    topics: Vec<i64>,
    regions: Vec<i64>,
    language: Language,
    format: Format,
}

/// What one reader on the page is due.
enum Due {
    /// As others who hold the same; none: nothing new.
    Usual(Option<i64>),
    /// The first of those who hold the same, if they are steady.
    Unasked(Option<Hand>, Vec<Section>),
    /// What the ledger left.
    Asked(Vec<Section>),
}

impl<'a> Plan<'a> {
    pub(crate) async fn open(line: &'a Line, run: Run, slot: Slot) -> Result<Self, Error> {
        let mut tx = line.store.begin().await?;
        let plan = Self::open_in(line, &mut tx, run, slot).await?;
        tx.rollback().await?;
        Ok(plan)
    }

    pub(super) async fn open_in(line: &'a Line, tx: &mut Tx, run: Run, slot: Slot) -> Result<Self, Error> {
        // The number first: what is withdrawn from here on is looked for again, page by page.
        let mark = setting::mark(tx).await?;
        let mut window = shelves::window(&line.store, &line.config, run.lower, run.upper).await?;
        filing::window(tx, run.lower, run.upper).await?.into_iter().for_each(|candidate| window.add(candidate));
        let unsettled = page::unsettled(&line.store, &run).await?;
        let deliveries = page::deliveries(&line.store, &run).await?;
        let floor = run.lower;
        let (editions, frozen, usual) = Default::default();
        Ok(Self {
            line,
            run,
            slot,
            window,
            floor,
            unsettled,
            mark,
            editions,
            frozen,
            usual,
            deliveries,
            at_once: FIRST_PAGE,
        })
    }

    /// Plans the next page of readers. How many deliveries it made; None when there were no readers left.
    pub(crate) async fn page(&mut self, now: DateTime<Utc>) -> Result<Option<usize>, Error> {
        // A page is lost whole, or not at all, and planned again. The mark before a dot takes along what was written before it.
        let mut tx = self.line.store.begin_relaxed().await?;
        let planned = self.page_in(&mut tx, now).await?;
        tx.commit().await?;
        Ok(planned)
    }

    pub(super) async fn page_in(&mut self, tx: &mut Tx, now: DateTime<Utc>) -> Result<Option<usize>, Error> {
        let Some(readers) = page::read(tx, &self.run, self.at_once).await? else { return Ok(None) };
        if readers.is_empty() {
            page::finish(tx, &self.run, now).await?;
            return Ok(None);
        }
        self.look_again(tx).await?;
        let ids: Vec<i64> = readers.iter().map(|reader| reader.subscriber).collect();
        let folded = page::fold(tx, &self.unsettled, &ids, now).await?;
        self.reach_back(tx, &readers).await?;
        let due = self.choose(tx, &readers, &folded).await?;
        let planned = self.editions(tx, &readers, due, now).await?;
        let lane = (1 + self.deliveries / LANE).min(LAST_LANE);
        page::write(tx, &self.run, &readers, &planned, &folded, lane, now).await?;
        self.deliveries += i64::try_from(planned.len()).unwrap_or(0);
        Ok(Some(planned.len()))
    }

    /// Takes more readers at once, or fewer, after how long the last page took.
    fn pace(&mut self, took: Duration) {
        let took = i64::try_from(took.as_micros()).unwrap_or(i64::MAX).max(1);
        let fitting = self.at_once * TURN / took;
        self.at_once = fitting.clamp(self.at_once / 2, self.at_once * 2).clamp(1, PAGE);
    }

    /// Takes in what was withdrawn or pinned since the window was loaded. The page has its slot, so whoever withdraws from
    /// here on waits for it, and then finds its deliveries.
    async fn look_again(&mut self, tx: &mut Tx) -> Result<(), Error> {
        for mark in article::marked_after(tx, self.mark).await? {
            self.window.mark(mark.article, mark.pinned, mark.withdrawn);
            self.mark = mark.number;
            self.usual.clear();
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

    /// What each reader is due. The ledger is asked about those for whom it can matter, in one question.
    async fn choose(&mut self, tx: &mut Tx, readers: &[Enrolled], folded: &[(i64, i64)]) -> Result<Vec<Due>, Error> {
        let folded: HashSet<i64> = folded.iter().map(|(subscriber, _)| *subscriber).collect();
        let mut due: Vec<Option<Due>> = Vec::with_capacity(readers.len());
        let mut asked = Vec::new();
        for (i, enrolled) in readers.iter().enumerate() {
            let owes = enrolled.fold || folded.contains(&enrolled.subscriber);
            let unasked = if owes { None } else { self.unasked(enrolled) };
            if unasked.is_none() {
                asked.push(i);
            }
            due.push(unasked);
        }
        let ids: Vec<i64> = asked.iter().map(|i| readers[*i].subscriber).collect();
        let ledger = page::ledger(tx, self.run.mode, &ids, self.window.earliest(self.floor)).await?;
        self.load_owed(tx, &ledger).await?;
        let nothing = Ledger::default();
        for i in asked {
            let ledger = ledger.get(&readers[i].subscriber).unwrap_or(&nothing);
            due[i] = Some(Due::Asked(choose(&self.window, &readers[i].reader, ledger)));
        }
        Ok(due.into_iter().flatten().collect())
    }

    /// What the ledger has no say in; None: ask it.
    fn unasked(&self, enrolled: &Enrolled) -> Option<Due> {
        let hand = Hand::of(enrolled, &self.window);
        if let Some(edition) = hand.as_ref().and_then(|hand| self.usual.get(hand)) {
            return Some(Due::Usual(*edition));
        }
        choose_unasked(&self.window, &enrolled.reader).map(|sections| Due::Unasked(hand, sections))
    }

    /// Loads what unsent digests owe.
    async fn load_owed(&mut self, tx: &mut Tx, ledger: &HashMap<i64, Ledger>) -> Result<(), Error> {
        let owing = ledger.values().flat_map(|l| &l.owing).copied();
        let unknown: HashSet<i64> = owing.filter(|article| !self.window.contains(*article)).collect();
        if !unknown.is_empty() {
            let unknown: Vec<i64> = unknown.into_iter().collect();
            filing::of_articles(tx, &unknown).await?.into_iter().for_each(|c| self.window.add(c));
        }
        Ok(())
    }

    /// The editions of what is due, made where they are new.
    async fn editions(
        &mut self,
        tx: &mut Tx,
        readers: &[Enrolled],
        due: Vec<Due>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Planned>, Error> {
        let mut keys: Vec<Option<[u8; 16]>> = vec![None; readers.len()];
        let mut new: HashMap<[u8; 16], Content> = HashMap::new();
        for ((enrolled, due), key) in readers.iter().zip(&due).zip(&mut keys) {
            let (Due::Unasked(_, sections) | Due::Asked(sections)) = due else { continue };
            if sections.is_empty() {
                continue;
            }
            let content = self.content(enrolled, sections);
            let of_content = content.key();
            *key = Some(of_content);
            if !self.editions.contains_key(&of_content) {
                new.insert(of_content, content);
            }
        }
        self.put(tx, new, now).await?;

        let mut planned = Vec::new();
        let mut own_keys = self.line.chance.keys(readers.len()).into_iter();
        for ((enrolled, due), key) in readers.iter().zip(due).zip(keys) {
            let made = key.map(|key| self.editions[&key]);
            let edition = match due {
                Due::Usual(edition) => edition,
                Due::Asked(_) | Due::Unasked(None, _) => made,
                Due::Unasked(Some(hand), _) => {
                    self.usual.insert(hand, made);
                    made
                }
            };
            if let Some((edition, key)) = edition.zip(own_keys.next()) {
                let topics = enrolled.reader.topics.iter().map(|held| held.topic).collect();
                planned.push(Planned { subscriber: enrolled.subscriber, edition, key, topics });
            }
        }
        Ok(planned)
    }

    /// Writes the new ones. From its first edition on, an article's mailed text stands.
    async fn put(&mut self, tx: &mut Tx, new: HashMap<[u8; 16], Content>, now: DateTime<Utc>) -> Result<(), Error> {
        if new.is_empty() {
            return Ok(());
        }
        let articles: HashSet<i64> = new.values().flat_map(Content::articles).collect();
        let thawed: Vec<i64> = articles.difference(&self.frozen).copied().collect();
        edition::freeze(tx, &thawed).await?;
        self.frozen.extend(thawed);
        self.editions.extend(edition::put_all(tx, self.run.id, &new, now).await?);
        Ok(())
    }

    fn content(&self, enrolled: &Enrolled, sections: &[Section]) -> Content {
        let held: Vec<i64> = enrolled.reader.topics.iter().map(|held| held.topic).collect();
        Content {
            frequency: Some(self.slot.frequency),
            zone: self.slot.zone.name().to_owned(),
            language: enrolled.reader.language.clone(),
            format: enrolled.format,
            parts: lay_out(sections, &held, &self.window),
            from: self.covers_from(sections),
            to: self.run.due_at.timestamp_millis(),
            late: self.run.late,
            template_version: self.line.templates.version().to_owned(),
        }
    }

    /// The run's window; or from the earliest article, where a carried bound or what was owed reaches back.
    fn covers_from(&self, sections: &[Section]) -> i64 {
        let from = self.run.covers_from.timestamp_millis();
        let seen =
            sections.iter().flat_map(|s| &s.articles).filter_map(|id| self.window.candidate(*id)).map(|c| c.seen_at);
        seen.min().map_or(from, |earliest| earliest.min(from))
    }
}

impl Hand {
    /// Of a steady reader who is served from the run's lower; None: this one is to be looked at alone.
    fn of(enrolled: &Enrolled, window: &Window) -> Option<Self> {
        let reader = &enrolled.reader;
        let is_usual = |held: &Held| held.since.is_none() && !window.inherits(held.topic);
        (reader.is_steady(window) && reader.topics.iter().all(is_usual)).then(|| Self {
            topics: reader.topics.iter().map(|held| held.topic).collect(),
            regions: reader.regions.clone(),
            language: reader.language.clone(),
            format: enrolled.format,
        })
    }
}
