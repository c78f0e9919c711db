//! Being the process at work: the lock beside a SQLite file or the lease on PostgreSQL, held until the last message in
//! hand has its answer.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{AppError, goes_by};
use crate::config::Config;
use crate::model::words::with_causes;
use crate::pipeline::Line;
use crate::store::delivery::{self, Recovered};
use crate::store::lock::Lock;
use crate::store::nudge::nudge;
use crate::store::{self, Tx, hold, lease};

/// What the process at work holds; renewed by itself until it [`leaves`](Tenure::leave).
pub struct Tenure {
    line: Line,
    holder: String,
    lock: Option<Lock>,
    leaving: CancellationToken,
    /// Whether the lease was lost.
    renewal: JoinHandle<bool>,
}

impl Tenure {
    /// Takes the lease, releases what a dead process left behind, and keeps renewing.
    pub async fn begin(line: &Line, lock: Option<Lock>, holder: &str) -> Result<Self, AppError> {
        let alive = lease::holders(&line.store).await?;
        let mut tx = line.store.begin().await?;
        lease::take(&mut tx, &line.token, holder, millis(line.config.delivery.lease)).await?;
        let recovered = recover(line, &mut tx).await?;
        goes_by::put(&mut tx, &alive, holder, &line.config).await?;
        tx.commit().await?;
        say(recovered);

        let leaving = CancellationToken::new();
        let renewal = match &lock {
            Some(_) => tokio::spawn(hold(leaving.clone())),
            None => tokio::spawn(renew(line.clone(), leaving.clone())),
        };
        Ok(Self { line: line.clone(), holder: holder.to_owned(), lock, leaving, renewal })
    }

    /// Another configuration has taken over.
    pub async fn goes_by(&self, config: &Config) -> Result<(), AppError> {
        let alive = lease::holders(&self.line.store).await?;
        let mut tx = self.line.store.begin().await?;
        goes_by::put(&mut tx, &alive, &self.holder, config).await?;
        Ok(tx.commit().await?)
    }

    /// Gives the lease and the lock back.
    pub async fn leave(self) -> Result<(), AppError> {
        self.leaving.cancel();
        if self.renewal.await.unwrap_or(false) {
            return Err(AppError::LeaseLost);
        }
        let mut tx = self.line.store.begin().await?;
        lease::end(&mut tx, &self.line.token).await?;
        goes_by::remove(&mut tx, &self.holder).await?;
        tx.commit().await?;
        drop(self.lock);
        Ok(())
    }
}

fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}

/// The lock beside a SQLite file counts, and its holder's lease has no end: there is nothing to renew.
async fn hold(leaving: CancellationToken) -> bool {
    leaving.cancelled().await;
    false
}

/// Renews a third of the lease's length apart, two thirds at most, also while everything else comes to its end. One that is
/// over stops everything: others may have our claims.
async fn renew(line: Line, leaving: CancellationToken) -> bool {
    let pause = line.config.delivery.lease / 3;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = leaving.cancelled() => return false,
        }
        match lease::renew(&line.store, &line.token, millis(line.config.delivery.lease)).await {
            Ok(true) => {
                // Whatever holds that up must not cost the lease: it is tried again after the next renewal.
                if timeout(pause, look_after_others(&line)).await.is_err() {
                    warn!(
                        "the database took too long to say what others have left in hand; it is asked again with the next renewal"
                    );
                }
            }
            Ok(false) => {
                error!("the lease on the database is over: nothing more is sent by this process");
                line.stopping.cancel();
                return true;
            }
            Err(failure) => error!("the lease could not be renewed: {}", with_causes(&failure)),
        }
    }
}

async fn look_after_others(line: &Line) {
    match recovered(line).await {
        Ok(Recovered { released: 0, doubtful: 0, .. }) => {}
        Ok(recovered) => {
            say(recovered);
            // A hint only: the stages look by themselves too.
            let _ = nudge(&line.store).await;
        }
        Err(failure) => {
            warn!(
                "the database could not say what others have left in hand; it is asked again with the next renewal: {}",
                with_causes(&failure)
            );
        }
    }
}

async fn recovered(line: &Line) -> Result<Recovered, store::Error> {
    let mut tx = line.store.begin().await?;
    let recovered = recover(line, &mut tx).await?;
    tx.commit().await?;
    Ok(recovered)
}

/// Ends the leases that are over, and takes up what they had in hand.
///
/// A process hands over one message on each connection. More of them in doubt is not what a crash leaves: then nothing is
/// sent, and sent again, before a person has looked.
async fn recover(line: &Line, tx: &mut Tx) -> Result<Recovered, store::Error> {
    lease::end_others(tx, &line.token).await?;
    let recovered = delivery::recover(tx, millis(line.config.relay.final_answer_timeout)).await?;
    let (most, connections) = (recovered.most, line.config.relay.connections);
    // When they become doubtful, and not again each time that somebody looks: a person's release stands.
    if recovered.doubtful > 0 && usize::try_from(most).is_ok_and(|most| most > connections) {
        let why = format!(
            "{most} deliveries of a process that has ended are in doubt, and it had {connections} connections; compare with the mail server's log"
        );
        error!(most, connections, "all mail is held: {why}");
        hold::guard_all(tx, &why).await?;
    }
    Ok(recovered)
}

fn say(recovered: Recovered) {
    let Recovered { released, doubtful, .. } = recovered;
    if released > 0 {
        info!(released, "{released} deliveries that a process that is gone had in hand are ready again");
    }
    if doubtful > 0 {
        warn!(doubtful, "{doubtful} deliveries were being handed over when a process ended; they are in doubt");
    }
}
