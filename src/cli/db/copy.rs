//! `tidings db copy`

use clap::Args;
use indicatif::ProgressBar;
use serde::Serialize;

use super::place;
use crate::app;
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::words::count;
use crate::cli::{alone, open, progress};
use crate::config::{Config, Database};
use crate::store::copy::{self, CopyError};
use crate::store::{self, Store, known_schema, tables};

#[derive(Debug, Args)]
pub struct CopyArgs {
    /// The other database: postgres://user@host/name, or sqlite:FILE
    #[arg(value_name = "URL", value_parser = place::parse)]
    to: Database,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Copied {
    from: String,
    to: String,
    rows: i64,
    tables: Vec<Table>,
    dry_run: bool,
}

#[derive(Serialize)]
struct Table {
    name: String,
    rows: i64,
}

pub async fn run(args: &CopyArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let from = place::open_as_it_is(&config).await?;
    if place::is_same(&config.storage.database, &args.to)? {
        let message = "the target is the database itself, and a copy is never written over what it is made of";
        return Err(Failure::new(Exit::Refused, message).then("name another one, such as sqlite:copy.db").into());
    }
    up_to_date(&from).await?;
    let _alone = alone::with(&from, "tidings db copy").await?;
    let before = counts(&from).await?;
    let other = place::moved(&config, &args.to);
    let tables = if args.dry_run {
        would_take(&other).await?;
        before
    } else {
        let all: i64 = before.iter().map(|table| table.rows).sum();
        let bar = progress::bar(u64::try_from(all).unwrap_or_default(), output);
        let copied = copy_all(&from, &other, &bar).await;
        bar.finish_and_clear();
        copied?
    };
    from.close().await;
    let copied = Copied {
        from: place::words(&config.storage.database),
        to: place::words(&args.to),
        rows: tables.iter().map(|table| table.rows).sum(),
        tables,
        dry_run: args.dry_run,
    };
    output.result(&copied, || copied.text())?;
    if !args.dry_run {
        output.say(&format!(
            "now write storage.url = \"…\" with that address into the configuration, keep {} as it is, and start `tidings run`. Do not \
             start it on the old database any more: it would mail the same readers",
            config.site.secret_file.display()
        ));
    }
    Ok(Exit::Done)
}

async fn up_to_date(from: &Store) -> anyhow::Result<()> {
    let found = from.schema().await?;
    if found == known_schema() {
        return Ok(());
    }
    if found > known_schema() {
        return Err(store::Error::Newer { found, known: known_schema() }.into());
    }
    let message = format!("the database has schema {found}, and this program copies schema {}", known_schema());
    Err(Failure::new(Exit::Refused, message).then("tidings db migrate").into())
}

/// The lease of who is at work stays behind.
async fn counts(store: &Store) -> anyhow::Result<Vec<Table>> {
    let mut counts = Vec::new();
    for table in tables::all(store).await?.into_iter().filter(|table| table.name != copy::STAYS) {
        counts.push(Table { rows: tables::count(store, &table).await?, name: table.name });
    }
    Ok(counts)
}

/// One that is not there yet is made.
async fn would_take(other: &Config) -> anyhow::Result<()> {
    if matches!(&other.storage.database, Database::Sqlite(file) if !file.exists()) {
        return Ok(());
    }
    let to = place::look_at(other).await?;
    let found = match to.schema().await? {
        0 => None,
        _ => copy::find_rows(&to).await?,
    };
    to.close().await;
    found.map_or(Ok(()), |table| Err(CopyError::NotEmpty { table }.into()))
}

async fn copy_all(from: &Store, other: &Config, bar: &ProgressBar) -> anyhow::Result<Vec<Table>> {
    let to = Store::open(&app::place(other)).await.map_err(|error| {
        Failure::new(Exit::Outside, "the target cannot be used")
            .because(error)
            .then("name a database that is there, or a file that can be made: its folder must be there")
    })?;
    let _alone = alone::with(&to, "tidings db copy").await?;
    let copied = copy::copy(from, &to, |rows| bar.inc(rows)).await;
    to.close().await;
    Ok(copied?.into_iter().map(|(name, rows)| Table { name, rows }).collect())
}

impl Copied {
    fn text(&self) -> String {
        let rows = |n: i64| count(usize::try_from(n).unwrap_or_default(), "row");
        let would = if self.dry_run { "would be copied" } else { "copied and counted on both sides" };
        let mut lines = vec![format!("{would}: {} from {} to {}", rows(self.rows), self.from, self.to)];
        let width = self.tables.iter().map(|table| table.name.len()).max().unwrap_or_default();
        lines.extend(self.tables.iter().map(|Table { name, rows }| format!("  {name:width$}  {rows}")));
        lines.join("\n")
    }
}
