//! What waits to be sent, and what could not be: as an operator looks at it and has it tried again.

use chrono::{DateTime, Utc};

use super::sql::{args, record, same, statements, still_wanted, two};
use super::{Error, Store, Tx};

statements! {
    /// By the indices of what is not settled: the ledger beside it may be long.
    WAITING = same(
        "SELECT kind, state, count(*), min(created_at), min(next_attempt_at) FROM delivery
            WHERE state IN ('ready', 'deferred') GROUP BY kind, state
         UNION ALL SELECT kind, state, count(*), min(created_at), min(next_attempt_at) FROM delivery
            WHERE state IN ('claimed', 'sending') GROUP BY kind, state
         UNION ALL SELECT kind, state, count(*), min(created_at), min(next_attempt_at) FROM delivery
            WHERE state = 'uncertain' GROUP BY kind, state
         UNION ALL SELECT kind, state, count(*), min(created_at), min(next_attempt_at) FROM delivery
            WHERE state IN ('held', 'quarantined') GROUP BY kind, state",
    );
    DOMAINS = two(
        "SELECT substr(u.address_key, instr(u.address_key, '@') + 1), count(*), min(d.created_at)
         FROM delivery d JOIN subscriber u ON u.id = d.subscriber
         WHERE d.state IN ('ready', 'deferred') AND u.address_key IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $1",
        "SELECT split_part(u.address_key, '@', 2), count(*), min(d.created_at)
         FROM delivery d JOIN subscriber u ON u.id = d.subscriber
         WHERE d.state IN ('ready', 'deferred') AND u.address_key IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT $1",
    );
    LAST_WORDS = same(
        "SELECT id, state, reply, reason, settled_at, subscriber FROM delivery
         WHERE state IN ('ready', 'deferred') AND state = 'deferred' ORDER BY id DESC LIMIT $1",
    );
    /// Asked each minute, of a queue that may be long: so many are enough.
    PUT_OFF_SINCE = same(
        "SELECT count(*) FROM (SELECT d.id FROM delivery d LEFT JOIN run r ON r.id = d.run
            WHERE d.state IN ('ready', 'deferred') AND d.state = 'deferred' AND d.claimed_at > $1 AND d.created_at <= $2
            AND r.held_at IS NULL AND NOT EXISTS (SELECT 1 FROM setting h WHERE h.name = 'hold') LIMIT $3) AS few",
    );
    FAILED = same(
        "SELECT id, state, reply, reason, settled_at, subscriber FROM delivery
         WHERE state IN ('refused', 'expired', 'not sent') AND settled_at >= $1 AND coalesce(reason, '') <> 'folded' ORDER BY id DESC LIMIT $2",
    );
    ASIDE = same(
        "SELECT id, state, reply, reason, settled_at, subscriber FROM delivery
         WHERE state IN ('held', 'quarantined') ORDER BY id DESC LIMIT $1",
    );
    RETRY = same(
        "UPDATE delivery SET next_attempt_at = $1 WHERE state IN ('ready', 'deferred') AND state = 'deferred'
         AND (CAST($2 AS BIGINT) IS NULL OR run = $2)",
    );
    RETRY_ONE = same(
        concat!("UPDATE delivery SET next_attempt_at = $2, reason = CASE WHEN state = 'held' THEN NULL ELSE reason END,
            settled_at = CASE WHEN state = 'held' THEN NULL ELSE settled_at END,
            state = CASE WHEN state = 'held' THEN 'ready' ELSE state END
         WHERE id = $1 AND state IN ('deferred', 'held')
         AND ", still_wanted!()),
    );
    STATE = same("SELECT state FROM delivery WHERE id = $1");
}

/// Those of one kind in one state.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub kind: String,
    pub state: String,
    pub mails: i64,
    /// When the oldest of them was made.
    pub oldest: DateTime<Utc>,
    /// When the first of them is due.
    pub next: DateTime<Utc>,
}
record!(Waiting { kind, state, mails, oldest, next });

/// Those that wait for the mail servers of one domain.
#[derive(Debug, Clone)]
pub struct OfDomain {
    pub domain: String,
    pub mails: i64,
    pub oldest: DateTime<Utc>,
}
record!(OfDomain { domain, mails, oldest });

/// One that did not go, or not yet, and what was said.
#[derive(Debug, Clone)]
pub struct Unsent {
    pub id: i64,
    pub state: String,
    /// The relay's words.
    pub reply: Option<String>,
    /// Ours.
    pub reason: Option<String>,
    pub settled_at: Option<DateTime<Utc>>,
    pub subscriber: Option<i64>,
}
record!(Unsent { id, state, reply, reason, settled_at, subscriber });

pub async fn waiting(store: &Store) -> Result<Vec<Waiting>, Error> {
    store.db.all(&WAITING, args![]).await
}

/// The domains for which most waits.
pub async fn domains(store: &Store, limit: i64) -> Result<Vec<OfDomain>, Error> {
    store.db.all(&DOMAINS, args![limit]).await
}

/// What was put off, the newest first.
pub async fn put_off(store: &Store, limit: i64) -> Result<Vec<Unsent>, Error> {
    store.db.all(&LAST_WORDS, args![limit]).await
}

/// How many were tried since `tried` and put off, of those made before `made`; up to `limit`.
pub async fn put_off_since(store: &Store, tried: DateTime<Utc>, made: DateTime<Utc>, limit: i64) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&PUT_OFF_SINCE, args![tried, made, limit]).await?.0)
}

/// What failed since then, and all that a person has to decide, the newest first.
pub async fn failed(store: &Store, since: DateTime<Utc>, limit: i64) -> Result<Vec<Unsent>, Error> {
    let mut all: Vec<Unsent> = store.db.all(&ASIDE, args![limit]).await?;
    all.extend(store.db.all::<Unsent>(&FAILED, args![since, limit]).await?);
    Ok(all)
}

/// All that was put off is due now; with a run, only what is of it. How many.
pub async fn retry_all(tx: &mut Tx, run: Option<i64>, now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&RETRY, args![now, run]).await
}

/// This one is due now, if it was put off or is held. The state it is in when it cannot be; None: it is not there.
pub async fn retry(tx: &mut Tx, id: i64, now: DateTime<Utc>) -> Result<Result<(), Option<String>>, Error> {
    if tx.exec(&RETRY_ONE, args![id, now]).await? == 1 {
        return Ok(Ok(()));
    }
    Ok(Err(tx.opt::<(String,)>(&STATE, args![id]).await?.map(|(state,)| state)))
}
