//! The marks before the dots, and with them what was accepted, in groups: one wait for the disk serves many.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::delivery::Token;
use super::sql::{args, statements, still_wanted, two};
use super::{Error, Store, Tx};

/// A mark before the dot compares all that may have changed since the claim; its time is the engine's own, so that daemons
/// whose clocks differ agree on when no answer can come any more. What was accepted is evidence, which beats doubt: a late
/// answer settles what meanwhile became uncertain, or a resend not yet claimed.
macro_rules! written {
    ($clock:literal, $list:literal) => {
        concat!(
            "UPDATE delivery SET state = m.becomes,
                sending_at = CASE m.becomes WHEN 'sending' THEN ", $clock, " ELSE delivery.sending_at END,
                settled_at = CASE m.becomes WHEN 'sent' THEN $3 ELSE delivery.settled_at END,
                reply = CASE m.becomes WHEN 'sent' THEN m.reply ELSE delivery.reply END,
                attempts = delivery.attempts + CASE m.becomes WHEN 'sent' THEN 1 ELSE 0 END,
                token = CASE m.becomes WHEN 'sending' THEN delivery.token END
             FROM ", $list, "
             WHERE delivery.id = m.id AND delivery.token = $2 AND (
                (m.becomes = 'sent' AND delivery.state IN ('sending', 'uncertain', 'ready'))
                OR (m.becomes = 'sending' AND delivery.state = 'claimed' AND delivery.edition IS NOT DISTINCT FROM m.edition
                AND (EXISTS (SELECT 1 FROM subscriber u WHERE u.id = delivery.subscriber AND u.address_key = m.address_key)
                    OR (subscriber IS NULL AND EXISTS (SELECT 1 FROM letter l WHERE l.key = delivery.key)))
                AND EXISTS (SELECT 1 FROM lease l WHERE l.token = $2)
                AND ", still_wanted!(), "
                AND NOT EXISTS (SELECT 1 FROM setting h WHERE h.name = 'hold')
                AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = delivery.run AND (r.held_at IS NOT NULL OR (r.cancelled_at IS NOT NULL AND delivery.doubts = 0)))
                AND NOT EXISTS (SELECT 1 FROM suppression s WHERE s.hash = m.hash)))"
        )
    };
}

statements! {
    /// Marks before dots, and what was accepted. $1: JSON, a list of ids and what becomes of them. (SQLite's `json_each` would
    /// write each element as text again, to be read once more for every value in it.) PostgreSQL may have been told that
    /// commits need not reach the disk; these must.
    WRITE = two(
        written!(
            "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            "(SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS becomes, json_extract(value, '$[2]') AS reply,
                json_extract(value, '$[3]') AS edition, json_extract(value, '$[4]') AS address_key,
                unhex(json_extract(value, '$[5]')) AS hash FROM jsonb_each($1)) AS m"
        ),
        written!(
            "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
            "(SELECT CAST(value ->> 0 AS BIGINT) AS id, value ->> 1 AS becomes, value ->> 2 AS reply,
                CAST(value ->> 3 AS BIGINT) AS edition, value ->> 4 AS address_key, decode(value ->> 5, 'hex') AS hash
             FROM jsonb_array_elements(CAST(CAST($1 AS TEXT) AS JSONB))
             WHERE (SELECT set_config('synchronous_commit', 'on', TRUE)) IS NOT NULL) AS m"
        ),
    );
    INSIST = two("SELECT TRUE", "SELECT set_config('synchronous_commit', 'on', TRUE) IS NOT NULL");
    /// Which of these were marked, where not all were.
    MARKED = two(
        "SELECT id FROM delivery WHERE id IN (SELECT value FROM json_each($1)) AND token = $2 AND state = 'sending'",
        "SELECT id FROM delivery WHERE id = ANY($1) AND token = $2 AND state = 'sending'",
    );
}

/// What a mark before the dot compares.
#[derive(Debug, Clone)]
pub struct Sending {
    pub id: i64,
    pub edition: Option<i64>,
    pub address_key: String,
    /// Of the address, as `suppression` keeps them.
    pub hash: Vec<u8>,
}

/// What becomes of a delivery: its id, the state, what was answered; and what a mark compares.
#[derive(Serialize)]
struct Listed<'a>(i64, &'static str, Option<&'a str>, Option<i64>, Option<&'a str>, Option<String>);

/// What a run writes again and again, in groups.
#[derive(Debug, Default)]
pub struct Group<'a> {
    /// Accepted, and what was answered.
    pub sent: Vec<(i64, &'a str)>,
    /// The marks before the dots.
    pub sendings: Vec<&'a Sending>,
}

impl Group<'_> {
    /// In a transaction of its own. Of those marks that are not in what comes back something changed; their dots must not
    /// leave.
    pub async fn write(&self, store: &Store, token: &Token, now: DateTime<Utc>) -> Result<HashSet<i64>, Error> {
        let mut written = 0;
        if self.len() > 0 {
            written = store.db.exec(&WRITE, args![&self.listed()?, token, now]).await?;
        }
        match self.marked(written) {
            Ok(all) => Ok(all),
            Err(asked) => ids(store.db.all(&MARKED, args![&asked, token]).await?),
        }
    }

    /// With what else is written in that transaction.
    pub async fn write_in(&self, tx: &mut Tx, token: &Token, now: DateTime<Utc>) -> Result<HashSet<i64>, Error> {
        let mut written = 0;
        if self.len() > 0 {
            written = tx.exec(&WRITE, args![&self.listed()?, token, now]).await?;
        }
        match self.marked(written) {
            Ok(all) => Ok(all),
            Err(asked) => ids(tx.all(&MARKED, args![&asked, token]).await?),
        }
    }

    fn len(&self) -> usize {
        self.sent.len() + self.sendings.len()
    }

    /// The marks, where as many rows were written as were asked for; else those that have to be looked at.
    fn marked(&self, written: u64) -> Result<HashSet<i64>, Vec<i64>> {
        let asked = self.sendings.iter().map(|sending| sending.id);
        if self.sendings.is_empty() || written == self.len() as u64 {
            Ok(asked.collect())
        } else {
            Err(asked.collect())
        }
    }

    fn listed(&self) -> Result<String, Error> {
        let sent = self.sent.iter().map(|(id, reply)| Listed(*id, "sent", Some(reply), None, None, None));
        let sending = self.sendings.iter().map(|s| {
            let hash = hex::encode(&s.hash);
            Listed(s.id, "sending", None, s.edition, Some(&s.address_key), Some(hash))
        });
        let all: Vec<Listed<'_>> = sent.chain(sending).collect();
        serde_json::to_string(&all).map_err(|why| Error::argument(why.into()))
    }
}

fn ids(found: Vec<(i64,)>) -> Result<HashSet<i64>, Error> {
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// What this transaction writes is on the disk when it is committed, whatever a server was told.
pub async fn insist_on_the_disk(tx: &mut Tx) -> Result<(), Error> {
    if tx.is_pg() { tx.one::<(bool,)>(&INSIST, args![]).await.map(drop) } else { Ok(()) }
}

/// Records what was accepted, and what was answered. Whether the delivery is still this attempt's.
pub async fn settle_sent(tx: &mut Tx, token: &Token, id: i64, reply: &str, now: DateTime<Utc>) -> Result<u64, Error> {
    let group = Group { sent: vec![(id, reply)], ..Group::default() };
    tx.exec(&WRITE, args![&group.listed()?, token, now]).await
}
