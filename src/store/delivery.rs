//! Deliveries from `ready` to what became of them. A row's own state says what it needs next.
//!
//! `sending` is durable before the dot (see [`super::mark`]); `sent` only when the relay has it; what a crash leaves in
//! `sending` is in doubt, known and counted.

use chrono::{DateTime, Utc};

use super::sql::{args, same, statements, still_wanted, two};
use super::{Error, Store, Tx, mark};
use crate::model::delivery::{Key, Mode, Outcome};

statements! {
    DEFERRED = same(
        "UPDATE delivery SET state = 'deferred', next_attempt_at = $3, reply = $4, attempts = attempts + 1, token = NULL
         WHERE id = $1 AND token = $2 AND state IN ('claimed', 'sending')",
    );
    ENDED = same(
        "UPDATE delivery SET state = $3, settled_at = $4, reply = $5, reason = $6, attempts = attempts + 1, token = NULL
         WHERE id = $1 AND token = $2 AND state IN ('claimed', 'sending')",
    );
    SET_ASIDE = same(
        "UPDATE delivery SET state = 'quarantined', reason = $3, token = NULL WHERE id = $1 AND token = $2 AND state = 'claimed'",
    );
    RELEASED = same(
        "UPDATE delivery SET state = 'ready', next_attempt_at = $3, token = NULL WHERE id = $1 AND token = $2 AND state = 'claimed'",
    );
    UNMARKED = same(
        "UPDATE delivery SET state = 'ready', token = NULL WHERE id = $1 AND token = $2 AND state IN ('claimed', 'sending')",
    );
    DOUBTED = same(
        "UPDATE delivery SET state = 'uncertain', doubts = doubts + 1, reply = $3 WHERE id = $1 AND token = $2 AND state = 'sending'",
    );
    /// Whose lease is over: claimed is safe to do again; sending is in doubt, once no answer can come any more. Several
    /// daemons look after the dead at one time, and a late mark of somebody who only seemed dead may be under way: a row that
    /// another transaction has locked is passed over, here and below, or two could wait for each other. It is looked at again
    /// with the next renewal.
    RELEASE_ORPHANS = two(
        "UPDATE delivery SET state = 'ready', token = NULL WHERE state IN ('claimed', 'sending') AND state = 'claimed'
         AND token NOT IN (SELECT token FROM lease)",
        "UPDATE delivery SET state = 'ready', token = NULL WHERE id IN (
            SELECT id FROM delivery WHERE state IN ('claimed', 'sending') AND state = 'claimed'
            AND token NOT IN (SELECT token FROM lease) FOR UPDATE SKIP LOCKED)",
    );
    DOUBT_ORPHANS = two(
        // Whoever has the lock beside the file knows that the others are dead: there is nothing to wait for.
        "UPDATE delivery SET state = 'uncertain', doubts = doubts + 1 WHERE state IN ('claimed', 'sending') AND state = 'sending'
         AND $1 >= 0 AND token NOT IN (SELECT token FROM lease)",
        "UPDATE delivery SET state = 'uncertain', doubts = doubts + 1 WHERE id IN (
            SELECT id FROM delivery WHERE state IN ('claimed', 'sending') AND state = 'sending'
            AND sending_at + $1 <= CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
            AND token NOT IN (SELECT token FROM lease) FOR UPDATE SKIP LOCKED)",
    );
    /// How many one process was handing over when it ended: of the one that had most.
    MOST_ORPHANS = same(
        "SELECT count(*) FROM delivery WHERE state IN ('claimed', 'sending') AND state = 'sending'
         AND token NOT IN (SELECT token FROM lease) GROUP BY token ORDER BY 1 DESC LIMIT 1",
    );
    /// What we had in hand ourselves when a run of ours broke off.
    RELEASE_OWN = same(
        "UPDATE delivery SET state = 'ready', token = NULL WHERE state IN ('claimed', 'sending') AND state = 'claimed' AND token = $1",
    );
    DOUBT_OWN = same(
        "UPDATE delivery SET state = 'uncertain', doubts = doubts + 1 WHERE state IN ('claimed', 'sending') AND state = 'sending' AND token = $1",
    );
    /// The same bytes again, unless the reader has gone meanwhile. The token stays, for an answer that comes late.
    RESEND = two(
        concat!("UPDATE delivery SET state = 'ready', next_attempt_at = $1 WHERE state = 'uncertain' AND doubts <= $2
         AND ", still_wanted!()),
        concat!("UPDATE delivery SET state = 'ready', next_attempt_at = $1 WHERE id IN (
            SELECT id FROM delivery WHERE state = 'uncertain' AND doubts <= $2 AND ", still_wanted!(), " FOR UPDATE SKIP LOCKED)"),
    );
    HOLD = two(
        "UPDATE delivery SET state = 'held', token = NULL, reason = 'in doubt too often' WHERE state = 'uncertain' AND doubts > $1",
        "UPDATE delivery SET state = 'held', token = NULL, reason = 'in doubt too often' WHERE id IN (
            SELECT id FROM delivery WHERE state = 'uncertain' AND doubts > $1 FOR UPDATE SKIP LOCKED)",
    );
    /// What ended unsent is to be folded into the reader's next run.
    WANTS_FOLDING = same(
        "UPDATE enrolment SET fold = TRUE WHERE subscriber IN (SELECT subscriber FROM delivery WHERE id = $1 AND kind = 'digest')",
    );
    /// One that must not go out leaves the same row as one that goes: nobody can tell by the time it takes.
    ANSWER = same(
        "INSERT INTO delivery (key, kind, lane, mode, subscriber, state, reason, created_at, next_attempt_at, settled_at) VALUES ($1, $2, 0, $3, $4, $5, $6, $7, $7, $8)",
    );
    ANSWERS_SINCE = same(
        "SELECT count(*) FROM delivery WHERE subscriber = $1 AND kind = $2 AND created_at > $3 AND state <> 'cancelled'",
    );
    CONFIRMATION = same("SELECT subscriber, created_at FROM delivery WHERE key = $1 AND kind = 'confirm'");
    RECORD_TEST = same(
        "INSERT INTO delivery (key, kind, lane, mode, address, state, created_at, next_attempt_at, settled_at, reply, attempts)
         VALUES ($1, 'test', 0, $2, $3, $4, $5, $5, $5, $6, 1)",
    );
    NEXT = same(
        "SELECT d.next_attempt_at FROM delivery d LEFT JOIN run r ON r.id = d.run WHERE d.state IN ('ready', 'deferred')
         AND (d.run IS NULL OR (r.held_at IS NULL AND ((r.state = 'planned' AND r.cancelled_at IS NULL)
            OR (d.doubts > 0 AND r.state IN ('planned', 'cancelled')))))
         AND NOT EXISTS (SELECT 1 FROM setting h WHERE h.name = 'hold') ORDER BY d.next_attempt_at LIMIT 1",
    );
    BY_STATE = same("SELECT state, count(*) FROM delivery GROUP BY state ORDER BY state");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Digest,
    /// Asks whether a sign-up was meant.
    Confirm,
    Welcome,
    /// The link to one's preferences, asked for.
    PreferencesLink,
    /// Asks a new address whether it is the reader's.
    AddressChange,
    /// Tells the old one.
    AddressChanged,
    Goodbye,
}

