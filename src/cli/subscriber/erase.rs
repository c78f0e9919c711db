//! `tidings subscriber erase`: somebody wants to be forgotten.

use clap::Args;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::output::Output;
use super::super::{open, yes};
use super::typed;
use crate::model::address::Address;
use crate::store::former::{self, Goes};

#[derive(Debug, Args)]
#[command(
    after_help = "All their subscriptions end, what waits for them is not sent, and their address is in no row any more. \
    What was sent stays in the ledger, to nobody. A keyed hash is kept, so that an import does not bring them back; \
    whoever signs up again is welcome. Backups made before still have the address. There is no way back.\n\n\
    Example:  tidings subscriber erase reader@example.org --yes"
)]
pub struct EraseArgs {
    /// The reader's address
    address: Address,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Erased {
    /// What is left to name them by.
    subscriber: i64,
    dry_run: bool,
}

pub async fn run(args: &EraseArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for(args.dry_run, global).await?;
    let reader = typed::reader(&app, &args.address).await?;
    // There is no way back.
    if !args.yes && !args.dry_run && !yes::said(&format!("Forget {} for good?", args.address), global)? {
        let message = format!("{} is there still: nobody said yes", args.address);
        let next = format!("tidings subscriber erase {} --yes", args.address);
        return Err(Failure::new(Exit::Refused, message).then(next).into());
    }
    let (hash, now) = (app.keys.hash_of_address(&args.address), app.clock.now());
    let mut tx = app.store.begin().await?;
    former::forget(&mut tx, Goes { id: reader.id, address: &args.address, hash: &hash }, now).await?;
    if args.dry_run {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
        open::nudge(&app, output).await?;
    }
    output.result(&Erased { subscriber: reader.id, dry_run: args.dry_run }, || {
        let did = if args.dry_run { "would be forgotten" } else { "is forgotten" };
        format!("{} {did}; the ledger knows them as reader {} from now on", args.address, reader.id)
    })?;
    Ok(Exit::Done)
}
