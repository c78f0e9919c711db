//! `/{lang}/preferences`: mails a reader the link to their preferences. The answer is the same for every address.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;

use super::form::{Came, Form};
use super::spoken::Spoken;
use super::{Pages, letters};
use crate::model::address::Address;
use crate::model::language::Language;
use crate::render::{Content, Fault, Sent};
use crate::store::delivery::{self, Kind};
use crate::store::{self, nudge, subscriber};

/// One that was sent is looked for first.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(10);

pub async fn show(State(pages): State<Pages>, Spoken(language): Spoken) -> Response {
    form(&pages, &language, "", vec![])
}

pub async fn post(State(pages): State<Pages>, Spoken(language): Spoken, headers: HeaderMap, body: Bytes) -> Response {
    let posted = Form::read(&body);
    let came = pages.weigh(&path(&language), &headers, &posted);
    pages.answer(take(&pages, &language, posted.text("address"), came).await)
}

pub async fn sent(State(pages): State<Pages>, Spoken(language): Spoken) -> Response {
    pages.open_page(StatusCode::OK, &language, "/preferences/sent", Content::Sent { what: Sent::Link })
}

async fn take(pages: &Pages, language: &Language, typed: &str, came: Came) -> Result<Response, store::Error> {
    let fault = |field, message| Ok(form(pages, language, typed, vec![Fault { field, message }]));
    let address: Result<Address, _> = typed.parse();
    match (came, address) {
        (Came::ByRobot, _) => {}
        (_, Err(_)) if typed.is_empty() => return fault("address", "address_missing"),
        (_, Err(_)) => return fault("address", "address_wrong"),
        (Came::Quickly, _) => return fault("form", "form_quick"),
        (Came::Oddly, _) => return fault("form", "form_old"),
        (Came::Well, Ok(address)) => {
            let reader = subscriber::by_address(&pages.store, &address).await?;
            send(pages, reader.map(|reader| reader.id)).await?;
        }
    }
    Ok(Redirect::to(&format!("/{language}/preferences/sent")).into_response())
}

/// Mails a reader a fresh link, unless one has just gone out; to nobody, the same rows without a mail.
pub async fn send(pages: &Pages, reader: Option<i64>) -> Result<(), store::Error> {
    let since = pages.clock.now() - ASK_AGAIN;
    let mut tx = pages.store.begin().await?;
    // Nobody has the number 0.
    let lately = delivery::answers_since(&mut tx, Kind::PreferencesLink, reader.unwrap_or(0), since).await?;
    match reader {
        Some(reader) if lately == 0 => letters::answer(pages, &mut tx, Kind::PreferencesLink, reader).await?,
        Some(_) => letters::withhold(pages, &mut tx, Kind::PreferencesLink, "sent a moment ago").await?,
        None => letters::withhold(pages, &mut tx, Kind::PreferencesLink, "no reader of ours").await?,
    }
    tx.commit().await?;
    nudge::nudge(&pages.store).await.map(drop)
}

fn path(language: &Language) -> String {
    format!("/{language}/preferences")
}

fn form(pages: &Pages, language: &Language, address: &str, faults: Vec<Fault>) -> Response {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let content = Content::Link { ask: pages.ask(&path(language), &[]), address: address.to_owned(), faults };
    pages.open_page(status, language, "/preferences", content)
}
