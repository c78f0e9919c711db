//! `tidings digest next|preview`: what comes next, and what it would bring a reader.

use std::collections::HashMap;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::file::could_not;
use super::global::Global;
use super::output::Output;
use super::words::{count, when};
use super::{open, resolve};
use crate::app::App;
use crate::model::address::Address;
use crate::model::slug::Slug;
use crate::pipeline::compose::preview::{self, Mail, Pending};
use crate::pipeline::deliver::proof::{self, Proof};
use crate::store::subscriber::{self, Subscriber};
use crate::store::{declared, filing, slot};

#[derive(Debug, Args)]
pub struct NextArgs {
    /// Only those of this frequency
    #[arg(long, value_name = "SLUG")]
    frequency: Option<Slug>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct PreviewArgs {
    /// The reader's address
    address: Address,
    /// Of this frequency, for readers who have several [default: the one that comes first]
    #[arg(long, value_name = "SLUG")]
    frequency: Option<Slug>,
    #[command(flatten)]
    form: Form,
    /// Write it to this file
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
struct Form {
    /// As plain text: what you get if you say nothing
    #[arg(long)]
    text: bool,
    /// As HTML
    #[arg(long)]
    html: bool,
    /// As the whole message, the way it would be handed over
    #[arg(long)]
    eml: bool,
}

#[derive(Serialize)]
struct Firing {
    frequency: String,
    zone: String,
    /// None: the frequency's own.
    hour: Option<i64>,
    at: DateTime<Utc>,
    /// By the wall clock there.
    local: String,
    readers: i64,
    /// The position after which articles are new.
    lower: i64,
    articles: i64,
}

pub async fn next(args: &NextArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let firings = firings(&app, args).await?;
    let now = app.clock.now();
    if firings.is_empty() {
        output.say("nothing is planned: there are no readers, or `tidings run` has not planned it yet");
    }
    output.list(&firings, &["when", "local time", "frequency", "readers", "after", "new articles"], |firing| {
        vec![
            when(firing.at, now),
            format!("{} {}", firing.local, firing.zone),
            firing.frequency.clone(),
            firing.readers.to_string(),
            firing.lower.to_string(),
            firing.articles.to_string(),
        ]
    })?;
    Ok(Exit::Done)
}

async fn firings(app: &App, args: &NextArgs) -> anyhow::Result<Vec<Firing>> {
    let store = &app.store;
    let wanted = match &args.frequency {
        Some(slug) => Some(resolve::frequency(app, Some(slug)).await?.id),
        None => None,
    };
    let slugs: HashMap<i64, String> =
        declared::frequencies(store).await?.into_iter().map(|f| (f.id, f.slug.to_string())).collect();
    let slots = slot::scheduled(store).await?.into_iter();
    let slots = slots.filter(|slot| wanted.is_none_or(|wanted| wanted == slot.frequency)).take(args.limit as usize);
    let mut firings = Vec::new();
    // Most slots have run at the same time as others.
    let mut new: HashMap<i64, i64> = HashMap::new();
    for slot in slots {
        let Some(at) = slot.next_run_at else { continue };
        if let std::collections::hash_map::Entry::Vacant(unknown) = new.entry(slot.cutoff) {
            unknown.insert(filing::new_after(store, slot.cutoff).await?);
        }
        firings.push(Firing {
            frequency: slugs.get(&slot.frequency).cloned().unwrap_or_default(),
            zone: slot.zone.name().to_owned(),
            hour: (slot.hour >= 0).then_some(slot.hour),
            at,
            local: at.with_timezone(&slot.zone).format("%Y-%m-%d %H:%M").to_string(),
            readers: slot::readers(store, slot.id).await?,
            lower: slot.cutoff,
            articles: new[&slot.cutoff],
        });
    }
    Ok(firings)
}

#[derive(Serialize)]
struct Previewed {
    address: String,
    due_at: DateTime<Utc>,
    /// None: nothing is new for them.
    subject: Option<String>,
    articles: usize,
    text: Option<String>,
    html: Option<String>,
}

pub async fn preview(args: &PreviewArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let reader = find(&app, &args.address).await?;
    let frequency = match &args.frequency {
        Some(slug) => Some(resolve::frequency(&app, Some(slug)).await?.id),
        None => None,
    };
    let line = app.line().await?;
    let now = app.clock.now();
    let Some(pending) = preview::pending(&line, reader.id, frequency, now).await? else {
        let what = args.frequency.as_ref().map_or_else(String::new, |slug| format!(" of frequency `{slug}`"));
        let message = format!("{} has no active subscription{what}, so no mail comes", args.address);
        let next = format!("tidings subscriber show {}", args.address);
        return Err(Failure::new(Exit::NotFound, message).then(next).into());
    };
    let proof = match &pending.mail {
        None => None,
        Some(Mail { content, topics }) => {
            let made = proof::pull(&line, content, topics, &reader, &args.address, pending.due_at).await?;
            Some(made.map_err(|why| {
                Failure::new(Exit::Problems, "the mail cannot be made")
                    .because(why)
                    .then("`tidings template lint` looks at the texts it is made of")
            })?)
        }
    };
    show(args, &pending, proof, now, output)
}

async fn find(app: &App, address: &Address) -> anyhow::Result<Subscriber> {
    let found = subscriber::by_address(&app.store, address).await?;
    found.ok_or_else(|| {
        Failure::new(Exit::NotFound, format!("{address} is no reader")).then("tidings subscriber list").into()
    })
}

fn show(
    args: &PreviewArgs,
    pending: &Pending,
    proof: Option<Proof>,
    now: DateTime<Utc>,
    output: &Output,
) -> anyhow::Result<Exit> {
    let articles = pending.mail.as_ref().map_or(0, |mail| mail.content.articles().count());
    let due = when(pending.due_at, now);
    let Some(proof) = proof else {
        output.say(&format!("nothing is new for {} so far; the next run is due {due}", args.address));
        let none = Previewed {
            address: args.address.to_string(),
            due_at: pending.due_at,
            subject: None,
            articles,
            text: None,
            html: None,
        };
        if output.is_json() {
            output.result(&none, String::new)?;
        }
        return Ok(Exit::Done);
    };
    output.say(&format!("{} for {}, due {due}: {}", count(articles, "article"), args.address, proof.subject));
    let shown = chosen(args, &proof)?;
    if let Some(file) = &args.out {
        std::fs::write(file, &shown).map_err(could_not("write", file))?;
        output.say(&format!("written to {}", file.display()));
    }
    if args.out.is_none() || output.is_json() {
        let previewed = Previewed {
            address: args.address.to_string(),
            due_at: pending.due_at,
            subject: Some(proof.subject),
            articles,
            text: Some(proof.text),
            html: proof.html,
        };
        output.result(&previewed, || String::from_utf8_lossy(&shown).into_owned())?;
    }
    Ok(Exit::Done)
}

fn chosen(args: &PreviewArgs, proof: &Proof) -> anyhow::Result<Vec<u8>> {
    if args.form.eml {
        return Ok(proof.message.clone());
    }
    if !args.form.html {
        return Ok(proof.text.clone().into_bytes());
    }
    let html = proof.html.clone().ok_or_else(|| {
        let message = format!("{} asked for plain text: their mail has no HTML", args.address);
        Failure::new(Exit::Refused, message).then("leave --html out")
    })?;
    Ok(html.into_bytes())
}
