//! A test digest: sent directly, now, marked as a test; outside the queue and the ledger, and recorded.

use chrono::{DateTime, TimeDelta, Utc};
use thiserror::Error;

use super::direct::{hand_over, plain};
use super::press::{Press, envelope_from, is_captured};
use super::signing::signed;
use crate::mail::fault::SessionError;
use crate::mail::message::Message;
use crate::model::address::Address;
use crate::model::choice::{Candidate, Section, Window};
use crate::model::delivery::{Key, Outcome};
use crate::model::edition::{Content, Format, lay_out};
use crate::model::language::Language;
use crate::pipeline::{self, Line};
use crate::store::{self, article, delivery, edition, filing, subscriber};

/// How many of the newest articles a test shows under a topic.
const NEWEST: i64 = 5;

/// What a test is to show.
#[derive(Debug, Clone)]
pub struct Trial {
    pub to: Address,
    /// In this order.
    pub topics: Vec<i64>,
    pub language: Language,
}

/// Where it went, and what was said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    pub outcome: Outcome,
    pub articles: usize,
    /// Into the mailbox inside Tidings.
    pub captured: bool,
}

#[derive(Debug, Error)]
pub enum TrialError {
    #[error("none of these topics has an article in this language yet")]
    NoArticles,
    #[error("the message could not be made: {0}")]
    Unmade(String),
    #[error(transparent)]
    Session(#[from] SessionError),
    #[error(transparent)]
    Line(#[from] pipeline::Error),
}

impl From<store::Error> for TrialError {
    fn from(error: store::Error) -> Self {
        Self::Line(error.into())
    }
}

/// Sends a digest of the newest articles under these topics.
pub async fn send(line: &Line, trial: &Trial, now: DateTime<Utc>) -> Result<Tried, TrialError> {
    let content = content(line, trial, now).await?;
    let articles = content.articles().count();
    if articles == 0 {
        return Err(TrialError::NoArticles);
    }
    let mut tx = line.store.begin().await?;
    edition::put(&mut tx, None, &content, now).await?;
    tx.commit().await?;

    let key = line.chance.key();
    let reader = subscriber::by_address(&line.store, &trial.to).await?.map_or(Key([0; 16]), |reader| reader.key);
    let press = Press::open(line).await?;
    let made = press.trial(&content, &reader, &key, &trial.to, now).await?;
    let message = made.map_err(TrialError::Unmade)?;

    tried(line, &key, &trial.to, message, articles, now).await
}

/// Sends a few words of ours: whether the relay takes mail from us at all.
pub async fn greet(line: &Line, to: &Address, now: DateTime<Utc>) -> Result<Tried, TrialError> {
    let site = &line.config.site.name;
    let text = format!(
        "This is a test of the way to this address, sent by `tidings mail test` for {site}.\n\nNobody needs to do anything.\n"
    );
    let (key, press) = (line.chance.key(), Press::open(line).await?);
    let message = plain(&press, &key, to, (format!("[Test] {site}"), text), now).map_err(TrialError::Unmade)?;
    tried(line, &key, to, message, 0, now).await
}

/// Signs it, hands it over, and records what was said.
async fn tried(
    line: &Line,
    key: &Key,
    to: &Address,
    message: Message,
    articles: usize,
    now: DateTime<Utc>,
) -> Result<Tried, TrialError> {
    let mode = line.config.delivery.mode;
    let captured = is_captured(line, mode, to);
    let message = signed(line, message, now).await.map_err(TrialError::Unmade)?;
    let outcome = hand_over(line, captured, &envelope_from(line, key), to, &message).await?;
    let mut tx = line.store.begin().await?;
    delivery::record_test(&mut tx, key, mode, &to.to_string(), &outcome, now).await?;
    tx.commit().await?;
    Ok(Tried { outcome, articles, captured })
}

async fn content(line: &Line, trial: &Trial, now: DateTime<Utc>) -> Result<Content, TrialError> {
    let site = &line.config.site;
    let mut window = Window::new(0, 0, site.language.clone());
    let mut sections: Vec<Section> = Vec::new();
    for &topic in &trial.topics {
        let newest = article::newest_in(&line.store, &[topic], &site.language, &trial.language, NEWEST).await?;
        let taken = |article: &i64| sections.iter().any(|section| section.articles.contains(article));
        let articles: Vec<i64> = newest.into_iter().filter(|article| !taken(article)).collect();
        if !articles.is_empty() {
            sections.push(Section { topic, articles });
        }
    }
    let all: Vec<i64> = sections.iter().flat_map(|section| section.articles.clone()).collect();
    let mut tx = line.store.begin().await?;
    let candidates: Vec<Candidate> = filing::of_articles(&mut tx, &all).await?;
    tx.rollback().await?;
    let earliest = candidates.iter().map(|candidate| candidate.seen_at).min();
    candidates.into_iter().for_each(|candidate| window.add(candidate));
    Ok(Content {
        frequency: None,
        zone: site.timezone.name().to_owned(),
        language: trial.language.clone(),
        format: Format::Full,
        parts: lay_out(&sections, &trial.topics, &window),
        from: earliest.unwrap_or_else(|| (now - TimeDelta::days(1)).timestamp_millis()),
        to: now.timestamp_millis(),
        late: false,
        template_version: line.templates.version().to_owned(),
    })
}
