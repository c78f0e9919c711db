//! Who may look into the mailbox: people on this machine; where the operator opens it, whoever reaches the pages.
//!
//! A page on the web can make a name of its own lead to this machine and have the browser ask us by it, so the name that
//! is asked for is looked at too.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::Url;

use super::Pages;
use crate::config::{ShownMail, is_loopback};

/// What proxies add: behind one, a visitor from anywhere seems to be on this machine.
const OF_PROXIES: [&str; 5] = ["forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip"];

const CLOSED: &str = "The mailbox is not open here. It shows captured mail, with links that work, so by itself it opens\n\
    only to a browser on the machine where Tidings runs, as long as site.url and web.listen are on loopback.\n\
    `mailbox = \"open\"` under [web] opens it to everybody who reaches the pages at site.url.\n";

pub async fn open_here(State(pages): State<Pages>, request: Request, next: Next) -> Response {
    if may_look(&pages, request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::NOT_FOUND, CLOSED).into_response()
    }
}

fn may_look(pages: &Pages, headers: &HeaderMap) -> bool {
    let (web, site) = (&pages.config.web, &pages.config.site);
    let asked = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let asked = asked.and_then(|host| format!("http://{host}/").parse::<Url>().ok());
    let is_here = asked.as_ref().is_some_and(is_loopback);
    web.shows_mail(site)
        && match web.mailbox {
            ShownMail::Open => is_here || asked.is_some_and(|asked| asked.host() == site.url.host()),
            _ => is_here && !OF_PROXIES.iter().any(|name| headers.contains_key(*name)),
        }
}
