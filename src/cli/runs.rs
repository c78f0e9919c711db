//! `tidings digest runs|show|hold|release|cancel`: runs as an operator handles them.

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::open;
use super::output::Output;
use super::typed::number;
use super::words::when;
use crate::app::App;
use crate::store::hold::{self, Fate};
use crate::store::run::{self, Listed};
use crate::store::{Store, setting};

#[derive(Debug, Args)]
pub struct RunsArgs {
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Its number, as `tidings digest runs` lists it
    #[arg(value_parser = number)]
    run: i64,
}

#[derive(Debug, Args)]
pub struct HoldArgs {
    #[command(flatten)]
    what: What,
    /// Why, for whoever looks at `tidings status`
    #[arg(long, value_name = "TEXT", default_value = "held by the operator")]
    reason: String,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub struct ReleaseArgs {
    #[command(flatten)]
    what: What,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// A run, by its number (`tidings digest runs`)
    #[arg(value_parser = number)]
    run: Option<i64>,
    /// All mail, whatever it belongs to
    #[arg(long)]
    all: bool,
}

#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The run, by its number (`tidings digest runs`)
    #[arg(value_parser = number)]
    run: i64,
    /// Do not send its articles later either: whoever did not get them does not get them
    #[arg(long = "drop")]
    dropped: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Shown {
    id: i64,
    frequency: String,
    zone: String,
    /// None: the frequency's own.
    hour: Option<i64>,
    /// The local time of the firing.
    period: String,
    due_at: DateTime<Utc>,
    begun_at: DateTime<Utc>,
    planned_at: Option<DateTime<Utc>>,
    /// `planning`, `planned`, `held`, `cancelled` or `skipped`
    state: String,
    late: bool,
    held_since: Option<DateTime<Utc>>,
    held_reason: Option<String>,
    cancelled_at: Option<DateTime<Utc>>,
    /// Cancelled, and its articles are not sent later.
    dropped: bool,
    deliveries: Vec<State>,
}

#[derive(Serialize)]
struct State {
    state: String,
    deliveries: i64,
}

impl Shown {
    fn of(run: Listed, deliveries: Vec<State>) -> Self {
        Self {
            state: run.stands().to_owned(),
            dropped: run.cancel_reason.as_deref() == Some(Fate::Dropped.word()),
            hour: (run.hour >= 0).then_some(run.hour),
            id: run.id,
            frequency: run.frequency,
            zone: run.zone,
            period: run.period,
            due_at: run.due_at,
            begun_at: run.begun_at,
            planned_at: run.planned_at,
            late: run.late,
            held_since: run.held_at,
            held_reason: run.held_reason,
            cancelled_at: run.cancelled_at,
            deliveries,
        }
    }

    fn mails(&self) -> String {
        if self.deliveries.is_empty() {
            return "no mail".to_owned();
        }
        let states = self.deliveries.iter().map(|s| format!("{} {}", s.deliveries, s.state));
        states.collect::<Vec<_>>().join(", ")
    }

