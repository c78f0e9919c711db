//! `tidings demo`: everything on this machine, nothing leaves it.
//!
//! It is the real program on its embedded default: a paper of our own writing is served over HTTP, fetched, filed,
//! composed, and sent over SMTP into the mailbox inside Tidings. The clock is moved, so that a week goes by in a moment.
//! With `--once` it plays that week, and checks on the mails and over HTTP what came of it. Without, it goes on for a
//! visitor, who signs up in the browser, and from a second terminal brings out stories and lets days go by.

mod browser;
mod checks;
mod door;
mod house;
mod links;
mod mailbox;
mod mime;
mod newsroom;
mod once;
mod open_day;
mod play;
mod readers;
mod teller;
#[cfg(test)]
mod tests;

use clap::{Args, Subcommand};

use self::door::Wish;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::logging;
use super::output::Output;
use crate::clock::Clock;
use crate::config::{Log, LogFormat, LogLevel};
use crate::model::language::Language;
use crate::model::slug::Slug;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(
    after_help = "It needs no network and no configuration, and writes only into a temporary folder that it takes away.\n\
    It goes on until Ctrl-C; --at starts its clock at another time. Exit code 8, with --once: what it did was not what\n\
    it should have done."
)]
pub struct DemoArgs {
    /// Do it once, check the results, and end
    #[arg(long)]
    once: bool,
    #[command(subcommand)]
    command: Option<DemoCommand>,
}

/// For a second terminal, beside a demo that goes on.
#[derive(Debug, Subcommand)]
enum DemoCommand {
    /// Bring out a story of your own in the paper of the demo that is running
    Publish(PublishArgs),
    /// Let a day go by in the demo that is running, and mail the digests of that day
    Tomorrow,
}

#[derive(Debug, Args)]
struct PublishArgs {
    /// What the story says, in one line
    headline: String,
    /// What it is about, such as `health`
    #[arg(long, value_name = "SLUG")]
    topic: Slug,
    /// The language it is written in: `en`, `fr` or `ar`
    #[arg(long, default_value = "en")]
    language: Language,
}

pub async fn run(args: &DemoArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    // The steps are told in words; what the log would say comes on demand.
    if global.verbose > 0 {
        logging::start(&Log { level: LogLevel::Info, format: LogFormat::Auto }, global);
    }
    let start = global.at.unwrap_or_else(|| Clock::system().now());
    match &args.command {
        Some(DemoCommand::Publish(PublishArgs { headline, topic, language })) => {
            let (headline, topic, language) = (headline.clone(), topic.clone(), language.clone());
            ask(&Wish::Publish { headline, topic, language }, output).await
        }
        Some(DemoCommand::Tomorrow) => ask(&Wish::Tomorrow, output).await,
        None if args.once => once::run(start, output).await,
        None if global.json => Err(Failure::new(Exit::Usage, "a demo that goes on has no result to print as JSON")
            .then("tidings demo --once --json")
            .into()),
        None => open_day::run(start, output).await,
    }
}

/// From a second terminal.
async fn ask(wish: &Wish, output: &Output) -> anyhow::Result<Exit> {
    let granted = door::ask(&door::path(), wish).await?;
    output.result(&granted, || granted.told.join("\n"))?;
    Ok(Exit::Done)
}
