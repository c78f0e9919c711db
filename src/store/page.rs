//! A page of a run's planning: read the enrolments, ask the ledger, write the deliveries, move `through`; one
//! transaction, so that a kill resumes at the next page.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::run::Run;
use super::sql::{args, record, same, statements, two};
use super::{Error, Store, Tx, run};
use crate::model::choice::{Held, Ledger, Reader};
use crate::model::delivery::{Key, Mode};
use crate::model::edition::Format;
use crate::model::language::Language;

statements! {
    ENROLMENTS = same(
        "SELECT subscriber, topics, regions, language, format, changed_at, regions_changed_at, sole, fold FROM enrolment
         WHERE slot = $1 AND subscriber > $2 ORDER BY subscriber LIMIT $3",
    );
    /// The flags that this page may take back: whoever sets one again from here on waits for it. One that somebody is about
    /// to set stays.
    HOLD_FLAGS = two(
        "SELECT subscriber FROM enrolment WHERE slot = $1 AND subscriber IN (SELECT value FROM json_each($2)) AND fold",
        "SELECT subscriber FROM enrolment WHERE slot = $1 AND subscriber = ANY($2) AND fold ORDER BY subscriber FOR UPDATE SKIP LOCKED",
    );
    /// A page locks those of its readers that are not steady.
    LOCK_READERS = two(
        "SELECT id FROM subscriber WHERE id IN (SELECT value FROM json_each($1)) ORDER BY id",
        "SELECT id FROM subscriber WHERE id = ANY($1) ORDER BY id FOR UPDATE",
    );
    /// Runs of this slot of which something may still wait, seen once a run. (Of others nothing can come to wait that was
    /// never in doubt, but for what a withdrawal lets go on; that counts as told.)
    UNSETTLED = same(
        "SELECT r.id FROM run r WHERE r.slot = $1 AND r.id <> $2 AND r.id IN (
            SELECT run FROM delivery WHERE state IN ('ready', 'deferred')
            UNION SELECT run FROM delivery WHERE state IN ('claimed', 'sending'))",
    );
    /// What still waits in this slot goes into this run, unless it was ever in doubt or a person holds it.
    FOLD = two(
        "UPDATE delivery SET state = 'expired', reason = 'folded', settled_at = $3, token = NULL
         WHERE subscriber IN (SELECT value FROM json_each($1)) AND kind = 'digest' AND state IN ('ready', 'deferred') AND doubts = 0
         AND run IN (SELECT id FROM run WHERE id IN (SELECT value FROM json_each($2)) AND held_at IS NULL AND cancelled_at IS NULL) RETURNING subscriber, id",
        "UPDATE delivery SET state = 'expired', reason = 'folded', settled_at = $3, token = NULL
         WHERE subscriber = ANY($1) AND kind = 'digest' AND state IN ('ready', 'deferred') AND doubts = 0
         AND run IN (SELECT id FROM run WHERE id = ANY($2) AND held_at IS NULL AND cancelled_at IS NULL) RETURNING subscriber, id",
    );
    /// The first run that can have told of what lies at this position or later. (Without the sum both engines would walk
    /// the runs from the first one ever.)
    FIRST_TO_TELL = same("SELECT min(id + 0) FROM run WHERE upper >= $1");
    /// By runs from one on, and on request.
    TOLD = two(
        "SELECT d.subscriber, e.article FROM delivery d JOIN edition_article e ON e.edition = d.edition
         WHERE d.subscriber IN (SELECT value FROM json_each($1)) AND d.run >= $2 AND d.kind = 'digest'
            AND d.state IN ('ready', 'claimed', 'sending', 'sent', 'deferred', 'uncertain', 'held', 'quarantined')
         UNION ALL SELECT d.subscriber, e.article FROM delivery d JOIN edition_article e ON e.edition = d.edition
         WHERE d.subscriber IN (SELECT value FROM json_each($1)) AND d.run IS NULL AND d.kind = 'digest'
            AND d.state IN ('ready', 'claimed', 'sending', 'sent', 'deferred', 'uncertain', 'held', 'quarantined')",
        "SELECT d.subscriber, e.article FROM delivery d JOIN edition_article e ON e.edition = d.edition
         WHERE d.subscriber = ANY($1) AND d.run >= $2 AND d.kind = 'digest'
            AND d.state IN ('ready', 'claimed', 'sending', 'sent', 'deferred', 'uncertain', 'held', 'quarantined')
         UNION ALL SELECT d.subscriber, e.article FROM delivery d JOIN edition_article e ON e.edition = d.edition
         WHERE d.subscriber = ANY($1) AND d.run IS NULL AND d.kind = 'digest'
            AND d.state IN ('ready', 'claimed', 'sending', 'sent', 'deferred', 'uncertain', 'held', 'quarantined')",
    );
    /// Whatever became of a digest, what was taken out of it before it left is owed (what was withdrawn, nobody gets). The
    /// first line about states is the index's own.
    OWING = two(
        "SELECT d.subscriber, e.article FROM delivery d JOIN edition_article e ON e.edition = d.first_edition
         WHERE d.subscriber IN (SELECT value FROM json_each($1)) AND d.kind = 'digest' AND d.mode = $2
         AND (d.state = 'expired' OR d.state = 'not sent' OR d.state = 'cancelled' OR d.edition <> d.first_edition)
         AND (d.state IN ('expired', 'not sent') OR (d.state = 'cancelled' AND d.reason IN ('stopped', 'paused', 'operator', 'withdrawn'))
            OR (d.edition <> d.first_edition AND d.state NOT IN ('refused', 'cancelled')))",
        "SELECT d.subscriber, e.article FROM delivery d JOIN edition_article e ON e.edition = d.first_edition
         WHERE d.subscriber = ANY($1) AND d.kind = 'digest' AND d.mode = $2
         AND (d.state = 'expired' OR d.state = 'not sent' OR d.state = 'cancelled' OR d.edition <> d.first_edition)
         AND (d.state IN ('expired', 'not sent') OR (d.state = 'cancelled' AND d.reason IN ('stopped', 'paused', 'operator', 'withdrawn'))
            OR (d.edition <> d.first_edition AND d.state NOT IN ('refused', 'cancelled')))",
    );
    /// Of a run that was cancelled they are born cancelled, with its reason.
    DELIVER = two(
        "INSERT INTO delivery (key, kind, lane, mode, run, subscriber, edition, first_edition, topics, state, reason, settled_at, created_at, next_attempt_at)
         SELECT unhex(value ->> 0), 'digest', $5, $2, r.id, value ->> 1, value ->> 2, value ->> 2, value ->> 3,
            CASE WHEN r.cancelled_at IS NULL THEN 'ready' ELSE 'cancelled' END, r.cancel_reason, CASE WHEN r.cancelled_at IS NOT NULL THEN $4 END, $4, $4
         FROM json_each($1) j, run r WHERE r.id = $3
         ON CONFLICT (run, subscriber) DO NOTHING",
        "INSERT INTO delivery (key, kind, lane, mode, run, subscriber, edition, first_edition, topics, state, reason, settled_at, created_at, next_attempt_at)
         SELECT decode(value ->> 0, 'hex'), 'digest', $5, $2, r.id, (value ->> 1)::bigint, (value ->> 2)::bigint, (value ->> 2)::bigint, value ->> 3,
            CASE WHEN r.cancelled_at IS NULL THEN 'ready' ELSE 'cancelled' END, r.cancel_reason, CASE WHEN r.cancelled_at IS NOT NULL THEN $4::bigint END, $4, $4
         FROM jsonb_array_elements($1::text::jsonb) j, run r WHERE r.id = $3
         ON CONFLICT (run, subscriber) DO NOTHING",
    );
    /// Those who were given a cancelled digest are to have the ledger asked next time. Whoever is in several slots is locked
    /// by this page; whoever is in this one alone is guarded by it.
    WANT_FOLDING = two(
        "UPDATE enrolment SET fold = TRUE WHERE subscriber IN (SELECT value FROM json_each($1))",
        "UPDATE enrolment SET fold = TRUE WHERE subscriber = ANY($1)",
    );
    MADE = same("SELECT edition, topics FROM delivery WHERE run = $1 AND subscriber = $2 AND edition IS NOT NULL AND topics IS NOT NULL");
    IS_CANCELLED = same("SELECT count(*) FROM run WHERE id = $1 AND cancelled_at IS NOT NULL");
    DELIVERIES = same("SELECT count(*) FROM delivery WHERE run = $1");
    FOLDED_INTO = two(
        "UPDATE delivery SET folded_into = (SELECT n.id FROM delivery n WHERE n.run = $2 AND n.subscriber = delivery.subscriber)
         WHERE id IN (SELECT value FROM json_each($1))",
        "UPDATE delivery SET folded_into = (SELECT n.id FROM delivery n WHERE n.run = $2 AND n.subscriber = delivery.subscriber)
         WHERE id = ANY($1)",
    );
    /// The run serves what was carried: from here on the slot's cut-off speaks for these readers again.
    SERVED = two(
        "UPDATE subscription SET since = NULL WHERE subscriber IN (SELECT value FROM json_each($1)) AND since IS NOT NULL AND since <= $2
         AND state = 'active' AND topic IN (SELECT j.value ->> 0 FROM enrolment e, json_each(e.topics) j WHERE e.slot = $3 AND e.subscriber = subscription.subscriber)",
        "UPDATE subscription SET since = NULL WHERE subscriber = ANY($1) AND since IS NOT NULL AND since <= $2
         AND state = 'active' AND topic IN (SELECT (j ->> 0)::bigint FROM enrolment e, jsonb_array_elements(e.topics::jsonb) j WHERE e.slot = $3 AND e.subscriber = subscription.subscriber)",
    );
    /// Only a flag that the page has read is taken back: one that is set meanwhile is for the next run.
    SERVE = two(
        // The plus keeps SQLite from walking the whole slot for each of them.
        "UPDATE enrolment SET topics = j.value ->> 1, fold = (fold AND NOT j.value ->> 2) FROM json_each($2) j WHERE +slot = $1 AND subscriber = j.value ->> 0",
        "UPDATE enrolment SET topics = j ->> 1, fold = (fold AND NOT (j ->> 2)::boolean) FROM jsonb_array_elements($2::text::jsonb) j WHERE slot = $1 AND subscriber = (j ->> 0)::bigint",
    );
}

