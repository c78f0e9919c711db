//! `/{lang}/`: the topics, and what they hold. `/`: the same, in the browser's language.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::choices::{self, Numbers};
use super::spoken::{Spoken, asked_for};
use super::{Pages, topic};
use crate::model::language::Language;
use crate::render::{Content, TopicLine};
use crate::store;

pub async fn show(State(pages): State<Pages>, Spoken(language): Spoken) -> Response {
    pages.answer(home(&pages, &language).await)
}

/// To the page in a language, whatever the page: `/`, `/privacy`, `/embed`.
pub async fn in_your_language(State(pages): State<Pages>, headers: HeaderMap, uri: axum::http::Uri) -> Response {
    let language = asked_for(&pages, &headers);
    Redirect::temporary(&format!("/{language}{}", uri.path())).into_response()
}

async fn home(pages: &Pages, language: &Language) -> Result<Response, store::Error> {
    let numbers = Numbers::of(pages).await?;
    let paces = choices::paces(pages, language).await?;
    let line = |chosen: crate::render::TopicChoice| TopicLine {
        description: topic::description(pages, &chosen.slug, language),
        url: format!("/{language}/topic/{}", chosen.slug),
        name: chosen.name,
        pace: chosen.pace,
    };
    let topics = choices::topics(pages, &numbers, &paces, language, |_| false).into_iter().map(line).collect();
    let content = Content::Home { topics, subscribe_url: format!("/{language}/subscribe") };
    Ok(pages.open_page(StatusCode::OK, language, "/", content))
}