    fn state(&self) -> String {
        if self.late { format!("{}, late", self.state) } else { self.state.clone() }
    }
}

/// With what became of their deliveries.
async fn shown(store: &Store, runs: Vec<Listed>) -> anyhow::Result<Vec<Shown>> {
    let ids: Vec<i64> = runs.iter().map(|run| run.id).collect();
    let states = run::deliveries(store, &ids).await?;
    let of = |id: i64| {
        let states = states.iter().filter(|(run, ..)| *run == id);
        states.map(|(_, state, deliveries)| State { state: state.clone(), deliveries: *deliveries }).collect()
    };
    Ok(runs
        .into_iter()
        .map(|run| {
            let deliveries = of(run.id);
            Shown::of(run, deliveries)
        })
        .collect())
}

pub async fn list(args: &RunsArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let runs = run::latest(&app.store, i64::from(args.limit)).await?;
    let runs = shown(&app.store, runs).await?;
    output.list(&runs, &["run", "frequency", "local time", "zone", "state", "mails"], |run| {
        let (frequency, period, zone) = (run.frequency.clone(), run.period.clone(), run.zone.clone());
        vec![run.id.to_string(), frequency, period, zone, run.state(), run.mails()]
    })?;
    Ok(Exit::Done)
}

pub async fn show(args: &ShowArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let run = find(&app, args.run).await?;
    let editions = run::editions(&app.store, run.id).await?;
    let Some(run) = shown(&app.store, vec![run]).await?.pop() else { return Ok(Exit::NotFound) };
    let now = app.clock.now();
    output.result(&run, || {
        let hour = run.hour.map_or_else(String::new, |hour| format!(", hour {hour}"));
        let mut lines = vec![
            format!("run {}: {} of {} in {}{hour}", run.id, run.frequency, run.period, run.zone),
            format!("state    {}", run.state()),
            format!("due      {}", when(run.due_at, now)),
            format!("begun    {}", when(run.begun_at, now)),
        ];
        lines.extend(run.planned_at.map(|at| format!("planned  {}", when(at, now))));
        if let Some(at) = run.held_since.filter(|_| run.cancelled_at.is_none()) {
            let why = run.held_reason.as_deref().map_or_else(String::new, |why| format!(": {why}"));
            lines.push(format!("held     {}{why}", when(at, now)));
        }
        lines.extend(run.cancelled_at.map(|at| {
            let fate = if run.dropped {
                "its articles are not sent later"
            } else {
                "its readers' next runs take its articles in"
            };
            format!("cancelled {}: {fate}", when(at, now))
        }));
        lines.push(format!("mails    {} (editions: {editions})", run.mails()));
        lines.join("\n")
    })?;
    Ok(Exit::Done)
}

async fn find(app: &App, id: i64) -> anyhow::Result<Listed> {
    let found = run::by_id(&app.store, id).await?;
    found.ok_or_else(|| {
        Failure::new(Exit::NotFound, format!("there is no run {id}")).then("`tidings digest runs` lists them").into()
    })
}

#[derive(Serialize)]
struct Done {
    /// None: all mail.
    run: Option<i64>,
    /// Something was changed, or would be.
    changed: bool,
    dry_run: bool,
}

/// It asks nothing of the configuration: one that was edited since the daemon began is no reason to let mail go.
pub async fn hold(args: &HoldArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let now = app.clock.now();
    let (done, text) = match args.what.run {
        None => hold_all(&app, args, now).await?,
        Some(id) => hold_one(&app, id, args, now).await?,
    };
    tell(&app, &done, text, output).await
}

async fn hold_all(app: &App, args: &HoldArgs, now: DateTime<Utc>) -> anyhow::Result<(Done, String)> {
    let already = setting::get(&app.store, "hold").await?;
    let changed = already.is_none();
    if changed && !args.dry_run {
        let mut tx = app.store.begin().await?;
        hold::hold_all(&mut tx, &format!("{}, since {}", args.reason, now.format("%Y-%m-%d %H:%M UTC"))).await?;
        tx.commit().await?;
    }
    let text = match (already, args.dry_run) {
        (Some(why), _) => format!("all mail is held already: {why}"),
        (None, true) => "all mail would be held".to_owned(),
        (None, false) => {
            "all mail is held: nothing leaves until `tidings digest release --all`, also after a restart".to_owned()
        }
    };
    Ok((Done { run: None, changed, dry_run: args.dry_run }, text))
}

async fn hold_one(app: &App, id: i64, args: &HoldArgs, now: DateTime<Utc>) -> anyhow::Result<(Done, String)> {
    let run = find(app, id).await?;
    refuse_ended(&run, "held")?;
    let changed = run.held_at.is_none();
    if changed && !args.dry_run {
        let mut tx = app.store.begin().await?;
        hold::hold(&mut tx, id, &args.reason, now).await?;
        tx.commit().await?;
    }
    let waiting = hold::waiting(&app.store, id).await?;
    let text = match (changed, args.dry_run) {
        (false, _) => format!("run {id} is held already"),
        (true, true) => format!("run {id} would be held; {}", wait(waiting)),
        (true, false) => format!("run {id} is held until `tidings digest release {id}`; {}", wait(waiting)),
    };
    Ok((Done { run: Some(id), changed, dry_run: args.dry_run }, text))
}

fn wait(n: i64) -> String {
    match n {
        0 => "none of its mails waits now".to_owned(),
        1 => "1 of its mails waits".to_owned(),
        n => format!("{n} of its mails wait"),
    }
}

/// What is over cannot be held or cancelled.
fn refuse_ended(run: &Listed, what: &str) -> anyhow::Result<()> {
    let why = match run.stands() {
        "skipped" => "its firing was left to the next, and it made no mail",
        "cancelled" => "it is cancelled",
        _ => return Ok(()),
    };
    let message = format!("run {} cannot be {what}: {why}", run.id);
    Err(Failure::new(Exit::Refused, message).then(format!("tidings digest show {}", run.id)).into())
}

pub async fn release(args: &ReleaseArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let (done, text) = match args.what.run {
        None => release_all(&app, args.dry_run).await?,
        Some(id) => release_one(&app, id, args.dry_run).await?,
    };
    tell(&app, &done, text, output).await
}

async fn release_all(app: &App, dry_run: bool) -> anyhow::Result<(Done, String)> {
    let changed = setting::get(&app.store, "hold").await?.is_some();
    if changed && !dry_run {
        let mut tx = app.store.begin().await?;
        hold::release_all(&mut tx).await?;
        tx.commit().await?;
    }
    let mut text = match (changed, dry_run) {
        (false, _) => "all mail is not held".to_owned(),
        (true, true) => "all mail would be released".to_owned(),
        (true, false) => "mail is released".to_owned(),
    };
    let held = run::held(&app.store).await?;
    if !held.is_empty() {
        let runs: Vec<String> = held.iter().map(|(run, ..)| run.to_string()).collect();
        text.push_str(&format!("; held by themselves, and still so: run {}", runs.join(", ")));
    }
    Ok((Done { run: None, changed, dry_run }, text))
}

async fn release_one(app: &App, id: i64, dry_run: bool) -> anyhow::Result<(Done, String)> {
    let run = find(app, id).await?;
    refuse_ended(&run, "released")?;
    let changed = run.held_at.is_some();
    if changed && !dry_run {
        let mut tx = app.store.begin().await?;
        hold::release(&mut tx, id).await?;
        tx.commit().await?;
    }
    let mut text = match (changed, dry_run) {
        (false, _) => format!("run {id} is not held"),
        (true, true) => format!("run {id} would be released"),
        (true, false) => format!("run {id} is released"),
    };
    if let Some(why) = setting::get(&app.store, "hold").await? {
        text.push_str(&format!("; but all mail is held ({why}), until `tidings digest release --all`"));
    }
    Ok((Done { run: Some(id), changed, dry_run }, text))
}

async fn tell(app: &App, done: &Done, text: String, output: &Output) -> anyhow::Result<Exit> {
    output.result(done, || text)?;
    if done.changed && !done.dry_run {
        open::nudge(app, output).await?;
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Cancelled {
    run: i64,
    /// It was cancelled before.
    already: bool,
    /// Its articles are not sent later.
    dropped: bool,
    /// Mails that were ended, or would be.
    cancelled: i64,
    dry_run: bool,
}

pub async fn cancel(args: &CancelArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let run = find(&app, args.run).await?;
    let already = run.cancelled_at.is_some();
    if !already {
        refuse_ended(&run, "cancelled")?;
    }
    let fate = if args.dropped { Fate::Dropped } else { Fate::Owed };
    if already && run.cancel_reason.as_deref() != Some(fate.word()) {
        let how = if args.dropped { "its articles are owed to its readers" } else { "its articles were dropped" };
        let message = format!("run {} is cancelled already, and {how}", run.id);
        return Err(Failure::new(Exit::Refused, message).then(format!("tidings digest show {}", run.id)).into());
    }
    let mut cancelled = hold::waiting(&app.store, run.id).await?;
    if !args.dry_run {
        let now = app.clock.now();
        let mut tx = app.store.begin().await?;
        hold::cancel(&mut tx, run.id, run.slot, fate, now).await?;
        tx.commit().await?;
        hold::sweep(&app.store, now).await?;
        let left = hold::waiting(&app.store, run.id).await?;
        cancelled -= left;
        open::nudge(&app, output).await?;
    }
    let done = Cancelled { run: run.id, already, dropped: args.dropped, cancelled, dry_run: args.dry_run };
    output.result(&done, || in_words(&done, run.state == "planning", run.sent))?;
    Ok(Exit::Done)
}

fn in_words(done: &Cancelled, is_planning: bool, sent: i64) -> String {
    let Cancelled { run, already, dropped, cancelled, dry_run } = *done;
    let is = match (already, dry_run) {
        (true, _) => "was cancelled already",
        (false, true) => "would be cancelled",
        (false, false) => "is cancelled",
    };
    let mails = match cancelled {
        0 => "no mail of it waits".to_owned(),
        1 => "1 mail does not leave".to_owned(),
        n => format!("{n} mails do not leave"),
    };
    let mut parts = vec![mails];
    if is_planning {
        parts.push("those still to be made are made cancelled".to_owned());
    }
    if sent > 0 {
        parts.push(format!("{sent} had gone already"));
    }
    parts.push(
        if dropped { "its articles are not sent later" } else { "the next runs take its articles in" }.to_owned(),
    );
    format!("run {run} {is}: {}", parts.join("; "))
}
