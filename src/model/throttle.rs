//! How fast somebody takes mail: the relay as a whole, or the mail servers of a domain. What is configured bounds it; who
//! asks for less gets half of it at once, and slowly more again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::delivery::SlowDown;

/// A pause this long is made up for: timers are not exact, and nobody minds a few at once.
const SLACK: Duration = Duration::from_millis(50);
/// What one burst of answers asks for is asked once.
const BURST: Duration = Duration::from_secs(5);
/// After so long without being asked for less …
const WELL: Duration = Duration::from_secs(60);
/// … it is so much more.
const MORE: f64 = 1.25;
/// So much more than when it was asked for less, and nothing is held against it any longer.
const FORGOTTEN: f64 = 4.0;
/// Fewer a second are not asked of anybody who says "later": who takes still less says so again.
const LEAST: f64 = 1.0;
/// Over so long it is measured how fast somebody is written to.
const MEASURED: Duration = Duration::from_secs(5);
/// What is put off comes back after so long at least …
const SOONEST: Duration = Duration::from_secs(1);
/// … and at most: longer would be too long, if meanwhile it goes faster.
const FARTHEST: Duration = Duration::from_secs(300);
/// Domains that are known. Those of which there is nothing to know go first.
const KNOWN: usize = 10_000;

/// Without one: as fast, or as many, as can be.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    pub per_second: Option<f64>,
    /// Messages handed over at the same time.
    pub at_once: Option<usize>,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Now,
    At(Instant),
    /// As soon as one that is on its way has its answer.
    AfterAnother,
}

#[derive(Debug, Default)]
pub struct Throttle {
    limits: Limits,
    learned: Option<Learned>,
    in_flight: usize,
    /// By the rate.
    next: Option<Instant>,
    pace: Pace,
    /// Since it was last its turn, so many were put off.
    put_off: usize,
}

#[derive(Debug)]
struct Learned {
    limits: Limits,
    /// A second, when it was asked for less.
    was: f64,
    changed: Instant,
    asked: Instant,
}

/// How fast somebody was written to.
#[derive(Debug, Default)]
struct Pace {
    since: Option<Instant>,
    now: u32,
    before: f64,
}

