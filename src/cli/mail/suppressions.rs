//! `tidings mail suppressions`: addresses that nothing is sent to. We keep keyed hashes of them; whose they are can be told
//! only where a reader still has the address.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::open;
use super::super::output::Output;
use crate::app::App;
use crate::model::address::Address;
use crate::model::holdings::StopReason;
use crate::store::{subscriber, subscription, suppression};

#[derive(Debug, Subcommand)]
pub enum SuppressionsCommand {
    /// List them, the newest first
    List,
    /// Send nothing to an address any more, whoever asks for it
    #[command(after_help = "All its subscriptions end, and neither an import nor the sign-up page brings it back.")]
    Add(OneArgs),
    /// Let an address be mailed again
    #[command(
        after_help = "Its subscriptions stay as they are: `tidings subscriber start-again` or a sign-up begins them."
    )]
    Remove(OneArgs),
}

#[derive(Debug, Args)]
pub struct OneArgs {
    /// The address
    address: Address,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Shown {
    /// None: no reader has it.
    address: Option<String>,
    /// The beginning of the hash that is kept.
    hash: String,
    reason: String,
    since: DateTime<Utc>,
    /// What the relay said.
    detail: Option<String>,
}

#[derive(Serialize)]
struct Done {
    address: String,
    changed: bool,
    dry_run: bool,
}

pub async fn run(command: &SuppressionsCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        SuppressionsCommand::List => list(global, output).await,
        SuppressionsCommand::Add(args) => add(args, global, output).await,
        SuppressionsCommand::Remove(args) => remove(args, global, output).await,
    }
}

async fn list(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let all = suppression::all(&app.store).await?;
    let known = if all.is_empty() { HashMap::new() } else { readers(&app).await? };
    let shown: Vec<Shown> = all
        .into_iter()
        .map(|one| Shown {
            address: known.get(&one.hash).cloned(),
            hash: hex::encode(&one.hash[..one.hash.len().min(6)]),
            reason: one.reason,
            since: one.since,
            detail: one.detail,
        })
        .collect();
    output.list(&shown, &["address", "reason", "since", "what was said"], |one| {
        let address = one.address.clone().unwrap_or_else(|| format!("(no reader's: {}…)", one.hash));
        let since = one.since.format("%Y-%m-%d").to_string();
        vec![address, one.reason.clone(), since, one.detail.clone().unwrap_or_default()]
    })?;
    Ok(Exit::Done)
}

/// Addresses by how suppressions keep them.
async fn readers(app: &App) -> anyhow::Result<HashMap<Vec<u8>, String>> {
    const PAGE: i64 = 5000;
    let (mut known, mut after) = (HashMap::new(), 0);
    loop {
        let page = subscriber::list(&app.store, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(known) };
        after = last.id;
        let addresses = page.iter().filter_map(|reader| reader.address.as_ref());
        known.extend(addresses.map(|address| (app.keys.hash_of_address(address), address.to_string())));
    }
}

async fn add(args: &OneArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for(args.dry_run, global).await?;
    let (hash, now) = (app.keys.hash_of_address(&args.address), app.clock.now());
    let reader = subscriber::by_address(&app.store, &args.address).await?;
    let mut tx = app.store.begin().await?;
    let changed = suppression::add_by_operator(&mut tx, &hash, now).await?;
    if let Some(reader) = &reader {
        subscription::stop(&mut tx, reader.id, None, StopReason::Suppressed, now).await?;
    }
    if args.dry_run {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
        open::nudge(&app, output).await?;
    }
    let what = if changed { "nothing is sent to it any more" } else { "it was suppressed already" };
    said(args, changed, what, output)
}

async fn remove(args: &OneArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for(args.dry_run, global).await?;
    let hash = app.keys.hash_of_address(&args.address);
    let mut tx = app.store.begin().await?;
    let changed = suppression::remove(&mut tx, &hash).await?;
    if args.dry_run {
        tx.rollback().await?
    } else {
        tx.commit().await?
    }
    if !changed {
        let message = format!("{} is not suppressed", args.address);
        return Err(Failure::new(Exit::NotFound, message).then("tidings mail suppressions list").into());
    }
    said(args, changed, "it can be mailed again", output)
}

fn said(args: &OneArgs, changed: bool, what: &str, output: &Output) -> anyhow::Result<Exit> {
    let done = Done { address: args.address.to_string(), changed, dry_run: args.dry_run };
    output.result(&done, || {
        let would = if args.dry_run { " (nothing was done: -n)" } else { "" };
        format!("{}: {what}{would}", args.address)
    })?;
    Ok(Exit::Done)
}
