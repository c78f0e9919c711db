//! The language of a page: said in its path, else what the browser asks for.

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use super::Pages;
use crate::model::language::Language;
use crate::render::{Elsewhere, Trouble};

/// The language at the beginning of a path, one of the site's.
pub struct Spoken(pub Language);

impl FromRequestParts<Pages> for Spoken {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let not_found = || pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound);
        let params = RawPathParams::from_request_parts(parts, pages).await.map_err(|_| not_found())?;
        let said = params.iter().find(|(name, _)| *name == "lang").map(|(_, value)| value);
        let all = &pages.config.site.languages;
        let found = said.and_then(|said| all.iter().find(|language| language.as_str() == said));
        found.cloned().map(Self).ok_or_else(not_found)
    }
}

/// The first of the browser's languages that we have; else the site's. (RFC 9110 §12.5.4; weights apart from order are
/// what no browser sends.)
pub fn asked_for(pages: &Pages, headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let tags = wanted.split(',').filter_map(|part| part.split(';').next());
    let languages = tags.filter_map(|tag| tag.parse::<Language>().ok());
    let known = |language: &Language| pages.config.site.languages.contains(language);
    languages.into_iter().find(known).unwrap_or_else(|| pages.config.site.language.clone())
}

/// A path in a language of the site, with a slash where we write one and none where we do not; None if it is like that.
pub fn as_we_write_it(pages: &Pages, path: &str) -> Option<String> {
    let bare = path.trim_end_matches('/');
    let tag = bare.strip_prefix('/')?.split('/').next()?;
    let spoken = pages.config.site.languages.iter().any(|language| language.as_str() == tag);
    let ours = if bare.len() == tag.len() + 1 { format!("{bare}/") } else { bare.to_owned() };
    (spoken && ours != path).then_some(ours)
}

/// The same page in all languages of the site; `path` is what follows the language.
pub fn elsewhere(pages: &Pages, here: &Language, path: &str) -> Vec<Elsewhere> {
    let line = |language: &Language| Elsewhere {
        dir: language.direction(),
        name: pages.templates.own_name(language),
        url: format!("/{language}{path}"),
        here: language == here,
        language: language.clone(),
    };
    pages.config.site.languages.iter().map(line).collect()
}
