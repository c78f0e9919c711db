//! When each stage runs, and how it stops.
//!
//! Each stage has its own rhythm, so that a slow feed never holds up mail: it runs, asks when it has something to do
//! next, and sleeps until then, until it is woken, or for half a minute at most. When everything stops, or another
//! configuration takes over, each finishes what it has in hand.

mod alerts;
mod door;
mod hands;
mod pace;
mod relay;
mod signals;
pub mod supervisor;
mod turns;
mod watch;

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use door::{serve_metrics, serve_pages};
use pace::{AFTER_ERROR, LOOK, Pace, Stir, rest};
use relay::RelayState;
use turns::{Stage, Turns};
use watch::Watch;

use crate::model::breaker::May;
use crate::model::pulse::Pulse;
use crate::model::words::with_causes;
use crate::pipeline::{Line, collect, compose, deliver, retain};
use crate::store::nudge::Nudges;
use crate::store::{self, delivery, feed, filing, slot};
use crate::web::Pages;

pub use door::{Door, answer};
pub use signals::{Hangups, stop_on_signal};

#[derive(Debug, Error)]
pub enum DaemonError {
    #[error("could not listen on {address} for the pages; change web.listen, or stop what listens there")]
    Listen { address: SocketAddr, source: io::Error },
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("could not listen for signals")]
    Signals(#[source] io::Error),
    #[error("a task of the daemon broke off")]
    Broken(#[from] tokio::task::JoinError),
}

/// Runs until `line.stopping` is set.
pub async fn run(line: &Line, pages: Pages, nudges: Nudges, door: &Door) -> Result<(), DaemonError> {
    let (address, listener) = (door.address, door.listener()?);
    let (stir, turns, relay) = (Stir::default(), Turns::default(), RelayState::default());
    let watch = Watch {
        line: line.clone(),
        stir: stir.clone(),
        relay: relay.clone(),
        turns: turns.clone(),
        pulse: pages.pulse.clone(),
        began: Instant::now(),
    };
    let mut tasks = JoinSet::new();

    tasks.spawn(pass_nudges_on(nudges, stir.clone(), line.stopping.clone()));
    tasks.spawn(collecting(line.clone(), stir.clone()));
    tasks.spawn(composing(line.clone(), stir.clone(), pages.pulse.clone(), turns.clone()));
    tasks.spawn(delivering(line.clone(), stir.clone(), relay, turns));
    tasks.spawn(watch.goes_on());
    tasks.spawn(retaining(line.clone(), stir.clone()));
    if let Some(address) = line.config.web.metrics {
        tasks.spawn(serve_metrics(pages.clone(), address, line.stopping.clone()));
    }
    tasks.spawn(serve_pages(pages, listener, line.stopping.clone()));
    let mode = line.config.delivery.mode.word();
    info!(mode, "at work; pages on http://{address}");
    supervisor::ready(&format!("at work, mode {mode}; pages on http://{address}"));
    if line.config.web.shows_mail(&line.config.site) {
        info!("captured mail can be read at http://{address}/mailbox");
    }

    let mut ended = Ok(());
    while let Some(task) = tasks.join_next().await {
        let result = task.map_err(DaemonError::from).flatten();
        // Whoever ends first ends all.
        line.stopping.cancel();
        if ended.is_ok() {
            ended = result;
        }
    }
    ended
}

async fn pass_nudges_on(mut nudges: Nudges, stir: Stir, stopping: CancellationToken) -> Result<(), DaemonError> {
    while !stopping.is_cancelled() {
        let waited = tokio::select! {
            waited = nudges.wait() => waited,
            () = stopping.cancelled() => break,
        };
        match waited {
            Ok(()) => stir.all(),
            // A nudge is a hint only; the stages look by themselves meanwhile.
            Err(failure) => {
                error!("cannot hear other commands for now: {}", with_causes(&failure));
                rest(AFTER_ERROR, &stopping).await;
            }
        }
    }
    Ok(())
}

async fn collecting(line: Line, stir: Stir) -> Result<(), DaemonError> {
    let mut pace = Pace::of(&line, &stir, "collecting");
    while pace.goes_on() {
        match collect::run(&line, pace.looks()).await {
            Ok(collected) => {
                if collected.filed > 0 {
                    stir.all();
                }
                let next = feed::next_check(&line.store).await;
                let ripe = filing::next_ripe(&line.store).await;
                pace.until(next.and_then(|next| Ok(earlier(next, ripe?)))).await;
            }
            Err(failure) => pace.complain(&failure).await,
        }
    }
    Ok(())
}

async fn composing(line: Line, stir: Stir, pulse: Pulse, turns: Turns) -> Result<(), DaemonError> {
    let mut pace = Pace::of(&line, &stir, "composing");
    while pace.goes_on() {
        pulse.beats(line.clock.now());
        let turn = turns.begin(Stage::Compose);
        let composed = compose::run(&line, pace.looks()).await;
        turn.ends();
        match composed {
            Ok(composed) => {
                if composed.deliveries > 0 {
                    stir.all();
                }
                pace.until(slot::next_run(&line.store).await).await;
            }
            Err(failure) => pace.complain(&failure).await,
        }
    }
    Ok(())
}

async fn delivering(line: Line, stir: Stir, relay: RelayState, turns: Turns) -> Result<(), DaemonError> {
    let mut pace = Pace::of(&line, &stir, "delivering");
    let mut was_held = None;
    while pace.goes_on() {
        let turn = turns.begin(Stage::Deliver);
        let delivered = deliver::run(&line, pace.looks()).await;
        turn.ends();
        match delivered {
            Ok(done) => {
                tell(&line, &done);
                relay.learn(&done);
                if done.held != was_held {
                    match &done.held {
                        Some(why) => warn!("all mail is held: {why}"),
                        None => info!("mail is no longer held"),
                    }
                }
                match line.breaker.may(line.clock.now()) {
                    // A person's stop is not asked again at every nudge.
                    _ if done.held.is_some() => rest(LOOK, &line.stopping).await,
                    May::Nothing { until, .. } => pace.until(Ok(Some(until))).await,
                    May::TryOne | May::All => pace.until(delivery::next_attempt(&line.store).await).await,
                }
                was_held = done.held;
            }
            Err(failure) => pace.complain(&failure).await,
        }
    }
    Ok(())
}

async fn retaining(line: Line, stir: Stir) -> Result<(), DaemonError> {
    let mut pace = Pace::of(&line, &stir, "forgetting what is old");
    while pace.goes_on() {
        match retain::run(&line, pace.looks()).await {
            Ok(_) => pace.until(Ok(None)).await,
            Err(failure) => pace.complain(&failure).await,
        }
    }
    Ok(())
}

fn tell(line: &Line, done: &deliver::Delivered) {
    let deliver::Delivered { sent, deferred, refused, uncertain, .. } = *done;
    if sent + deferred + refused + uncertain > 0 {
        let mode = line.config.delivery.mode.word();
        info!(mode, sent, deferred, refused, uncertain, "sent {sent}, deferred {deferred}, refused {refused} ({mode})");
    }
}

fn earlier(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    [a, b].into_iter().flatten().min()
}
