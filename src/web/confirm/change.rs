//! A change of address: confirmed at the new one, told to the old one.

use axum::http::StatusCode;
use axum::response::Response;

use super::super::Pages;
use super::{button, expired};
use crate::model::address::Address;
use crate::model::token::Keys;
use crate::render::{Content, Step, Trouble};
use crate::store::letter::{self, Draft, Kind, Letter};
use crate::store::subscriber::{self, Subscriber};
use crate::store::{self, Tx, nudge, suppression};

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
    letter::answer_one(&mut tx, &letter.key, now).await?;
    if !subscriber::change_address(&mut tx, id, new).await? {
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

/// Asks a new address, or leaves the same rows without asking.
pub async fn begin(pages: &Pages, reader: &Subscriber, new: &Address) -> Result<(), store::Error> {
    let suppressed = suppression::find(&pages.store, &pages.keys.hash_of_address(new)).await?.is_some();
    let mut tx = pages.store.begin().await?;
    write(pages, &mut tx, reader, new, Kind::AddressChange, suppressed).await?;
    tx.commit().await?;
    nudge::nudge(&pages.store).await.map(drop)
}

async fn tell_the_old(pages: &Pages, tx: &mut Tx, reader: &Subscriber) -> Result<(), store::Error> {
    let Some(old) = &reader.address else { return Ok(()) };
    write(pages, tx, reader, old, Kind::AddressChanged, false).await
}

async fn write(
    pages: &Pages,
    tx: &mut Tx,
    reader: &Subscriber,
    to: &Address,
    kind: Kind,
    suppressed: bool,
) -> Result<(), store::Error> {
    let (keys, now): (&Keys, _) = (&pages.keys, pages.clock.now());
    let (key, hash) = (pages.chance.key(), keys.hash_of_address(to));
    let draft = Draft {
        key,
        kind,
        hash: &hash,
        sealed: keys.seal(&key, to, pages.chance.bytes()),
        subscriber: Some(reader.id),
        topics: &[],
        frequency: None,
        language: &reader.language,
        zone: reader.zone,
        hour: reader.hour,
        origin: "preferences",
    };
    let withheld = match kind {
        Kind::AddressChanged => None,
        _ => super::super::subscribe::withheld(tx, &hash, kind, suppressed, now).await?,
    };
    letter::write(tx, &draft, pages.config.delivery.mode, withheld, now).await
}