impl Kind {
    const ALL: [(Self, &str); 7] = [
        (Self::Digest, "digest"),
        (Self::Confirm, "confirm"),
        (Self::Welcome, "welcome"),
        (Self::PreferencesLink, "preferences-link"),
        (Self::AddressChange, "address-change"),
        (Self::AddressChanged, "address-changed"),
        (Self::Goodbye, "goodbye"),
    ];

    pub(super) fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("digest", |(_, word)| word)
    }

    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    Sent {
        reply: String,
    },
    Deferred {
        until: DateTime<Utc>,
        reply: String,
    },
    Refused {
        reply: String,
    },
    /// Too old to try again.
    Expired {
        reply: String,
    },
    Cancelled {
        reason: &'static str,
    },
    /// Was in doubt once and is not accepted any more: only a person can know.
    Held {
        reply: String,
    },
    /// It cannot be made; it waits for another text of its template.
    SetAside {
        why: String,
    },
    /// Nothing happened that counts: ready again.
    Released {
        from: DateTime<Utc>,
    },
    /// A mark whose dot did not leave: ready again, whether or not the mark was written.
    Unmarked,
    /// The dot has left and the answer was lost.
    Doubted {
        why: String,
    },
}

/// The daemon's claims carry its token.
pub type Token = [u8; 16];

