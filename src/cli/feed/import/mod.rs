//! `tidings feed import`: a list of feeds becomes lines of the configuration, which are yours to look at first.

mod lines;

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use self::lines::Lines;
use super::export::replace;
use super::read;
use crate::cli::exit::{Exit, Failure};
use crate::cli::file::could_not;
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::cli::words::count;
use crate::config::Config;
use crate::feed::opml::{self, Bad};

/// Bad outlines that are shown to a person.
const SHOWN: usize = 20;

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// An OPML file, such as other programs export it; `-` for standard input
    file: PathBuf,
    /// Also a [[topic]] for each folder or category, of the feeds in it
    #[arg(long)]
    topics: bool,
    /// Append the lines to the configuration file, if the whole is a good configuration then
    #[arg(long)]
    write: bool,
    /// With --write: say what would be written, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Imported {
    /// Slugs of the new ones.
    feeds: Vec<String>,
    topics: Vec<String>,
    /// Feeds that the configuration has already, by address.
    already: usize,
    bad: Vec<Bad>,
    /// For the configuration.
    toml: String,
    /// The file they were appended to.
    written: Option<PathBuf>,
    dry_run: bool,
}

pub fn run(args: &ImportArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let bytes = read(&args.file)?;
    let list = opml::read(&bytes).map_err(|error| {
        Failure::new(Exit::Problems, format!("{} is no list of feeds", args.file.display())).because(error)
    })?;
    let lines = Lines::of(&config, &list.feeds, args.topics)?;
    let file = if args.write { write(&config, &lines.text, args.dry_run)? } else { None };
    let imported = Imported {
        feeds: lines.feeds.iter().map(ToString::to_string).collect(),
        topics: lines.topics.iter().map(ToString::to_string).collect(),
        already: lines.already,
        bad: list.bad,
        toml: lines.text,
        written: file.filter(|_| !args.dry_run),
        dry_run: args.dry_run,
    };
    output.result(&imported, || match &imported.written {
        Some(file) => format!(
            "{} and {} appended to {}",
            count(imported.feeds.len(), "feed"),
            count(imported.topics.len(), "topic"),
            file.display()
        ),
        None => imported.toml.clone(),
    })?;
    tell(&imported, &lines.joins, args, output);
    Ok(match (imported.bad.is_empty(), imported.feeds.is_empty() && imported.already == 0) {
        (true, _) => Exit::Done,
        (false, false) => Exit::Partly,
        (false, true) => Exit::Problems,
    })
}

fn tell(imported: &Imported, joins: &[String], args: &ImportArgs, output: &Output) {
    for Bad { outline, why } in imported.bad.iter().take(SHOWN) {
        output.warn(&format!("outline {outline}: {why}"));
    }
    if imported.bad.len() > SHOWN {
        output.warn(&format!("and {} more; `--json` has all", imported.bad.len() - SHOWN));
    }
    if imported.already > 0 {
        output.say(&format!("{} declared already, left as before", count(imported.already, "feed")));
    }
    joins.iter().for_each(|join| output.say(join));
    match (&imported.written, imported.feeds.len()) {
        (_, 0) => output.say("nothing new in it"),
        (Some(_), _) => {
            output.say("in force with the next command that writes, such as `tidings feed fetch`, or with `systemctl reload tidings`");
        }
        (None, n) if args.write => output.say(&format!("{} would be appended; nothing was written", count(n, "feed"))),
        (None, n) => output.say(&format!(
            "{}; nothing was written: append the lines to the configuration, or use --write",
            count(n, "feed")
        )),
    }
}

/// Appends, if what comes of it is good. The file that this was. Under --dry-run it is only looked whether it is good.
fn write(config: &Config, lines: &str, dry_run: bool) -> anyhow::Result<Option<PathBuf>> {
    let Some(file) = &config.file else {
        let message = format!("there is no configuration file {} to append to", crate::config::FILE);
        return Err(Failure::new(Exit::NotFound, message)
            .then("begin one with `tidings init`, or name it with -c")
            .into());
    };
    if lines.is_empty() {
        return Ok(None);
    }
    let before = fs::read_to_string(file).map_err(could_not("read", file))?;
    let gap = if before.is_empty() || before.ends_with("\n\n") {
        ""
    } else if before.ends_with('\n') {
        "\n"
    } else {
        "\n\n"
    };
    let after = format!("{before}{gap}{lines}");
    let folder = file.parent().unwrap_or(Path::new(""));
    Config::from_text(&after, &file.display().to_string(), folder, std::env::vars())?;
    if !dry_run {
        replace(file, &after)?;
    }
    Ok(Some(file.clone()))
}
