//! `/confirm/{token}`: GET shows what will start and one button; POST starts it.
//!
//! The token is that of a letter, which brings the sealed address along, or that of a reader whom an operator has added
//! and who is asked first.

mod added;
mod change;
mod sign_up;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};

use super::asked::Named;
use super::form::Form;
use super::{Pages, upcoming};
use crate::model::address::Address;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::token::Purpose;
use crate::model::topic::Facet;
use crate::render::{Ask, Confirming, Content, Often, Step, Trouble};
use crate::store::letter::{self, Letter};
use crate::store::request;
use crate::store::subscriber::{self, Subscriber};
use crate::store::{self, nudge, subscription};

pub async fn show(State(pages): State<Pages>, Named(token): Named<String>) -> Response {
    pages.answer(ask(&pages, &token).await)
}

pub async fn press(State(pages): State<Pages>, Named(token): Named<String>, body: Bytes) -> Response {
    pages.answer(take(&pages, &token, &Form::read(&body)).await)
}

/// What a token opens.
enum Opened {
    SignUp(Letter, Address),
    Change(Letter, Address),
    /// The letter is over, and the address was refused with it, or with another.
    Refused(Vec<u8>),
    Added(Subscriber),
}

/// Which button was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Button {
    Yes,
    NotMe,
    Undo,
    /// "Send me today's now".
    Now,
}

async fn open(pages: &Pages, token: &str) -> Result<Option<Opened>, store::Error> {
    if let Some((key, address)) = pages.keys.open_letter(token) {
        let letter = letter::by_key(&pages.store, &key).await?;
        return Ok(match letter.filter(|letter| pages.clock.now() - letter.asked_at <= letter::VALID) {
            Some(letter) if letter.subscriber.is_some() => Some(Opened::Change(letter, address)),
            Some(letter) => Some(Opened::SignUp(letter, address)),
            // The link carries the address: whoever has it can undo their word for as long as it stands.
            None => {
                let hash = pages.keys.hash_of_address(&address);
                sign_up::is_refused(pages, &hash).await?.then_some(Opened::Refused(hash))
            }
        });
    }
    Ok(added::reader(pages, token).await?.map(Opened::Added))
}

async fn ask(pages: &Pages, token: &str) -> Result<Response, store::Error> {
    match open(pages, token).await? {
        Some(Opened::SignUp(letter, address)) => sign_up::ask(pages, token, &letter, &address).await,
        Some(Opened::Change(letter, _)) => Ok(change::ask(pages, token, &letter)),
        Some(Opened::Refused(_)) => Ok(sign_up::refused(pages, token, &pages.config.site.language)),
        Some(Opened::Added(reader)) => added::ask(pages, token, &reader).await,
        None => Ok(expired(pages)),
    }
}

async fn take(pages: &Pages, token: &str, form: &Form) -> Result<Response, store::Error> {
    let Some(opened) = open(pages, token).await? else { return Ok(expired(pages)) };
    if !pages.is_ours(&path(token), form) {
        return Ok(pages.trouble(StatusCode::FORBIDDEN, Trouble::Elsewhere));
    }
    let button = match form.text("button") {
        "not-me" => Button::NotMe,
        "undo" => Button::Undo,
        "now" => Button::Now,
        _ => Button::Yes,
    };
    match opened {
        Opened::SignUp(letter, address) => sign_up::press(pages, token, &letter, &address, button).await,
        Opened::Change(letter, address) => change::press(pages, &letter, &address).await,
        Opened::Refused(hash) if button == Button::Undo => sign_up::undo(pages, &hash).await,
        Opened::Refused(_) => Ok(sign_up::refused(pages, token, &pages.config.site.language)),
        Opened::Added(reader) => added::press(pages, token, &reader, button).await,
    }
}

fn path(token: &str) -> String {
    format!("/confirm/{token}")
}

fn button(pages: &Pages, token: &str, button: &str) -> Ask {
    pages.ask(&path(token), &[("button", button)])
}

fn expired(pages: &Pages) -> Response {
    pages.trouble(StatusCode::GONE, Trouble::Expired)
}

/// Topics under how often they come, each frequency where its first topic stands.
fn parts<'a>(pages: &Pages, language: &Language, topics: impl Iterator<Item = (&'a Slug, &'a Slug)>) -> Vec<Often> {
    let mut parts: Vec<Often> = Vec::new();
    for (topic, frequency) in topics {
        let topic = pages.config.name_of(Facet::Topic, topic, language);
        let frequency = pages.config.name_of_frequency(frequency, language);
        match parts.iter_mut().find(|part| part.frequency == frequency) {
            Some(part) => part.topics.push(topic),
            None => parts.push(Often { topics: vec![topic], frequency }),
        }
    }
    parts
}

/// What was confirmed, unless it has ended since.
async fn confirmed(pages: &Pages, token: &str, reader: &Subscriber, is_coming: bool) -> Result<Response, store::Error> {
    let all = subscription::of_reader(&pages.store, reader.id).await?;
    let is_paused = all.iter().any(|s| s.state == "paused");
    let active: Vec<_> = all.into_iter().filter(|s| s.state == "active").collect();
    let preferences = pages.keys.dated(Purpose::Preferences, &reader.key.0, pages.clock.now());
    match (active.is_empty(), is_paused) {
        (true, false) => return Ok(expired(pages)),
        // Nothing comes before the pause is over, which is theirs to end.
        (true, true) => return Ok(Redirect::to(&format!("/preferences/{preferences}#pause")).into_response()),
        _ => {}
    }
    let content = Confirming {
        parts: parts(pages, &reader.language, active.iter().map(|s| (&s.topic, &s.frequency))),
        first: upcoming::first(pages, active.iter().map(|s| &s.frequency), reader.hour, reader.zone),
        zone: reader.zone.name().to_owned(),
        step: Step::Done,
        not_me: None,
        gets_mail: false,
        now: (!is_coming).then(|| button(pages, token, "now")),
        is_coming,
        preferences_url: Some(format!("/preferences/{preferences}")),
    };
    Ok(pages.page(StatusCode::OK, &reader.language, Content::Confirm(Box::new(content))))
}

/// "Send me today's now."
async fn send_now(pages: &Pages, token: &str, reader: &Subscriber) -> Result<Response, store::Error> {
    let mut tx = pages.store.begin().await?;
    request::ask(&mut tx, reader.id, pages.clock.now()).await?;
    tx.commit().await?;
    nudge::nudge(&pages.store).await?;
    confirmed(pages, token, reader, true).await
}

/// A reader wants their mail elsewhere: asks there.
pub async fn ask_new_address(pages: &Pages, reader: &Subscriber, new: &Address) -> Result<(), store::Error> {
    change::begin(pages, reader, new).await
}

async fn by_address(pages: &Pages, address: &Address) -> Result<Option<Subscriber>, store::Error> {
    subscriber::by_address(&pages.store, address).await
}
