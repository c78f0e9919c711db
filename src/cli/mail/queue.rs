//! `tidings mail queue`

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::super::exit::Exit;
use super::super::global::Global;
use super::super::open;
use super::super::output::Output;
use super::super::words::{count, when};
use super::failures::{self, Group};
use crate::store::{queue, setting};

/// Domains that are named.
const DOMAINS: i64 = 10;
/// Mails whose last words are looked at.
const LOOKED_AT: i64 = 10_000;

#[derive(Serialize)]
struct Queue {
    /// Why all mail is held, if it is.
    held: Option<String>,
    waiting: Vec<Waiting>,
    domains: Vec<Domain>,
    /// What was put off, by what the relay said.
    put_off: Vec<Group>,
}

#[derive(Serialize)]
struct Waiting {
    kind: String,
    state: String,
    mails: i64,
    oldest: DateTime<Utc>,
    next_attempt: DateTime<Utc>,
}

#[derive(Serialize)]
struct Domain {
    domain: String,
    mails: i64,
    oldest: DateTime<Utc>,
}

pub async fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let waiting = queue::waiting(&app.store).await?.into_iter().map(|w| Waiting {
        kind: w.kind,
        state: w.state,
        mails: w.mails,
        oldest: w.oldest,
        next_attempt: w.next,
    });
    let domains = queue::domains(&app.store, DOMAINS).await?;
    let queue = Queue {
        held: setting::get(&app.store, "hold").await?,
        waiting: waiting.collect(),
        domains: domains.into_iter().map(|d| Domain { domain: d.domain, mails: d.mails, oldest: d.oldest }).collect(),
        put_off: failures::grouped(queue::put_off(&app.store, LOOKED_AT).await?),
    };
    output.result(&queue, || in_words(&queue, app.clock.now()))?;
    Ok(Exit::Done)
}

fn in_words(queue: &Queue, now: DateTime<Utc>) -> String {
    let mut lines = Vec::new();
    if let Some(why) = &queue.held {
        lines.push(format!("HELD: no mail leaves: {why}; `tidings digest release --all` lets it go\n"));
    }
    if queue.waiting.is_empty() {
        lines.push("nothing waits to be sent".to_owned());
        return lines.join("\n");
    }
    for w in &queue.waiting {
        let mails = mails(w.mails);
        let due = match w.state.as_str() {
            "ready" | "deferred" => format!(", the first due {}", when(w.next_attempt, now)),
            _ => String::new(),
        };
        lines.push(format!("{:<12} {:<16} {mails}; the oldest was made {}{due}", w.state, w.kind, when(w.oldest, now)));
    }
    if !queue.domains.is_empty() {
        lines.push("\nwaiting, by domain:".to_owned());
        let line = |d: &Domain| format!("  {:<28} {}", d.domain, mails(d.mails));
        lines.extend(queue.domains.iter().map(line));
    }
    if !queue.put_off.is_empty() {
        lines.push("\nput off, by what the relay said:".to_owned());
        lines.extend(queue.put_off.iter().map(|group| format!("  {:>6}  {}", group.mails, group.words)));
        lines.push("\n`tidings mail retry --all` tries them again now".to_owned());
    }
    lines.join("\n")
}

fn mails(n: i64) -> String {
    count(usize::try_from(n).unwrap_or_default(), "mail")
}
