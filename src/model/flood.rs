//! When a feed has so much at once that somebody should look before it is mailed.

use chrono::TimeDelta;

/// So many times what is usual is too much.
const TIMES: f64 = 5.0;
/// If a feed has changed altogether, fewer than this are let through: it may show no more than its newest few.
const FEW: usize = 10;

/// What a document has that its feed has not shown before.
#[derive(Debug, Clone, Copy, Default)]
pub struct Brings {
    pub new: usize,
    /// The document has nothing that its feed has shown before, and it has shown something.
    pub all_changed: bool,
    /// How many of the new ones the feed has shown before under another identity.
    pub familiar: usize,
}

/// What a feed has brought in the time that is remembered.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usual {
    pub a_day: f64,
    /// The most at once, also with its first fetch.
    pub once: f64,
    /// The second most: it has brought as much twice.
    pub twice: f64,
}

impl Usual {
    /// From how much was new each time that something was, the most first, in so long a time. What came with the first
    /// fetch had gathered before, and says only how much the feed shows.
    pub fn of(at_first: Option<i64>, batches: &[i64], in_time: TimeDelta) -> Self {
        let total: i64 = batches.iter().sum();
        let nth = |n: usize| batches.get(n).copied().unwrap_or_default() as f64;
        Self {
            a_day: total as f64 / days(in_time).max(1.0),
            once: nth(0).max(at_first.unwrap_or_default() as f64),
            twice: nth(1),
        }
    }
}

/// `since_last`: since the feed answered last. A feed that was away for a week brings a week's.
///
/// What a feed did twice is a habit, what it did once is none, or a flood that was let through would open the door to the
/// next. But where a feed that shows each day's news alone has changed altogether, once is enough.
pub fn is_flood(brings: Brings, usual: Usual, since_last: TimeDelta, max_new: usize) -> bool {
    let Brings { new, all_changed, familiar } = brings;
    let beyond = |at_once: f64| new as f64 > TIMES * at_once.max(usual.a_day * days(since_last));
    let is_renamed = new > 1 && familiar * 2 > new;
    let is_another = new >= FEW && beyond(usual.once);
    (new > max_new && beyond(usual.twice)) || (all_changed && (is_renamed || is_another))
}

fn days(time: TimeDelta) -> f64 {
    time.as_seconds_f64() / 86_400.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: TimeDelta = TimeDelta::hours(1);

    fn new(new: usize) -> Brings {
        Brings { new, ..Brings::default() }
    }

    #[test]
    fn a_flood_is_more_than_the_most_and_far_more_than_usual() {
        let quiet = Usual::of(None, &[2; 28], TimeDelta::days(28));
        assert!(!is_flood(new(50), quiet, HOUR, 50) && is_flood(new(51), quiet, HOUR, 50));
        let busy = Usual::of(None, &[10; 28 * 24], TimeDelta::days(28));
        assert!(!is_flood(new(50), busy, HOUR, 40) && is_flood(new(51), busy, HOUR, 40));
    }

    #[test]
    fn whoever_was_away_may_bring_what_has_gathered() {
        let usual = Usual::of(None, &[20; 28], TimeDelta::days(28));
        assert!(is_flood(new(300), usual, TimeDelta::days(1), 50));
        assert!(!is_flood(new(300), usual, TimeDelta::days(3), 50));
    }

    #[test]
    fn what_a_feed_did_twice_is_usual() {
        let weekly = |batches: &[i64]| is_flood(new(60), Usual::of(None, batches, TimeDelta::days(28)), HOUR, 50);
        assert!(weekly(&[]) && weekly(&[60, 1]) && !weekly(&[60, 60]));
    }

    #[test]
    fn a_feed_that_has_changed_altogether_is_looked_at_sooner() {
        let usual = Usual::of(None, &[1; 28], TimeDelta::days(28));
        let all = |new, familiar| is_flood(Brings { new, all_changed: true, familiar }, usual, HOUR, 50);
        assert!(all(10, 0) && !all(9, 0), "it shows its newest nine");
        assert!(all(2, 2) && all(9, 5), "these are old ones under new names");
        assert!(!all(1, 1));
        let daily = Usual::of(Some(25), &[], TimeDelta::days(1));
        assert!(
            !is_flood(Brings { new: 25, all_changed: true, familiar: 0 }, daily, HOUR, 50),
            "each day's news alone"
        );
        assert!(!is_flood(Brings { new: 30, all_changed: false, familiar: 30 }, usual, HOUR, 50));
    }
}
