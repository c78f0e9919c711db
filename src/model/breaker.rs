//! The breaker before the relay: open while the relay is at fault, when one message a minute and fewer tries it and all
//! others wait. What waited so is not older for it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How long a relay at fault is left alone …
const SOON: TimeDelta = TimeDelta::minutes(1);
/// … and at most, when it has been so for long: somebody mends it at some time, and readers wait.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Breaker(Arc<Mutex<Option<Open>>>);

#[derive(Debug)]
struct Open {
    since: DateTime<Utc>,
    tried: DateTime<Utc>,
    why: String,
}

/// How much the relay may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum May {
    /// All that is due may go.
    All,
    /// One message, to see how it stands.
    TryOne,
    /// It is to be left alone until then. And why.
    Nothing { until: DateTime<Utc>, why: String },
}

impl Breaker {
    pub fn may(&self, now: DateTime<Utc>) -> May {
        match &*self.lock() {
            None => May::All,
            // One that was opened in a time to come was opened by a clock that was wrong.
            Some(open) if open.next_try() <= now || open.tried > now => May::TryOne,
            Some(open) => May::Nothing { until: open.next_try(), why: open.why.clone() },
        }
    }

    pub fn is_open(&self) -> bool {
        self.lock().is_some()
    }

    /// The relay is at fault, or still.
    pub fn opens(&self, why: &str, now: DateTime<Utc>) {
        let mut state = self.lock();
        let since = state.as_ref().map_or(now, |open| open.since.min(now));
        *state = Some(Open { since, tried: now, why: why.to_owned() });
    }

    /// It has answered as a relay does.
    pub fn closes(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<Open>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn next_try(&self) -> DateTime<Utc> {
        self.tried + ((self.tried - self.since) / 2).clamp(SOON, LATE)
    }
}

/// From when to when the relay was at fault. Without an end: it still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    pub began: DateTime<Utc>,
    pub ended: Option<DateTime<Utc>>,
}

/// For how long of the time between the two the relay was at fault. The outages are in the order of their beginning, and
/// none begins before the one before it has ended.
pub fn stood_still(outages: &[Outage], since: DateTime<Utc>, now: DateTime<Utc>) -> TimeDelta {
    let within = outages.iter().map(|outage| outage.ended.unwrap_or(now).min(now) - outage.began.max(since));
    within.map(|length| length.max(TimeDelta::zero())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-03-{time}:00Z").parse().unwrap()
    }

    #[test]
    fn a_relay_at_fault_is_tried_once_a_minute_and_after_hours_every_five() {
        let breaker = Breaker::default();
        assert_eq!(breaker.may(at("02T08:00")), May::All);
        breaker.opens("554 not now", at("02T08:00"));
        let why = "554 not now".to_owned();
        assert_eq!(breaker.may(at("02T08:00")), May::Nothing { until: at("02T08:01"), why: why.clone() });
        assert_eq!(breaker.may(at("02T08:01")), May::TryOne);
        breaker.opens(&why, at("02T08:04"));
        assert_eq!(breaker.may(at("02T08:05")), May::Nothing { until: at("02T08:06"), why: why.clone() });
        breaker.opens(&why, at("02T20:00"));
        assert_eq!(breaker.may(at("02T20:04")), May::Nothing { until: at("02T20:05"), why });
        breaker.closes();
        assert!(!breaker.is_open() && breaker.may(at("02T20:04")) == May::All);
    }

    #[test]
    fn a_clock_that_was_ahead_leaves_nobody_waiting() {
        let breaker = Breaker::default();
        breaker.opens("nobody is there", at("30T08:00"));
        assert_eq!(breaker.may(at("02T08:00")), May::TryOne);
        breaker.opens("nobody is there", at("02T08:00"));
        assert_eq!(breaker.may(at("02T08:01")), May::TryOne);
    }

    #[test]
    fn only_the_outages_of_its_own_time_make_a_message_younger() {
        let outages = [
            Outage { began: at("01T00:00"), ended: Some(at("02T00:00")) },
            Outage { began: at("03T00:00"), ended: Some(at("03T06:00")) },
            Outage { began: at("04T00:00"), ended: None },
        ];
        let hours = |since, now| stood_still(&outages, at(since), at(now)).num_hours();
        assert_eq!(hours("01T12:00", "05T00:00"), 12 + 6 + 24);
        assert_eq!(hours("02T12:00", "03T03:00"), 3);
        assert_eq!(hours("05T00:00", "05T01:00"), 1);
        assert_eq!(hours("02T01:00", "02T20:00"), 0);
    }
}
