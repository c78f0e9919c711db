//! For machines that watch: `/healthz`, whether the process answers at all; `/readyz`, whether it does its work; and, on a
//! listener of its own, `/metrics` in the text format of Prometheus. There are numbers in it, and never an address.

use std::fmt::Write;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, TimeDelta, Utc};

use super::Pages;
use crate::store::{self, article, delivery, feed, queue, slot, subscriber, suppression, trouble};

/// The scheduler looks every half minute.
const LATEST_LOOK: TimeDelta = TimeDelta::minutes(2);
/// A database that takes longer is away.
const PATIENCE: Duration = Duration::from_secs(2);

pub fn routes() -> Router<Pages> {
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(ready))
}

/// What is served on `web.metrics`, and nothing else is.
pub fn metrics(pages: Pages) -> Router {
    Router::new().route("/metrics", get(measured)).merge(routes()).with_state(pages)
}

/// Not the relay: one that is away is waited for, and restarting us would not bring it back.
async fn ready(State(pages): State<Pages>) -> Response {
    let database = tokio::time::timeout(PATIENCE, slot::next_run(&pages.store)).await;
    match database {
        Ok(Ok(_)) => {}
        Ok(Err(_)) => return not_ready("the database fails; the log says how"),
        Err(_) => return not_ready("the database does not answer"),
    }
    match pages.pulse.last() {
        Some(last) if pages.clock.now() - last <= LATEST_LOOK => "ready\n".into_response(),
        Some(last) => {
            not_ready(&format!("the scheduler has not looked since {}", last.format("%Y-%m-%d %H:%M:%S UTC")))
        }
        None => not_ready("the scheduler has not looked yet"),
    }
}

fn not_ready(why: &str) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
}

async fn measured(State(pages): State<Pages>) -> Response {
    match measure(&pages).await {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response(),
        Err(_) => not_ready("the database fails; the log says how"),
    }
}

async fn measure(pages: &Pages) -> Result<String, store::Error> {
    let (store, now) = (&pages.store, pages.clock.now());
    let feeds = feed::list(store).await?;
    let failing = feeds.iter().filter(|feed| feed.error.is_some()).count();
    let (readers, subscriptions) = subscriber::count(store).await?;
    let waiting = queue::waiting(store).await?;
    let due = |w: &&queue::Waiting| matches!(w.state.as_str(), "ready" | "deferred");
    let oldest = waiting.iter().filter(due).map(|w| w.oldest).min();
    let late = slot::next_run(store).await?.filter(|next| *next < now);

    let mut text = Text::default();
    text.gauge("tidings_build_info", "The version that is at work.", &[(version(), 1.0)]);
    text.gauge("tidings_feeds", "Feeds that are declared.", &[("".into(), feeds.len() as f64)]);
    text.gauge("tidings_feeds_failing", "Feeds whose last fetch failed.", &[("".into(), failing as f64)]);
    text.counter("tidings_articles_total", "Articles that were collected.", article::count(store).await? as f64);
    text.gauge("tidings_readers", "Readers with an active subscription.", &[("".into(), readers as f64)]);
    text.gauge("tidings_subscriptions", "Active subscriptions.", &[("".into(), subscriptions as f64)]);
    let suppressed = suppression::count(store).await? as f64;
    text.gauge("tidings_suppressed_addresses", "Addresses that nothing is sent to.", &[("".into(), suppressed)]);
    let states = delivery::by_state(store).await?;
    let states: Vec<_> = states.into_iter().map(|(state, n)| (format!("{{state=\"{state}\"}}"), n as f64)).collect();
    text.gauge("tidings_deliveries", "Mails in the ledger, by state; `sent` means that the relay took it.", &states);
    text.gauge(
        "tidings_oldest_waiting_seconds",
        "Age of the oldest mail that waits.",
        &[("".into(), age(oldest, now))],
    );
    text.gauge("tidings_run_late_seconds", "How long the next run has been due.", &[("".into(), age(late, now))]);
    let troubles = trouble::known(store).await?.len() as f64;
    text.gauge(
        "tidings_troubles",
        "What is wrong and does not mend itself; the log says what.",
        &[("".into(), troubles)],
    );
    let looked = age(pages.pulse.last(), now);
    text.gauge("tidings_scheduler_looked_seconds", "How long ago the scheduler looked.", &[("".into(), looked)]);
    Ok(text.0)
}

fn version() -> String {
    format!("{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"))
}

/// In seconds; 0 where there is nothing.
fn age(since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> f64 {
    since.map_or(0.0, |since| (now - since).num_milliseconds().max(0) as f64 / 1000.0)
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str, values: &[(String, f64)]) {
        self.family(name, help, "gauge", values);
    }

    fn counter(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, help, "counter", &[(String::new(), value)]);
    }

    fn family(&mut self, name: &str, help: &str, kind: &str, values: &[(String, f64)]) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }
}