impl Throttle {
    pub fn of(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    pub fn turn(&self, now: Instant) -> Turn {
        match self.next.filter(|next| *next > now) {
            _ if self.limits().at_once.is_some_and(|most| self.in_flight >= most) => Turn::AfterAnother,
            Some(next) => Turn::At(next),
            None => Turn::Now,
        }
    }

    /// One goes out.
    pub fn begins(&mut self, now: Instant) {
        self.in_flight += 1;
        self.put_off = 0;
        self.pace.counts(now);
        if let Some(per_second) = self.limits().per_second {
            let from = self.next.map_or(now, |next| next.max(now.checked_sub(SLACK).unwrap_or(now)));
            self.next = Some(from + Duration::from_secs_f64(1.0 / per_second));
        }
    }

    /// One has come to its end.
    pub fn ends(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// One has come to a good end.
    pub fn went_well(&mut self, now: Instant) {
        let Some(learned) = self.learned.as_mut().filter(|learned| now - learned.changed >= WELL) else { return };
        let per_second = learned.limits.per_second.map(|n| n * MORE);
        if per_second.is_none_or(|n| n >= learned.was * FORGOTTEN) {
            self.learned = None;
            self.next = None;
            return;
        }
        learned.changed = now;
        learned.limits = Limits { per_second, at_once: learned.limits.at_once.map(|n| n + 1) };
    }

    /// It is asked for less: half. What it is from here on; None: it was asked just now.
    pub fn slows_down(&mut self, now: Instant) -> Option<Limits> {
        if self.learned.as_ref().is_some_and(|learned| now - learned.asked < BURST) {
            return None;
        }
        let measured = self.pace.per_second(now);
        let is = self.limits().per_second.unwrap_or(f64::INFINITY).min(measured.max(LEAST));
        let limits = Limits { per_second: Some((is / 2.0).max(LEAST)), at_once: Some((self.in_flight / 2).max(1)) };
        let was = self.learned.as_ref().map_or(is, |learned| learned.was);
        self.learned = Some(Learned { limits, was, changed: now, asked: now });
        Some(self.limits())
    }

    /// How long one more would wait that so many are before.
    pub fn wait(&self, ahead: usize, now: Instant) -> Duration {
        let until_next = self.next.map_or(Duration::ZERO, |next| next.saturating_duration_since(now));
        let each = self.limits().per_second.map_or(0.0, |per_second| 1.0 / per_second);
        (until_next + Duration::from_secs_f64(ahead as f64 * each)).min(FARTHEST)
    }

    /// The same for one that does not wait here, but comes back then.
    pub fn puts_off(&mut self, ahead: usize, now: Instant) -> Duration {
        self.put_off += 1;
        self.wait(ahead + self.put_off, now).max(SOONEST)
    }

    /// The stricter of what is configured and what was learned.
    fn limits(&self) -> Limits {
        fn stricter<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<T> {
            match (a, b) {
                (Some(a), Some(b)) => Some(if a < b { a } else { b }),
                (a, b) => a.or(b),
            }
        }
        let learned = self.learned.as_ref().map_or(Limits::default(), |learned| learned.limits);
        Limits {
            per_second: stricter(self.limits.per_second, learned.per_second),
            at_once: stricter(self.limits.at_once, learned.at_once),
        }
    }

    /// There is nothing to know of it.
    fn is_idle(&self, now: Instant) -> bool {
        self.in_flight == 0 && self.learned.is_none() && self.next.is_none_or(|next| next <= now)
    }
}

impl Pace {
    fn counts(&mut self, now: Instant) {
        let since = *self.since.get_or_insert(now);
        let over = now - since;
        if over >= MEASURED {
            self.before = f64::from(self.now) / over.as_secs_f64();
            (self.since, self.now) = (Some(now), 0);
        }
        self.now += 1;
    }

    fn per_second(&self, now: Instant) -> f64 {
        let over = self.since.map_or(Duration::ZERO, |since| now - since).max(Duration::from_secs(1));
        let lately = f64::from(self.now) / over.as_secs_f64();
        // A measure that has just begun says little.
        if over < MEASURED / 2 { lately.max(self.before) } else { lately }
    }
}

/// Limits of domains that are one to their owner.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// As addresses have them on the wire; `*`: each of all others by itself.
    pub domains: Vec<String>,
    pub limits: Limits,
}

/// All of them: the relay, and each domain behind it.
#[derive(Debug, Default)]
pub struct Throttles {
    relay: Throttle,
    groups: Vec<Throttle>,
    /// Which group a domain is of.
    members: HashMap<String, usize>,
    others: HashMap<String, Throttle>,
    of_others: Limits,
}

impl Throttles {
    pub fn of(relay: Limits, groups: &[Group]) -> Self {
        let mut throttles = Self { relay: Throttle::of(relay), ..Self::default() };
        for group in groups {
            for domain in &group.domains {
                if domain == "*" {
                    throttles.of_others = group.limits;
                } else {
                    throttles.members.insert(domain.clone(), throttles.groups.len());
                }
            }
            throttles.groups.push(Throttle::of(group.limits));
        }
        throttles
    }

    pub fn relay(&mut self) -> &mut Throttle {
        &mut self.relay
    }

    pub fn domain(&mut self, domain: &str) -> &mut Throttle {
        if let Some(group) = self.members.get(domain) {
            return &mut self.groups[*group];
        }
        if !self.others.contains_key(domain) {
            self.others.insert(domain.to_owned(), Throttle::of(self.of_others));
        }
        self.others.get_mut(domain).expect("it was put there if it was missing")
    }

    pub fn begins(&mut self, domain: &str, now: Instant) {
        self.relay.begins(now);
        self.domain(domain).begins(now);
        if self.others.len() > KNOWN {
            self.others.retain(|_, throttle| !throttle.is_idle(now));
        }
    }

    pub fn ends(&mut self, domain: &str) {
        self.relay.ends();
        self.domain(domain).ends();
    }

    pub fn went_well(&mut self, domain: &str, now: Instant) {
        self.relay.went_well(now);
        self.domain(domain).went_well(now);
    }

