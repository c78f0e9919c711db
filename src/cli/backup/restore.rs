//! `tidings backup restore`

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::secret::{self, Fate};
use super::{database, postgres, verify};
use crate::app::{App, AppError};
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::words::count;
use crate::cli::{alone, open, progress, yes};
use crate::clock::{Chance, Clock};
use crate::config::Config;
use crate::model::words::with_causes;
use crate::store::backup::{self, Contents};
use crate::store::known_schema;
use crate::store::restore::Draft;
use crate::store::stops::{self, TakenOver};

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// The backup
    file: PathBuf,
    /// Do it without asking
    #[arg(short, long)]
    yes: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Restored {
    file: PathBuf,
    schema: i64,
    readers: i64,
    deliveries: i64,
    /// Where the database is that was there.
    moved_to: Option<PathBuf>,
    /// Deliveries that were on their way; None under --dry-run.
    held: Option<u64>,
    /// Readers who had stopped something since the backup was made; None: nobody can tell.
    stopped_again: Option<usize>,
    /// Readers who had been forgotten since.
    erased_again: Option<usize>,
    secret: Fate,
    dry_run: bool,
}

pub async fn run(args: &RestoreArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let database = database(&config, postgres::put_back)?;
    verify::size(&args.file)?;
    let now = open::clock(global, &config)?.now();
    // To the end: nobody begins to work on a database that is about to go.
    let _alone = alone::with_file(database, "tidings backup restore")?;
    let contents = whole(&args.file, output).await?;
    let fate = secret::fate(&args.file, &config.site.secret_file)?;
    let mut restored = Restored {
        file: args.file.clone(),
        schema: contents.schema,
        readers: contents.readers,
        deliveries: contents.deliveries,
        moved_to: None,
        held: None,
        stopped_again: None,
        erased_again: None,
        secret: fate,
        dry_run: args.dry_run,
    };
    if !args.dry_run {
        sure(args, &contents, database, global)?;
        let bar = progress::spinner("copying the backup", output);
        let done = put_back(&args.file, database, now).await;
        bar.finish_and_clear();
        let (moved_to, held) = done?;
        if fate == Fate::Restored {
            secret::copy(&secret::beside(&args.file), &config.site.secret_file)?;
        }
        let taken_over = stop_again(&config, moved_to.as_deref(), now, output).await;
        restored.stopped_again = taken_over.map(|taken_over| taken_over.readers);
        restored.erased_again = taken_over.map(|taken_over| taken_over.erased);
        (restored.moved_to, restored.held) = (moved_to, Some(held));
    }
    output.result(&restored, || restored.text(database))?;
    say_of_the_secret(fate, &args.file, &config.site.secret_file, output);
    Ok(Exit::Done)
}

async fn whole(file: &Path, output: &Output) -> anyhow::Result<Contents> {
    let bar = progress::spinner("reading the backup through", output);
    let checked = backup::check(file).await;
    bar.finish_and_clear();
    let contents = match (checked.problems.first(), checked.contents) {
        (None, Some(contents)) => contents,
        (problem, _) => {
            let why = problem.map_or("it cannot be read", String::as_str);
            let message = format!("{} is not whole, so it was not restored: {why}", file.display());
            let next =
                format!("`tidings backup verify {}` says more; `tidings backup list` shows others", file.display());
            return Err(Failure::new(Exit::Problems, message).then(next).into());
        }
    };
    if contents.schema > known_schema() {
        let message = format!(
            "{} was made by a newer Tidings: its schema is {}, and this program knows {}",
            file.display(),
            contents.schema,
            known_schema()
        );
        return Err(Failure::new(Exit::Refused, message)
            .then("install that version or newer, and restore it with that")
            .into());
    }
    Ok(contents)
}

fn sure(args: &RestoreArgs, contents: &Contents, database: &Path, global: &Global) -> anyhow::Result<()> {
    let readers = readers(contents.readers);
    let (file, database) = (args.file.display(), database.display());
    let question = format!("{file} ({readers}) takes the place of {database}, which is moved aside.");
    if args.yes || yes::said(&question, global)? {
        return Ok(());
    }
    let message = format!("nothing was restored: a restore replaces {database}, and nobody said yes");
    Err(Failure::new(Exit::Refused, message).then("-n says what would be done; --yes does it").into())
}

