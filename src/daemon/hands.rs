//! Notices that the clock was set: the hands have gone another way than the time that went by.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};

/// What a time server mends bit by bit is no leap.
const A_LEAP: TimeDelta = TimeDelta::minutes(1);

/// The hands as they stood when somebody looked last.
#[derive(Debug, Clone, Copy)]
pub struct Hands {
    stood: DateTime<Utc>,
    looked: Instant,
}

impl Hands {
    pub fn at(now: DateTime<Utc>, looked: Instant) -> Self {
        Self { stood: now, looked }
    }

    /// How far the clock was set since the last look, ahead or back. The time that a machine sleeps is a leap ahead.
    pub fn leapt(&mut self, now: DateTime<Utc>, looked: Instant) -> Option<TimeDelta> {
        let went_by = TimeDelta::from_std(looked - self.looked).unwrap_or(TimeDelta::MAX);
        let leap = (now - self.stood) - went_by;
        *self = Self::at(now, looked);
        (leap.abs() > A_LEAP).then_some(leap)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_did_not_go_by_is_a_leap() {
        let (noon, start) = ("2026-03-02T12:00:00Z".parse::<DateTime<Utc>>().unwrap(), Instant::now());
        let later = |seconds| (TimeDelta::seconds(seconds), start + Duration::from_secs(seconds as u64));
        let mut hands = Hands::at(noon, start);
        let (went, looked) = later(30);
        assert_eq!(hands.leapt(noon + went, looked), None);
        let (went, looked) = later(60);
        assert_eq!(hands.leapt(noon + went + TimeDelta::days(30), looked), Some(TimeDelta::days(30)));
        let (went, looked) = later(90);
        assert_eq!(hands.leapt(noon + went, looked), Some(-TimeDelta::days(30)));
        let (went, looked) = later(120);
        assert_eq!(hands.leapt(noon + went + TimeDelta::seconds(59), looked), None, "mended by a time server");
    }
}
