//! How a command changes what a reader holds: it reads the reader, does the change in one transaction, wakes the daemon,
//! and says what is different and when the next digest is due.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::output::Output;
use super::super::{open, resolve, words};
use super::typed;
use crate::app::App;
use crate::model::address::Address;
use crate::model::holdings::{Ground, Holdings, State};
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::pipeline::compose;
use crate::store::subscriber::Subscriber;
use crate::store::{declared, holdings, slot, suppression};

/// A reader whose holdings a command changes.
pub struct Changing<'a> {
    pub app: App,
    pub reader: Subscriber,
    pub holdings: Holdings,
    slugs: HashMap<i64, Slug>,
    dry_run: bool,
    output: &'a Output,
}

#[derive(Serialize)]
struct Changed<'a> {
    address: String,
    /// Topics concerned.
    topics: Vec<&'a Slug>,
    /// In words.
    what: String,
    next_digest: Option<DateTime<Utc>>,
    dry_run: bool,
}

impl<'a> Changing<'a> {
    pub async fn open(address: &Address, dry_run: bool, global: &Global, output: &'a Output) -> anyhow::Result<Self> {
        let app = open::app_for(dry_run, global).await?;
        let reader = typed::reader(&app, address).await?;
        let holdings = holdings::of_reader(&app.store, reader.id).await?.unwrap_or_else(|| {
            // Between the two looks; the change itself then finds nobody.
            Holdings::of_new(reader.id, reader.settings())
        });
        let slugs = declared::topics(&app.store).await?.into_iter().map(|topic| (topic.id, topic.slug)).collect();
        Ok(Self { app, reader, holdings, slugs, dry_run, output })
    }

    /// The topics that were typed; none: all. Each must be one that the reader has in one of these states.
    pub async fn topics(&self, slugs: &[Slug], states: &[State]) -> anyhow::Result<Option<Vec<i64>>> {
        if slugs.is_empty() {
            return Ok(None);
        }
        let topics = resolve::topics(&self.app, Facet::Topic, slugs).await?;
        for topic in &topics {
            let state = self.state(*topic);
            if !state.is_some_and(|state| states.contains(&state)) {
                return Err(self.has_not(*topic, state));
            }
        }
        Ok(Some(topics))
    }

    /// Of the last subscription to it.
    fn state(&self, topic: i64) -> Option<State> {
        self.holdings.subscriptions.iter().rev().find(|s| s.topic == topic).map(|s| s.state)
    }

    fn has_not(&self, topic: i64, state: Option<State>) -> anyhow::Error {
        let (address, slug) = (self.address(), self.slug(topic));
        let message = match state {
            None => format!("{address} never subscribed to `{slug}`"),
            Some(State::Pending) => format!("the subscription of {address} to `{slug}` waits for a confirmation"),
            Some(state) => format!("the subscription of {address} to `{slug}` is {}", state.word()),
        };
        let next = match state {
            None => format!("tidings subscriber add {address} --topic {slug}"),
            Some(_) => format!("tidings subscriber show {address}"),
        };
        Failure::new(Exit::Refused, message).then(next).into()
    }

    pub fn address(&self) -> String {
        self.reader.address.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    fn slug(&self, topic: i64) -> String {
        self.slugs.get(&topic).map(ToString::to_string).unwrap_or_default()
    }

    /// `health, climate`.
    pub fn list(&self, topics: &[i64]) -> String {
        topics.iter().map(|topic| self.slug(*topic)).collect::<Vec<_>>().join(", ")
    }

    /// Today, where the reader is.
    pub fn today(&self) -> NaiveDate {
        self.app.clock.now().with_timezone(&self.reader.zone).date_naive()
    }

    /// Somebody to whom nothing may be sent cannot come back by a command.
    pub async fn refuse_suppressed(&self) -> anyhow::Result<()> {
        let Some(address) = &self.reader.address else { return Ok(()) };
        let hash = self.app.keys.hash_of_address(address);
        match suppression::find(&self.app.store, &hash).await? {
            None => Ok(()),
            Some((reason, since)) => Err(typed::suppressed(address, &reason, since).into()),
        }
    }

    /// Does it, or with --dry-run looks what it would do.
    pub async fn make<T>(&self, does: impl FnMut(&mut Holdings, &Ground) -> T) -> anyhow::Result<T> {
        let now = self.app.clock.now();
        let mut tx = self.app.store.begin().await?;
        let done = holdings::change(&mut tx, &[self.reader.id], now, does).await?.pop();
        let done =
            done.ok_or_else(|| Failure::new(Exit::NotFound, format!("{} was erased in the meantime", self.address())))?;
        if self.dry_run {
            tx.rollback().await?;
            return Ok(done);
        }
        tx.commit().await?;
        compose::plan_ahead(&self.app.store, now).await?;
        open::nudge(&self.app, self.output).await?;
        Ok(done)
    }

    /// None: nothing is active, or the run is not planned yet.
    async fn next_digest(&self) -> anyhow::Result<Option<DateTime<Utc>>> {
        let held = holdings::of_reader(&self.app.store, self.reader.id).await?;
        if !held.is_some_and(|held| held.live().any(|s| s.state == State::Active)) {
            return Ok(None);
        }
        let slots = slot::of_subscriber(&self.app.store, self.reader.id).await?;
        Ok(slots.iter().filter_map(|slot| slot.next_run_at).min())
    }

    /// Says what is different. `more` is a sentence of its own.
    pub async fn say(&self, topics: &[i64], what: String, more: Option<String>) -> anyhow::Result<Exit> {
        let next_digest = if self.dry_run { None } else { self.next_digest().await? };
        let changed = Changed {
            address: self.address(),
            topics: topics.iter().filter_map(|topic| self.slugs.get(topic)).collect(),
            what,
            next_digest,
            dry_run: self.dry_run,
        };
        let now = self.app.clock.now();
        self.output.result(&changed, || {
            let would = if changed.dry_run { "would be: " } else { "" };
            let mut lines = vec![format!("{would}{}: {}", changed.address, changed.what)];
            lines.extend(more);
            lines.extend(
                changed.next_digest.map(|at| format!("the next run that serves them: {}", words::when(at, now))),
            );
            lines.join("\n")
        })?;
        Ok(Exit::Done)
    }
}
