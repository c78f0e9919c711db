//! The pages behind the links in our mails, a file per page. It renders and it writes rows; it never talks SMTP.
//!
//! GET and HEAD never change anything. What a link may do is in its token; there are no cookies. A POST comes from a page
//! of ours, with a signed form; only the one-click stop of mail programs, and a sign-up form on the newsroom's own
//! pages, come from elsewhere.

mod again;
mod asked;
mod choices;
mod confirm;
mod edition;
pub mod embed;
mod form;
mod headers;
mod home;
mod letters;
mod link;
mod mailbox;
mod preferences;
mod privacy;
mod spoken;
mod stop;
mod subscribe;
mod topic;
mod upcoming;
mod watched;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::extract::{RawPathParams, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tracing::error;

use self::spoken::Spoken;
use crate::clock::{Chance, Clock};
use crate::config::Config;
use crate::model::language::Language;
use crate::model::pulse::Pulse;
use crate::model::token::Keys;
use crate::model::words::with_causes;
use crate::render::{Content, Page, Site, Templates, Trouble};
use crate::store::{self, Store};

/// More than any form of ours, or a one-click request, has.
const LARGEST_BODY: usize = 64 * 1024;

/// What the pages are made from.
#[derive(Clone)]
pub struct Pages {
    pub config: Arc<Config>,
    pub store: Store,
    pub templates: Arc<Templates>,
    pub keys: Keys,
    pub clock: Clock,
    pub chance: Chance,
    /// What every page says of its sender.
    pub site: Arc<Site>,
    /// The scheduler's.
    pub pulse: Pulse,
}

/// Answers until `stop`; then lets the requests that are under way end.
pub async fn serve(
    pages: Pages,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(pages)).with_graceful_shutdown(stop).await
}

/// Answers those who measure, until `stop`.
pub async fn serve_metrics(
    pages: Pages,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, watched::metrics(pages)).with_graceful_shutdown(stop).await
}

pub fn router(pages: Pages) -> Router {
    let security = headers::security(&pages);
    let turned_away = {
        let pages = pages.clone();
        move |_| pages.trouble(StatusCode::FORBIDDEN, Trouble::Elsewhere)
    };
    Router::new()
        .merge(behind_links())
        .merge(in_the_open())
        .merge(mailbox::routes(&pages))
        .layer(CsrfLayer::new().with_rejection_response(turned_away))
        .merge(from_elsewhere())
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .layer(security)
        // Outside the pages' headers: it is for machines.
        .merge(watched::routes())
        .layer(CatchPanicLayer::new())
        .with_state(pages)
}

/// What may be posted to from another site: the one click of a mail program in a browser, and a form on the newsroom's own
/// pages, which leads to ours.
fn from_elsewhere() -> Router<Pages> {
    Router::new()
        .route("/stop/{token}", get(stop::show).post(stop::stop))
        .layer(headers::private())
        .route("/{lang}/subscribe", get(subscribe::show).post(subscribe::post))
}

/// What the links in our mails lead to.
fn behind_links() -> Router<Pages> {
    Router::new()
        .route("/again/{token}", get(again::show).post(again::start))
        .route("/confirm/{token}", get(confirm::show).post(confirm::press))
        .route("/preferences/{token}", get(preferences::show).post(preferences::save))
        .route("/edition/{key}", get(edition::show))
        .layer(headers::private())
}

/// What anybody can look at.
fn in_the_open() -> Router<Pages> {
    Router::new()
        .route("/", get(home::in_your_language))
        .route("/privacy", get(home::in_your_language))
        .route("/embed", get(home::in_your_language))
        .route("/{lang}/", get(home::show))
        .route("/{lang}/sent", get(subscribe::sent))
        .route("/{lang}/topic/{slug}", get(topic::show))
        .route("/{lang}/topic/{slug}/{date}", get(topic::show))
        .route("/{lang}/preferences", get(link::show).post(link::post))
        .route("/{lang}/preferences/sent", get(link::sent))
        .route("/{lang}/privacy", get(privacy::show))
        .route("/{lang}/embed", get(embed::show))
}

/// No page of ours: but people type `/en`, and end what they type with a slash.
async fn nowhere(State(pages): State<Pages>, method: Method, uri: Uri) -> Response {
    match spoken::as_we_write_it(&pages, uri.path()) {
        Some(path) if method == Method::GET || method == Method::HEAD => {
            let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
            Redirect::permanent(&format!("{path}{query}")).into_response()
        }
        _ => pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound),
    }
}

/// A page of ours, but not to be asked that way; unless it begins with no language of ours, and is none.
async fn not_so(State(pages): State<Pages>, path: RawPathParams, spoken: Result<Spoken, Response>) -> Response {
    match spoken {
        Err(not_found) if path.iter().any(|(name, _)| name == "lang") => not_found,
        _ => pages.trouble(StatusCode::METHOD_NOT_ALLOWED, Trouble::NotFound),
    }
}

impl Pages {
    /// A page behind a token.
    fn page(&self, status: StatusCode, language: &Language, content: Content) -> Response {
        self.render(
            status,
            Page { site: Site::clone(&self.site), language: language.clone(), elsewhere: vec![], content },
        )
    }

    /// A page for anybody, in all the site's languages. `path` is what follows the language.
    fn open_page(&self, status: StatusCode, language: &Language, path: &str, content: Content) -> Response {
        let elsewhere = spoken::elsewhere(self, language, path);
        self.render(status, Page { site: Site::clone(&self.site), language: language.clone(), elsewhere, content })
    }

    fn render(&self, status: StatusCode, page: Page) -> Response {
        match self.templates.page(&page) {
            Ok(html) => (status, Html(html)).into_response(),
            Err(broken) => {
                error!("a page cannot be rendered: {}", with_causes(&broken));
                (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side. Please try again later.\n")
                    .into_response()
            }
        }
    }

    fn trouble(&self, status: StatusCode, trouble: Trouble) -> Response {
        self.page(status, &self.config.site.language, Content::Error { trouble })
    }

    /// A page, or what a reader sees when the database fails.
    fn answer(&self, made: Result<Response, store::Error>) -> Response {
        made.unwrap_or_else(|failure| {
            error!("a page failed: {}", with_causes(&failure));
            self.trouble(StatusCode::INTERNAL_SERVER_ERROR, Trouble::Wrong)
        })
    }
}
