//! When each stage runs, and how it stops.
//!
//! Each stage has its own rhythm, so that a slow feed never holds up mail: it runs, asks when it has something to do
//! next, and sleeps until then, until it is woken, or for half a minute at most. When everything stops, or another
//! configuration takes over, each finishes what it has in hand.

mod alerts;
pub mod supervisor;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use alerts::RelayState;

use crate::model::pulse::Pulse;
use crate::model::words::with_causes;
use crate::pipeline::{self, Line, collect, compose, deliver, retain, troubles};
use crate::store::nudge::Nudges;
use crate::store::{self, delivery, feed, filing, slot};
use crate::web::{self, Pages};

/// A stage looks by itself at least so often.
const LOOK: Duration = Duration::from_secs(30);
/// After an error a stage waits so long.
const AFTER_ERROR: Duration = Duration::from_secs(5);
/// How long requests that are under way have to come to their end when everything stops.
const LAST_VISITORS: Duration = Duration::from_secs(2);

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

/// Wakes the stages: somebody wrote something.
#[derive(Clone)]
struct Stir(watch::Sender<u64>);

impl Stir {
    fn all(&self) {
        self.0.send_modify(|n| *n += 1);
    }
}

/// Where the pages are asked for. It outlives the pages: who asks while others take over waits for a moment.
#[derive(Debug)]
pub struct Door {
    pub address: SocketAddr,
    listener: std::net::TcpListener,
}

impl Door {
    pub async fn open(address: SocketAddr) -> Result<Self, DaemonError> {
        let refused = |source| DaemonError::Listen { address, source };
        let listener = TcpListener::bind(address).await.and_then(TcpListener::into_std).map_err(refused)?;
        Ok(Self { address, listener })
    }

    fn listener(&self) -> Result<TcpListener, DaemonError> {
        let refused = |source| DaemonError::Listen { address: self.address, source };
        self.listener.try_clone().and_then(TcpListener::from_std).map_err(refused)
    }
}

/// Runs until `line.stopping` is set.
pub async fn run(line: &Line, pages: Pages, nudges: Nudges, door: &Door) -> Result<(), DaemonError> {
    let (address, listener) = (door.address, door.listener()?);
    let stir = Stir(watch::Sender::new(0));
    let mut tasks = JoinSet::new();

    tasks.spawn(pass_nudges_on(nudges, stir.clone(), line.stopping.clone()));
    tasks.spawn(collecting(line.clone(), stir.clone()));
    tasks.spawn(composing(line.clone(), stir.clone(), pages.pulse.clone()));
    let relay = RelayState::default();
    tasks.spawn(delivering(line.clone(), stir.clone(), relay.clone()));
    tasks.spawn(watching(line.clone(), relay));
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

/// Answers for the pages, and does nothing else.
pub async fn answer(pages: Pages, door: &Door, until: CancellationToken) -> Result<(), DaemonError> {
    serve_pages(pages, door.listener()?, until).await
}

/// As long as requests that are under way have to come to their end.
async fn a_moment_after(stopping: &CancellationToken) {
    stopping.cancelled().await;
    tokio::time::sleep(LAST_VISITORS).await;
}

/// Who cannot be measured works all the same.
async fn serve_metrics(pages: Pages, address: SocketAddr, stopping: CancellationToken) -> Result<(), DaemonError> {
    let served = async {
        let listener = TcpListener::bind(address).await?;
        web::serve_metrics(pages, listener, stopping.clone().cancelled_owned()).await
    };
    tokio::select! {
        () = a_moment_after(&stopping) => {}
        served = served => {
            if let Err(broken) = served {
                error!("there are no metrics at http://{address}/metrics (web.metrics): {broken}");
                stopping.cancelled().await;
            }
        }
    }
    Ok(())
}

/// A listener that breaks does not stop the mail; /healthz tells whoever watches.
async fn serve_pages(pages: Pages, listener: TcpListener, stopping: CancellationToken) -> Result<(), DaemonError> {
    tokio::select! {
        // One who connected and asks nothing, as browsers do in advance, would keep us here for ever.
        () = a_moment_after(&stopping) => {}
        served = web::serve(pages, listener, stopping.clone().cancelled_owned()) => {
            if let Err(broken) = served {
                error!("the pages broke off: {broken}");
                stopping.cancelled().await;
            }
        }
    }
    Ok(())
}

/// Listens for SIGTERM and SIGINT from here on; what comes back waits for one, and sets `stopping`.
pub fn stop_on_signal(stopping: CancellationToken) -> Result<impl Future<Output = ()> + Send, DaemonError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(DaemonError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(DaemonError::Signals)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("SIGTERM: finishing what is in hand"),
            _ = interrupt.recv() => info!("interrupted: finishing what is in hand"),
            () = stopping.cancelled() => {}
        }
        supervisor::stopping();
        stopping.cancel();
    })
}