/// Deliveries in one statement.
const IN_WORDS: usize = 1000;

/// One reader on the page.
#[derive(Debug, Clone)]
pub struct Enrolled {
    pub subscriber: i64,
    pub reader: Reader,
    pub format: Format,
    /// There is something of an unsent digest to fold in.
    pub fold: bool,
    /// And the page says so no more, once it has.
    takes_flag_back: bool,
}

struct Row {
    subscriber: i64,
    topics: String,
    regions: String,
    language: Language,
    format: Format,
    changed_at: i64,
    regions_changed_at: i64,
    sole: bool,
    fold: bool,
}
record!(Row { subscriber, topics, regions, language, format, changed_at, regions_changed_at, sole, fold });

/// What a page writes for one reader.
#[derive(Debug, Clone)]
pub struct Planned {
    pub subscriber: i64,
    pub edition: i64,
    pub key: Key,
    /// All that the reader holds in the slot, for the "why" of the mail.
    pub topics: Vec<i64>,
}

impl Row {
    fn enrolled(self) -> Result<Enrolled, Error> {
        let topics = serde_json::from_str(&self.topics).map_err(|_| Error::unreadable(1, self.topics))?;
        let regions = serde_json::from_str(&self.regions).map_err(|_| Error::unreadable(2, self.regions))?;
        let reader = Reader {
            topics,
            regions,
            language: self.language,
            changed_at: self.changed_at,
            regions_changed_at: self.regions_changed_at,
            sole: self.sole,
        };
        Ok(Enrolled {
            subscriber: self.subscriber,
            reader,
            format: self.format,
            fold: self.fold,
            takes_flag_back: false,
        })
    }
}

