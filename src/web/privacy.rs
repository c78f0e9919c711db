//! `/{lang}/privacy`: what is kept, and for how long, said by the program that keeps it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::Pages;
use super::spoken::Spoken;
use crate::model::delivery::Mode;
use crate::model::token::AGAIN_DAYS;
use crate::render::Content;
use crate::store::letter;

pub async fn show(State(pages): State<Pages>, Spoken(language): Spoken) -> Response {
    let content = Content::Privacy {
        captured: pages.config.delivery.mode == Mode::Capture,
        confirm_days: u32::try_from(letter::VALID.num_days()).unwrap_or_default(),
        again_days: AGAIN_DAYS,
    };
    pages.open_page(StatusCode::OK, &language, "/privacy", content)
}