async fn put_back(file: &Path, database: &Path, now: DateTime<Utc>) -> anyhow::Result<(Option<PathBuf>, u64)> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let why = format!("a backup was restored ({name}), since {}", now.format("%Y-%m-%d %H:%M UTC"));
    let draft = Draft::make(file, database, &why, now).await?;
    let held = draft.held;
    Ok((draft.put_in_place(now).await?, held))
}

/// All mail is stopped by now. A database that is replaced may be a damaged one: then it is said that nobody can tell.
async fn stop_again(config: &Config, aside: Option<&Path>, now: DateTime<Utc>, output: &Output) -> Option<TakenOver> {
    match take_over(config.clone(), aside?, now).await {
        Ok(taken_over) => Some(taken_over),
        Err(error) => {
            output.warn(&format!("who stopped since the backup was made cannot be seen: {}", with_causes(&error)));
            None
        }
    }
}

async fn take_over(config: Config, aside: &Path, now: DateTime<Utc>) -> Result<TakenOver, AppError> {
    let app = App::open(config, Clock::starting_at(now), Chance::system()).await?;
    let taken_over = stops::take_over(&app.store, aside, |address| app.keys.hash_of_address(address), now).await;
    app.store.close().await;
    Ok(taken_over?)
}

fn readers(n: i64) -> String {
    count(usize::try_from(n).unwrap_or_default(), "reader")
}

impl Restored {
    fn text(&self, database: &Path) -> String {
        let (file, database) = (self.file.display(), database.display());
        if self.dry_run {
            return format!(
                "{file} would take the place of {database}: schema {}, {}. The database that is there would be moved aside, all mail \
                 stopped, and what was on its way held",
                self.schema,
                readers(self.readers)
            );
        }
        let mut lines = vec![format!("restored {file}: schema {}, {}", self.schema, readers(self.readers))];
        lines.extend(
            self.moved_to.as_ref().map(|aside| format!("the database that was there is now {}", aside.display())),
        );
        lines.push(match self.held.unwrap_or_default() {
            0 => "no mail was on its way when the backup was made".to_owned(),
            n => format!(
                "{}: on the way when the backup was made, and perhaps gone since; held until you decide",
                count(usize::try_from(n).unwrap_or(usize::MAX), "mail")
            ),
        });
        lines.push("readers are as they were then; who signed up since is not there".to_owned());
        lines.push(match self.stopped_again {
            None => "who stopped since is a reader again: the database that was there cannot tell".to_owned(),
            Some(0) => "nobody had stopped since".to_owned(),
            Some(n) => format!("stopped again, since they had stopped meanwhile: {}", count(n, "reader")),
        });
        if let Some(n) = self.erased_again.filter(|n| *n > 0) {
            lines.push(format!("forgotten again, since they had been erased meanwhile: {}", count(n, "reader")));
        }
        lines.push("all mail is stopped, for the backup does not know what has left since it was made".to_owned());
        lines.push(
            "next: `tidings reconcile` shows what waits for your word; `tidings digest release --all` then lets mail go".to_owned(),
        );
        lines.join("\n")
    }
}

fn say_of_the_secret(fate: Fate, backup: &Path, site: &Path, output: &Output) {
    let (theirs, site) = (secret::beside(backup), site.display());
    match fate {
        Fate::Kept => {}
        Fate::Restored => output.say(&format!("the site's secret comes from {}, as there was none", theirs.display())),
        Fate::Differs => output.warn(&format!(
            "the site's secret {site} is another than the backup's and stays as it is. The stop links in mails sent with the other do not \
             work until you add the lines of {} at the end of it: the first line signs, all of them verify",
            theirs.display()
        )),
        Fate::NoneInBackup => output.say(&format!(
            "no secret lies beside the backup; {site} stays as it is. If it is not the one of that time, no stop link of that time works"
        )),
        Fate::None => output.warn(&format!(
            "there is no secret, neither beside the backup nor at {site}: no stop link in mails sent so far works"
        )),
    }
}
