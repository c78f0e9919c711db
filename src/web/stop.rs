//! `/stop/{token}`: GET shows what would stop, POST stops it: everything, or with `?topic=` one topic.
//!
//! Whoever has stopped everything can start again for four weeks.
//!
//! RFC 8058: a POST of the mail program, without cookie or form, at any age of the token, ends every subscription of
//! the reader; a second one changes nothing.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::asked::{Named, Query};
use super::form::Form;
use super::{Pages, again, letters};
use crate::model::holdings::StopReason;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::token::Purpose;
use crate::model::topic::Facet;
use crate::render::{Ask, Content, Step, Stopping, Trouble};
use crate::store::declared::{self, Topic};
use crate::store::delivery::Kind;
use crate::store::subscriber::{self, Subscriber};
use crate::store::{self, Tx, nudge, subscription};

#[derive(Debug)]
struct Which {
    topic: Option<String>,
}

/// A link whose topic is none of ours: it was mangled, and must not stop more than it said.
struct Mangled;

impl Which {
    /// The first topic that is named: a link of ours has one.
    fn said(query: &Form) -> Self {
        Self { topic: query.has("topic").then(|| query.text("topic").to_owned()) }
    }

    /// The topic, or the one that has replaced it since the mail was sent.
    async fn topic(&self, pages: &Pages) -> Result<Result<Option<Topic>, Mangled>, store::Error> {
        let Some(text) = &self.topic else { return Ok(Ok(None)) };
        let Ok(slug) = text.parse() else { return Ok(Err(Mangled)) };
        let topic = declared::topic_now(&pages.store, Facet::Topic, &slug).await?;
        Ok(topic.map(Some).ok_or(Mangled))
    }
}

pub async fn show(State(pages): State<Pages>, Named(token): Named<String>, Query(query): Query) -> Response {
    pages.answer(asked(&pages, &token, &Which::said(&query)).await)
}

async fn asked(pages: &Pages, token: &str, which: &Which) -> Result<Response, store::Error> {
    let Ok(topic) = which.topic(pages).await? else { return Ok(not_found(pages)) };
    let topic = topic.map(|topic| topic.slug);
    let action = match &topic {
        Some(slug) => format!("/stop/{token}?topic={slug}"),
        None => format!("/stop/{token}"),
    };
    page(pages, token, topic.as_ref(), Step::Ask(Ask { action, hidden: vec![] })).await
}

pub async fn stop(
    State(pages): State<Pages>,
    Named(token): Named<String>,
    Query(query): Query,
    body: Bytes,
) -> Response {
    // Urlencoded or multipart, the field and its value stand there as they are.
    let one_click = contains(&body, b"List-Unsubscribe") && contains(&body, b"One-Click");
    let reason = if one_click { StopReason::OneClick } else { StopReason::Reader };
    pages.answer(end(&pages, &token, &Which::said(&query), reason).await)
}

fn not_found(pages: &Pages) -> Response {
    pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound)
}

fn contains(body: &[u8], word: &[u8]) -> bool {
    body.windows(word.len()).any(|window| window == word)
}

async fn end(pages: &Pages, token: &str, which: &Which, reason: StopReason) -> Result<Response, store::Error> {
    let Ok(topic) = which.topic(pages).await? else { return Ok(not_found(pages)) };
    let Some(subject) = pages.keys.subject(Purpose::Stop, token) else {
        return Ok(not_found(pages));
    };
    // What it would have ended is said as what it has ended.
    let what = what(pages, token, topic.as_ref().map(|topic| &topic.slug)).await?;
    if let Some(reader) = subscriber::by_key(&pages.store, &subject).await? {
        let mut tx = pages.store.begin().await?;
        let one = topic.as_ref().map(|topic| std::slice::from_ref(&topic.id));
        let ended = subscription::stop(&mut tx, reader.id, one, reason, pages.clock.now()).await?;
        let is_gone = subscription::is_gone(&mut tx, reader.id).await?;
        goodbye(pages, &mut tx, reader.id, !ended.is_empty() && is_gone).await?;
        tx.commit().await?;
        nudge::nudge(&pages.store).await?;
    }
    show_it(pages, what, Step::Done).await
}

/// Off by default: who has stopped wants no more mail.
async fn goodbye(pages: &Pages, tx: &mut Tx, reader: i64, has_gone: bool) -> Result<(), store::Error> {
    if has_gone && pages.config.delivery.goodbye {
        letters::answer(pages, tx, Kind::Goodbye, reader).await?;
    }
    Ok(())
}

async fn page(pages: &Pages, token: &str, topic: Option<&Slug>, step: Step) -> Result<Response, store::Error> {
    let what = what(pages, token, topic).await?;
    show_it(pages, what, step).await
}

/// What a link stops, and whose it is.
struct Whose {
    reader: Option<Subscriber>,
    what: Stopping,
}

/// None: it is no link of ours.
async fn what(pages: &Pages, token: &str, topic: Option<&Slug>) -> Result<Option<Whose>, store::Error> {
    let Some(subject) = pages.keys.subject(Purpose::Stop, token) else { return Ok(None) };
    // A test mail's links, and those of a reader who was erased, have nobody behind them: nothing is left to stop.
    let reader = subscriber::by_key(&pages.store, &subject).await?;
    let live = match &reader {
        Some(reader) => live_topics(pages, reader).await?,
        None => vec![],
    };
    let language = spoken(pages, reader.as_ref());
    let name = |slug: &Slug| pages.config.name_of(Facet::Topic, slug, &language);
    let what = match topic {
        Some(slug) => Stopping::Topic {
            name: name(slug),
            left: live.iter().filter(|other| *other != slug).map(name).collect(),
            everything_url: format!("/stop/{token}"),
        },
        None => Stopping::Everything { topics: live.iter().map(name).collect() },
    };
    Ok(Some(Whose { reader, what }))
}

async fn show_it(pages: &Pages, whose: Option<Whose>, step: Step) -> Result<Response, store::Error> {
    let Some(Whose { reader, what }) = whose else { return Ok(not_found(pages)) };
    let language = spoken(pages, reader.as_ref());
    // Offered to whoever has stopped, now or before, not to whoever thinks about it.
    let nothing_left = matches!(&what, Stopping::Everything { topics } if topics.is_empty());
    let again = match &reader {
        Some(reader) if step == Step::Done || nothing_left => again::offer(pages, reader).await?,
        _ => None,
    };
    let step = if nothing_left { Step::Done } else { step };
    Ok(pages.page(StatusCode::OK, &language, Content::Stop { what, step, again }))
}

fn spoken(pages: &Pages, reader: Option<&Subscriber>) -> Language {
    reader.map_or_else(|| pages.config.site.language.clone(), |reader| reader.language.clone())
}

async fn live_topics(pages: &Pages, reader: &Subscriber) -> Result<Vec<Slug>, store::Error> {
    let subscriptions = subscription::of_reader(&pages.store, reader.id).await?;
    Ok(subscriptions.into_iter().filter(|s| s.state != "ended").map(|s| s.topic).collect())
}
