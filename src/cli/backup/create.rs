//! `tidings backup create`

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::{database, postgres, secret, shelf};
use crate::cli::exit::{Exit, Failure};
use crate::cli::file::could_not;
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::words::{bytes, count, count_deliveries};
use crate::cli::{open, progress};
use crate::store::backup::{self, Contents};
use crate::store::{self, Store};

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Where to write it: a file that is not there yet, or a folder [default: `backups` beside the database]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Say what would be written, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Created {
    file: PathBuf,
    /// None: the site has none yet.
    secret: Option<PathBuf>,
    schema: i64,
    readers: i64,
    articles: i64,
    runs: i64,
    deliveries: i64,
    /// None under --dry-run.
    bytes: Option<u64>,
    dry_run: bool,
}

/// It reads the database as it is: one that waits for an upgrade is backed up as it was before.
pub async fn run(args: &CreateArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let database = database(&config, postgres::dump)?;
    if !database.is_file() {
        let message = format!("there is no database {} to back up", database.display());
        return Err(Failure::new(Exit::NotFound, message).then("storage.url in the configuration names it").into());
    }
    let name = open::clock(global, &config)?.now().format("tidings-%Y-%m-%d-%H%M%S.db").to_string();
    let file = target(args, database, &name)?;
    let site = &config.site.secret_file;

    let (contents, size) = if args.dry_run {
        (would_hold(database).await?, None)
    } else {
        let bar = progress::spinner("copying the database", output);
        let written = write(database, &file).await;
        bar.finish_and_clear();
        let (contents, size) = written?;
        secret::copy(site, &secret::beside(&file))?;
        (contents, Some(size))
    };
    let Contents { schema, readers, articles, runs, deliveries } = contents;
    let secret = site.is_file().then(|| secret::beside(&file));
    let created =
        Created { file, secret, schema, readers, articles, runs, deliveries, bytes: size, dry_run: args.dry_run };
    output.result(&created, || created.text())?;
    if created.secret.is_none() {
        output.warn(&format!(
            "the site's secret is not in it: there is no {}. Without the secret no stop link in a mail works",
            site.display()
        ));
    }
    Ok(Exit::Done)
}

fn target(args: &CreateArgs, database: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let file = match &args.output {
        None => shelf(database).join(name),
        Some(folder) if folder.is_dir() => folder.join(name),
        Some(file) => file.clone(),
    };
    for taken in [&file, &secret::beside(&file)] {
        if taken.symlink_metadata().is_ok() {
            let message = format!("{} is there already; a backup never writes over anything", taken.display());
            return Err(Failure::new(Exit::Refused, message).then("name another file with -o").into());
        }
    }
    Ok(file)
}

async fn would_hold(database: &Path) -> anyhow::Result<Contents> {
    let store = Store::look_at(database).await?;
    let contents = backup::contents(&store).await;
    store.close().await;
    contents?.ok_or_else(|| {
        let message = format!("{} is no database of Tidings", database.display());
        Failure::new(Exit::Problems, message).then("storage.url in the configuration names it").into()
    })
}

/// Under another name until it is known to be whole.
async fn write(database: &Path, file: &Path) -> anyhow::Result<(Contents, u64)> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(could_not("make the folder", folder))?;
    // It is made for our eyes only, and goes away if this breaks off.
    let draft = tempfile::Builder::new().prefix(".tidings-").suffix(".partial").tempfile_in(folder);
    let draft = draft.map_err(could_not("write into", folder))?;
    copy(database, draft.path()).await.map_err(|error| broken_off(database, &error))?;
    let checked = backup::check(draft.path()).await;
    let contents = match checked.contents {
        Some(contents) if checked.problems.is_empty() => contents,
        _ => return Err(not_whole(database, &checked.problems).into()),
    };
    draft.as_file().sync_all().map_err(could_not("write", file))?;
    let size = draft.as_file().metadata()?.len();
    draft.persist_noclobber(file).map_err(|refused| refused.error).map_err(could_not("write", file))?;
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(could_not("write into", folder))?;
    Ok((contents, size))
}

async fn copy(database: &Path, draft: &Path) -> Result<(), store::Error> {
    let store = Store::look_at(database).await?;
    let copied = backup::write(&store, draft).await;
    store.close().await;
    copied
}

/// The draft's name says nothing to anybody.
fn broken_off(database: &Path, error: &store::Error) -> Failure {
    let cause = std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string);
    let message = format!("no backup was made: {} could not be copied", database.display());
    let next = format!(
        "`tidings backup verify {}` says whether the database is whole; else, is the disk full?",
        database.display()
    );
    Failure::new(Exit::Outside, message).because(cause).then(next)
}

/// What is copied is what was there.
fn not_whole(database: &Path, problems: &[String]) -> Failure {
    let first = problems.first().map_or("it cannot be read", String::as_str);
    let message = format!("no backup was kept: the database {} is damaged itself: {first}", database.display());
    Failure::new(Exit::Problems, message).then("`tidings backup list` shows the backups there are")
}

impl Created {
    fn text(&self) -> String {
        let size = self.bytes.map_or_else(String::new, |size| format!(", {}", bytes(size)));
        let would = if self.dry_run { "would be written: " } else { "" };
        let n = |n: i64| usize::try_from(n).unwrap_or_default();
        let mut text = format!(
            "{would}{} (schema {}{size}): {}, {}, {}, {}",
            self.file.display(),
            self.schema,
            count(n(self.readers), "reader"),
            count(n(self.articles), "article"),
            count(n(self.runs), "run"),
            count_deliveries(n(self.deliveries))
        );
        if let Some(secret) = &self.secret {
            text.push_str(&format!(
                "\n{would}{}: keep it with the backup, for without it no stop link works",
                secret.display()
            ));
        }
        text
    }
}
