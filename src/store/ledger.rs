//! What a reader got and did not get, as the rows tell it afterwards. Composing asks `page`; this is for people.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::sql::{args, record, same, statements, two};
use super::{Error, Store};
use crate::model::slug::Slug;

statements! {
    /// Those that made the reader a digest, and those of the slots that go with their settings and frequencies of today.
    RUNS = same(
        "SELECT r.id, r.state, r.due_at, r.covers_from, r.begun_at, r.lower, r.upper, r.late, r.through >= $1 OR r.state <> 'planning', r.held_at IS NOT NULL,
            f.id, f.slug, s.zone
         FROM run r JOIN slot s ON s.id = r.slot JOIN frequency f ON f.id = s.frequency
         WHERE r.id IN (SELECT d.run FROM delivery d WHERE d.subscriber = $1 AND d.run IS NOT NULL
            UNION SELECT q.id FROM run q JOIN slot t ON t.id = q.slot JOIN subscriber u ON u.id = $1
            WHERE t.zone = u.zone AND t.hour IN (u.hour, -1) AND q.begun_at >= $2
            AND EXISTS (SELECT 1 FROM subscription p WHERE p.subscriber = u.id AND p.frequency = t.frequency))
         ORDER BY r.due_at DESC, r.id DESC LIMIT $3",
    );
    RUN = same(
        "SELECT r.id, r.state, r.due_at, r.covers_from, r.begun_at, r.lower, r.upper, r.late, r.through >= $1 OR r.state <> 'planning', r.held_at IS NOT NULL,
            f.id, f.slug, s.zone
         FROM run r JOIN slot s ON s.id = r.slot JOIN frequency f ON f.id = s.frequency WHERE r.id = $2",
    );
    DIGESTS = same(
        "SELECT d.id, d.run, d.mode, d.state, d.reason, d.reply, d.created_at, d.settled_at, d.next_attempt_at, d.edition, d.first_edition,
            (SELECT n.run FROM delivery n WHERE n.id = d.folded_into)
         FROM delivery d WHERE d.subscriber = $1 AND d.kind = 'digest' ORDER BY d.id DESC LIMIT $2",
    );
    TOLD_OF = two(
        "SELECT e.article, d.id, d.run, d.created_at FROM delivery d JOIN edition_article e ON e.edition = d.edition
         WHERE d.subscriber = $1 AND d.kind = 'digest' AND e.article IN (SELECT value FROM json_each($2))
         AND d.state IN ('ready', 'claimed', 'sending', 'sent', 'deferred', 'uncertain', 'held', 'quarantined') ORDER BY d.id",
        "SELECT e.article, d.id, d.run, d.created_at FROM delivery d JOIN edition_article e ON e.edition = d.edition
         WHERE d.subscriber = $1 AND d.kind = 'digest' AND e.article = ANY($2)
         AND d.state IN ('ready', 'claimed', 'sending', 'sent', 'deferred', 'uncertain', 'held', 'quarantined') ORDER BY d.id",
    );
}

/// A run that concerned a reader.
#[derive(Debug, Clone)]
pub struct Run {
    pub id: i64,
    pub state: String,
    pub due_at: DateTime<Utc>,
    /// When the run before it fell due.
    pub covers_from: DateTime<Utc>,
    pub begun_at: DateTime<Utc>,
    pub lower: i64,
    pub upper: i64,
    pub late: bool,
    /// Its planning has come to this reader.
    pub came_to_them: bool,
    pub held: bool,
    pub frequency: i64,
    pub frequency_slug: Slug,
    pub zone: Tz,
}
record!(Run {
    id,
    state,
    due_at,
    covers_from,
    begun_at,
    lower,
    upper,
    late,
    came_to_them,
    held,
    frequency,
    frequency_slug,
    zone,
});

/// A digest that was made for a reader, and what became of it.
#[derive(Debug, Clone)]
pub struct Digest {
    pub id: i64,
    /// None: on request.
    pub run: Option<i64>,
    pub mode: String,
    pub state: String,
    pub reason: Option<String>,
    /// The relay's last words.
    pub reply: Option<String>,
    pub created_at: DateTime<Utc>,
    pub settled_at: Option<DateTime<Utc>>,
    pub next_attempt_at: DateTime<Utc>,
    pub edition: Option<i64>,
    /// Before something was taken out of it.
    pub first_edition: Option<i64>,
    /// The run that took in what this one owed.
    pub folded_into: Option<i64>,
}
record!(Digest {
    id,
    run,
    mode,
    state,
    reason,
    reply,
    created_at,
    settled_at,
    next_attempt_at,
    edition,
    first_edition,
    folded_into,
});

/// A digest that has an article, or had it last.
#[derive(Debug, Clone, Copy)]
pub struct Told {
    pub article: i64,
    pub digest: i64,
    pub run: Option<i64>,
    pub at: DateTime<Utc>,
}
record!(Told { article, digest, run, at });

/// The newest first, begun since then.
pub async fn runs(store: &Store, subscriber: i64, since: DateTime<Utc>, limit: i64) -> Result<Vec<Run>, Error> {
    store.db.all(&RUNS, args![subscriber, since, limit]).await
}

pub async fn run(store: &Store, subscriber: i64, id: i64) -> Result<Option<Run>, Error> {
    store.db.opt(&RUN, args![subscriber, id]).await
}

/// The newest first.
pub async fn digests(store: &Store, subscriber: i64, limit: i64) -> Result<Vec<Digest>, Error> {
    store.db.all(&DIGESTS, args![subscriber, limit]).await
}

/// Which digests told this reader of these articles.
pub async fn told(store: &Store, subscriber: i64, articles: &[i64]) -> Result<Vec<Told>, Error> {
    store.db.all(&TOLD_OF, args![subscriber, articles]).await
}
