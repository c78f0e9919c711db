//! `tidings run`: the daemon; with `--once`, all that is due, then stop.

use clap::Args;
use serde::Serialize;
use tracing::warn;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::output::Output;
use super::words::{count, count_deliveries};
use super::{logging, open};
use crate::app::{self, App, AtWork};
use crate::clock::Chance;
use crate::config::Config;
use crate::daemon;
use crate::pipeline::{self, troubles};

#[derive(Debug, Args)]
pub struct RunArgs {
    /// Do what is due now, then stop
    #[arg(long)]
    once: bool,
}

#[derive(Serialize)]
struct Once {
    feeds: usize,
    feeds_failed: usize,
    new_articles: usize,
    runs: usize,
    deliveries: usize,
    mode: &'static str,
    sent: usize,
    deferred: usize,
    refused: usize,
    uncertain: usize,
    relay_fault: Option<String>,
}

pub async fn run(args: &RunArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    open::in_the_right_folder(&config)?;
    logging::start(&config.log, global);
    warnings(&config).for_each(|warning| output.warn(&warning));
    let clock = open::clock(global, &config)?;
    let app = App::open(config, clock, Chance::system()).await?;
    let line = app.line().await?;
    let started = app.clock.now().format("%Y-%m-%d %H:%M:%S");
    let holder = format!("`tidings run` with process id {}, since {started} UTC", std::process::id());
    let mut at_work = app.at_work(line, &holder).await?;

    let ended =
        if args.once { once(&app, &at_work.line, output).await } else { for_long(app, &mut at_work, global).await };
    at_work.leave().await?;
    ended
}

async fn for_long(app: App, at_work: &mut AtWork, global: &Global) -> anyhow::Result<Exit> {
    troubles::sees_for_itself(&app.store).await?;
    at_work.run(app, |in_force| read_again(in_force, global).map_err(|wrong| format!("{wrong:#}"))).await?;
    Ok(Exit::Done)
}

/// The same file as before: the built-in defaults take nobody's place because a file is away, between two steps of an
/// editor say.
fn read_again(in_force: &Config, global: &Global) -> anyhow::Result<Config> {
    let file = in_force.file.as_deref().or(global.config.as_deref());
    let config = Config::load(file, std::env::vars())?;
    open::clock(global, &config)?;
    warnings(&config).for_each(|warning| warn!("{warning}"));
    Ok(config)
}

fn warnings(config: &Config) -> impl Iterator<Item = String> {
    config.warnings.iter().cloned().chain(app::missing_templates(config))
}

async fn once(app: &App, line: &pipeline::Line, output: &Output) -> anyhow::Result<Exit> {
    let signals = tokio::spawn(daemon::stop_on_signal(app.stopping.clone())?);
    let tally = pipeline::run_due(line, app.clock.now()).await?;
    signals.abort();
    troubles::seen_once(line, &tally.delivered, app.clock.now()).await?;
    let (collected, composed, delivered) = (tally.collected, tally.composed, tally.delivered);
    let once = Once {
        feeds: collected.feeds,
        feeds_failed: collected.failed,
        new_articles: collected.new,
        runs: composed.runs,
        deliveries: composed.deliveries,
        mode: app.config.delivery.mode.word(),
        sent: delivered.sent,
        deferred: delivered.deferred,
        refused: delivered.refused,
        uncertain: delivered.uncertain,
        relay_fault: delivered.relay_fault,
    };
    output.result(&once, || {
        let Once { feeds_failed, mode, sent, deferred, refused, .. } = &once;
        let (feeds, articles) = (count(once.feeds, "feed"), count(once.new_articles, "new article"));
        let (runs, deliveries) = (count(once.runs, "run"), count_deliveries(once.deliveries));
        format!(
            "collected  {feeds} asked, {feeds_failed} failed; {articles}\n\
             composed   {runs}, {deliveries}\n\
             delivered  {sent} sent, {deferred} deferred, {refused} refused (mode {mode})"
        )
    })?;
    if let Some(fault) = &once.relay_fault {
        return Err(Failure::new(Exit::Outside, "the relay is at fault, and nothing more was sent")
            .because(fault.clone())
            .then("`tidings digest test ADDRESS --topic SLUG` tries the relay again; what waits is kept")
            .into());
    }
    // What was in hand is finished, and what is left is there for the next run.
    Ok(if app.stopping.is_cancelled() { Exit::Interrupted } else { Exit::Done })
}
