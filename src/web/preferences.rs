//! `/preferences/{token}`: what a reader gets, and everything about it that they can change. Each section saves on its
//! own and answers in a sentence.

mod change;
mod view;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};

use self::change::Changed;
use super::Pages;
use super::asked::Named;
use super::form::Form;
use crate::model::token::Purpose;
use crate::render::Trouble;
use crate::store::subscriber::{self, Subscriber};
use crate::store::{self, nudge};

/// How long a link in a digest works, and for how long one that was asked for may also change the address.
const VALID: TimeDelta = TimeDelta::days(30);
const FRESH: TimeDelta = TimeDelta::days(1);

/// A reader who came by a link of theirs.
struct Visit {
    reader: Subscriber,
    path: String,
    /// The link was asked for within the last day.
    fresh: bool,
}

pub async fn show(State(pages): State<Pages>, Named(token): Named<String>) -> Response {
    pages.answer(look(&pages, &token).await)
}

pub async fn save(State(pages): State<Pages>, Named(token): Named<String>, body: Bytes) -> Response {
    pages.answer(take(&pages, &token, &Form::read(&body)).await)
}

async fn look(pages: &Pages, token: &str) -> Result<Response, store::Error> {
    match visit(pages, token).await? {
        Some(visit) => view::page(pages, &visit, Changed::default()).await,
        None => Ok(pages.trouble(StatusCode::GONE, Trouble::OldLink)),
    }
}

async fn take(pages: &Pages, token: &str, form: &Form) -> Result<Response, store::Error> {
    let Some(visit) = visit(pages, token).await? else {
        return Ok(pages.trouble(StatusCode::GONE, Trouble::OldLink));
    };
    if !pages.is_ours(&visit.path, form) {
        return Ok(pages.trouble(StatusCode::FORBIDDEN, Trouble::Elsewhere));
    }
    let changed = change::make(pages, &visit, form).await?;
    nudge::nudge(&pages.store).await?;
    // As it is now: the language of the page may be another.
    let Some(reader) = subscriber::by_id(&pages.store, visit.reader.id).await? else {
        return Ok(pages.trouble(StatusCode::GONE, Trouble::OldLink));
    };
    view::page(pages, &Visit { reader, ..visit }, changed).await
}

async fn visit(pages: &Pages, token: &str) -> Result<Option<Visit>, store::Error> {
    let now = pages.clock.now();
    let opened = |purpose| pages.keys.dated_subject(purpose, token);
    let asked_for = opened(Purpose::Fresh);
    let Some((subject, made)) = asked_for.or_else(|| opened(Purpose::Preferences)) else { return Ok(None) };
    if now - made > VALID {
        return Ok(None);
    }
    let reader = subscriber::by_key(&pages.store, &subject).await?;
    let fresh = asked_for.is_some() && now - made <= FRESH;
    let is_theirs = |reader: &Subscriber| reader.address.is_some() && !is_of_another(reader.moved_at, made);
    Ok(reader.filter(is_theirs).map(|reader| Visit { reader, path: format!("/preferences/{token}"), fresh }))
}

/// Whether a link was mailed to the address that its reader had before. Links know the minute of their making: one of the
/// same minute may be the first to the new address.
fn is_of_another(moved_at: Option<DateTime<Utc>>, made: DateTime<Utc>) -> bool {
    moved_at.is_some_and(|moved| made.timestamp() / 60 < moved.timestamp() / 60)
}
