//! The only place that asks the system for time or chance. Everything else takes `now`, keys and jitter from here, or
//! as arguments, so that tests and `--at` decide them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use aws_lc_rs::{digest, rand};
use chrono::{DateTime, TimeDelta, Utc};
use rustix::time::{ClockId, clock_gettime};

use crate::model::delivery::Key;

/// What time it is. Clones share it.
#[derive(Clone, Debug)]
pub struct Clock(Hand);

#[derive(Clone, Debug)]
enum Hand {
    /// The system's clock and so many microseconds.
    Running { ahead: Arc<AtomicI64> },
    /// Stands until it is moved; microseconds since 1970.
    Still(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Self {
        Self(Hand::Running { ahead: Arc::default() })
    }

    /// Starts there and goes on: `--at`.
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        let clock = Self::system();
        clock.set(start);
        clock
    }

    /// Stands there until it is moved.
    pub fn by_hand(start: DateTime<Utc>) -> Self {
        Self(Hand::Still(Arc::new(AtomicI64::new(start.timestamp_micros()))))
    }

    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Hand::Running { ahead } => system_now() + TimeDelta::microseconds(ahead.load(Ordering::SeqCst)),
            Hand::Still(micros) => DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or_default(),
        }
    }

    /// How far it is ahead of the system's: what the database's own clock must be moved by.
    pub fn offset(&self) -> TimeDelta {
        match &self.0 {
            Hand::Running { ahead } => TimeDelta::microseconds(ahead.load(Ordering::SeqCst)),
            Hand::Still(_) => self.now() - system_now(),
        }
    }

    /// Moves it; one that runs goes on from there.
    pub fn set(&self, now: DateTime<Utc>) {
        match &self.0 {
            // What is cut off must not make it earlier.
            Hand::Running { ahead } => ahead.store(micros(now - system_now()) + 1, Ordering::SeqCst),
            Hand::Still(at) => at.store(now.timestamp_micros(), Ordering::SeqCst),
        }
    }

    /// Moves it by so much.
    pub fn advance(&self, by: TimeDelta) {
        let (Hand::Running { ahead: hand } | Hand::Still(hand)) = &self.0;
        hand.fetch_add(micros(by), Ordering::SeqCst);
    }
}

/// How long the machine has been up, its sleep included: what else measures durations stands still meanwhile.
pub fn since_boot() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = ClockId::Boottime;
    // Here this one goes on.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = ClockId::Monotonic;
    clock_gettime(clock).try_into().unwrap_or_default()
}

fn micros(by: TimeDelta) -> i64 {
    by.num_microseconds().expect("less than 292,000 years")
}

#[expect(clippy::disallowed_methods, reason = "here and nowhere else")]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

/// Keys and jitter. Clones draw from the same stream.
#[derive(Clone)]
pub struct Chance(Dice);

#[derive(Clone)]
enum Dice {
    System,
    /// SHA-256 of the seed and a number that counts up.
    Seeded {
        seed: u64,
        drawn: Arc<AtomicU64>,
    },
}

impl Chance {
    pub fn system() -> Self {
        Self(Dice::System)
    }

    /// The same values in the same order for the same seed. For tests and the demo: who knows the seed knows all keys.
    pub fn seeded(seed: u64) -> Self {
        Self(Dice::Seeded { seed, drawn: Arc::default() })
    }

    /// # Panics
    /// When the system has no randomness to give: to go on with guessable keys would be worse.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        match &self.0 {
            Dice::System => rand::fill(&mut out).expect("the system gives random bytes"),
            Dice::Seeded { seed, drawn } => {
                for chunk in out.chunks_mut(digest::SHA256_OUTPUT_LEN) {
                    let number = drawn.fetch_add(1, Ordering::SeqCst);
                    let block = digest::digest(&digest::SHA256, &[seed.to_be_bytes(), number.to_be_bytes()].concat());
                    chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
                }
            }
        }
        out
    }

    pub fn key(&self) -> Key {
        Key(self.bytes())
    }

    /// Many keys that begin alike, so that they lie side by side in an index: keys of a million rows strewn over it cost
    /// more to write than all the rest of them. 88 bits of each are its own.
    pub fn keys(&self, count: usize) -> Vec<Key> {
        let shelf: [u8; 5] = self.bytes();
        let near = |mut key: Key| {
            key.0[..shelf.len()].copy_from_slice(&shelf);
            key
        };
        (0..count).map(|_| near(self.key())).collect()
    }

    /// From −1 up to, but not including, 1.
    pub fn jitter(&self) -> f64 {
        let steps = (u64::from_be_bytes(self.bytes()) >> 11) as f64;
        steps / (1u64 << 52) as f64 - 1.0
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Dice::System => f.write_str("Chance(system)"),
            Dice::Seeded { .. } => f.write_str("Chance(seeded)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_by_hand_stands_until_its_clones_move_it() {
        let start: DateTime<Utc> = "2026-03-02T07:00:00Z".parse().unwrap();
        let clock = Clock::by_hand(start);
        let same = clock.clone();
        assert_eq!(clock.now(), start);
        same.advance(TimeDelta::hours(1));
        assert_eq!(clock.now(), start + TimeDelta::hours(1));
        same.set(start);
        assert_eq!(clock.now(), start);
    }

    #[test]
    fn a_clock_that_starts_elsewhere_goes_on_from_there() {
        let start: DateTime<Utc> = "2030-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::starting_at(start);
        let (first, second) = (clock.now(), clock.now());
        assert!(start <= first && first <= second && second < start + TimeDelta::minutes(1));
        assert_eq!(Clock::system().offset(), TimeDelta::zero());
        assert!(clock.offset() > TimeDelta::zero());

        let same = clock.clone();
        same.advance(TimeDelta::days(1));
        let third = clock.now();
        assert!(start + TimeDelta::days(1) <= third && third < start + TimeDelta::days(1) + TimeDelta::minutes(1));
        same.set(start);
        assert!(start <= clock.now() && clock.now() < start + TimeDelta::minutes(1));
    }

    #[test]
    fn the_time_since_boot_goes_on_and_leaves_out_no_sleep() {
        let awake: Duration = clock_gettime(ClockId::Monotonic).try_into().unwrap();
        let (first, second) = (since_boot(), since_boot());
        assert!(awake <= first && first <= second, "{awake:?} {first:?} {second:?}");
    }

    #[test]
    fn the_same_seed_gives_the_same_stream_and_clones_share_it() {
        let (one, other) = (Chance::seeded(7), Chance::seeded(7));
        let clone = one.clone();
        let drawn: Vec<Key> = vec![one.key(), clone.key(), one.key()];
        assert_eq!(drawn, [other.key(), other.key(), other.key()]);
        assert_ne!(drawn[0], drawn[1]);
        assert_ne!(Chance::seeded(8).key(), drawn[0]);
        assert_ne!(Chance::system().bytes::<40>()[..8], Chance::system().bytes::<40>()[32..]);
    }

    #[test]
    fn jitter_spreads_between_minus_one_and_one() {
        let chance = Chance::seeded(1);
        let all: Vec<f64> = (0..1000).map(|_| chance.jitter()).collect();
        assert!(all.iter().all(|j| (-1.0..1.0).contains(j)));
        assert!(all.iter().any(|j| *j < -0.9) && all.iter().any(|j| *j > 0.9));
        assert!(all.iter().sum::<f64>().abs() < 60.0);
    }
}
