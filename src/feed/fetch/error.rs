//! What can go wrong on the way to a feed. Each sentence says what, where, and what to do where there is something to
//! do. Addresses are shown without the login that may be in them.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::StatusCode;
use thiserror::Error;
use url::Url;

use super::freshness::RetryAfter;
use super::guard::Kind;
use super::names::Refusal;

#[derive(Debug, Error)]
pub enum FetchError {
    #[error("the HTTP client could not be set up")]
    Setup { source: reqwest::Error },
    #[error("{url} is not an http or https address")]
    Url { url: Url },
    #[error("{url} leads to {address}, {kind}; set `allow_private = true` on the feed if that is meant")]
    Refused { url: Url, address: IpAddr, kind: Kind },
    #[error("{from} redirects to {to}, but a feed with `allow_private = true` may redirect to its own host only")]
    Elsewhere { from: Url, to: Box<Url> },
    #[error("{url} redirected more than {limit} times")]
    Redirects { url: Url, limit: u8 },
    #[error("{url} answered {status} without an address to follow")]
    NoLocation { url: Url, status: StatusCode, retry_after: Option<RetryAfter> },
    #[error("the host name of {url} could not be looked up")]
    Name { url: Url, source: reqwest::Error },
    #[error("could not reach {url}")]
    Connect { url: Url, source: reqwest::Error },
    #[error("no trusted connection to {url}: its certificate or ours (the system's `ca-certificates`) is at fault")]
    Tls { url: Url, source: reqwest::Error },
    #[error("{url} {phase} within {limit:?}")]
    Timeout { url: Url, phase: Phase, limit: Duration },
    #[error("{url} answered {status}{}", sent_as(content_type.as_deref()))]
    Status { url: Box<Url>, status: StatusCode, content_type: Option<String>, retry_after: Option<RetryAfter> },
    #[error("{url} answered 404 Not Found; look for the feed's new address")]
    NotFound { url: Url, retry_after: Option<RetryAfter> },
    #[error("{url} answered 410 Gone: this feed has ended; take it out of the configuration")]
    Gone { url: Url },
    #[error("{url} sent more than {limit} bytes")]
    TooLarge { url: Url, limit: u64 },
    #[error("{url} sent its answer in the encoding `{encoding}`, which we did not ask for")]
    Encoding { url: Url, encoding: String },
    #[error("the answer of {url} broke off or could not be read")]
    Broken { url: Url, source: reqwest::Error },
    #[error("what {url} sent cannot be unpacked")]
    Unpack { url: Url, source: io::Error },
}

/// What we were waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Connect,
    Answer,
    Body,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Connect => "took no connection",
            Self::Answer => "did not answer",
            Self::Body => "did not end its answer",
        })
    }
}

impl FetchError {
    /// How long the server asked us to stay away, if it did.
    pub fn retry_after(&self) -> Option<RetryAfter> {
        match self {
            Self::Status { retry_after, .. }
            | Self::NotFound { retry_after, .. }
            | Self::NoLocation { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The host that asked for quiet, if that is what happened: all its feeds wait, and none of them has failed. It need not
    /// be the one that was asked first.
    pub fn paused_host(&self) -> Option<&str> {
        let busy = [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        match self {
            Self::Status { url, status, .. } if busy.contains(status) => url.host_str(),
            _ => None,
        }
    }

    /// What it means that a request ended without an answer.
    pub(super) fn of(url: &Url, connect: Duration, source: reqwest::Error) -> Self {
        let url = bare(url);
        if let Some(&Refusal { address, kind }) = cause(&source) {
            return Self::Refused { url, address, kind };
        }
        let source = source.without_url();
        if source.is_timeout() {
            Self::Timeout { url, phase: Phase::Connect, limit: connect }
        } else if source.is_dns() {
            Self::Name { url, source }
        } else if cause::<rustls::Error>(&source).is_some() {
            Self::Tls { url, source }
        } else if source.is_connect() {
            Self::Connect { url, source }
        } else {
            Self::Broken { url, source }
        }
    }
}

/// What was sent in the place of a feed.
fn sent_as(content_type: Option<&str>) -> String {
    content_type.map(|sent| format!(" (content type: {sent})")).unwrap_or_default()
}

/// An address fit to be shown.
pub(super) fn bare(url: &Url) -> Url {
    let mut url = url.clone();
    // Only an address without a host refuses these, and it has no login either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// The first cause of this type, also inside an [`io::Error`], which hides what it wraps from `source`.
fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}
