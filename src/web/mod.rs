//! The pages behind the links in our mails, a file per page. It renders and it writes rows; it never talks SMTP.
//!
//! GET and HEAD never change anything. What a link may do is in its token; there are no cookies.

mod confirm;
mod edition;
mod headers;
mod stop;

use std::future::Future;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tracing::error;

use crate::clock::Clock;
use crate::config::Config;
use crate::model::language::Language;
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
}

/// Answers until `stop`; then lets the requests that are under way end.
pub async fn serve(
    pages: Pages,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(pages)).with_graceful_shutdown(stop).await
}

pub fn router(pages: Pages) -> Router {
    let security = headers::security(&pages);
    Router::new()
        .route("/stop/{token}", get(stop::show).post(stop::stop))
        .route("/confirm/{token}", get(confirm::show).post(confirm::start))
        .route("/edition/{key}", get(edition::show))
        .fallback(not_found)
        .layer(security)
        // Outside the pages' headers: it is for machines.
        .route("/healthz", get(async || "ok\n"))
        .layer(RequestBodyLimitLayer::new(LARGEST_BODY))
        .layer(CatchPanicLayer::new())
        .with_state(pages)
}

async fn not_found(axum::extract::State(pages): axum::extract::State<Pages>) -> Response {
    pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound)
}

impl Pages {
    fn site(&self) -> Site {
        let delivery = &self.config.delivery;
        let reply_to = delivery.reply_to.as_ref().unwrap_or(&delivery.from);
        Site {
            name: self.config.site.name.clone(),
            url: self.config.site.link("/"),
            postal_address: self.config.site.postal_address.clone(),
            reply_to: Some(reply_to.address.to_string()),
            logo: self.config.site.logo.as_ref().map(ToString::to_string),
            footer: self.config.site.footer.clone(),
            language: self.config.site.language.clone(),
        }
    }

    fn page(&self, status: StatusCode, language: &Language, content: Content) -> Response {
        let page = Page { site: self.site(), language: language.clone(), content };
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
