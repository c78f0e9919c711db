//! When to ask a feed again. Chance comes in as `jitter`, from −1 to 1, so that many feeds do not fall into step.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::freshness::{Freshness, RetryAfter};

/// The longest that a server's `Retry-After` is heeded.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The share of a pause that chance may add or take away.
const SWAY: f64 = 0.1;

/// After a 200 or a 304: the longest of our interval, the feed's own `ttl` and what its headers say, never under the
/// least nor over the most of `bounds`, ± 10 %. Never before `Retry-After`, which may come with any answer.
pub fn next_check(
    now: DateTime<Utc>,
    interval: Duration,
    ttl: Option<Duration>,
    freshness: &Freshness,
    (least, most): (Duration, Duration),
    jitter: f64,
) -> DateTime<Utc> {
    let pause = interval.max(ttl.unwrap_or_default()).max(freshness.lasts());
    now + swayed(pause.max(least).min(most), jitter).max(heeded(freshness.retry_after, now, jitter))
}

/// After a failure: the interval, doubled for each failure in a row (this one counted), up to `most`, ± 10 %. A 429 or
/// 503 is no failure of the feed: it passes the number there was before. Never before `Retry-After`, itself taken for
/// a day at most.
pub fn next_after_failure(
    now: DateTime<Utc>,
    interval: Duration,
    most: Duration,
    failures: u32,
    retry_after: Option<RetryAfter>,
    jitter: f64,
) -> DateTime<Utc> {
    let doubled = interval.saturating_mul(2u32.saturating_pow(failures)).min(most);
    now + swayed(doubled, jitter).max(heeded(retry_after, now, jitter))
}

fn heeded(retry_after: Option<RetryAfter>, now: DateTime<Utc>, jitter: f64) -> Duration {
    let asked = retry_after.map(|after| after.wait(now).min(DAY)).unwrap_or_default();
    swayed(asked, jitter.abs())
}

fn swayed(pause: Duration, jitter: f64) -> Duration {
    let jitter = if jitter.is_finite() { jitter.clamp(-1.0, 1.0) } else { 0.0 };
    pause.mul_f64(1.0 + SWAY * jitter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn noon() -> DateTime<Utc> {
        "2026-03-02T12:00:00Z".parse().unwrap()
    }

    fn pause(until: DateTime<Utc>) -> f64 {
        (until - noon()).to_std().expect("never in the past").as_secs_f64()
    }

    fn durations() -> impl Strategy<Value = Duration> {
        prop_oneof![0..200_000u64, any::<u64>()].prop_map(Duration::from_secs)
    }

    proptest! {
        #[test]
        fn the_next_check_is_within_its_bounds(
            interval in durations(),
            ttl in proptest::option::of(durations()),
            max_age in proptest::option::of(durations()),
            expires in proptest::option::of(durations()),
            min in 0..100_000u64,
            most in 100_000..200_000u64,
            jitter in -1.0..=1.0f64,
        ) {
            let freshness = Freshness { max_age, expires, retry_after: None };
            let bounds = (Duration::from_secs(min), Duration::from_secs(most));
            let next = next_check(noon(), interval, ttl, &freshness, bounds, jitter);
            let longest = [Some(interval), ttl, max_age, expires].into_iter().flatten().max().unwrap().as_secs_f64();
            let expected = longest.max(min as f64).min(most as f64);
            prop_assert!(pause(next) >= expected * 0.9 - 0.001);
            prop_assert!(pause(next) <= expected * 1.1 + 0.001);
        }

        #[test]
        fn a_failure_never_brings_us_back_before_we_may(
            interval in durations(),
            most in 0..200_000u64,
            failures in any::<u32>(),
            wait in proptest::option::of(durations()),
            jitter in -1.0..=1.0f64,
        ) {
            let most = Duration::from_secs(most);
            let next = next_after_failure(noon(), interval, most, failures, wait.map(RetryAfter::Wait), jitter);
            let asked = wait.unwrap_or_default().min(DAY).as_secs_f64();
            prop_assert!(pause(next) >= asked - 0.001);
            prop_assert!(pause(next) >= interval.min(most).as_secs_f64() * 0.9 - 0.001);
            prop_assert!(pause(next) <= DAY.max(most).as_secs_f64() * 1.1 + 0.001);
        }
    }

    #[test]
    fn failures_double_the_pause_up_to_the_most() {
        let after = |failures| pause(next_after_failure(noon(), 30 * MINUTE, DAY, failures, None, 0.0)) / 60.0;
        assert_eq!([0, 1, 2, 5, 6, 40].map(after), [30.0, 60.0, 120.0, 960.0, 1440.0, 1440.0]);
    }

    #[test]
    fn whoever_asks_for_patience_with_a_good_answer_gets_it_too() {
        let asked = |hours: u32| Some(RetryAfter::Wait(MINUTE * 60 * hours));
        let after = |retry_after, jitter| {
            let freshness = Freshness { retry_after, ..Freshness::default() };
            pause(next_check(noon(), MINUTE, None, &freshness, (MINUTE, DAY), jitter)) / 3600.0
        };
        assert_eq!((after(asked(3), 0.0), after(asked(3), -1.0)), (3.0, 3.3));
        assert_eq!(after(asked(100), 0.0), 24.0);
    }

    #[test]
    fn a_number_that_is_none_sways_nothing() {
        assert_eq!(next_check(noon(), MINUTE, None, &Freshness::default(), (MINUTE, DAY), f64::NAN), noon() + MINUTE);
    }
}
