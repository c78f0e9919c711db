//! `tidings db migrate`

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::place;
use crate::app;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::{alone, open};
use crate::store::{self, Place, Store, known_schema};

#[derive(Debug, Args)]
pub struct MigrateArgs {
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Migrated {
    from: i64,
    to: i64,
    /// The copy that is made before.
    copy: Option<PathBuf>,
    dry_run: bool,
}

pub async fn run(args: &MigrateArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let (place, known) = (app::place(&config), known_schema());
    let store = place::look_at(&config).await?;
    let from = store.schema().await?;
    if from > known {
        return Err(store::Error::Newer { found: from, known }.into());
    }
    if from < known && !args.dry_run {
        let _alone = alone::with(&store, "tidings db migrate").await?;
        Store::open(&place).await?.close().await;
    }
    store.close().await;
    let copy = match &place {
        Place::File(file) if (1..known).contains(&from) => Some(store::copy_before(file, from)),
        _ => None,
    };
    let migrated = Migrated { from, to: known, copy, dry_run: args.dry_run };
    output.result(&migrated, || migrated.text())?;
    Ok(Exit::Done)
}

impl Migrated {
    fn text(&self) -> String {
        let Self { from, to, copy, dry_run } = self;
        let is = if *dry_run { "would be" } else { "was" };
        let copied = copy
            .as_ref()
            .map_or_else(String::new, |copy| format!("; a copy as before {is} written to {}", copy.display()));
        match *from {
            from if from == *to => format!("the schema is up to date: {to}"),
            0 => format!("the tables {} made: schema {to}", if *dry_run { "would be" } else { "were" }),
            from => format!("the schema {is} brought from {from} to {to}{copied}"),
        }
    }
}
