//! Who may be written to now, by what the relay and the domains behind it take. Kept from run to run.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tracing::info;

use crate::config::{self, Config};
use crate::model::delivery::SlowDown;
use crate::model::throttle::{Group, Limits, Throttles, Turn};

/// Clones share it.
#[derive(Clone)]
pub struct Traffic(Arc<Shared>);

struct Shared {
    throttles: Mutex<Throttles>,
    /// One has come to its end.
    freed: Notify,
}

/// Leave to hand over one message; given back when it has come to its end.
pub struct Leave {
    traffic: Traffic,
    domain: String,
}

impl Traffic {
    pub fn of(config: &Config) -> Self {
        let limits = |per_second: Option<f64>, at_once| Limits { per_second, at_once };
        let group = |throttle: &config::Throttle| Group {
            domains: throttle.domains.clone(),
            limits: limits(throttle.messages_per_second, throttle.connections),
        };
        let groups: Vec<Group> = config.throttles.iter().map(group).collect();
        // Its connections are as many as there are tasks for them.
        let throttles = Throttles::of(limits(config.relay.messages_per_second, None), &groups);
        Self(Arc::new(Shared { throttles: Mutex::new(throttles), freed: Notify::new() }))
    }

    /// Whether the relay takes one now, whoever it is for.
    pub fn of_relay(&self) -> Turn {
        self.lock().relay().turn(Instant::now())
    }

    /// Whether the servers of this domain do.
    pub fn of_domain(&self, domain: &str) -> Turn {
        self.lock().domain(domain).turn(Instant::now())
    }

    pub fn enter(&self, domain: &str) -> Leave {
        self.lock().begins(domain, Instant::now());
        Leave { traffic: self.clone(), domain: domain.to_owned() }
    }

    /// How long one more of this domain would wait that so many are before.
    pub fn wait(&self, domain: &str, ahead: usize) -> Duration {
        self.lock().domain(domain).wait(ahead, Instant::now())
    }

    /// When to come back with one that does not wait.
    pub fn put_off(&self, domain: &str, ahead: usize) -> Duration {
        self.lock().domain(domain).puts_off(ahead, Instant::now())
    }

    /// Comes back when one has come to its end.
    pub async fn one_has_ended(&self) {
        self.0.freed.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Throttles> {
        self.0.throttles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave {
    /// It was accepted.
    pub fn went_well(&self) {
        self.traffic.lock().went_well(&self.domain, Instant::now());
    }

    /// The relay, or the servers behind it, asked for less.
    pub fn slow_down(&self, who: SlowDown, reply: &str) {
        let slower = self.traffic.lock().slows_down(who, &self.domain, Instant::now());
        let Some(Limits { per_second: Some(per_second), .. }) = slower else { return };
        let whom = match who {
            SlowDown::Relay => "the relay",
            SlowDown::Domain => &self.domain,
        };
        info!(per_second, "{whom} asks for less and gets {per_second:.1} messages a second from here on: {reply}");
    }
}

impl Drop for Leave {
    fn drop(&mut self) {
        self.traffic.lock().ends(&self.domain);
        self.traffic.0.freed.notify_one();
    }
}
