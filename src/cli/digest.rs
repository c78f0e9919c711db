//! `tidings digest`: runs, what comes next, and a test.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::coming;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::open;
use super::output::Output;
use super::resolve;
use super::runs;
use super::words::count;
use crate::model::address::Address;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::pipeline::deliver::trial::{self, Trial};

#[derive(Debug, Subcommand)]
pub enum DigestCommand {
    /// Send a digest of the newest articles now, marked as a test
    Test(TestArgs),
    /// List what comes next: when, for how many readers, how many new articles there are so far
    #[command(
        after_help = "Each line is a slot: the readers of one frequency, time zone and hour. The new articles are those filed \
        under any topic since its last run; each reader gets what is theirs of them."
    )]
    Next(coming::NextArgs),
    /// Show the mail that a reader's next run would make for them now; nothing is written and nothing is sent
    #[command(
        after_help = "Its links to stop work; the page behind the mail is there once the run has made it. What the reader gets in the \
        end may be more: the news goes on.\n\n\
        Example:  tidings digest preview reader@example.org --html -o preview.html"
    )]
    Preview(coming::PreviewArgs),
    /// List the latest runs: number, frequency, local time, zone, state, what became of their mails
    Runs(runs::RunsArgs),
    /// Show one run: when it was due, begun and planned, whether it is held, what became of its mails
    Show(runs::ShowArgs),
    /// Let nothing more of a run leave until it is released; with --all, no mail at all
    #[command(
        after_help = "It works at once, beside a running daemon too, and survives a restart. What has been handed to the \
        mail server already cannot be called back. Held mails keep: the run's own release sends them.\n\n\
        Example:  tidings digest hold --all --reason \"a wrong picture\""
    )]
    Hold(runs::HoldArgs),
    /// Let a held run go; with --all, let mail go again
    #[command(
        after_help = "Runs that are held by themselves are not released by --all: release them by their numbers."
    )]
    Release(runs::ReleaseArgs),
    /// End a run for good: its mails that have not left do not leave
    #[command(
        after_help = "Its readers get its articles in their next digests, unless --drop says that they are not to get them. \
        A mail that may have arrived already (its answer was lost) stays what it is. It cannot be undone.\n\n\
        Example:  tidings digest cancel 17"
    )]
    Cancel(runs::CancelArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "It counts for nobody: readers still get these articles in their own digests.\n\n\
    Example:  tidings digest test me@example.org --topic health")]
pub struct TestArgs {
    /// The address to send it to
    address: Address,
    /// A topic to show; repeat it for more, in the order they are to stand
    #[arg(long = "topic", value_name = "SLUG", required = true)]
    topics: Vec<Slug>,
    /// The language to write it in, such as `fr` [default: the site's]
    #[arg(long)]
    language: Option<Language>,
}

pub async fn run(command: &DigestCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        DigestCommand::Test(args) => test(args, global, output).await,
        DigestCommand::Next(args) => coming::next(args, global, output).await,
        DigestCommand::Preview(args) => coming::preview(args, global, output).await,
        DigestCommand::Runs(args) => runs::list(args, global, output).await,
        DigestCommand::Show(args) => runs::show(args, global, output).await,
        DigestCommand::Hold(args) => runs::hold(args, global, output).await,
        DigestCommand::Release(args) => runs::release(args, global, output).await,
        DigestCommand::Cancel(args) => runs::cancel(args, global, output).await,
    }
}

#[derive(Serialize)]
struct Tested {
    to: String,
    mode: &'static str,
    /// Into the mailbox inside Tidings.
    captured: bool,
    articles: usize,
    accepted: bool,
    reply: String,
}

async fn test(args: &TestArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for_writing(global).await?;
    let language = resolve::language(&app, args.language.as_ref())?;
    let topics = resolve::topics(&app, Facet::Topic, &args.topics).await?;
    let line = app.line().await?;
    let trial = Trial { to: args.address.clone(), topics, language };
    let tried = trial::send(&line, &trial, app.clock.now()).await?;
    let (accepted, reply) = (tried.outcome.is_sent(), tried.outcome.reply().to_owned());
    let tested = Tested {
        to: args.address.to_string(),
        mode: app.config.delivery.mode.word(),
        captured: tried.captured,
        articles: tried.articles,
        accepted,
        reply,
    };
    output.result(&tested, || {
        let Tested { to, mode, captured, articles, reply, .. } = &tested;
        let to_whom = match (*captured, accepted) {
            (true, _) => format!("captured (mode {mode}): nothing left this machine; it would have gone to {to}"),
            (false, true) => format!("sent to {to} (mode {mode})"),
            (false, false) => format!("offered for {to} and not taken (mode {mode})"),
        };
        format!("a test digest of {} was {to_whom}\nthe server said: {reply}", count(*articles, "article"))
    })?;
    if accepted {
        return Ok(Exit::Done);
    }
    Err(Failure::new(Exit::Outside, format!("the relay did not take the test digest: {}", tested.reply))
        .then(format!("`tidings mail test {} -v` shows all that is said", tested.to))
        .into())
}
