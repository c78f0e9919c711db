//! Whoever started us and watches over us (systemd, `Type=notify`): they learn when we are ready, when we stop, and, as long
//! as the program's own tasks get their turn, that we are alive. Where nobody listens, nothing is said.

use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is in hand")]);
}

/// Says that we are alive, twice as often as it is asked for.
pub async fn keep_telling(stopping: CancellationToken) {
    let Some(period) = sd_notify::watchdog_enabled() else { return stopping.cancelled().await };
    while !stopping.is_cancelled() {
        tell(&[NotifyState::Watchdog]);
        tokio::select! {
            () = tokio::time::sleep(period / 2) => {}
            () = stopping.cancelled() => {}
        }
    }
}

fn tell(what: &[NotifyState<'_>]) {
    if let Err(failure) = sd_notify::notify(what) {
        warn!("the service manager cannot be told: {failure}");
    }
}
