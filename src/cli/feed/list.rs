//! `tidings feed list`

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::{open, words};
use crate::config::Feed;
use crate::model::slug::Slug;
use crate::store::feed;

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

pub async fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
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
