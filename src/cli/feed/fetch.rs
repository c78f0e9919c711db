//! `tidings feed fetch`

use clap::Args;
use serde::Serialize;

use crate::app::{App, AppError};
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::{open, words};
use crate::model::slug::Slug;
use crate::pipeline::collect;
use crate::store::feed;
use crate::store::lock::LockError;

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// Which feeds, by slug [default: all]
    slugs: Vec<Slug>,
}

#[derive(Serialize)]
struct Fetched {
    /// The feeds were made due, for the daemon to fetch.
    left_to_daemon: bool,
    feeds: usize,
    unchanged: usize,
    failed: usize,
    new_articles: usize,
    /// Feeds that hold what they have, by slug.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    held: Vec<String>,
}

/// Beside a daemon the feeds are made due, and it is told; alone, they are fetched here.
pub async fn run(args: &FetchArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for_writing(global).await?;
    let due = make_due(&app, args).await?;
    let holder = format!("`tidings feed fetch` with process id {}", std::process::id());
    let fetched = match app.at_work(app.line().await?, &holder).await {
        Ok(at_work) => {
            let (line, now) = (&at_work.line, app.clock.now());
            let collected = match args.slugs.as_slice() {
                [] => collect::run(line, now).await,
                slugs => collect::only(line, slugs, now).await,
            };
            at_work.leave().await?;
            let collected = collected?;
            Fetched {
                left_to_daemon: false,
                feeds: collected.feeds,
                unchanged: collected.unchanged,
                failed: collected.failed,
                new_articles: collected.new,
                held: held(&app).await?,
            }
        }
        Err(AppError::Lock(LockError::Held { .. })) => {
            open::nudge(&app, output).await?;
            Fetched { left_to_daemon: true, feeds: due, unchanged: 0, failed: 0, new_articles: 0, held: vec![] }
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
    for slug in &fetched.held {
        output.say(&format!(
            "the feed `{slug}` has far more at once than usual, and holds it; `tidings feed release {slug}` mails it, with --archive it is kept and not mailed"
        ));
    }
    if fetched.failed == 0 {
        return Ok(Exit::Done);
    }
    output.say("`tidings feed list` says what is wrong with the feeds that failed");
    Ok(if fetched.failed == fetched.feeds { Exit::Outside } else { Exit::Partly })
}

async fn held(app: &App) -> anyhow::Result<Vec<String>> {
    let feeds = feed::list(&app.store).await?;
    Ok(feeds.into_iter().filter(|feed| feed.held > 0).map(|feed| feed.slug.to_string()).collect())
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
