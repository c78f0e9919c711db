//! The way to a feed, and what is none.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use insta::assert_snapshot;
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::{Client, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use super::{logged, page};
use crate::feed::discover::DiscoverError;
use crate::feed::fetch::{FetchError, Kind, Phase};
use crate::feed::opml::OpmlError;
use crate::feed::parse;

fn url() -> Url {
    "https://news.example.org/health/rss.xml".parse().unwrap()
}

struct NoNames;

impl Resolve for NoNames {
    fn resolve(&self, _: Name) -> Resolving {
        Box::pin(async { Err("failed to lookup address information: Name or service not known".into()) })
    }
}

/// Why this address is not reached, or why its body breaks off.
async fn failed(url: &str) -> reqwest::Error {
    let client = Client::builder().no_proxy().dns_resolver(Arc::new(NoNames)).build().unwrap();
    let error = match client.get(url).send().await {
        Ok(answer) => answer.bytes().await.unwrap_err(),
        Err(error) => error,
    };
    error.without_url()
}

/// Where everybody is told `answer`, and no more.
async fn says(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut visitor, _)) = listener.accept().await {
            let _ = visitor.read(&mut [0; 1024]).await;
            let _ = visitor.write_all(answer.as_bytes()).await;
        }
    });
    address.to_string()
}

#[tokio::test]
async fn a_feed_that_is_not_fetched() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let setup = Client::builder().user_agent("Tidings\n").build().unwrap_err();
    let (connect, name) = (failed(&format!("http://{closed}/")).await, failed("http://nowhere.example.org/").await);
    let tls = failed(&format!("https://{}/", says("HTTP/1.1 400 Bad Request\r\n\r\n").await)).await;
    let broken = failed(&format!("http://{}/", says("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<rss").await)).await;
    let (address, private) = ("10.1.2.3".parse().unwrap(), Kind::Private);
    let to: Box<Url> = Box::new("https://other.example.net/rss".parse().unwrap());
    let timeout = |phase| FetchError::Timeout { url: url(), phase, limit: Duration::from_secs(30) };
    let status = |status, content_type: Option<&str>| FetchError::Status {
        url: Box::new(url()),
        status,
        content_type: content_type.map(str::to_owned),
        retry_after: None,
    };
    let damaged = io::Error::new(io::ErrorKind::InvalidInput, "corrupt deflate stream");
    let ftp = "ftp://news.example.org/rss.xml".parse().unwrap();
    let told = page(
        [
            FetchError::Setup { source: setup },
            FetchError::Url { url: ftp },
            FetchError::Refused { url: url(), address, kind: private },
            FetchError::Elsewhere { from: url(), to },
            FetchError::Redirects { url: url(), limit: 5 },
            FetchError::NoLocation { url: url(), status: StatusCode::FOUND, retry_after: None },
            FetchError::Name { url: url(), source: name },
            FetchError::Connect { url: url(), source: connect },
            FetchError::Tls { url: url(), source: tls },
            timeout(Phase::Connect),
            timeout(Phase::Answer),
            timeout(Phase::Body),
            status(StatusCode::SERVICE_UNAVAILABLE, None),
            status(StatusCode::ACCEPTED, Some("text/html; charset=utf-8")),
            FetchError::NotFound { url: url(), retry_after: None },
            FetchError::Gone { url: url() },
            FetchError::TooLarge { url: url(), limit: 10_485_760 },
            FetchError::Encoding { url: url(), encoding: "compress".to_owned() },
            FetchError::Broken { url: url(), source: broken },
            FetchError::Unpack { url: url(), source: damaged },
        ]
        .into_iter()
        .map(logged),
    );
    assert_snapshot!(told);
}

#[test]
fn a_document_that_is_no_feed() {
    let not = |body: &[u8], content_type| logged(parse::document(body, content_type, None).unwrap_err());
    let told = page([
        not(b"", None),
        not(b"<!DOCTYPE html><html><body>Not found</body></html>", Some("text/html; charset=utf-8")),
        not(b"{\"articles\": []}", Some("application/json")),
        not(b"<?xml version=\"1.0\"?><urlset></urlset>", Some("application/xml")),
        not(b"%PDF-1.7 \xff\xfe", Some("application/pdf")),
        not(b"Sorry, we are closed.", Some("text/plain")),
    ]);
    assert_snapshot!(told);
}

#[test]
fn a_site_without_a_feed() {
    let told = page(
        [
            DiscoverError::NoneBehind { url: url() },
            DiscoverError::NoneOfThese { url: url(), why: format!("{} answered 404 Not Found", url()) },
            DiscoverError::Unchanged { url: url() },
        ]
        .into_iter()
        .map(logged),
    );
    assert_snapshot!(told);
}

#[test]
fn a_list_that_is_none() {
    assert_snapshot!(page([OpmlError::TooLong, OpmlError::NoOpml].into_iter().map(logged)));
}
