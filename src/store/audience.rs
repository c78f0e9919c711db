//! Who would get an article: counted by the database, whatever the number of readers.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::sql::{args, record, statements, two};
use super::{Error, Store};
use crate::model::slug::Slug;

statements! {
    /// A reader of several of its topics gets it once, in the first run of theirs. With regions chosen, it counts from the
    /// later of its two filings: that is after the bound if the topic's is, or if none of the regions' is before.
    WOULD_GET = two(
        "SELECT f.slug, o.zone, o.hour, o.next_run_at, w.readers FROM (
            SELECT n.slot, count(*) AS readers FROM (
                SELECT o.id AS slot, row_number() OVER (PARTITION BY s.subscriber ORDER BY o.next_run_at IS NULL, o.next_run_at, o.id) AS turn
                FROM json_each($1) t
                JOIN subscription s ON s.topic = t.value ->> 0 AND s.state = 'active'
                JOIN subscriber u ON u.id = s.subscriber AND u.language = t.value ->> 1
                JOIN frequency f ON f.id = s.frequency
                JOIN slot o ON o.frequency = f.id AND o.zone = u.zone AND o.hour = CASE WHEN f.hour_choice THEN u.hour ELSE -1 END
                WHERE CASE WHEN EXISTS (SELECT 1 FROM subscriber_region r WHERE r.subscriber = u.id)
                    THEN EXISTS (SELECT 1 FROM subscriber_region r JOIN json_each($2) g ON g.value ->> 0 = r.region WHERE r.subscriber = u.id)
                        AND (t.value ->> 2 > coalesce(s.since, o.cutoff)
                            OR NOT EXISTS (SELECT 1 FROM subscriber_region r JOIN json_each($2) g ON g.value ->> 0 = r.region
                                WHERE r.subscriber = u.id AND g.value ->> 1 <= coalesce(s.since, o.cutoff)))
                    ELSE t.value ->> 2 > coalesce(s.since, o.cutoff) END
            ) n WHERE n.turn = 1 GROUP BY n.slot
         ) w JOIN slot o ON o.id = w.slot JOIN frequency f ON f.id = o.frequency ORDER BY o.next_run_at IS NULL, o.next_run_at, o.id",
        "SELECT f.slug, o.zone, o.hour, o.next_run_at, w.readers FROM (
            SELECT n.slot, count(*) AS readers FROM (
                SELECT o.id AS slot, row_number() OVER (PARTITION BY s.subscriber ORDER BY o.next_run_at IS NULL, o.next_run_at, o.id) AS turn
                FROM (SELECT (j ->> 0)::bigint AS topic, j ->> 1 AS language, (j ->> 2)::bigint AS position FROM jsonb_array_elements($1::text::jsonb) j) t
                JOIN subscription s ON s.topic = t.topic AND s.state = 'active'
                JOIN subscriber u ON u.id = s.subscriber AND u.language = t.language
                JOIN frequency f ON f.id = s.frequency
                JOIN slot o ON o.frequency = f.id AND o.zone = u.zone AND o.hour = CASE WHEN f.hour_choice THEN u.hour ELSE -1 END
                WHERE CASE WHEN EXISTS (SELECT 1 FROM subscriber_region r WHERE r.subscriber = u.id)
                    THEN EXISTS (SELECT 1 FROM subscriber_region r JOIN jsonb_array_elements($2::text::jsonb) g ON (g ->> 0)::bigint = r.region WHERE r.subscriber = u.id)
                        AND (t.position > coalesce(s.since, o.cutoff)
                            OR NOT EXISTS (SELECT 1 FROM subscriber_region r JOIN jsonb_array_elements($2::text::jsonb) g ON (g ->> 0)::bigint = r.region
                                WHERE r.subscriber = u.id AND (g ->> 1)::bigint <= coalesce(s.since, o.cutoff)))
                    ELSE t.position > coalesce(s.since, o.cutoff) END
            ) n WHERE n.turn = 1 GROUP BY n.slot
         ) w JOIN slot o ON o.id = w.slot JOIN frequency f ON f.id = o.frequency ORDER BY o.next_run_at IS NULL, o.next_run_at, o.id",
    );
}

/// The position of what is not filed yet: after everything that is.
pub const TO_COME: i64 = i64::MAX;

/// The readers of one slot whose next digest it would be in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    pub frequency: Slug,
    pub zone: Tz,
    /// −1 where the frequency offers no choice.
    pub hour: i64,
    /// None: not planned yet.
    pub at: Option<DateTime<Utc>>,
    pub readers: i64,
}
record!(Audience { frequency, zone, hour, at, readers });

/// Who would get an article: (topic, language of a reader who is served its language there, position), and (region,
/// position).
pub async fn of(store: &Store, topics: &[(i64, String, i64)], regions: &[(i64, i64)]) -> Result<Vec<Audience>, Error> {
    let json = |rows: Result<String, _>| rows.expect("numbers and strings always serialise");
    let (topics, regions) = (json(serde_json::to_string(topics)), json(serde_json::to_string(regions)));
    store.db.all(&WOULD_GET, args![&topics, &regions]).await
}
