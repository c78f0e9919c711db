//! A change of address: confirmed at the new one, told to the old one.

use axum::http::StatusCode;
use axum::response::Response;

use super::super::Pages;
use super::super::letters;
use super::{button, expired};
use crate::model::address::Address;
use crate::render::{Content, Step, Trouble};
use crate::store::delivery::Kind;
use crate::store::letter::{self, Letter, Writing};
use crate::store::subscriber::{self, Subscriber};
use crate::store::{self, Tx, nudge};

pub fn ask(pages: &Pages, token: &str, letter: &Letter) -> Response {
    if letter.answered_at.is_some() {
        return done(pages, letter);
    }
    let step = Step::Ask(button(pages, token, "yes"));
    pages.page(StatusCode::OK, &letter.language, Content::AddressChange { step })
}

pub async fn press(pages: &Pages, letter: &Letter, new: &Address) -> Result<Response, store::Error> {
    let Some(id) = letter.subscriber else { return Ok(expired(pages)) };
    let Some(reader) = subscriber::by_id(&pages.store, id).await? else { return Ok(expired(pages)) };
    if letter.answered_at.is_some() {
        return Ok(done(pages, letter));
    }
    let now = pages.clock.now();
    let mut tx = pages.store.begin().await?;
    // Of two presses at the same time one is first.
    if !letter::answer_one(&mut tx, &letter.key, now).await? {
        tx.rollback().await?;
        return Ok(done(pages, letter));
    }
    if !subscriber::change_address(&mut tx, id, new, now).await? {
        tx.rollback().await?;
        return Ok(pages.trouble(StatusCode::CONFLICT, Trouble::Taken));
    }
    tell_the_old(pages, &mut tx, &reader).await?;
    tx.commit().await?;
    nudge::nudge(&pages.store).await?;
    Ok(done(pages, letter))
}

fn done(pages: &Pages, letter: &Letter) -> Response {
    pages.page(StatusCode::OK, &letter.language, Content::AddressChange { step: Step::Done })
}

/// Asks a new address.
pub async fn begin(pages: &Pages, reader: &Subscriber, new: &Address) -> Result<(), store::Error> {
    letters::ask(pages, new, &about(reader, Kind::AddressChange)).await
}

async fn tell_the_old(pages: &Pages, tx: &mut Tx, reader: &Subscriber) -> Result<(), store::Error> {
    let Some(old) = &reader.address else { return Ok(()) };
    letters::tell(pages, tx, old, &about(reader, Kind::AddressChanged)).await
}

fn about(reader: &Subscriber, kind: Kind) -> Writing<'_> {
    Writing {
        kind,
        subscriber: Some(reader.id),
        topics: &[],
        frequency: None,
        language: &reader.language,
        zone: reader.zone,
        hour: reader.hour,
        origin: "preferences",
    }
}
