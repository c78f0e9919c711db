//! The headers that every page carries: nothing is loaded but pictures, nothing is framed, no token leaves us in a
//! Referer, nothing is kept by caches: forms are signed anew each time. What is behind a link stays out of search engines.

use axum::http::{HeaderName, HeaderValue, header};
use tower::ServiceBuilder;
use tower::layer::util::{Identity, Stack};
use tower_http::set_header::SetResponseHeaderLayer;

use super::Pages;

type Set = SetResponseHeaderLayer<HeaderValue>;
type Four = Stack<Set, Stack<Set, Stack<Set, Stack<Set, Identity>>>>;

pub fn security(pages: &Pages) -> ServiceBuilder<Four> {
    let set = |name: HeaderName, value: &'static str| {
        SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value))
    };
    ServiceBuilder::new()
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy(pages, "")))
        .layer(set(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // Not "no-referrer": browsers then send `Origin: null` with our own forms, and over plain HTTP, where they do not
        // say `Sec-Fetch-Site`, nothing tells those from another site's.
        .layer(set(header::REFERRER_POLICY, "same-origin"))
        .layer(set(header::CACHE_CONTROL, "no-store"))
}

/// What a page of ours may do, and `more`.
pub fn policy(pages: &Pages, more: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; style-src {}; img-src https: data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'{more}",
        pages.templates.style_hash()
    );
    HeaderValue::from_str(&policy).expect("a hash and words of ours are a header value")
}

/// What a mail in a frame of the mailbox may do: what it may in a mail program, however it came to be shown.
pub fn of_a_mail() -> HeaderValue {
    HeaderValue::from_static(
        "default-src 'none'; img-src https: data:; style-src 'unsafe-inline'; \
         sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'; form-action 'none'",
    )
}

pub fn private() -> Set {
    let noindex = HeaderValue::from_static("noindex");
    SetResponseHeaderLayer::overriding(HeaderName::from_static("x-robots-tag"), noindex)
}
