//! `/confirm/{token}`: GET shows what will start and one button; POST starts it.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;

use super::Pages;
use crate::model::language::Language;
use crate::model::token::Purpose;
use crate::model::topic::Facet;
use crate::render::{Ask, Content, Moment, Step, Trouble};
use crate::store::subscriber::{self, Subscriber};
use crate::store::subscription::{self, Subscription};
use crate::store::{self, delivery, nudge};

/// How long the link works.
const VALID: TimeDelta = TimeDelta::days(7);

pub async fn show(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    pages.answer(ask(&pages, &token).await)
}

pub async fn start(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    pages.answer(confirm(&pages, &token).await)
}

async fn ask(pages: &Pages, token: &str) -> Result<Response, store::Error> {
    let Some(reader) = reader(pages, token).await? else { return Ok(expired(pages)) };
    let subscriptions = in_state(pages, &reader, "pending").await?;
    if subscriptions.is_empty() {
        return confirmed(pages, &reader).await;
    }
    let step = Step::Ask(Ask { action: format!("/confirm/{token}"), hidden: vec![] });
    Ok(page(pages, &reader, &subscriptions, step))
}

async fn confirm(pages: &Pages, token: &str) -> Result<Response, store::Error> {
    let Some(reader) = reader(pages, token).await? else { return Ok(expired(pages)) };
    let mut tx = pages.store.begin().await?;
    subscription::confirm(&mut tx, reader.id, pages.clock.now()).await?;
    tx.commit().await?;
    nudge::nudge(&pages.store).await?;
    confirmed(pages, &reader).await
}

/// The link was used: what it started, unless that has ended since.
async fn confirmed(pages: &Pages, reader: &Subscriber) -> Result<Response, store::Error> {
    let subscriptions = in_state(pages, reader, "active").await?;
    if subscriptions.is_empty() {
        return Ok(expired(pages));
    }
    Ok(page(pages, reader, &subscriptions, Step::Done))
}

fn expired(pages: &Pages) -> Response {
    pages.trouble(StatusCode::GONE, Trouble::Expired)
}

async fn reader(pages: &Pages, token: &str) -> Result<Option<Subscriber>, store::Error> {
    let Some(key) = pages.keys.subject(Purpose::Confirm, token) else { return Ok(None) };
    let Some((id, asked_at)) = delivery::confirmation(&pages.store, &key).await? else { return Ok(None) };
    if pages.clock.now() - asked_at > VALID {
        return Ok(None);
    }
    subscriber::by_id(&pages.store, id).await
}

async fn in_state(pages: &Pages, reader: &Subscriber, state: &str) -> Result<Vec<Subscription>, store::Error> {
    let subscriptions = subscription::of_reader(&pages.store, reader.id).await?;
    Ok(subscriptions.into_iter().filter(|s| s.state == state).collect())
}

fn page(pages: &Pages, reader: &Subscriber, subscriptions: &[Subscription], step: Step) -> Response {
    let language: &Language = &reader.language;
    let frequency = subscriptions.first().map(|s| pages.config.name_of_frequency(&s.frequency, language));
    let content = Content::Confirm {
        topics: subscriptions.iter().map(|s| pages.config.name_of(Facet::Topic, &s.topic, language)).collect(),
        frequency: frequency.unwrap_or_default(),
        first: first(pages, reader, subscriptions),
        zone: reader.zone.name().to_owned(),
        step,
    };
    pages.page(StatusCode::OK, language, content)
}

/// When the first of these falls due, on the reader's wall.
fn first(pages: &Pages, reader: &Subscriber, subscriptions: &[Subscription]) -> Option<Moment> {
    let hour = u8::try_from(reader.hour).ok()?;
    let now = pages.clock.now();
    let firings = subscriptions.iter().filter_map(|s| {
        let frequency = pages.config.frequencies.iter().find(|f| f.slug == s.frequency)?;
        let schedule =
            if frequency.hour_choice { frequency.schedule.at_hour(hour) } else { frequency.schedule.clone() };
        schedule.next_after(now, reader.zone)
    });
    firings
        .min_by_key(|firing| firing.at)
        .map(|firing| Moment::from(firing.at.with_timezone(&reader.zone).naive_local()))
}
