//! Whose turn it is: one request at a time to a host, whichever feeds led there, and a pause between two.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep_until};
use url::Url;

/// Hosts that are kept in mind. Redirects may lead to ever new ones.
const MOST: usize = 1000;

/// Clones share it.
#[derive(Clone)]
pub(super) struct Turns {
    pause: Duration,
    hosts: Arc<Mutex<HashMap<String, Arc<Ended>>>>,
}

/// When the last request ended.
type Ended = tokio::sync::Mutex<Option<Instant>>;

/// Until it is dropped, nobody else asks this host.
pub(super) struct Turn(OwnedMutexGuard<Option<Instant>>);

impl Turns {
    pub(super) fn with_pause(pause: Duration) -> Self {
        Self { pause, hosts: Arc::default() }
    }

    pub(super) async fn take(&self, url: &Url) -> Turn {
        let turn = self.of_host(url).lock_owned().await;
        if let Some(ended) = *turn {
            sleep_until(ended + self.pause).await;
        }
        Turn(turn)
    }

    fn of_host(&self, url: &Url) -> Arc<Ended> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MOST {
            hosts.retain(|_, host| Arc::strong_count(host) > 1);
        }
        Arc::clone(hosts.entry(url.host_str().unwrap_or_default().to_owned()).or_default())
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.0 = Some(Instant::now());
    }
}