/// SIGHUP: the configuration is to be read again.
pub struct Hangups(Signal);

impl Hangups {
    pub fn listen() -> Result<Self, DaemonError> {
        signal(SignalKind::hangup()).map(Self).map_err(DaemonError::Signals)
    }

    /// Comes back at the next one.
    pub async fn next(&mut self) {
        self.0.recv().await;
    }
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

async fn composing(line: Line, stir: Stir, pulse: Pulse) -> Result<(), DaemonError> {
    let mut pace = Pace::of(&line, &stir, "composing");
    while pace.goes_on() {
        pulse.beats(line.clock.now());
        match compose::run(&line, pace.looks()).await {
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

async fn delivering(line: Line, stir: Stir, relay: RelayState) -> Result<(), DaemonError> {
    let mut pace = Pace::of(&line, &stir, "delivering");
    let mut was_held = None;
    while pace.goes_on() {
        match deliver::run(&line, pace.looks()).await {
            Ok(done) => {
                tell(&line, &done);
                relay.learn(&done);
                if done.held != was_held {
                    match &done.held {
                        Some(why) => warn!("all mail is held: {why}"),
                        None => info!("mail is no longer held"),
                    }
                }
                // A relay that is at fault, or a person's stop, is not asked again at every nudge.
                if done.relay_fault.is_some() || done.held.is_some() {
                    rest(LOOK, &line.stopping).await;
                } else {
                    pace.until(delivery::next_attempt(&line.store).await).await;
                }
                was_held = done.held;
            }
            Err(failure) => pace.complain(&failure).await,
        }
    }
    Ok(())
}

/// What is wrong is looked for by the clock: nobody wakes us to say that nothing happens.
async fn watching(line: Line, relay: RelayState) -> Result<(), DaemonError> {
    while !line.stopping.is_cancelled() {
        match troubles::run(&line, &relay.look(), line.clock.now()).await {
            Ok(news) => {
                let told = async {
                    for one in &news {
                        alerts::tell(one, line.config.alerts.command.as_deref()).await;
                    }
                };
                // A program that hangs must not hold up a stop, or another configuration.
                tokio::select! {
                    () = told => {}
                    () = a_moment_after(&line.stopping) => {}
                }
            }
            Err(failure) => warn!("could not look for trouble: {}", with_causes(&failure)),
        }
        rest(LOOK, &line.stopping).await;
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

/// The rhythm of one stage.
struct Pace {
    line: Line,
    woken: watch::Receiver<u64>,
    stage: &'static str,
    /// When it last began.
    looked: DateTime<Utc>,
    /// The last complaint, so that one that goes on is said once.
    complaint: Option<String>,
}

impl Pace {
    fn of(line: &Line, stir: &Stir, stage: &'static str) -> Self {
        Self { line: line.clone(), woken: stir.0.subscribe(), stage, looked: line.clock.now(), complaint: None }
    }

    /// It begins, now.
    fn looks(&mut self) -> DateTime<Utc> {
        self.looked = self.line.clock.now();
        self.looked
    }

    fn goes_on(&self) -> bool {
        !self.line.stopping.is_cancelled()
    }

    /// Sleeps until `next`, until woken, until everything stops, or for [`LOOK`] at most. What was due already when the
    /// stage began and was not done, a run that is held say, does not make a loop without rest.
    async fn until(&mut self, next: Result<Option<DateTime<Utc>>, store::Error>) {
        if self.complaint.take().is_some() {
            info!("{} works again", self.stage);
        }
        let wait = match next {
            Ok(Some(next)) if next > self.looked => {
                (next - self.line.clock.now()).to_std().unwrap_or_default().min(LOOK)
            }
            Ok(_) => LOOK,
            Err(_) => AFTER_ERROR,
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = self.woken.changed() => {}
            () = self.line.stopping.cancelled() => {}
        }
    }

    /// Says that the stage failed, once as long as it fails the same way, and waits a moment.
    async fn complain(&mut self, failure: &pipeline::Error) {
        let words = with_causes(failure);
        if self.complaint.as_ref() != Some(&words) {
            error!("{} failed and is tried again every few seconds: {words}", self.stage);
        }
        self.complaint = Some(words);
        rest(AFTER_ERROR, &self.line.stopping).await;
    }
}

async fn rest(length: Duration, stopping: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        () = stopping.cancelled() => {}
    }
}
