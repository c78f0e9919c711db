//! `tidings init`: a folder with a configuration and the keys of its links, from six questions at most.
//!
//! Each question is a flag, too, so that a script needs no terminal. It never writes over a file, and what it writes
//! sends no mail: going live is a change that somebody makes by hand.

mod answers;
mod asking;
mod feeds;
mod naming;
mod text;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;
use url::Url;

use self::answers::{Answers, Relay};
use self::asking::{Asker, Question};
use self::feeds::Feed;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::output::Output;
use crate::app;
use crate::clock::Chance;
use crate::config::{Config, FILE};
use crate::model::delivery::Mode;
use crate::model::language::Language;
use crate::model::words::with_causes;

/// How long the relay may take to answer, with a person in front of it.
const PATIENCE: Duration = Duration::from_secs(10);

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

#[derive(Serialize)]
struct Made {
    dry_run: bool,
    file: PathBuf,
    secret: PathBuf,
    mode: &'static str,
    feeds: Vec<Feed>,
    relay: Option<Answered>,
    /// Of the file.
    text: String,
    next: [Step; 3],
}

/// What the relay said, if it was asked.
#[derive(Serialize)]
struct Answered {
    name: String,
    answers: Option<bool>,
    error: Option<String>,
}

#[derive(Serialize)]
struct Step {
    command: String,
    what: &'static str,
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
        relay: ask_relay(&config, args.offline).await,
        next: next(&file, &feeds),
        file,
        feeds,
        text,
    };
    tell(&made, &config, output)?;
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

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let written = folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).open(file))
        .and_then(|mut out| out.write_all(text.as_bytes()));
    written.with_context(|| format!("could not write {}", file.display()))
}

/// Whether it answers. That it does not is no reason to stop: it gets nothing yet.
async fn ask_relay(config: &Config, offline: bool) -> Option<Answered> {
    let host = config.relay.host.as_ref()?;
    let name = format!("{host}:{}", config.relay.port());
    if offline {
        return Some(Answered { name, answers: None, error: None });
    }
    let error = app::try_relay(config, PATIENCE).await.err().map(|error| with_causes(&error));
    Some(Answered { name, answers: Some(error.is_none()), error })
}

fn next(file: &Path, feeds: &[Feed]) -> [Step; 3] {
    let here = where_it_is(file);
    let topic = feeds.first().map_or("SLUG", |feed| feed.slug.as_str());
    let step = |command: &str, what| Step { command: format!("tidings {command}{here}"), what };
    [
        step("feed fetch", "collects what the feeds hold now"),
        step(
            &format!("digest test you@example.org --topic {topic}"),
            "makes a digest of it; it stays in the mailbox inside",
        ),
        step("run", "does everything from now on, and serves the pages"),
    ]
}

/// As it is typed in a shell; nothing for the file that is found without being named.
fn where_it_is(file: &Path) -> String {
    let name = file.display().to_string();
    match name.strip_prefix("./").unwrap_or(&name) {
        FILE => String::new(),
        name if name.contains(|c: char| c.is_whitespace() || "'\"$&();<>|*?`\\".contains(c)) => {
            format!(" -c '{}'", name.replace('\'', "'\\''"))
        }
        name => format!(" -c {name}"),
    }
}

fn tell(made: &Made, config: &Config, output: &Output) -> anyhow::Result<()> {
    output.result(made, || {
        if made.dry_run { made.text.clone() } else { format!("{}\n{}", made.file.display(), made.secret.display()) }
    })?;
    for feed in &made.feeds {
        match (&feed.error, feed.entries) {
            (Some(why), _) => output.warn(&format!("feed `{}` could not be read: {why}", feed.slug)),
            (None, Some(n)) => {
                output.say(&format!("feed `{}`: \"{}\", {} there now", feed.slug, feed.name, entries(n)))
            }
            (None, None) if feed.example => output.say("the feed in it is an example: put yours in its place"),
            (None, None) => {}
        }
    }
    match &made.relay {
        Some(Answered { name, error: Some(why), .. }) => {
            output.warn(&format!("the relay {name} does not answer as it should: {why}"));
            output.say("  nothing is sent to it yet; correct [relay] in the file, and `tidings doctor` asks it again");
        }
        Some(Answered { name, answers: Some(true), .. }) => output.say(&format!("the relay {name} answers")),
        _ => {}
    }
    config.warnings.iter().for_each(|warning| output.warn(warning));
    let language = &config.site.language;
    if !app::templates(config)?.languages().any(|known| known == language) {
        output.warn(&format!(
            "no words in `{language}` are shipped: English ones stand around the news, until templates of your own have a \
             locale/{language}.toml"
        ));
    }
    if made.dry_run {
        output.say("nothing was written");
    } else {
        output.say(match config.delivery.mode {
            Mode::Capture => "no mail leaves yet (mode capture). Next:",
            _ => "the environment sets delivery.mode: mail leaves. Next:",
        });
        let width = made.next.iter().map(|step| step.command.len()).max().unwrap_or_default();
        made.next.iter().for_each(|step| output.say(&format!("  {:width$}  {}", step.command, step.what)));
    }
    Ok(())
}

fn entries(n: usize) -> String {
    if n == 1 { "1 entry".to_owned() } else { format!("{n} entries") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_printed_can_be_typed() {
        let printed = |file: &str| where_it_is(Path::new(file));
        assert_eq!(printed("tidings.toml"), "");
        assert_eq!(printed("./tidings.toml"), "");
        assert_eq!(printed("news/tidings.toml"), " -c news/tidings.toml");
        assert_eq!(printed("Bob's news/tidings.toml"), r" -c 'Bob'\''s news/tidings.toml'");
    }
}
