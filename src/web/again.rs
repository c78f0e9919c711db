//! `/again/{token}`: starts again what was stopped, for four weeks.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::TimeDelta;

use super::asked::Named;
use super::form::Form;
use super::{Pages, upcoming};
use crate::model::holdings::Return;
use crate::model::slug::Slug;
use crate::model::token::{AGAIN_DAYS, Purpose};
use crate::model::topic::Facet;
use crate::render::{Again, Content, Started, Trouble};
use crate::store::subscriber::{self, Subscriber};
use crate::store::subscription::{self, Subscription};
use crate::store::{self, nudge, suppression};

pub async fn show(State(pages): State<Pages>, Named(token): Named<String>) -> Response {
    pages.answer(ask(&pages, &token).await)
}

pub async fn start(State(pages): State<Pages>, Named(token): Named<String>, body: Bytes) -> Response {
    pages.answer(start_again(&pages, &token, &Form::read(&body)).await)
}

async fn ask(pages: &Pages, token: &str) -> Result<Response, store::Error> {
    let Some(reader) = reader(pages, token).await? else { return Ok(expired(pages)) };
    match offer(pages, &reader).await? {
        Some(again) => Ok(pages.page(StatusCode::OK, &reader.language, Content::Again { again, done: None })),
        None => started(pages, token, &reader).await,
    }
}

async fn start_again(pages: &Pages, token: &str, form: &Form) -> Result<Response, store::Error> {
    let Some(reader) = reader(pages, token).await? else { return Ok(expired(pages)) };
    if !pages.is_ours(&path(token), form) {
        return Ok(pages.trouble(StatusCode::FORBIDDEN, Trouble::Elsewhere));
    }
    let Some(again) = offer(pages, &reader).await? else { return started(pages, token, &reader).await };
    let how = if form.text("how") == "now" { Return::FromNow } else { Return::CatchUp };
    let mut tx = pages.store.begin().await?;
    subscription::start_again(&mut tx, reader.id, None, how, pages.clock.now()).await?;
    tx.commit().await?;
    nudge::nudge(&pages.store).await?;
    Ok(done(pages, &reader, again, &active(pages, &reader).await?))
}

/// The button was pressed already, here or in another tab: what comes.
async fn started(pages: &Pages, token: &str, reader: &Subscriber) -> Result<Response, store::Error> {
    let active = active(pages, reader).await?;
    if active.is_empty() {
        return Ok(expired(pages));
    }
    let name = |s: &Subscription| pages.config.name_of(Facet::Topic, &s.topic, &reader.language);
    let topics = active.iter().map(name).collect();
    let again = Again { ask: pages.ask(&path(token), &[]), topics, missed: false };
    Ok(done(pages, reader, again, &active))
}

async fn active(pages: &Pages, reader: &Subscriber) -> Result<Vec<Subscription>, store::Error> {
    let all = subscription::of_reader(&pages.store, reader.id).await?;
    Ok(all.into_iter().filter(|s| s.state == "active").collect())
}

fn done(pages: &Pages, reader: &Subscriber, again: Again, active: &[Subscription]) -> Response {
    let first = upcoming::first(pages, active.iter().map(|s| &s.frequency), reader.hour, reader.zone);
    let done = Some(Started { first, zone: reader.zone.name().to_owned() });
    pages.page(StatusCode::OK, &reader.language, Content::Again { again, done })
}

fn path(token: &str) -> String {
    format!("/again/{token}")
}

fn expired(pages: &Pages) -> Response {
    pages.trouble(StatusCode::GONE, Trouble::OldLink)
}

async fn reader(pages: &Pages, token: &str) -> Result<Option<Subscriber>, store::Error> {
    let Some((subject, made)) = pages.keys.dated_subject(Purpose::Again, token) else { return Ok(None) };
    if pages.clock.now() - made > TimeDelta::days(i64::from(AGAIN_DAYS)) {
        return Ok(None);
    }
    subscriber::by_key(&pages.store, &subject).await
}

/// What ended last and can start again. None: nothing has, it is too long ago, or mail to this address is suppressed.
pub async fn offer(pages: &Pages, reader: &Subscriber) -> Result<Option<Again>, store::Error> {
    let Some(address) = &reader.address else { return Ok(None) };
    let now = pages.clock.now();
    let all = subscription::of_reader(&pages.store, reader.id).await?;
    let is_live = |topic: &Slug| all.iter().any(|s| s.topic == *topic && s.state != "ended");
    let Some(last) = all.iter().filter_map(|s| s.stopped_at).max() else { return Ok(None) };
    let ended = all.iter().filter(|s| s.stopped_at == Some(last) && by_the_reader(s.stop_reason.as_deref()));
    let ended: Vec<_> = ended.filter(|s| !is_live(&s.topic)).collect();
    if ended.is_empty() || now - last > TimeDelta::days(i64::from(AGAIN_DAYS)) {
        return Ok(None);
    }
    if suppression::find(&pages.store, &pages.keys.hash_of_address(address)).await?.is_some() {
        return Ok(None);
    }
    let token = pages.keys.dated(Purpose::Again, &reader.key.0, now);
    let name = |s: &&Subscription| pages.config.name_of(Facet::Topic, &s.topic, &reader.language);
    Ok(Some(Again {
        ask: pages.ask(&path(&token), &[]),
        topics: ended.iter().map(name).collect(),
        missed: subscription::runs_since(&pages.store, reader.id, last, now).await? > 0,
    }))
}

fn by_the_reader(reason: Option<&str>) -> bool {
    matches!(reason, Some("reader" | "one-click" | "operator"))
}
