//! The feeds of a story: real HTTP on loopback, items that the story puts there, and answers that it asks for.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::IF_NONE_MATCH;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::ListenerExt;
use quick_xml::escape::escape;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves `/{slug}` for every slug, as RSS, until it is dropped.
pub struct Newsstand {
    address: SocketAddr,
    shelves: Shelves,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

type Shelves = Arc<Mutex<BTreeMap<String, Shelf>>>;

#[derive(Default)]
struct Shelf {
    items: Vec<Item>,
    manner: Manner,
    /// Counts up with every change; it is the ETag.
    revision: u64,
    /// Of the channel: `<ttl>60</ttl>`.
    channel: String,
    /// With every answer that has the feed, or says that it is as it was.
    headers: Headers,
    asked: Vec<Asked>,
}

/// How a feed answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Manner {
    #[default]
    Well,
    Status(u16),
    /// It takes the request and never answers.
    Hang,
    /// This body, whatever the items.
    Body(Vec<u8>),
    /// This status, these headers, this body.
    Answer(u16, Headers, Vec<u8>),
}

/// Name and value.
pub type Headers = Vec<(&'static str, String)>;

/// One request, and what it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub if_none_match: Option<String>,
    pub status: u16,
}

#[derive(Debug, Clone)]
pub struct Item {
    pub guid: String,
    pub title: String,
    pub link: String,
    pub summary: String,
    pub categories: Vec<String>,
}

impl Item {
    /// An article of its own, whose address comes from its title.
    pub fn titled(title: &str) -> Self {
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, title.as_bytes());
        let name: String = hash.as_ref()[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        let link = format!("https://paper.example.org/{name}");
        Self { guid: link.clone(), title: title.to_owned(), link, summary: String::new(), categories: vec![] }
    }

    pub fn summary(self, summary: &str) -> Self {
        Self { summary: summary.to_owned(), ..self }
    }

    fn xml(&self) -> String {
        let categories: String =
            self.categories.iter().map(|c| format!("<category>{}</category>", escape(c.as_str()))).collect();
        format!(
            "<item><title>{}</title><link>{}</link><guid>{}</guid><description>{}</description>{categories}</item>\n",
            escape(self.title.as_str()),
            escape(self.link.as_str()),
            escape(self.guid.as_str()),
            escape(self.summary.as_str())
        )
    }
}

impl Newsstand {
    /// # Panics
    /// Outside a runtime.
    pub fn open() -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket of ours");
        let listener = TcpListener::from_std(listener).expect("a runtime");
        let address = listener.local_addr().expect("an address");
        let shelves = Shelves::default();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let listener = listener.tap_io(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
        });
        let router = Router::new().route("/{slug}", get(answer)).with_state(Arc::clone(&shelves));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap_or_default() });
        Self { address, shelves, connections, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an item at the top of a feed.
    pub fn publish(&self, feed: &str, item: Item) {
        self.change(feed, |shelf| shelf.items.insert(0, item));
    }

    /// Changes the item of this title, wherever it is.
    pub fn edit(&self, feed: &str, title: &str, edit: impl Fn(&mut Item)) {
        self.change(feed, |shelf| shelf.items.iter_mut().filter(|item| item.title == title).for_each(&edit));
    }

    /// The feed as it answers when it behaves.
    pub fn document(&self, feed: &str) -> String {
        lock(&self.shelves).get(feed).expect("such a feed").document(feed)
    }

    pub fn behave(&self, feed: &str, manner: Manner) {
        self.change(feed, |shelf| shelf.manner = manner);
    }

    /// What the feed's channel has beside its items.
    pub fn says_of_itself(&self, feed: &str, channel: &str) {
        self.change(feed, |shelf| channel.clone_into(&mut shelf.channel));
    }

    /// The headers that come with the feed from now on.
    pub fn sends(&self, feed: &str, headers: &[(&'static str, &str)]) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.change(feed, |shelf| shelf.headers = headers);
    }

    /// Connections that were opened so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Takes all items out.
    pub fn clear(&self, feed: &str) {
        self.change(feed, |shelf| shelf.items.clear());
    }

    /// Every request for this feed so far.
    pub fn asked(&self, feed: &str) -> Vec<Asked> {
        lock(&self.shelves).get(feed).map(|shelf| shelf.asked.clone()).unwrap_or_default()
    }

    fn change(&self, feed: &str, change: impl FnOnce(&mut Shelf)) {
        let mut shelves = lock(&self.shelves);
        let shelf = shelves.entry(feed.to_owned()).or_default();
        shelf.revision += 1;
        change(shelf);
    }
}

impl Drop for Newsstand {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shelf {
    fn answer(&self, slug: &str, known: Option<&str>) -> Response {
        let etag = format!("\"{slug}-{}\"", self.revision);
        let body = match &self.manner {
            Manner::Status(status) => return reply(*status, &[], vec![]),
            Manner::Answer(status, headers, body) => return reply(*status, headers, body.clone()),
            Manner::Body(body) => body.clone(),
            // As many do, it does not repeat its validators.
            _ if known == Some(&etag) => return reply(304, &self.headers, vec![]),
            _ => self.document(slug).into_bytes(),
        };
        let usual = [("content-type", "application/rss+xml".to_owned()), ("etag", etag)];
        reply(200, &[&usual[..], &self.headers].concat(), body)
    }

    fn document(&self, slug: &str) -> String {
        let items: String = self.items.iter().map(Item::xml).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\"><channel><title>{slug}</title>\
             <link>https://paper.example.org/</link><description/>{}\n{items}</channel></rss>\n",
            self.channel
        )
    }
}

fn reply(status: u16, headers: &[(&'static str, String)], body: Vec<u8>) -> Response {
    let mut response = (StatusCode::from_u16(status).expect("a status"), body).into_response();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().expect("a header"));
    }
    response
}

async fn answer(State(shelves): State<Shelves>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let answered = {
        let mut shelves = lock(&shelves);
        let shelf = shelves.entry(slug.clone()).or_default();
        let answer = (shelf.manner != Manner::Hang).then(|| shelf.answer(&slug, known.as_deref()));
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        shelf.asked.push(Asked { if_none_match: known, status });
        answer
    };
    match answered {
        Some(answer) => answer,
        None => std::future::pending().await,
    }
}

fn lock(shelves: &Shelves) -> MutexGuard<'_, BTreeMap<String, Shelf>> {
    shelves.lock().unwrap_or_else(PoisonError::into_inner)
}
