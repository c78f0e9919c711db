//! Looks for what is wrong, by the clock: nobody wakes us to say that nothing happens. And at the clock itself.

use std::pin::pin;
use std::time::Instant;

use chrono::TimeDelta;
use tracing::{info, warn};

use super::DaemonError;
use super::alerts::Alerts;
use super::door::a_moment_after;
use super::hands::Hands;
use super::pace::{Stir, rest};
use super::relay::RelayState;
use super::turns::Turns;
use crate::model::pulse::Pulse;
use crate::model::trouble::Seen;
use crate::model::words::{lasting, with_causes};
use crate::pipeline::{Line, ahead, troubles};

pub struct Watch {
    pub line: Line,
    pub stir: Stir,
    pub relay: RelayState,
    pub turns: Turns,
    pub pulse: Pulse,
    /// Before any stage had its turn.
    pub began: Instant,
}

impl Watch {
    pub async fn goes_on(self) -> Result<(), DaemonError> {
        let stopping = &self.line.stopping;
        let mut alerts = Alerts::of(&self.line);
        let mut hands = Hands::at(self.line.clock.now(), Instant::now());
        self.set_right().await;
        self.turns.of_each(self.began, stopping).await;
        while !stopping.is_cancelled() {
            self.look(&mut alerts).await;
            self.rest(&mut hands).await;
        }
        Ok(())
    }

    /// Half a minute. Whoever wakes the stages may have found the clock at another hour than they sleep for.
    async fn rest(&self, hands: &mut Hands) {
        let stopping = &self.line.stopping;
        let mut stirred = self.stir.hears();
        let mut over = pin!(rest(self.stir.until_next_look(), stopping));
        loop {
            let is_over = tokio::select! {
                () = &mut over => true,
                _ = stirred.changed() => false,
            };
            let looked = Instant::now();
            if let Some(leap) = hands.leapt(self.line.clock.now(), looked) {
                say(leap);
                self.set_right().await;
                self.stir.all();
                return self.turns.of_each(looked, stopping).await;
            }
            if is_over {
                return;
            }
        }
    }

    async fn look(&self, alerts: &mut Alerts) {
        let (relay, accepted) = self.relay.look();
        let seen = Seen { relay, accepted, scheduler: self.pulse.last() };
        let now = self.line.clock.now();
        let news = match troubles::run(&self.line, &seen, now).await {
            Ok(news) => news,
            Err(failure) => return warn!("could not look for trouble: {}", with_causes(&failure)),
        };
        // What hangs must not hold up a stop, or another configuration.
        tokio::select! {
            () = alerts.tell(&news, now) => {}
            () = a_moment_after(&self.line.stopping) => {}
        }
    }

    /// The clock may have been ahead, also while nobody was at work.
    async fn set_right(&self) {
        match ahead::run(&self.line, self.line.clock.now()).await {
            Ok(0) => {}
            Ok(n) => info!(
                n,
                "{n} feeds and mails waited for a time that only a wrong clock can have named; they are due now"
            ),
            Err(failure) => warn!("could not look for what waits too long: {}", with_causes(&failure)),
        }
    }
}

fn say(leap: TimeDelta) {
    // To the second: a moment always goes by between two looks.
    let length = lasting(leap.abs() + TimeDelta::milliseconds(500));
    if leap > TimeDelta::zero() {
        warn!("the clock was set ahead by {length}, or this machine slept: what fell due meanwhile is done now, once");
    } else {
        warn!("the clock was set back by {length}: nothing is sent again, and runs go on when it comes to their hours");
    }
}
