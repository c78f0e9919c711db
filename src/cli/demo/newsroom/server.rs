//! The newsroom on the network: its feeds with an ETag each, and a page for every article, so that no link is dead.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use quick_xml::escape::escape;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Newsroom;
use super::paper::Article;

#[derive(Clone)]
struct Desk {
    newsroom: Arc<Newsroom>,
    /// `http://127.0.0.1:PORT`.
    base: Arc<str>,
}

impl Newsroom {
    /// Serves on a free port of loopback, until the task is aborted.
    pub async fn serve(self: Arc<Self>) -> io::Result<(SocketAddr, JoinHandle<()>)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let desk = Desk { newsroom: self, base: format!("http://{address}").into() };
        let app =
            Router::new().route("/feeds/{slug}", get(feed)).route("/{language}/{slug}", get(article)).with_state(desk);
        // Serving on a listener ends only with its task.
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap_or_default() });
        Ok((address, task))
    }

    /// A document changes only when the newsroom publishes, or a visitor.
    fn etag(&self, slug: &str) -> String {
        let changed = self.published.get().unwrap_or(&self.opened);
        format!("\"{slug}-{}-{}\"", changed.timestamp_millis(), self.articles())
    }
}

async fn feed(State(desk): State<Desk>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let Some(feed) = desk.newsroom.paper.feed.iter().find(|feed| feed.slug == slug) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // Before the document: an old tag on a new document costs a fetch, a new tag on an old one would hide news.
    let etag = desk.newsroom.etag(&slug);
    let Some(document) = desk.newsroom.document(feed, &desk.base) else {
        return (StatusCode::GONE, "The Gazette has ceased publication.\n").into_response();
    };
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
    }
    ([(CONTENT_TYPE, document.content_type.to_owned()), (ETAG, etag)], document.body).into_response()
}

async fn article(State(desk): State<Desk>, Path((language, slug)): Path<(String, String)>) -> Response {
    let newsroom = &desk.newsroom;
    let named = |article: &&Article| article.slug == slug && article.language.as_str() == language;
    let written = newsroom.articles.iter().find(named).filter(|article| newsroom.date(article).is_some());
    match written.cloned().or_else(|| newsroom.own_at(&language, &slug)) {
        Some(article) => Html(page(newsroom.name(), &article)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(paper: &str, article: &Article) -> String {
    format!(
        "<!doctype html>\n<html lang=\"{language}\" dir=\"{direction}\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <body style=\"max-width: 38em; margin: 3em auto; padding: 0 1em; font: 1.1em/1.6 serif\">\n\
         <p dir=\"ltr\"><small>{paper} · an invented paper, CC0</small></p>\n<h1>{title}</h1>\n<p>{summary}</p>\n",
        language = article.language,
        direction = article.language.direction(),
        title = escape(&article.title),
        paper = escape(paper),
        summary = escape(&article.summary),
    )
}
