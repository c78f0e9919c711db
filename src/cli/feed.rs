//! `tidings feed list|fetch|release|parse`

mod release;

use std::collections::HashMap;
use std::path::PathBuf;

use anyhow::Context;
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;
use url::Url;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::output::Output;
use super::{open, words};
use crate::app::{App, AppError};
use crate::config::Feed;
use crate::feed::parse;
use crate::model::slug::Slug;
use crate::pipeline::collect;
use crate::store::feed;
use crate::store::lock::LockError;

#[derive(Debug, Subcommand)]
pub enum FeedCommand {
    /// List feeds: state, last success, next check, last error
    List,
    /// Fetch feeds now, whether they are due or not: those named, or all
    Fetch(FetchArgs),
    /// Let go of what a feed holds because it had far more at once than usual
    #[command(
        after_help = "Its articles go into the next digests, in the order of the feed. With --archive they are kept and shown on \
        pages, and nobody is mailed; that cannot be undone.\n\n\
        Example:  tidings feed release health-en --archive"
    )]
    Release(release::ReleaseArgs),
    /// Read a feed from a file and print what is in it; nothing is stored
    Parse(ParseArgs),
}

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Which feeds, by slug [default: all]
    slugs: Vec<Slug>,
}

#[derive(Debug, Args)]
pub struct ParseArgs {
    /// The file; `-` for standard input
    file: PathBuf,
    /// The address it was found at, to complete links that lack it
    #[arg(long, value_name = "BASE")]
    url: Option<Url>,
    /// The Content-Type header it came with
    #[arg(long, value_name = "CT")]
    content_type: Option<String>,
}

pub async fn run(command: &FeedCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        FeedCommand::List => list(global, output).await,
        FeedCommand::Fetch(args) => fetch(args, global, output).await,
        FeedCommand::Release(args) => release::run(args, global, output).await,
        FeedCommand::Parse(args) => parse(args, output),
    }
}

#[derive(Serialize)]
struct Listed {
    slug: String,
    url: String,
    state: &'static str,
    title: Option<String>,
    last_success: Option<DateTime<Utc>>,
    next_check: Option<DateTime<Utc>>,
    failures: i64,
    error: Option<String>,
    damaged: Option<String>,
    /// Articles that wait for its release.
    held: i64,
}

impl Listed {
    /// One that no process has seen yet.
    fn new(feed: &Feed, now: DateTime<Utc>) -> Self {
        Self {
            slug: feed.slug.to_string(),
            url: feed.url.to_string(),
            state: "new",
            title: None,
            last_success: None,
            next_check: Some(now),
            failures: 0,
            error: None,
            damaged: None,
            held: 0,
        }
    }

    fn known(feed: feed::Listed, now: DateTime<Utc>) -> Self {
        let state = match (&feed.gone_at, &feed.error, &feed.first_fetched_at) {
            (Some(_), ..) => "gone",
            (_, Some(_), _) => "failing",
            (_, _, None) => "new",
            _ if feed.held > 0 => "held",
            _ if feed.damaged.is_some() => "damaged",
            _ => "ok",
        };
        // One that is overdue, or was never asked, is asked now.
        Self {
            slug: feed.slug.to_string(),
            url: feed.adopted_url.unwrap_or(feed.url),
            state,
            title: feed.title,
            last_success: feed.last_success_at,
            next_check: feed.gone_at.is_none().then_some(feed.next_check_at.max(now)),
            failures: feed.failures,
            error: feed.error,
            damaged: feed.damaged,
            held: feed.held,
        }
    }
}