/// The next readers of the run's slot, on the connection that writes. None: it is planned, by us or by another daemon
/// that came to it at the same time.
pub async fn read(tx: &mut Tx, run: &Run, size: i64) -> Result<Option<Vec<Enrolled>>, Error> {
    run::lock_slot(tx, run.slot).await?;
    // What the row says now, under the lock: another daemon may be pages ahead.
    let Some(through) = run::through(tx, run.id).await? else { return Ok(None) };
    let rows: Vec<Row> = tx.all(&ENROLMENTS, args![run.slot, through, size]).await?;
    let mut readers: Vec<Enrolled> = rows.into_iter().map(Row::enrolled).collect::<Result<_, _>>()?;
    let flagged: Vec<i64> = readers.iter().filter(|r| r.fold).map(|r| r.subscriber).collect();
    if !flagged.is_empty() {
        let held = tx.all::<(i64,)>(&HOLD_FLAGS, args![run.slot, &flagged]).await?;
        let held: HashSet<i64> = held.into_iter().map(|(subscriber,)| subscriber).collect();
        readers.iter_mut().for_each(|r| r.takes_flag_back = held.contains(&r.subscriber));
    }
    Ok(Some(readers))
}

/// Earlier runs of the slot of which something may still wait.
pub async fn unsettled(store: &Store, run: &Run) -> Result<Vec<i64>, Error> {
    Ok(store.db.all::<(i64,)>(&UNSETTLED, args![run.slot, run.id]).await?.into_iter().map(|(id,)| id).collect())
}

