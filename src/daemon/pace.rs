//! The rhythm of the stages: each runs, asks when it has something to do next, and sleeps until then.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

use crate::model::words::with_causes;
use crate::pipeline::{self, Line};
use crate::store;

/// A stage looks by itself at least so often.
pub const LOOK: Duration = Duration::from_secs(30);
/// After an error a stage waits so long.
pub const AFTER_ERROR: Duration = Duration::from_secs(5);

/// Wakes the stages: somebody wrote something, or half a minute is over.
#[derive(Debug, Clone)]
pub struct Stir {
    woken: watch::Sender<u64>,
    /// From here on half minutes are counted, so that all stages look at the same moment, and the machine sleeps between.
    began: Instant,
}

impl Default for Stir {
    fn default() -> Self {
        Self { woken: watch::Sender::new(0), began: Instant::now() }
    }
}

impl Stir {
    /// How long it is until all look again.
    pub fn until_next_look(&self) -> Duration {
        let millis = LOOK.as_millis() - self.began.elapsed().as_millis() % LOOK.as_millis();
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    pub fn hears(&self) -> watch::Receiver<u64> {
        self.woken.subscribe()
    }

    pub fn all(&self) {
        self.woken.send_modify(|n| *n += 1);
    }
}

/// The rhythm of one stage.
pub struct Pace {
    line: Line,
    stir: Stir,
    woken: watch::Receiver<u64>,
    stage: &'static str,
    /// When it last began.
    looked: DateTime<Utc>,
    /// The last complaint, so that one that goes on is said once.
    complaint: Option<String>,
}

impl Pace {
    pub fn of(line: &Line, stir: &Stir, stage: &'static str) -> Self {
        Self {
            line: line.clone(),
            stir: stir.clone(),
            woken: stir.hears(),
            stage,
            looked: line.clock.now(),
            complaint: None,
        }
    }

    /// It begins, now.
    pub fn looks(&mut self) -> DateTime<Utc> {
        self.looked = self.line.clock.now();
        self.looked
    }

    pub fn goes_on(&self) -> bool {
        !self.line.stopping.is_cancelled()
    }

    /// Sleeps until `next`, until woken, until everything stops, or for [`LOOK`] at most. What was due already when the
    /// stage began and was not done, a run that is held say, does not make a loop without rest.
    pub async fn until(&mut self, next: Result<Option<DateTime<Utc>>, store::Error>) {
        if self.complaint.take().is_some() {
            info!("{} works again", self.stage);
        }
        let look = self.stir.until_next_look();
        let wait = match next {
            Ok(Some(next)) if next > self.looked => {
                (next - self.line.clock.now()).to_std().unwrap_or_default().min(look)
            }
            Ok(_) => look,
            Err(_) => AFTER_ERROR,
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = self.woken.changed() => {}
            () = self.line.stopping.cancelled() => {}
        }
    }

    /// Says that the stage failed, once as long as it fails the same way, and waits a moment.
    pub async fn complain(&mut self, failure: &pipeline::Error) {
        let words = with_causes(failure);
        if self.complaint.as_ref() != Some(&words) {
            error!("{} failed and is tried again every few seconds: {words}", self.stage);
        }
        self.complaint = Some(words);
        rest(AFTER_ERROR, &self.line.stopping).await;
    }
}

pub async fn rest(length: Duration, stopping: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(length) => {}
        () = stopping.cancelled() => {}
    }
}