async fn list(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let now = app.clock.now();
    let mut known: HashMap<Slug, feed::Listed> =
        feed::list(&app.store).await?.into_iter().map(|feed| (feed.slug.clone(), feed)).collect();
    let declared = app.config.feeds.iter();
    let listed: Vec<Listed> = declared
        .map(|feed| known.remove(&feed.slug).map_or_else(|| Listed::new(feed, now), |known| Listed::known(known, now)))
        .collect();
    output.list(&listed, &["feed", "state", "last success", "next check", "in words"], |feed| {
        let held =
            || format!("holds {}; `tidings feed release {}`", words::count(feed.held as usize, "article"), feed.slug);
        let held = (feed.held > 0).then(held);
        let trouble = feed.error.clone().or(held).or_else(|| feed.damaged.clone()).or_else(|| feed.title.clone());
        vec![
            feed.slug.clone(),
            feed.state.to_owned(),
            words::when_or_never(feed.last_success, now),
            if feed.next_check == Some(now) { "now".to_owned() } else { words::when_or_never(feed.next_check, now) },
            trouble.unwrap_or_default(),
        ]
    })?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Fetched {
    /// The feeds were made due, for the daemon to fetch.
    left_to_daemon: bool,
    feeds: usize,
    unchanged: usize,
    failed: usize,
    new_articles: usize,
}

/// Beside a daemon the feeds are made due, and it is told; alone, they are fetched here.
async fn fetch(args: &FetchArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for_writing(global).await?;
    let due = make_due(&app, args).await?;
    let holder = format!("`tidings feed fetch` with process id {}", std::process::id());
    let fetched = match app.at_work(app.line().await?, &holder).await {
        Ok(at_work) => {
            let collected = collect::run(&at_work.line, app.clock.now()).await;
            at_work.leave().await?;
            let collected = collected?;
            Fetched {
                left_to_daemon: false,
                feeds: collected.feeds,
                unchanged: collected.unchanged,
                failed: collected.failed,
                new_articles: collected.new,
            }
        }
        Err(AppError::Lock(LockError::Held { .. })) => {
            open::nudge(&app, output).await?;
            Fetched { left_to_daemon: true, feeds: due, unchanged: 0, failed: 0, new_articles: 0 }
        }
        Err(error) => return Err(error.into()),
    };
    output.result(&fetched, || match &fetched {
        Fetched { left_to_daemon: true, feeds, .. } => {
            format!("{} made due now; the running daemon fetches", words::count(*feeds, "feed"))
        }
        Fetched { feeds, unchanged, failed, new_articles, .. } => format!(
            "{} asked: {unchanged} unchanged, {failed} failed; {}",
            words::count(*feeds, "feed"),
            words::count(*new_articles, "new article")
        ),
    })?;
    if fetched.failed == 0 {
        return Ok(Exit::Done);
    }
    output.say("`tidings feed list` says what is wrong with the feeds that failed");
    Ok(if fetched.failed == fetched.feeds { Exit::Outside } else { Exit::Partly })
}

async fn make_due(app: &App, args: &FetchArgs) -> anyhow::Result<usize> {
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    if args.slugs.is_empty() {
        let due = feed::make_all_due(&mut tx, now).await?;
        tx.commit().await?;
        return Ok(usize::try_from(due)?);
    }
    for slug in &args.slugs {
        if !feed::make_due(&mut tx, slug, now).await? {
            return Err(Failure::new(Exit::NotFound, format!("there is no feed `{slug}` in the configuration"))
                .then("`tidings feed list` lists them")
                .into());
        }
    }
    tx.commit().await?;
    Ok(args.slugs.len())
}

fn parse(args: &ParseArgs, output: &Output) -> anyhow::Result<Exit> {
    let body = read(&args.file)?;
    match parse::document(&body, args.content_type.as_deref(), args.url.as_ref()) {
        Ok(document) => {
            output.result(&document.to_json(), || as_text(&document))?;
            Ok(Exit::Done)
        }
        Err(no_feed) if output.is_json() => {
            let value = serde_json::json!({ "ok": false, "error": no_feed.to_string(), "feed": null, "entries": [] });
            output.result(&value, String::new)?;
            Ok(Exit::Problems)
        }
        Err(no_feed) => Err(Failure::new(Exit::Problems, format!("{}: {no_feed}", args.file.display())).into()),
    }
}

/// A document's bytes; `-` is standard input.
pub(super) fn read(file: &std::path::Path) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    if file.as_os_str() == "-" {
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut body).context("could not read standard input")?;
        return Ok(body);
    }
    std::fs::read(file)
        .map_err(|source| Failure::new(Exit::NotFound, format!("could not read {}: {source}", file.display())).into())
}

fn as_text(document: &crate::feed::Document) -> String {
    let mut lines =
        vec![format!("{}: {} entries", document.title.as_deref().unwrap_or("(no title)"), document.entries.len())];
    if let Some(damage) = &document.damaged {
        lines.push(format!("damaged: {damage}"));
    }
    for entry in &document.entries {
        let date =
            entry.date.map_or_else(|| "no date".to_owned(), |date| date.format("%Y-%m-%d %H:%M UTC").to_string());
        lines.push(format!("{date}  {}", entry.title.as_deref().unwrap_or("(no title)")));
        lines.push(format!("  {}", entry.link.as_deref().unwrap_or("(no link)")));
    }
    lines.join("\n")
}