/// Ends what still waits for these readers of those runs. Pairs of subscriber and delivery.
pub async fn fold(
    tx: &mut Tx,
    unsettled: &[i64],
    readers: &[i64],
    now: DateTime<Utc>,
) -> Result<Vec<(i64, i64)>, Error> {
    if unsettled.is_empty() {
        return Ok(vec![]);
    }
    tx.all(&FOLD, args![readers, unsettled, now]).await
}

/// What the ledger says of these readers, once they are locked. Nothing filed before `earliest` can come to them, unless a
/// digest of theirs owes it; what digests of another delivery mode owe does not count.
pub async fn ledger(tx: &mut Tx, mode: Mode, readers: &[i64], earliest: i64) -> Result<HashMap<i64, Ledger>, Error> {
    let mut found: HashMap<i64, Ledger> = HashMap::new();
    if readers.is_empty() {
        return Ok(found);
    }
    tx.all::<(i64,)>(&LOCK_READERS, args![readers]).await?;
    let mut owing: HashMap<i64, HashSet<i64>> = HashMap::new();
    for (subscriber, article) in tx.all::<(i64, i64)>(&OWING, args![readers, mode.word()]).await? {
        owing.entry(subscriber).or_default().insert(article);
    }
    let (owed, others): (Vec<i64>, Vec<i64>) = readers.iter().partition(|reader| owing.contains_key(reader));
    // What is owed may be older than anything.
    for (readers, earliest) in [(owed, 0), (others, earliest)] {
        for (subscriber, article) in told(tx, &readers, earliest).await? {
            found.entry(subscriber).or_default().told.insert(article);
        }
    }
    for (subscriber, mut articles) in owing {
        let ledger = found.entry(subscriber).or_default();
        articles.retain(|article| !ledger.told.contains(article));
        ledger.owing = articles;
    }
    Ok(found)
}

