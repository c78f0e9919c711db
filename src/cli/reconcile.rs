//! `tidings reconcile`: after a restore, a person says of the mail that was on its way whether it had gone.

use clap::Args;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::output::Output;
use super::typed::number;
use super::words::count;
use super::{alone, open};
use crate::app::App;
use crate::store::restored::{self, Waiting, Word};
use crate::store::setting;

#[derive(Debug, Args)]
#[command(
    after_help = "A restored backup does not know what has left since it was made, so a restore stops all mail and holds what was on its \
    way. Without an option this shows what waits for your word. The mail server's log says what had gone.\n\n\
    A third way, for a run: `tidings digest cancel RUN` sends nothing of it, and its readers get its articles in their next digests. \
    Runs that fell due between the backup and the restore are made anew once `tidings run` is at work; of those too nothing leaves before \
    `tidings digest release --all`.\n\n\
    Example:  tidings reconcile --gone --run 17"
)]
pub struct ReconcileArgs {
    /// It had not gone: send it
    #[arg(long, conflicts_with_all = ["gone", "restored"])]
    send: bool,
    /// It had gone: it counts as sent, and is not sent again
    #[arg(long, conflicts_with = "restored")]
    gone: bool,
    /// Only of this run, by its number [default: all of it]
    #[arg(long, value_name = "RUN", value_parser = number, conflicts_with = "restored")]
    run: Option<i64>,
    /// The database was put back by other means (pg_restore, a copied file): stop all mail and hold what is on its way
    #[arg(long)]
    restored: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// It asks nothing of the configuration, as `digest hold` does not.
pub async fn run(args: &ReconcileArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    if args.restored {
        return set_aside(&app, args, output).await;
    }
    match (args.send, args.gone) {
        (true, _) => settle(&app, Word::Send, args, output).await,
        (_, true) => settle(&app, Word::Gone, args, output).await,
        _ => show(&app, output).await,
    }
}

#[derive(Serialize)]
struct Shown {
    /// Why all mail is stopped, if it is.
    stopped: Option<String>,
    /// On the way when the backup was made.
    held: Vec<Mails>,
    /// Of runs that fell due before the restore, made after it.
    made_anew: Vec<Mails>,
}

#[derive(Serialize)]
struct Mails {
    /// None: it was asked for, and belongs to no run.
    run: Option<i64>,
    frequency: Option<String>,
    period: Option<String>,
    kind: String,
    deliveries: i64,
}

impl From<Waiting> for Mails {
    fn from(Waiting { run, frequency, period, kind, deliveries }: Waiting) -> Self {
        Self { run, frequency, period, kind, deliveries }
    }
}

impl Mails {
    fn line(&self) -> String {
        let mails = count(usize::try_from(self.deliveries).unwrap_or_default(), "mail");
        match (self.run, &self.frequency, &self.period) {
            (Some(run), Some(frequency), Some(period)) => format!("  run {run} ({frequency} of {period}): {mails}"),
            _ => format!("  {}: {mails}", self.kind),
        }
    }
}

async fn show(app: &App, output: &Output) -> anyhow::Result<Exit> {
    let held = restored::waiting(&app.store).await?;
    let made_anew = match restored::since(&app.store).await? {
        Some(since) => restored::made_anew(&app.store, since).await?,
        None => vec![],
    };
    let shown = Shown {
        stopped: setting::get(&app.store, "hold").await?,
        held: held.into_iter().map(Mails::from).collect(),
        made_anew: made_anew.into_iter().map(Mails::from).collect(),
    };
    output.result(&shown, || shown.text())?;
    Ok(Exit::Done)
}

impl Shown {
    fn text(&self) -> String {
        let mut lines = Vec::new();
        if !self.held.is_empty() {
            lines.push("on the way when the backup was made, and perhaps gone since:".to_owned());
            lines.extend(self.held.iter().map(Mails::line));
            lines.push("  if they had gone: `tidings reconcile --gone`; if not: `tidings reconcile --send`; --run RUN is for one run".to_owned());
        }
        if !self.made_anew.is_empty() {
            lines.push("made anew, though due before the restore; their readers may have had them:".to_owned());
            lines.extend(self.made_anew.iter().map(Mails::line));
            lines.push("  if they had gone: `tidings digest cancel RUN --drop`".to_owned());
        }
        if lines.is_empty() {
            lines.push("nothing waits for your word".to_owned());
        }
        lines.push(match &self.stopped {
            Some(why) => format!("all mail is stopped: {why}; `tidings digest release --all` lets it go"),
            None => "mail is not stopped".to_owned(),
        });
        lines.join("\n")
    }
}

#[derive(Serialize)]
struct Settled {
    /// None: of all.
    run: Option<i64>,
    /// `send` or `gone`
    word: &'static str,
    deliveries: u64,
    dry_run: bool,
}

async fn settle(app: &App, word: Word, args: &ReconcileArgs, output: &Output) -> anyhow::Result<Exit> {
    let waiting = restored::count(&app.store, args.run).await?;
    if let Some(run) = args.run.filter(|_| waiting == 0) {
        let message = format!("nothing of run {run} waits for a word since a restore");
        return Err(Failure::new(Exit::NotFound, message).then("`tidings reconcile` shows what waits").into());
    }
    let deliveries = if args.dry_run {
        u64::try_from(waiting).unwrap_or_default()
    } else {
        restored::settle(&app.store, word, args.run, app.clock.now()).await?
    };
    let name = if word == Word::Send { "send" } else { "gone" };
    let settled = Settled { run: args.run, word: name, deliveries, dry_run: args.dry_run };
    let stopped = setting::get(&app.store, "hold").await?.is_some();
    output.result(&settled, || {
        let mails = count(usize::try_from(deliveries).unwrap_or(usize::MAX), "mail");
        let text = match (word, args.dry_run) {
            (_, false) if deliveries == 0 => "nothing waited for a word since a restore".to_owned(),
            (Word::Send, true) => format!("{mails} would be ready to be sent"),
            (Word::Send, false) => format!("ready to be sent: {mails}"),
            (Word::Gone, true) => format!("{mails} would count as sent"),
            (Word::Gone, false) => format!("counted as sent: {mails}"),
        };
        if stopped { format!("{text}; all mail is stopped until `tidings digest release --all`") } else { text }
    })?;
    if deliveries > 0 && !args.dry_run {
        open::nudge(app, output).await?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct SetAside {
    deliveries: Option<u64>,
    dry_run: bool,
}

async fn set_aside(app: &App, args: &ReconcileArgs, output: &Output) -> anyhow::Result<Exit> {
    // The leases that came with a backup are over: who is at work renews theirs.
    let _alone = alone::with(&app.store, "tidings reconcile --restored").await?;
    let mut deliveries = None;
    if !args.dry_run {
        let now = app.clock.now();
        let why = format!("a backup was restored, since {}", now.format("%Y-%m-%d %H:%M UTC"));
        let mut tx = app.store.begin().await?;
        deliveries = Some(restored::set_aside(&mut tx, &why, now).await?);
        tx.commit().await?;
    }
    output.result(&SetAside { deliveries, dry_run: args.dry_run }, || match deliveries {
        None => "all mail would be stopped, and what is on its way held".to_owned(),
        Some(n) => format!(
            "all mail is stopped, and held for your word: {}; `tidings reconcile` shows them",
            count(usize::try_from(n).unwrap_or(usize::MAX), "mail")
        ),
    })?;
    Ok(Exit::Done)
}
