//! What a reader said yes to, when, to which wording and from where: what an authority may ask for.

use chrono::{DateTime, Utc};

use super::sql::{args, same, statements};
use super::{Error, Tx};
use crate::model::language::Language;
use crate::model::slug::Slug;

statements! {
    RECORD = same("INSERT INTO consent (subscriber, given_at, wording, language, origin, topics) VALUES ($1, $2, $3, $4, $5, $6)");
}

#[derive(Debug, Clone)]
pub struct Consent<'a> {
    pub subscriber: i64,
    /// The version of the texts that they read.
    pub wording: &'a str,
    pub language: &'a Language,
    /// Where the sign-up came from.
    pub origin: &'a str,
    pub topics: &'a [Slug],
}

pub async fn record(tx: &mut Tx, consent: &Consent<'_>, now: DateTime<Utc>) -> Result<(), Error> {
    let topics = serde_json::to_string(consent.topics).expect("slugs always serialise");
    let values = args![consent.subscriber, now, consent.wording, consent.language.as_str(), consent.origin, &topics];
    tx.exec(&RECORD, values).await.map(drop)
}
