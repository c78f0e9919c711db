//! `tidings status`: one screen.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;
use super::{open, words};
use crate::app::{self, App, AtWorkBy};
use crate::pipeline::troubles;
use crate::store::{
    adoption, article, captured_mail, declared, delivery, feed, lease, restored, run, setting, slot, subscriber,
    subscription, suppression, trouble,
};

/// Why a run that is due is not made.
const NOBODY: &str = ": nobody is at work; start `tidings run`";

#[derive(Serialize)]
struct Status {
    /// Nothing needs a person.
    healthy: bool,
    /// Of those at work; of the configuration where nobody is.
    mode: String,
    at_work: Vec<String>,
    /// Why all mail is held, if it is.
    held: Option<String>,
    feeds: usize,
    feeds_failing: usize,
    articles: i64,
    readers: i64,
    subscriptions: i64,
    suppressed: i64,
    captured: i64,
    next_run: Option<NextRun>,
    last_runs: Vec<LastRun>,
    deliveries: Vec<State>,
    needs_you: Vec<String>,
}

#[derive(Serialize)]
struct NextRun {
    frequency: String,
    zone: String,
    at: DateTime<Utc>,
    readers: i64,
}

#[derive(Serialize)]
struct LastRun {
    id: i64,
    frequency: String,
    zone: String,
    period: String,
    state: String,
    late: bool,
    deliveries: i64,
    sent: i64,
}

#[derive(Serialize)]
struct State {
    state: String,
    deliveries: i64,
}

pub async fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let status = look(&app).await?;
    output.result(&status, || text(&status, app.clock.now()))?;
    Ok(Exit::Done)
}

async fn look(app: &App) -> anyhow::Result<Status> {
    let store = &app.store;
    let feeds = feed::list(store).await?;
    let (readers, subscriptions) = subscriber::count(store).await?;
    let states = delivery::by_state(store).await?;
    let last = run::latest(store, 5).await?;
    let held = setting::get(store, "hold").await?;
    let AtWorkBy { modes, differences } = app::at_work_by(store, &app.config).await?;
    let reload = "; `systemctl reload tidings`, or SIGHUP, has the file read again";
    let mut needs: Vec<String> = differences.into_iter().map(|difference| difference + reload).collect();
    needs.extend(needs_you(app, &feeds, &states, held.as_deref()).await?);
    Ok(Status {
        healthy: needs.is_empty(),
        mode: if modes.is_empty() { app.config.delivery.mode.word().to_owned() } else { modes.join(", ") },
        at_work: lease::holders(store).await?,
        feeds: feeds.len(),
        feeds_failing: feeds.iter().filter(|feed| feed.error.is_some()).count(),
        articles: article::count(store).await?,
        readers,
        subscriptions,
        suppressed: suppression::count(store).await?,
        captured: captured_mail::count(store).await?,
        next_run: next_run(app).await?,
        last_runs: last.into_iter().map(LastRun::from).collect(),
        needs_you: needs,
        deliveries: states.into_iter().map(|(state, deliveries)| State { state, deliveries }).collect(),
        held,
    })
}

impl From<run::Listed> for LastRun {
    fn from(run: run::Listed) -> Self {
        let state = run.stands().to_owned();
        let run::Listed { id, frequency, zone, period, late, deliveries, sent, .. } = run;
        Self { id, frequency, zone, period, state, late, deliveries, sent }
    }
}

async fn next_run(app: &App) -> anyhow::Result<Option<NextRun>> {
    let Some(slot) = slot::scheduled(&app.store).await?.into_iter().next() else { return Ok(None) };
    let frequencies = declared::frequencies(&app.store).await?;
    let frequency = frequencies.into_iter().find(|f| f.id == slot.frequency).map(|f| f.slug.to_string());
    let readers = slot::readers(&app.store, slot.id).await?;
    Ok(slot.next_run_at.map(|at| NextRun {
        frequency: frequency.unwrap_or_default(),
        zone: slot.zone.name().to_owned(),
        at,
        readers,
    }))
}

