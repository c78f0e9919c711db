//! `tidings init`: a folder with a configuration and the keys of its links, from six questions at most.
//!
//! Each question is a flag, too, so that a script needs no terminal. It never writes over a file, and what it writes
//! sends no mail: going live is a change that somebody makes by hand.

mod answers;
mod asking;
mod feeds;
mod made;
mod text;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use clap::Args;
use url::Url;

use self::answers::{Answers, Relay};
use self::asking::{Asker, Question};
use self::made::Made;
use super::exit::{Exit, Failure};
use super::file::could_not;
use super::global::Global;
use super::output::Output;
use crate::app;
use crate::clock::Chance;
use crate::config::{Config, FILE};
use crate::model::language::Language;

#[derive(Debug, Args)]
#[command(
    after_help = "What no flag says is asked on a terminal, with a default in brackets that Enter takes. Without a\n\
    terminal, or with --no-input, the default is taken. No mail leaves until you change the mode in the file."
)]
pub struct InitArgs {
    /// The folder, made if it is not there [default: where -c says, else this one]
    dir: Option<PathBuf>,
    /// The name that readers know you by
    #[arg(long, value_parser = answers::name)]
    name: Option<String>,
    /// A feed, by its address; may be given several times. Each gets a topic of its own
    #[arg(long = "feed", value_name = "URL", value_parser = answers::feed)]
    feeds: Vec<Url>,
    /// The language of readers who choose none
    #[arg(long, value_name = "TAG", value_parser = answers::language)]
    language: Option<Language>,
    /// The time zone of readers who choose none, such as Africa/Nairobi
    #[arg(long, value_parser = answers::zone)]
    zone: Option<Tz>,
    /// The public address of the pages, such as https://digest.example.org; without it they are for this machine
    #[arg(long, value_parser = answers::url)]
    url: Option<Url>,
    /// The mail server that sends for you; without it all mail stays in the mailbox inside
    #[arg(long, value_name = "HOST[:PORT]", value_parser = answers::relay)]
    relay: Option<Relay>,
    /// Ask neither the feeds for their titles nor the relay whether it answers
    #[arg(long)]
    offline: bool,
    /// Print the file, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub async fn run(args: &InitArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let file = place(args, global);
    refuse_if_there(&file)?;
    let answers = answers(args, &mut Asker::of(global))?;
    let site = answers.url.as_ref().map_or("http://127.0.0.1:8025/", |url| url.as_str());
    let feeds = feeds::declare(&answers.feeds, args.offline, site).await?;
    let text = text::text(&answers, &feeds);
    let mut config = read(&text, &file)?;
    let secret = config.site.secret_file.clone();
    if !args.dry_run {
        write(&file, &text)?;
        app::make_secret(&config, &Chance::system())?;
        // As every other command will read it, with what the environment says.
        config = Config::load(Some(&file), std::env::vars())?;
    }
    let made = Made {
        dry_run: args.dry_run,
        secret,
        mode: config.delivery.mode.word(),
        relay: made::ask_relay(&config, args.offline).await,
        next: made::next(&file, &feeds),
        file,
        feeds,
        text,
    };
    made::tell(&made, &config, output)?;
    Ok(Exit::Done)
}

fn place(args: &InitArgs, global: &Global) -> PathBuf {
    match (&args.dir, &global.config) {
        (Some(folder), _) => folder.join(FILE),
        (None, Some(file)) => file.clone(),
        (None, None) => PathBuf::from(FILE),
    }
}

fn refuse_if_there(file: &Path) -> anyhow::Result<()> {
    if file.symlink_metadata().is_err() {
        return Ok(());
    }
    let message = format!("{} is there already, and is left as it is", file.display());
    let next = format!("`tidings check -c {}` looks it through; `tidings init FOLDER` begins another", file.display());
    Err(Failure::new(Exit::Refused, message).then(next).into())
}

fn answers<I: std::io::BufRead, O: Write>(args: &InitArgs, asker: &mut Asker<I, O>) -> anyhow::Result<Answers> {
    let here = zone_of_this_machine();
    let feeds = Some(args.feeds.clone()).filter(|feeds| !feeds.is_empty());
    Ok(Answers {
        name: asker.missing(
            args.name.clone(),
            question("What readers know you by", "Newsroom", "Newsroom".to_owned(), answers::name),
        )?,
        feeds: asker.missing(
            feeds,
            question("Address of a feed (of several, with spaces between)", "an example", vec![], answers::feeds),
        )?,
        language: asker.missing(
            args.language.clone(),
            question("Language of your readers", "en", "en".parse()?, answers::language),
        )?,
        zone: asker.missing(args.zone, question("Their time zone", here.name(), here, answers::zone))?,
        url: asker.missing(
            args.url.clone().map(Some),
            question("Public address of your pages", "none: on this machine only", None, |typed| {
                answers::url(typed).map(Some)
            }),
        )?,
        relay: asker.missing(
            args.relay.clone().map(Some),
            question("Mail server that sends for you, host[:port]", "none: mail is captured", None, |typed| {
                answers::relay(typed).map(Some)
            }),
        )?,
    })
}

fn question<T>(words: &'static str, shown: &str, default: T, read: fn(&str) -> Result<T, String>) -> Question<T> {
    Question { words, shown: shown.to_owned(), default, read }
}

/// Where the system says it is, else UTC.
fn zone_of_this_machine() -> Tz {
    let link = std::fs::read_link("/etc/localtime").unwrap_or_default();
    let name = link.to_str().and_then(|path| path.split_once("zoneinfo/")).map_or("UTC", |(_, name)| name);
    match name {
        "Etc/UTC" | "UCT" | "Zulu" => Tz::UTC,
        name => name.parse().unwrap_or(Tz::UTC),
    }
}

/// What was made of the answers must be good before it is written.
fn read(text: &str, file: &Path) -> anyhow::Result<Config> {
    let folder = file.parent().unwrap_or(Path::new(""));
    Ok(Config::from_text(text, &file.display().to_string(), folder, [])?)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let written = folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(file))
        .and_then(|mut out| out.write_all(text.as_bytes()));
    written.map_err(could_not("write", file))
}
