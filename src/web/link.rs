//! `/{lang}/preferences`: mails a reader the link to their preferences. The answer is the same for every address.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::TimeDelta;

use super::Pages;
use super::form::{Came, Form};
use super::spoken::Spoken;
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
            if let Some(reader) = subscriber::by_address(&pages.store, &address).await? {
                send(pages, reader.id).await?;
            }
        }
    }
    Ok(Redirect::to(&format!("/{language}/preferences/sent")).into_response())
}

/// Mails a reader a fresh link, unless one has just gone out.
pub async fn send(pages: &Pages, reader: i64) -> Result<(), store::Error> {
    let now = pages.clock.now();
    let mut tx = pages.store.begin().await?;
    if delivery::answers_since(&mut tx, Kind::PreferencesLink, reader, now - ASK_AGAIN).await? == 0 {
        let mode = pages.config.delivery.mode;
        delivery::answer(&mut tx, Kind::PreferencesLink, &pages.chance.key(), mode, reader, now).await?;
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