async fn needs_you(
    app: &App,
    feeds: &[feed::Listed],
    states: &[(String, i64)],
    held: Option<&str>,
) -> anyhow::Result<Vec<String>> {
    let mut needs = Vec::new();
    if held.is_some() {
        needs.push("all mail is held; `tidings digest release --all` lets it go".to_owned());
    }
    for (run, frequency, why) in run::held(&app.store).await? {
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        needs.push(format!(
            "run {run} ({frequency}) is held{why}; `tidings digest release {run}` or `tidings digest cancel {run}`"
        ));
    }
    // Held mail, held runs and feeds that are gone are told by themselves.
    let told = |name: &str| name == "mail-held" || name.contains(':');
    let known: Vec<(String, String)> = if lease::holders(&app.store).await?.is_empty() {
        let mut found = troubles::unattended(&app.store, app.clock.now()).await?;
        found.iter_mut().filter(|(name, _)| name == "run-late").for_each(|(_, words)| words.push_str(NOBODY));
        found
    } else {
        trouble::known(&app.store).await?.into_iter().map(|(name, trouble)| (name, trouble.words)).collect()
    };
    needs.extend(known.into_iter().filter(|(name, _)| !told(name)).map(|(_, words)| words));
    let in_force = adoption::is_in_force(&app.store, &app.config.fingerprint()).await?;
    if app.config.feeds.is_empty() {
        needs.push("there are no feeds: add [[feed]] and [[topic]] to the configuration".to_owned());
    } else if in_force != Some(true) {
        needs
            .push("this configuration is not in force yet: starting `tidings run` puts it in force, or SIGHUP if it runs already".to_owned());
    }
    match subscription::without_a_region(&app.store).await? {
        0 => {}
        1 => needs.push("1 reader is paused until they choose a region: the last one they had has ended".to_owned()),
        n => needs.push(format!("{n} readers are paused until they choose a region: the last one they had has ended")),
    }
    for feed in feeds {
        if feed.held > 0 {
            let (slug, articles) = (&feed.slug, words::count(feed.held as usize, "article"));
            needs.push(format!("feed {slug} holds {articles}; `tidings feed release {slug}`, or with --archive"));
        }
        if let Some(error) = feed.error.as_ref().filter(|_| feed.told_at.is_some()) {
            needs.push(format!("feed {}: {error}", feed.slug));
        }
    }
    let restored = restored::count(&app.store, None).await?;
    match restored {
        0 => {}
        1 => needs
            .push("1 mail was on its way when the backup was made that was restored; `tidings reconcile`".to_owned()),
        n => needs.push(format!(
            "{n} mails were on their way when the backup was made that was restored; `tidings reconcile`"
        )),
    }
    let count = |wanted: &str| states.iter().find(|(state, _)| state == wanted).map_or(0, |(_, n)| *n);
    for (deliveries, words) in [
        (count("held") - restored, "deliveries are held: they were in doubt too often"),
        (
            count("quarantined"),
            "mails wait because a template fails on them: mend it (`tidings template lint`), then reload or restart",
        ),
    ] {
        if deliveries > 0 {
            needs.push(format!("{deliveries} {words}"));
        }
    }
    Ok(needs)
}

fn text(status: &Status, now: DateTime<Utc>) -> String {
    let mut lines = Vec::new();
    if let Some(why) = &status.held {
        lines.push(format!("HELD      no mail leaves: {why}"));
    }
    lines.push(match status.needs_you.len() {
        0 => "health    all is well".to_owned(),
        1 => "health    1 thing needs you, see below".to_owned(),
        n => format!("health    {n} things need you, see below"),
    });
    let at_work = match status.at_work.as_slice() {
        [] => "nobody is at work; start `tidings run`".to_owned(),
        holders => holders.join(", "),
    };
    lines.push(format!("mode      {}", status.mode));
    lines.push(format!("at work   {at_work}"));
    lines.push(format!(
        "feeds     {}, {} failing; {} articles kept",
        status.feeds, status.feeds_failing, status.articles
    ));
    lines.push(format!(
        "readers   {} (active subscriptions: {}; suppressed addresses: {})",
        status.readers, status.subscriptions, status.suppressed
    ));
    lines.push(match &status.next_run {
        Some(next) => format!(
            "next run  {} in {}, {}; readers: {}",
            next.frequency,
            next.zone,
            words::when(next.at, now),
            next.readers
        ),
        None if status.readers > 0 => "next run  none planned yet; `tidings run` plans it".to_owned(),
        None => "next run  none, as there are no readers yet".to_owned(),
    });
    for run in &status.last_runs {
        let late = if run.late { ", late" } else { "" };
        // Planned is what a run is in the end; how many of its mails were sent says the rest.
        let state = if run.state == "planned" { String::new() } else { format!("{}, ", run.state) };
        lines.push(format!(
            "run {:<5} {} {} in {}: {state}{} of {} sent{late}",
            run.id, run.frequency, run.period, run.zone, run.sent, run.deliveries
        ));
    }
    let states: Vec<String> = status.deliveries.iter().map(|s| format!("{} {}", s.deliveries, s.state)).collect();
    lines.push(format!("mail      {}", if states.is_empty() { "none yet".to_owned() } else { states.join(", ") }));
    if status.captured > 0 {
        lines.push(format!("captured  {} in the mailbox inside", status.captured));
    }
    if !status.needs_you.is_empty() {
        lines.push("needs you".to_owned());
        lines.extend(status.needs_you.iter().map(|need| format!("  {need}")));
    }
    lines.join("\n")
}
