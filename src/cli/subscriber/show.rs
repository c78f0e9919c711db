//! `tidings subscriber show|list`

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::super::exit::Exit;
use super::super::global::Global;
use super::super::output::Output;
use super::super::{open, words};
use super::typed;
use crate::app::App;
use crate::model::address::Address;
use crate::store::slot;
use crate::store::subscriber::{self, Subscriber};
use crate::store::subscription::{self, Subscription};

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The reader's address
    address: Address,
}

#[derive(Serialize)]
struct Shown {
    address: String,
    language: String,
    zone: String,
    hour: i64,
    regions: Vec<String>,
    since: DateTime<Utc>,
    next_digest: Option<DateTime<Utc>>,
    subscriptions: Vec<Held>,
}

#[derive(Serialize)]
struct Held {
    topic: String,
    frequency: String,
    status: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_reason: Option<String>,
    /// The last day of a pause.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused_until: Option<String>,
}

impl From<Subscription> for Held {
    fn from(s: Subscription) -> Self {
        let (topic, frequency) = (s.topic.to_string(), s.frequency.to_string());
        Self { topic, frequency, status: s.state, stop_reason: s.stop_reason, paused_until: s.paused_until }
    }
}

pub async fn show(args: &ShowArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let reader = typed::reader(&app, &args.address).await?;
    let shown = shown(&app, &reader).await?;
    let now = app.clock.now();
    output.result(&shown, || {
        let mut lines = vec![
            shown.address.clone(),
            format!("language {}, {} o'clock in {}", shown.language, shown.hour, shown.zone),
            next_digest(&shown, now),
        ];
        if !shown.regions.is_empty() {
            lines.push(format!("only {}", shown.regions.join(", ")));
        }
        for held in &shown.subscriptions {
            let until = held.paused_until.as_ref().map(|day| format!(" until {day}"));
            let why = until.or(held.stop_reason.as_ref().map(|reason| format!(" ({reason})"))).unwrap_or_default();
            lines.push(format!("  {:<24} {:<16} {}{why}", held.topic, held.frequency, held.status));
        }
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}

async fn shown(app: &App, reader: &Subscriber) -> anyhow::Result<Shown> {
    let slots = slot::of_subscriber(&app.store, reader.id).await?;
    let subscriptions = subscription::of_reader(&app.store, reader.id).await?;
    let regions = subscriber::regions(&app.store, reader.id).await?;
    let is_active = subscriptions.iter().any(|s| s.state == "active");
    Ok(Shown {
        address: reader.address.as_ref().map(ToString::to_string).unwrap_or_default(),
        language: reader.language.to_string(),
        zone: reader.zone.name().to_owned(),
        hour: reader.hour,
        regions: regions.iter().map(ToString::to_string).collect(),
        since: reader.created_at,
        // A slot keeps its hours for somebody whose pause will end, too.
        next_digest: slots.iter().filter_map(|slot| slot.next_run_at).min().filter(|_| is_active),
        subscriptions: subscriptions.into_iter().map(Held::from).collect(),
    })
}

fn next_digest(shown: &Shown, now: DateTime<Utc>) -> String {
    match shown.next_digest {
        Some(at) => format!("next digest {}", words::when(at, now)),
        None if shown.subscriptions.iter().any(|held| held.status == "active") => {
            "next digest not planned yet; `tidings run` plans it".to_owned()
        }
        None => "no digest: no subscription is active".to_owned(),
    }
}

/// Readers read at once while listing.
const PAGE: i64 = 1000;

pub async fn list(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let mut readers = Vec::new();
    let mut after = 0;
    loop {
        let page = subscriber::list(&app.store, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for reader in page.iter().filter(|reader| reader.address.is_some()) {
            readers.push(shown(&app, reader).await?);
        }
    }
    output.list(&readers, &["address", "language", "zone", "hour", "subscriptions"], |reader| {
        let live = reader.subscriptions.iter().filter(|held| held.status != "ended");
        let topics: Vec<String> = live.map(|held| format!("{} ({})", held.topic, held.frequency)).collect();
        vec![
            reader.address.clone(),
            reader.language.clone(),
            reader.zone.clone(),
            reader.hour.to_string(),
            topics.join(", "),
        ]
    })?;
    Ok(Exit::Done)
}
