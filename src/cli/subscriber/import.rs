//! `tidings subscriber import`: readers from a file, many at once, by the same change as any other.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::file::could_not;
use super::super::global::Global;
use super::super::output::Output;
use super::super::{open, progress, words};
use super::lines::{Line, Lines};
use crate::app::App;
use crate::pipeline::compose;
use crate::store::subscription::{self, Granted, Wish};
use crate::store::{former, suppression};

#[derive(Debug, Args)]
#[command(
    after_help = "The first line names the columns: `address` and `topics` (several separated by `;`) and, as you \
    like, `frequency`, `language`, `zone`, `hour`, `regions`, `format`. A bad line is reported with its number, and the \
    others go in. What is live stays as it is; who stopped, or may not be mailed, is left alone. Only import people who \
    asked for it.\n\n\
    It can be run again at any time, also after it was broken off: what is in already stays as it is. With -n, who is \
    named more than once may be counted more than once.\n\n\
    Example:  tidings subscriber import readers.csv -n"
)]
pub struct ImportArgs {
    /// A CSV file in UTF-8; `-` for standard input
    file: PathBuf,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Rows that one transaction may write: a thousand readers of three topics.
const ROWS: usize = 5000;
/// Bad lines that are kept to be named; the others are counted.
const NAMED: usize = 1000;
/// Bad lines that are shown to a person.
const SHOWN: usize = 20;

#[derive(Debug, Default, Serialize)]
struct Imported {
    /// Without the header.
    lines: u64,
    new_readers: u64,
    /// Subscriptions that began.
    added: u64,
    /// Subscriptions that were there, left as they were.
    already: u64,
    /// Subscriptions that their reader, or an operator, had stopped, left so.
    stopped: u64,
    /// Lines of addresses that may not be mailed.
    suppressed: u64,
    /// Of readers who are forgotten.
    former: u64,
    /// Lines with another status than `active`.
    not_active: u64,
    bad: u64,
    /// The first thousand of the bad lines.
    problems: Vec<Problem>,
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct Problem {
    line: u64,
    why: String,
}

pub async fn run(args: &ImportArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for(args.dry_run, global).await?;
    let (source, size) = source(&args.file)?;
    let bar = size.map_or_else(|| progress::bytes(output), |size| progress::bar(size, output));
    // Cells are trimmed, so a carriage return goes; and the lines are numbered as an editor numbers them.
    let ends = csv::Terminator::Any(b'\n');
    let mut reader = csv::ReaderBuilder::new().flexible(true).terminator(ends).from_reader(bar.wrap_read(source));
    let not_text = |error: csv::Error| {
        let message = format!("{} cannot be read as lines of text", args.file.display());
        Failure::new(Exit::Problems, message).because(error).then("save it as CSV in UTF-8")
    };
    let header = reader.headers().map_err(not_text)?.clone();
    let lines = Lines::of(&app, &header).await?;
    if !args.dry_run {
        app.store.spreads_out().await?;
    }

    let mut imported = Imported { dry_run: args.dry_run, ..Imported::default() };
    let (mut wishes, mut rows): (Vec<Wish>, usize) = (Vec::new(), 0);
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            // An empty line, be it of blanks or of cells that are.
            Ok(true) if record.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(true) => {
                imported.lines += 1;
                let line = record.position().map_or(0, csv::Position::line);
                match lines.read(&app, &record) {
                    Ok(Line::Wish(wish)) => {
                        // The reader, their enrolment, their subscriptions and regions.
                        rows += 2 + wish.wanted.topics.len() + wish.regions.as_ref().map_or(0, Vec::len);
                        wishes.push(wish);
                    }
                    Ok(Line::NotActive) => imported.not_active += 1,
                    Err(why) => imported.is_bad(line, why),
                }
            }
            Err(error) if error.is_io_error() => return Err(not_text(error).into()),
            Err(error) => {
                imported.lines += 1;
                let line = error.position().map_or(0, csv::Position::line);
                imported.is_bad(line, "it is not text in UTF-8".to_owned());
            }
        }
        if rows >= ROWS {
            imported.grant(&app, std::mem::take(&mut wishes)).await?;
            rows = 0;
        }
    }
    imported.grant(&app, wishes).await?;
    bar.finish_and_clear();
    if !args.dry_run {
        app.store.look_again().await?;
        compose::plan_ahead(&app.store, app.clock.now()).await?;
        open::nudge(&app, output).await?;
    }
    output.result(&imported, || imported.text())?;
    Ok(if imported.bad > 0 { Exit::Partly } else { Exit::Done })
}