/// Pairs of subscriber and article, from the first run on that can have told of `earliest`.
async fn told(tx: &mut Tx, readers: &[i64], earliest: i64) -> Result<Vec<(i64, i64)>, Error> {
    if readers.is_empty() {
        return Ok(vec![]);
    }
    let first = match earliest {
        0 => Some(0),
        earliest => tx.one::<(Option<i64>,)>(&FIRST_TO_TELL, args![earliest]).await?.0,
    };
    tx.all(&TOLD, args![readers, first.unwrap_or(i64::MAX)]).await
}

/// Writes the page: deliveries (their lane is their turn: 0 is for answers to a person), bounds that were served,
/// `through`.
pub async fn write(
    tx: &mut Tx,
    run: &Run,
    readers: &[Enrolled],
    planned: &[Planned],
    folded: &[(i64, i64)],
    lane: i64,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    deliver(tx, run, planned, lane, now).await?;
    if !folded.is_empty() {
        let folded: Vec<i64> = folded.iter().map(|(_, delivery)| *delivery).collect();
        tx.exec(&FOLDED_INTO, args![&folded, run.id]).await?;
    }
    serve(tx, run, readers).await?;
    if tx.one::<(i64,)>(&IS_CANCELLED, args![run.id]).await?.0 > 0 {
        let given: Vec<i64> = planned.iter().map(|p| p.subscriber).collect();
        tx.exec(&WANT_FOLDING, args![&given]).await?;
    }
    if let Some(last) = readers.last() {
        run::advance(tx, run.id, last.subscriber).await?;
    }
    Ok(())
}

/// While the database writes one batch of rows, the next one is put into words.
async fn deliver(tx: &mut Tx, run: &Run, planned: &[Planned], lane: i64, now: DateTime<Utc>) -> Result<(), Error> {
    let row = |p: &Planned| (hex::encode(p.key.0), p.subscriber, p.edition, json(&p.topics));
    let mut batches = planned.chunks(IN_WORDS).map(|batch| json(&batch.iter().map(row).collect::<Vec<_>>()));
    let mut next = batches.next();
    while let Some(rows) = next {
        let values = args![&rows, run.mode.word(), run.id, now, lane];
        let (written, following) = tokio::join!(tx.exec(&DELIVER, values), async { batches.next() });
        written?;
        next = following;
    }
    Ok(())
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("numbers and strings always serialise")
}

/// How many deliveries the run has made.
pub async fn deliveries(store: &Store, run: &Run) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&DELIVERIES, args![run.id]).await?.0)
}

/// What the run has made for a reader: the edition, and the topics that they hold, as JSON.
pub async fn made(tx: &mut Tx, run: i64, subscriber: i64) -> Result<Option<(i64, String)>, Error> {
    tx.opt(&MADE, args![run, subscriber]).await
}

/// Ends the planning.
pub async fn finish(tx: &mut Tx, run: &Run, now: DateTime<Utc>) -> Result<(), Error> {
    run::planned(tx, run.id, now).await
}

async fn serve(tx: &mut Tx, run: &Run, readers: &[Enrolled]) -> Result<(), Error> {
    let carried = |held: &Held| held.since.is_some_and(|since| since <= run.upper);
    let changed: Vec<&Enrolled> = readers.iter().filter(|r| r.fold || r.reader.topics.iter().any(carried)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = changed.iter().map(|r| r.subscriber).collect();
    tx.exec(&SERVED, args![&ids, run.upper, run.slot]).await?;
    let served = |held: &Held| Held { since: held.since.filter(|since| *since > run.upper), ..*held };
    let row = |enrolled: &&Enrolled| {
        let topics: Vec<Held> = enrolled.reader.topics.iter().map(served).collect();
        (enrolled.subscriber, json(&topics), enrolled.takes_flag_back)
    };
    let rows: Vec<(i64, String, bool)> = changed.iter().map(row).collect();
    tx.exec(&SERVE, args![run.slot, &json(&rows)]).await.map(drop)
}
