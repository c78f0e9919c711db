//! The marks before the dots, and with them whatever else a run writes for every message, in groups: one wait for the disk
//! serves many.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::delivery::Token;
use super::sql::{Arg, Sql, args, statements, still_wanted, two};
use super::{Error, Store, Tx, edition};

statements! {
    /// The mark before the dot compares all that may have changed since the claim. Its time is the engine's own, so that
    /// daemons whose clocks differ agree on when no answer can come any more. $1: JSON, a list of what is compared.
    MARK_SENDING = two(
        concat!("UPDATE delivery SET state = 'sending', sending_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
         FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS edition,
            json_extract(value, '$[2]') AS address_key, unhex(json_extract(value, '$[3]')) AS hash FROM json_each($1)) AS m
         WHERE delivery.id = m.id AND delivery.state = 'claimed' AND delivery.token = $2 AND delivery.edition IS NOT DISTINCT FROM m.edition
         AND (EXISTS (SELECT 1 FROM subscriber u WHERE u.id = delivery.subscriber AND u.address_key = m.address_key)
            OR (subscriber IS NULL AND EXISTS (SELECT 1 FROM letter l WHERE l.key = delivery.key)))
         AND EXISTS (SELECT 1 FROM lease l WHERE l.token = $2)
         AND ", still_wanted!(), "
         AND NOT EXISTS (SELECT 1 FROM setting h WHERE h.name = 'hold')
         AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = delivery.run AND (r.held_at IS NOT NULL OR (r.cancelled_at IS NOT NULL AND delivery.doubts = 0)))
         AND NOT EXISTS (SELECT 1 FROM suppression s WHERE s.hash = m.hash)"),
        concat!("UPDATE delivery SET state = 'sending', sending_at = CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)
         FROM (SELECT CAST(value ->> 0 AS BIGINT) AS id, CAST(value ->> 1 AS BIGINT) AS edition,
            value ->> 2 AS address_key, decode(value ->> 3, 'hex') AS hash FROM jsonb_array_elements(CAST(CAST($1 AS TEXT) AS JSONB))) AS m
         WHERE delivery.id = m.id AND delivery.state = 'claimed' AND delivery.token = $2 AND delivery.edition IS NOT DISTINCT FROM m.edition
         AND (EXISTS (SELECT 1 FROM subscriber u WHERE u.id = delivery.subscriber AND u.address_key = m.address_key)
            OR (subscriber IS NULL AND EXISTS (SELECT 1 FROM letter l WHERE l.key = delivery.key)))
         AND EXISTS (SELECT 1 FROM lease l WHERE l.token = $2)
         AND ", still_wanted!(), "
         AND NOT EXISTS (SELECT 1 FROM setting h WHERE h.name = 'hold')
         AND NOT EXISTS (SELECT 1 FROM run r WHERE r.id = delivery.run AND (r.held_at IS NOT NULL OR (r.cancelled_at IS NOT NULL AND delivery.doubts = 0)))
         AND NOT EXISTS (SELECT 1 FROM suppression s WHERE s.hash = m.hash)"),
    );
    /// Which of these were marked, where not all were.
    MARKED = two(
        "SELECT id FROM delivery WHERE id IN (SELECT value FROM json_each($1)) AND token = $2 AND state = 'sending'",
        "SELECT id FROM delivery WHERE id = ANY($1) AND token = $2 AND state = 'sending'",
    );
    /// Evidence beats doubt: a late answer settles what meanwhile became uncertain, or a resend not yet claimed. $1: JSON, a
    /// list of ids and answers.
    SENT = two(
        "UPDATE delivery SET state = 'sent', settled_at = $3, reply = m.reply, attempts = attempts + 1, token = NULL
         FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS reply FROM json_each($1)) AS m
         WHERE delivery.id = m.id AND token = $2 AND state IN ('sending', 'uncertain', 'ready')",
        "UPDATE delivery SET state = 'sent', settled_at = $3, reply = m.reply, attempts = attempts + 1, token = NULL
         FROM (SELECT CAST(value ->> 0 AS BIGINT) AS id, value ->> 1 AS reply FROM jsonb_array_elements(CAST(CAST($1 AS TEXT) AS JSONB))) AS m
         WHERE delivery.id = m.id AND token = $2 AND state IN ('sending', 'uncertain', 'ready')",
    );
    /// PostgreSQL may have been told that commits need not reach the disk; marks must.
    INSIST = two("SELECT TRUE", "SELECT set_config('synchronous_commit', 'on', TRUE) IS NOT NULL");
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

