//! What each feed brings, usually and now, and what it waits for: what there is to see when a feed brings nothing.

use chrono::{DateTime, TimeDelta, Utc};

use super::sql::{args, record, same, statements};
use super::{Error, Store};
use crate::model::slug::Slug;

/// What is usual is that of so many weeks.
const WEEKS: i64 = 4;

statements! {
    /// What came with a first fetch was no news of that day. It reads all sightings of these weeks, for an operator.
    HABITS = same(
        "SELECT f.slug, f.first_fetched_at, f.moved_to, f.moved_since,
             CAST(coalesce(sum(CASE WHEN s.first_seen_at <= $2 THEN 1 ELSE 0 END), 0) AS BIGINT),
             CAST(coalesce(sum(CASE WHEN s.first_seen_at > $2 THEN 1 ELSE 0 END), 0) AS BIGINT),
             CAST(coalesce(sum(CASE WHEN s.first_seen_at > $3 THEN 1 ELSE 0 END), 0) AS BIGINT)
         FROM feed f LEFT JOIN sighting s ON s.feed = f.id AND s.first_seen_at > $1 AND s.first_seen_at > f.first_fetched_at
         WHERE f.retired_at IS NULL GROUP BY f.id ORDER BY f.id",
    );
}

#[derive(Debug, Clone)]
pub struct Habit {
    pub slug: Slug,
    pub first_fetched_at: Option<DateTime<Utc>>,
    /// Where a permanent redirect points, and since when it has.
    pub moved_to: Option<String>,
    pub moved_since: Option<DateTime<Utc>>,
    /// New in these weeks, up to a week ago.
    before: i64,
    /// New in the last seven days.
    pub week: i64,
    /// New in the last 24 hours.
    pub day: i64,
}
record!(Habit { slug, first_fetched_at, moved_to, moved_since, before, week, day });

/// Of all feeds, in the order in which they were first declared.
pub async fn all(store: &Store, now: DateTime<Utc>) -> Result<Vec<Habit>, Error> {
    let since = now - TimeDelta::weeks(WEEKS);
    store.db.all(&HABITS, args![since, now - TimeDelta::weeks(1), now - TimeDelta::days(1)]).await
}

impl Habit {
    /// Articles a day over the weeks before this one; None: it is not known long enough to say.
    pub fn usual(&self, now: DateTime<Utc>) -> Option<f64> {
        let until = now - TimeDelta::weeks(1);
        let since = self.first_fetched_at?.max(now - TimeDelta::weeks(WEEKS));
        let hours = (until - since).num_hours();
        (hours >= 24).then(|| self.before as f64 * 24.0 / hours as f64)
    }

    /// It answers, and what it used to bring does not come: a week in which seven or more were to be expected brought none.
    pub fn is_silent(&self, now: DateTime<Utc>) -> bool {
        self.week == 0 && self.usual(now).is_some_and(|usual| usual >= 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_that_of_the_weeks_before_as_far_as_they_are_known() {
        let now: DateTime<Utc> = "2026-03-30T08:00:00Z".parse().unwrap();
        let habit = |days: Option<i64>, before, week| Habit {
            slug: "sea".parse().unwrap(),
            first_fetched_at: days.map(|days| now - TimeDelta::days(days)),
            moved_to: None,
            moved_since: None,
            before,
            week,
            day: 0,
        };
        assert_eq!(habit(None, 0, 0).usual(now), None);
        assert_eq!(habit(Some(7), 0, 9).usual(now), None);
        assert_eq!(habit(Some(17), 20, 9).usual(now), Some(2.0));
        assert_eq!(habit(Some(400), 63, 9).usual(now), Some(3.0));
        assert!(habit(Some(400), 63, 0).is_silent(now));
        assert!(!habit(Some(400), 63, 1).is_silent(now) && !habit(Some(400), 3, 0).is_silent(now));
        assert!(!habit(Some(3), 0, 0).is_silent(now));
    }
}
