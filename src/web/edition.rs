//! `/edition/{key}`: an edition without any reader in it; all its articles, safe to forward.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::Pages;
use super::asked::Named;
use crate::model::token::from_base32;
use crate::render::{Content, Reading, Trouble};
use crate::store::article::{self, Version};
use crate::store::{self, declared, edition};

pub async fn show(State(pages): State<Pages>, Named(key): Named<String>) -> Response {
    pages.answer(find(&pages, &key).await)
}

async fn find(pages: &Pages, key: &str) -> Result<Response, store::Error> {
    let found = match from_base32(key) {
        Some(bytes) => edition::by_key(&pages.store, &bytes).await?,
        None => None,
    };
    let Some(edition) = found else { return Ok(pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound)) };

    let ids: Vec<i64> = edition.content.articles().collect();
    let stories = article::stories(&pages.store, &ids, Version::Corrected).await?;
    let topics = declared::all_topics(&pages.store).await?.into_iter().map(|t| (t.id, t.facet, t.slug));
    let frequencies = declared::all_frequencies(&pages.store).await?.into_iter().map(|f| (f.id, f.slug));
    let directory = pages.config.directory(topics, frequencies);
    let reading = Reading {
        site: &pages.site,
        directory: &directory,
        stories: &stories,
        withdrawn: &article::withdrawn(&pages.store, &ids).await?,
        edition_url: &pages.config.site.link(&format!("/edition/{key}")),
        whole: true,
        test: false,
    };
    let digest = Box::new(reading.digest(&edition.content));
    let language = edition.content.language.clone();
    let topics: Vec<String> = digest.sections.iter().map(|section| format!("topic={}", section.topic)).collect();
    let subscribe_url = format!("/{language}/subscribe?{}", topics.join("&"));
    Ok(pages.page(StatusCode::OK, &language, Content::Edition { digest, subscribe_url }))
}
