//! What a request says in its address. Mail programs break links, and people change them: what cannot be read names no page
//! of ours, and is never answered with words of a library's.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::de::DeserializeOwned;

use super::Pages;
use super::form::Form;
use crate::render::Trouble;

/// The parts of the path.
pub struct Named<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Pages> for Named<T> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, Response> {
        let read = Path::<T>::from_request_parts(parts, pages).await;
        read.map(|Path(named)| Self(named)).map_err(|_| pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound))
    }
}

/// What follows the `?`, in whatever order and however often.
pub struct Query(pub Form);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Form::read(parts.uri.query().unwrap_or_default().as_bytes())))
    }
}