/// The marks before the dots: of those that are not in what comes back something changed; their dots must not leave.
pub async fn mark_sending(tx: &mut Tx, token: &Token, sendings: &[&Sending]) -> Result<HashSet<i64>, Error> {
    let marked = tx.exec(&MARK_SENDING, args![&compared(sendings), token]).await?;
    match all_of(sendings, marked) {
        Ok(all) => Ok(all),
        Err(asked) => ids(tx.all(&MARKED, args![&asked, token]).await?),
    }
}

/// What a run writes again and again, in groups.
#[derive(Debug, Default)]
pub struct Group<'a> {
    /// Accepted, and what was answered.
    pub sent: Vec<(i64, &'a str)>,
    /// Editions whose rendering has come to its end.
    pub rendered: &'a [i64],
    pub sendings: Vec<&'a Sending>,
}

impl Group<'_> {
    fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.rendered.is_empty() && self.sendings.is_empty()
    }

    /// In a transaction of its own, in one go. Gives what [`mark_sending`] gives.
    pub async fn write(&self, store: &Store, token: &Token, now: DateTime<Utc>) -> Result<HashSet<i64>, Error> {
        if self.is_empty() {
            return Ok(HashSet::new());
        }
        let (sent, compared) = (listed(&self.sent), compared(&self.sendings));
        let (sent, rendered, compared) = (args![&sent, token, now], args![self.rendered], args![&compared, token]);
        let statements: [(bool, &Sql, &[Arg<'_>]); 4] = [
            (store.is_pg(), &INSIST, args![]),
            (!self.sent.is_empty(), &SENT, sent),
            (!self.rendered.is_empty(), edition::RENDERED, rendered),
            (!self.sendings.is_empty(), &MARK_SENDING, compared),
        ];
        let wanted = statements.into_iter().filter(|(wanted, ..)| *wanted);
        let wanted: Vec<_> = wanted.map(|(_, sql, args)| (sql, args)).collect();
        let marked = store.db.at_once(&wanted).await?.last().copied().unwrap_or_default();
        match all_of(&self.sendings, marked) {
            Ok(all) => Ok(all),
            Err(asked) => ids(store.db.all(&MARKED, args![&asked, token]).await?),
        }
    }
}

/// Their ids: as those that were marked, if so many were.
fn all_of(sendings: &[&Sending], marked: u64) -> Result<HashSet<i64>, Vec<i64>> {
    let asked = sendings.iter().map(|sending| sending.id);
    if sendings.is_empty() || sendings.len() as u64 == marked { Ok(asked.collect()) } else { Err(asked.collect()) }
}

fn ids(found: Vec<(i64,)>) -> Result<HashSet<i64>, Error> {
    Ok(found.into_iter().map(|(id,)| id).collect())
}

fn compared(sendings: &[&Sending]) -> String {
    let compared = sendings.iter().map(|s| json!([s.id, s.edition, s.address_key, hex::encode(&s.hash)]));
    Value::from_iter(compared).to_string()
}

fn listed(sent: &[(i64, &str)]) -> String {
    Value::from_iter(sent.iter().map(|(id, reply)| json!([id, reply]))).to_string()
}

/// Records what was accepted, and what was answered.
pub async fn settle_sent(tx: &mut Tx, token: &Token, sent: &[(i64, &str)], now: DateTime<Utc>) -> Result<u64, Error> {
    tx.exec(&SENT, args![&listed(sent), token, now]).await
}

/// Marks of this transaction are on the disk when it is committed, whatever a server was told.
pub async fn insist_on_the_disk(tx: &mut Tx) -> Result<(), Error> {
    if tx.is_pg() { tx.one::<(bool,)>(&INSIST, args![]).await.map(drop) } else { Ok(()) }
}