/// Records what became of an attempt. False: the row is no longer this attempt's.
pub async fn settle(tx: &mut Tx, token: &Token, id: i64, settled: &Settled, now: DateTime<Utc>) -> Result<bool, Error> {
    let none = None::<&str>;
    let changed = match settled {
        Settled::Sent { reply } => mark::settle_sent(tx, token, id, reply, now).await?,
        Settled::Deferred { until, reply } => tx.exec(&DEFERRED, args![id, token, *until, reply]).await?,
        Settled::Refused { reply } => {
            tx.exec(&ENDED, args![id, token, "refused", now, Some(reply.as_str()), none]).await?
        }
        Settled::Expired { reply } => {
            let reason = Some("not accepted in time");
            tx.exec(&ENDED, args![id, token, "expired", now, Some(reply.as_str()), reason]).await?
        }
        Settled::Cancelled { reason } => {
            tx.exec(&ENDED, args![id, token, "cancelled", now, none, Some(*reason)]).await?
        }
        Settled::Held { reply } => {
            let reason = Some("was in doubt, and not accepted since");
            tx.exec(&ENDED, args![id, token, "held", now, Some(reply.as_str()), reason]).await?
        }
        Settled::SetAside { why } => tx.exec(&SET_ASIDE, args![id, token, why]).await?,
        Settled::Released { from } => tx.exec(&RELEASED, args![id, token, *from]).await?,
        Settled::Unmarked => tx.exec(&UNMARKED, args![id, token]).await?,
        Settled::Doubted { why } => tx.exec(&DOUBTED, args![id, token, why]).await?,
    };
    if matches!(settled, Settled::Expired { .. }) {
        tx.exec(&WANTS_FOLDING, args![id]).await?;
    }
    Ok(changed == 1)
}

/// What those left behind whose lease is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recovered {
    pub released: u64,
    /// Now in doubt.
    pub doubtful: u64,
    /// The most that one of them was handing over.
    pub most: i64,
}

/// Takes over from those whose lease is over. On PostgreSQL one that is being handed over is in doubt `answer_millis` after
/// its mark, when no answer can come any more.
pub async fn recover(tx: &mut Tx, answer_millis: i64) -> Result<Recovered, Error> {
    let most = tx.opt::<(i64,)>(&MOST_ORPHANS, args![]).await?.map_or(0, |(most,)| most);
    let released = tx.exec(&RELEASE_ORPHANS, args![]).await?;
    Ok(Recovered { released, doubtful: tx.exec(&DOUBT_ORPHANS, args![answer_millis]).await?, most })
}

/// The same for what a run of our own left behind when it broke off. Only while nothing is in hand.
pub async fn recover_own(tx: &mut Tx, token: &Token) -> Result<(u64, u64), Error> {
    Ok((tx.exec(&RELEASE_OWN, args![token]).await?, tx.exec(&DOUBT_OWN, args![token]).await?))
}

/// Sends again what is in doubt, the same bytes, at most `times`; then it is held for a person. (resent, held)
pub async fn resend_doubtful(tx: &mut Tx, times: i64, now: DateTime<Utc>) -> Result<(u64, u64), Error> {
    Ok((tx.exec(&RESEND, args![now, times]).await?, tx.exec(&HOLD, args![times]).await?))
}

/// A mail in answer to a person.
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    pub kind: Kind,
    pub key: Key,
    pub mode: Mode,
    /// None: to somebody who is no reader.
    pub subscriber: Option<i64>,
    /// Why it must not go out.
    pub withheld: Option<&'static str>,
}

/// Answers a person, in the transaction of its cause.
pub async fn answer(tx: &mut Tx, answer: &Answer, now: DateTime<Utc>) -> Result<(), Error> {
    let Answer { kind, key, mode, subscriber, withheld } = answer;
    let (state, settled_at) = if withheld.is_some() { ("cancelled", Some(now)) } else { ("ready", None) };
    let values = args![key, kind.word(), mode.word(), *subscriber, state, *withheld, now, settled_at];
    tx.exec(&ANSWER, values).await.map(drop)
}

/// How many of a kind went to this reader since then.
pub async fn answers_since(tx: &mut Tx, kind: Kind, subscriber: i64, since: DateTime<Utc>) -> Result<i64, Error> {
    Ok(tx.one::<(i64,)>(&ANSWERS_SINCE, args![subscriber, kind.word(), since]).await?.0)
}

/// Whose confirmation this was, and when it was asked.
pub async fn confirmation(store: &Store, key: &[u8; 16]) -> Result<Option<(i64, DateTime<Utc>)>, Error> {
    store.db.opt(&CONFIRMATION, args![key]).await
}

/// Records a test that was sent directly, outside the queue and the ledger.
pub async fn record_test(
    tx: &mut Tx,
    key: &Key,
    mode: Mode,
    address: &str,
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let state = if outcome.is_sent() { "sent" } else { "refused" };
    tx.exec(&RECORD_TEST, args![key, mode.word(), address, state, now, outcome.reply()]).await.map(drop)
}

/// When the next one is due.
pub async fn next_attempt(store: &Store) -> Result<Option<DateTime<Utc>>, Error> {
    Ok(store.db.opt::<(DateTime<Utc>,)>(&NEXT, args![]).await?.map(|(next,)| next))
}

/// How many are in each state.
pub async fn by_state(store: &Store) -> Result<Vec<(String, i64)>, Error> {
    store.db.all(&BY_STATE, args![]).await
}