    /// Whoever asked for less. What it is from here on; None: it was asked just now.
    pub fn slows_down(&mut self, who: SlowDown, domain: &str, now: Instant) -> Option<Limits> {
        match who {
            SlowDown::Relay => self.relay.slows_down(now),
            SlowDown::Domain => self.domain(domain).slows_down(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    /// One goes out whenever it may, for so long: how many.
    fn goes_out(throttle: &mut Throttle, from: Instant, for_how_long: Duration) -> usize {
        let (mut now, mut n) = (from, 0);
        while now < from + for_how_long {
            match throttle.turn(now) {
                Turn::Now => {
                    throttle.begins(now);
                    throttle.ends();
                    n += 1;
                    now += Duration::from_micros(1);
                }
                Turn::At(then) => now = then,
                Turn::AfterAnother => unreachable!("none is on its way"),
            }
        }
        n
    }

    #[test]
    fn a_rate_is_kept_and_no_pause_is_saved_up() {
        let start = Instant::now();
        let mut throttle = Throttle::of(Limits { per_second: Some(20.0), at_once: None });
        assert!((199..=202).contains(&goes_out(&mut throttle, start, Duration::from_secs(10))));
        // An hour without mail is no leave to send an hour's at once.
        let after = later(start, 3_600_000);
        assert!((19..=22).contains(&goes_out(&mut throttle, after, Duration::from_secs(1))));
    }

    #[test]
    fn only_so_many_are_on_their_way_at_once() {
        let now = Instant::now();
        let mut throttle = Throttle::of(Limits { per_second: None, at_once: Some(2) });
        throttle.begins(now);
        throttle.begins(now);
        assert_eq!(throttle.turn(now), Turn::AfterAnother);
        throttle.ends();
        assert_eq!(throttle.turn(now), Turn::Now);
    }

    #[test]
    fn who_asks_for_less_gets_half_and_slowly_more_again() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        // 100 a second, eight at once.
        for n in 0..500 {
            throttle.begins(later(start, 10 * n));
            if n >= 8 {
                throttle.ends();
            }
        }
        let mut now = later(start, 5000);
        let half = throttle.slows_down(now).unwrap();
        assert!((45.0..=55.0).contains(&half.per_second.unwrap()), "{half:?}");
        assert_eq!(half.at_once, Some(4));
        assert_eq!(throttle.slows_down(later(start, 5100)), None, "the same burst of answers");
        (0..8).for_each(|_| throttle.ends());

        let sent = goes_out(&mut throttle, now, Duration::from_secs(10));
        assert!((450..=550).contains(&sent), "{sent}");
        let mut minutes = 0;
        while throttle.learned.is_some() {
            now += Duration::from_secs(60);
            throttle.went_well(now);
            minutes += 1;
        }
        assert!((8..=12).contains(&minutes), "eight times as much is {minutes} minutes of a quarter more each");
    }

    #[test]
    fn nobody_is_asked_for_less_than_one_a_second_nor_for_more_than_is_configured() {
        let start = Instant::now();
        let mut throttle = Throttle::of(Limits { per_second: Some(3.0), at_once: Some(1) });
        for n in 1..=5 {
            throttle.begins(later(start, n * 10_000));
            throttle.ends();
            throttle.slows_down(later(start, n * 10_000 + 1));
        }
        assert_eq!(throttle.limits(), Limits { per_second: Some(1.0), at_once: Some(1) });
        for minute in 1..=20 {
            throttle.went_well(later(start, 60_000 + minute * 60_000));
        }
        assert_eq!(throttle.limits(), Limits { per_second: Some(3.0), at_once: Some(1) });
    }

    #[test]
    fn what_is_put_off_comes_back_one_after_the_other_and_soon_enough() {
        let mut throttle = Throttle::of(Limits { per_second: Some(2.0), at_once: None });
        let now = Instant::now();
        assert_eq!(throttle.wait(6, now), Duration::from_secs(3));
        let seconds: Vec<f64> = (0..4).map(|_| throttle.puts_off(20, now).as_secs_f64()).collect();
        assert_eq!(seconds, [10.5, 11.0, 11.5, 12.0]);
        assert_eq!((0..5_000).map(|_| throttle.puts_off(20, now)).max(), Some(FARTHEST));
    }

    #[test]
    fn domains_of_one_owner_share_what_is_theirs() {
        let now = Instant::now();
        let one = Limits { per_second: None, at_once: Some(1) };
        let group =
            |domains: &[&str]| Group { domains: domains.iter().map(|d| (*d).to_owned()).collect(), limits: one };
        let mut throttles =
            Throttles::of(Limits::default(), &[group(&["big.example", "large.example"]), group(&["*"])]);
        for domain in ["big.example", "small.example"] {
            throttles.begins(domain, now);
        }
        assert_eq!(throttles.domain("large.example").turn(now), Turn::AfterAnother);
        assert_eq!(throttles.domain("small.example").turn(now), Turn::AfterAnother);
        assert_eq!(throttles.domain("other.example").turn(now), Turn::Now);
        assert_eq!(throttles.relay().turn(now), Turn::Now);

        for n in 0..3 * KNOWN {
            let domain = format!("{n}.example");
            throttles.begins(&domain, now);
            throttles.ends(&domain);
        }
        assert!(throttles.others.len() <= KNOWN + 1, "who is known by nothing is forgotten");
        assert_eq!(throttles.domain("small.example").turn(now), Turn::AfterAnother, "who is known is not");
    }
}