/// What is read, and how long it is, where that is known.
fn source(file: &Path) -> anyhow::Result<(Box<dyn Read>, Option<u64>)> {
    if file.as_os_str() == "-" {
        return Ok((Box::new(std::io::stdin()), None));
    }
    let opened = File::open(file).map_err(could_not("read", file))?;
    let size = opened.metadata().map_err(could_not("read", file))?.len();
    Ok((Box::new(opened), Some(size)))
}

impl Imported {
    fn is_bad(&mut self, line: u64, why: String) {
        self.bad += 1;
        if self.problems.len() < NAMED {
            self.problems.push(Problem { line, why });
        }
    }

    /// A batch, in a transaction of its own.
    async fn grant(&mut self, app: &App, mut wishes: Vec<Wish>) -> anyhow::Result<()> {
        if wishes.is_empty() {
            return Ok(());
        }
        let mut tx = app.store.begin().await?;
        let hashes: Vec<Vec<u8>> = wishes.iter().map(|wish| app.keys.hash_of_address(&wish.address)).collect();
        let suppressed = suppression::among(&mut tx, &hashes).await?;
        let former = former::among(&mut tx, &hashes).await?;
        if !suppressed.is_empty() || !former.is_empty() {
            let mut of_wishes = hashes.iter();
            wishes
                .retain(|_| of_wishes.next().is_some_and(|hash| !suppressed.contains(hash) && !former.contains(hash)));
            self.suppressed += hashes.iter().filter(|hash| suppressed.contains(*hash)).count() as u64;
            let forgotten = hashes.iter().filter(|hash| !suppressed.contains(*hash) && former.contains(*hash));
            self.former += forgotten.count() as u64;
        }
        for Granted { given, new_reader, .. } in subscription::grant_all(&mut tx, &wishes, app.clock.now()).await? {
            self.new_readers += u64::from(new_reader);
            self.added += (given.added.len() + given.started.len()) as u64;
            self.already += given.already.len() as u64;
            self.stopped += given.stopped.len() as u64;
        }
        if self.dry_run {
            tx.rollback().await?;
        } else {
            tx.commit().await?;
            app.store.let_others_in().await;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let count = |n: u64, noun: &str| words::count(usize::try_from(n).unwrap_or(usize::MAX), noun);
        let would = if self.dry_run { "would be: " } else { "" };
        let mut lines = vec![format!(
            "{would}{} read: {}, {} begun",
            count(self.lines, "line"),
            count(self.new_readers, "new reader"),
            count(self.added, "subscription")
        )];
        for (n, noun, what) in [
            (self.already, "subscription", "already there, left as before"),
            (self.stopped, "subscription", "stopped before, left so"),
            (self.suppressed, "line", "of addresses that may not be mailed, left out"),
            (self.former, "line", "of readers who stopped and are forgotten, left so"),
            (self.not_active, "line", "with another status than `active`, left out"),
            (self.bad, "line", "bad, left out"),
        ] {
            if n > 0 {
                lines.push(format!("  {what}: {}", count(n, noun)));
            }
        }
        lines.extend(self.problems.iter().take(SHOWN).map(|p| format!("    line {}: {}", p.line, p.why)));
        let more = self.bad.saturating_sub(SHOWN as u64);
        if more > 0 {
            lines.push(format!("    and {more} more; --json names the first {NAMED}"));
        }
        lines.join("\n")
    }
}
