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
use crate::store::habit::{self, Habit};

#[derive(Serialize)]
struct Listed {
    slug: String,
    /// As it is asked: since it moved, where it moved to.
    url: String,
    state: State,
    title: Option<String>,
    /// Articles a day over the weeks before this one.
    usual: Option<f64>,
    last_24_hours: i64,
    last_7_days: i64,
    last_success: Option<DateTime<Utc>>,
    next_check: Option<DateTime<Utc>>,
    failures: i64,
    error: Option<String>,
    error_since: Option<DateTime<Utc>>,
    damaged: Option<String>,
    /// Articles that wait for its release, and since when.
    held: i64,
    held_since: Option<DateTime<Utc>>,
    moved_to: Option<String>,
    /// What is wrong, in words, and what to do about it.
    why: Option<String>,
    fix: Option<String>,
}

/// The worst comes first, in the list too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Gone,
    Held,
    Failing,
    Damaged,
    Silent,
    Moved,
    NeverAsked,
    Ok,
}

impl State {
    fn of(feed: &feed::Listed, habit: &Habit, now: DateTime<Utc>) -> Self {
        match () {
            () if feed.gone_at.is_some() => Self::Gone,
            () if feed.held > 0 => Self::Held,
            () if feed.error.is_some() => Self::Failing,
            () if feed.first_fetched_at.is_none() => Self::NeverAsked,
            () if feed.damaged.is_some() => Self::Damaged,
            () if habit.is_silent(now) => Self::Silent,
            () if feed.adopted_url.is_some() || habit.moved_to.is_some() => Self::Moved,
            () => Self::Ok,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Held => "held",
            Self::Failing => "failing",
            Self::Damaged => "damaged",
            Self::Silent => "silent",
            Self::Moved => "moved",
            Self::NeverAsked => "never asked",
            Self::Ok => "ok",
        }
    }

    fn is_ill(self) -> bool {
        self < Self::NeverAsked
    }

    fn fix(self, feed: &feed::Listed, url: &str) -> Option<String> {
        let slug = &feed.slug;
        Some(match self {
            Self::Gone => {
                format!(
                    "find its new address, or take it out of the configuration; `tidings feed fetch {slug}` asks once more"
                )
            }
            Self::Held => {
                format!("`tidings feed release {slug}` mails them; with --archive they are kept, and mailed to nobody")
            }
            Self::Failing => {
                format!(
                    "see whether its address still holds (`tidings feed test {url}`); `tidings feed fetch {slug}` asks now"
                )
            }
            Self::Damaged => format!("tell its publisher; `tidings feed test {url}` says more"),
            Self::Silent => {
                format!("look on its site whether it has a new address; `tidings feed test {url}` says what it holds")
            }
            Self::Moved => format!("put `url = \"{url}\"` into the configuration, and leave the slug"),
            Self::NeverAsked | Self::Ok => return None,
        })
    }
}

impl Listed {
    /// One that no process has seen yet.
    fn new(feed: &Feed, now: DateTime<Utc>) -> Self {
        Self {
            slug: feed.slug.to_string(),
            url: feed.url.to_string(),
            state: State::NeverAsked,
            title: None,
            usual: None,
            last_24_hours: 0,
            last_7_days: 0,
            last_success: None,
            next_check: Some(now),
            failures: 0,
            error: None,
            error_since: None,
            damaged: None,
            held: 0,
            held_since: None,
            moved_to: None,
            why: None,
            fix: None,
        }
    }

    fn known(feed: feed::Listed, habit: Habit, now: DateTime<Utc>) -> Self {
        let state = State::of(&feed, &habit, now);
        let moved_to = feed.adopted_url.clone().or_else(|| habit.moved_to.clone());
        let url = moved_to.clone().filter(|_| state == State::Moved).or_else(|| feed.adopted_url.clone());
        let url = url.unwrap_or_else(|| feed.url.clone());
        let why = match state {
            State::Gone | State::Failing => feed.error.clone(),
            State::Damaged => feed.damaged.clone(),
            State::Held => {
                let articles = words::count(usize::try_from(feed.held).unwrap_or_default(), "article");
                let since = feed.held_since.map(|since| format!(", {}", words::when(since, now)));
                Some(format!("holds {articles}: far more than usual came at once{}", since.unwrap_or_default()))
            }
            State::Silent => {
                habit.usual(now).map(|usual| format!("nothing new in 7 days, where {usual:.1} a day are usual"))
            }
            State::Moved => Some(format!("has moved for good to {url}")),
            State::NeverAsked | State::Ok => None,
        };
        Self {
            slug: feed.slug.to_string(),
            state,
            usual: habit.usual(now),
            last_24_hours: habit.day,
            last_7_days: habit.week,
            last_success: feed.last_success_at,
            // One that is overdue, or was never asked, is asked now.
            next_check: feed.gone_at.is_none().then_some(feed.next_check_at.max(now)),
            failures: feed.failures,
            error_since: feed.error_since,
            held: feed.held,
            held_since: feed.held_since,
            moved_to,
            why,
            fix: state.fix(&feed, &url),
            url,
            title: feed.title,
            error: feed.error,
            damaged: feed.damaged,
        }
    }

    fn row(&self, now: DateTime<Utc>) -> Vec<String> {
        let next = match self.next_check {
            Some(next) if next == now => "now".to_owned(),
            next => words::when_or_never(next, now),
        };
        vec![
            self.slug.clone(),
            self.state.word().to_owned(),
            self.usual.map_or_else(|| "-".to_owned(), |usual| format!("{usual:.1} a day")),
            format!("{} today, {} this week", self.last_24_hours, self.last_7_days),
            words::when_or_never(self.last_success, now),
            next,
            self.why.clone().or_else(|| self.title.clone()).unwrap_or_default(),
        ]
    }
}

pub async fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let now = app.clock.now();
    let known = feed::list(&app.store).await?.into_iter();
    let mut known: HashMap<Slug, feed::Listed> = known.map(|feed| (feed.slug.clone(), feed)).collect();
    let habits = habit::all(&app.store, now).await?.into_iter();
    let mut habits: HashMap<Slug, Habit> = habits.map(|habit| (habit.slug.clone(), habit)).collect();
    // One that a daemon has declared between the two looks is known the next time.
    let listed = |feed: &Feed| match known.remove(&feed.slug).zip(habits.remove(&feed.slug)) {
        Some((feed, habit)) => Listed::known(feed, habit, now),
        None => Listed::new(feed, now),
    };
    let mut listed: Vec<Listed> = app.config.feeds.iter().map(listed).collect();
    listed.sort_by_key(|feed| feed.state);
    output.list(&listed, &["feed", "state", "usual", "now", "last success", "next check", "in words"], |feed| {
        feed.row(now)
    })?;
    for feed in listed.iter().filter(|feed| feed.state.is_ill()) {
        output.say(&format!("{} is {}: {}", feed.slug, feed.state.word(), feed.fix.as_deref().unwrap_or_default()));
    }
    Ok(Exit::Done)
}
