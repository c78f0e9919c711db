//! A reader whom an operator has added, and who is asked first.

use axum::http::StatusCode;
use axum::response::Response;

use super::super::{Pages, upcoming};
use super::{Button, button, confirmed, expired, parts, send_now};
use crate::model::token::Purpose;
use crate::render::{Confirming, Content, Step};
use crate::store::subscriber::{self, Subscriber};
use crate::store::{self, delivery, letter, nudge, subscription};

pub async fn reader(pages: &Pages, token: &str) -> Result<Option<Subscriber>, store::Error> {
    let Some(key) = pages.keys.subject(Purpose::Confirm, token) else { return Ok(None) };
    let Some((id, asked_at)) = delivery::confirmation(&pages.store, &key).await? else { return Ok(None) };
    if pages.clock.now() - asked_at > letter::VALID {
        return Ok(None);
    }
    subscriber::by_id(&pages.store, id).await
}

pub async fn ask(pages: &Pages, token: &str, reader: &Subscriber) -> Result<Response, store::Error> {
    let all = subscription::of_reader(&pages.store, reader.id).await?;
    let pending: Vec<_> = all.into_iter().filter(|s| s.state == "pending").collect();
    if pending.is_empty() {
        return confirmed(pages, token, reader, false).await;
    }
    let content = Confirming {
        parts: parts(pages, &reader.language, pending.iter().map(|s| (&s.topic, &s.frequency))),
        first: upcoming::first(pages, pending.iter().map(|s| &s.frequency), reader.hour, reader.zone),
        zone: reader.zone.name().to_owned(),
        step: Step::Ask(button(pages, token, "yes")),
        not_me: None,
        gets_mail: false,
        now: None,
        is_coming: false,
        preferences_url: None,
    };
    Ok(pages.page(StatusCode::OK, &reader.language, Content::Confirm(Box::new(content))))
}

pub async fn press(pages: &Pages, token: &str, reader: &Subscriber, button: Button) -> Result<Response, store::Error> {
    match button {
        Button::Yes => {
            let mut tx = pages.store.begin().await?;
            subscription::confirm(&mut tx, reader.id, pages.clock.now()).await?;
            tx.commit().await?;
            nudge::nudge(&pages.store).await?;
            confirmed(pages, token, reader, false).await
        }
        Button::Now => send_now(pages, token, reader).await,
        Button::NotMe | Button::Undo => Ok(expired(pages)),
    }
}
