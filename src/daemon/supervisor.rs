//! Whoever started us and watches over us (systemd, `Type=notify`): they learn when we are ready, when we stop, and, as long
//! as the program's own tasks get their turn, that we are alive. Where nobody listens, nothing is said.

use std::future::pending;

use sd_notify::NotifyState;
use tracing::warn;

use crate::model::words::with_causes;

pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("finishing what is in hand")]);
}

/// Says that we are alive, twice as often as it is asked for; from the beginning to the end, since what is in hand when
/// another configuration takes over, or when everything stops, may take longer than whoever watches waits.
pub async fn keep_telling() {
    let Some(period) = sd_notify::watchdog_enabled() else { return pending().await };
    loop {
        tell(&[NotifyState::Watchdog]);
        tokio::time::sleep(period / 2).await;
    }
}

fn tell(what: &[NotifyState<'_>]) {
    if let Err(failure) = sd_notify::notify(what) {
        warn!("the service manager cannot be told: {}", with_causes(&failure));
    }
}
