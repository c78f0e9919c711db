//! What the process is told from outside: stop, or read the configuration again.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{DaemonError, supervisor};

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
