//! Outbound HTTP for feeds: one conditional GET, within limits, to public addresses only.
//!
//! It reads what the server says and leaves all deciding to the pipeline: whether a feed that moved is adopted, when a
//! failing one is reported, how many are asked at once. What the body means is `parse`'s.

mod body;
mod error;
mod freshness;
mod guard;
mod names;
mod next;
mod turns;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::Resolve;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use reqwest::{Client, Response, StatusCode, redirect};
use tokio::time::{Instant, timeout_at};
use tracing::warn;
use url::{Host, Url};

use body::Body;
use error::bare;
pub use error::{FetchError, Phase};
pub use freshness::{Freshness, RetryAfter};
pub use guard::{Guard, Kind, public_only};
use names::Guarded;
pub use names::SystemNames;
pub use next::{next_after_failure, next_check};
use turns::Turns;

const FEEDS_FIRST: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, \
                           application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5";
/// What [`body`] can take off.
const ENCODINGS: &str = "gzip, br, zstd, deflate";

/// What one fetch may take. The body is counted decoded.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub connect: Duration,
    pub whole: Duration,
    pub body: u64,
    pub redirects: u8,
    /// Between two requests to one host.
    pub pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(30),
            body: 10 << 20,
            redirects: 5,
            pause: Duration::from_secs(1),
        }
    }
}

/// Keeps connections open between fetches; clones share them.
#[derive(Clone)]
pub struct Fetcher {
    /// For feeds at public addresses.
    guarded: Client,
    /// For feeds with `allow_private`. A client of its own, so that no guarded fetch finds an unguarded connection.
    open: Client,
    guard: Guard,
    limits: Limits,
    turns: Turns,
}

#[derive(Debug, Clone)]
pub struct Request {
    pub url: Url,
    /// As the last 200 that parsed gave it; sent back word for word.
    pub etag: Option<String>,
    /// As the last 200 that parsed gave it; sent back word for word.
    pub last_modified: Option<String>,
    /// Any address will do, but redirects to the same host only.
    pub allow_private: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A 304.
    Unchanged { moved_to: Option<Url>, freshness: Freshness },
    Document {
        /// Without compression; never more than the limit.
        body: Vec<u8>,
        content_type: Option<String>,
        etag: Option<String>,
        last_modified: Option<String>,
        /// Where it was found in the end; what is relative in it is relative to this.
        url: Url,
        /// The same, if every redirect on the way there was a permanent one.
        moved_to: Option<Url>,
        freshness: Freshness,
    },
}

/// `Tidings/VERSION (+URL)`: who we are, and where a publisher reads about us.
pub fn user_agent(site: &str) -> String {
    format!("Tidings/{} (+{site})", env!("CARGO_PKG_VERSION"))
}

impl Fetcher {
    pub fn open(user_agent: &str, limits: Limits) -> Result<Self, FetchError> {
        Self::with_resolver(user_agent, limits, Arc::new(SystemNames), public_only)
    }

    /// With another way to look names up, or another opinion on which addresses are public.
    pub fn with_resolver(
        user_agent: &str,
        limits: Limits,
        names: Arc<dyn Resolve>,
        guard: Guard,
    ) -> Result<Self, FetchError> {
        let guarded = Arc::new(Guarded { names: Arc::clone(&names), guard });
        Ok(Self {
            guarded: client(user_agent, limits, guarded)?,
            open: client(user_agent, limits, names)?,
            guard,
            limits,
            turns: Turns::with_pause(limits.pause),
        })
    }

    /// Asks for a feed, following redirects. To wait for one's turn at a host takes nothing from the time there is.
    pub async fn fetch(&self, request: &Request) -> Result<Answer, FetchError> {
        let mut left = self.limits.whole;
        let mut url = request.url.clone();
        let mut moved = true;

        for hop in 0..=self.limits.redirects {
            let _turn = self.turns.take(&url).await;
            let begun = Instant::now();
            let deadline = begun + left;
            let response = self.ask(request, &url, deadline).await?;
            let Some(permanent) = permanence(response.status()) else {
                let moved_to = (moved && hop > 0).then(|| url.clone());
                let asked_for_changes = request.etag.is_some() || request.last_modified.is_some();
                return self.answer(response, url, moved_to, asked_for_changes, deadline).await;
            };
            url = next_hop(request, &url, &response)?;
            moved &= permanent;
            left = left.saturating_sub(begun.elapsed());
        }
        Err(FetchError::Redirects { url: bare(&request.url), limit: self.limits.redirects })
    }

    /// One hop: checked, sent, and answered with headers.
    async fn ask(&self, request: &Request, url: &Url, deadline: Instant) -> Result<Response, FetchError> {
        let client = if request.allow_private {
            &self.open
        } else {
            self.check_literal(url)?;
            &self.guarded
        };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(FetchError::Url { url: bare(url) });
        }
        let mut get = client.get(url.clone());
        for (name, value) in [(IF_NONE_MATCH, &request.etag), (IF_MODIFIED_SINCE, &request.last_modified)] {
            if let Some(value) = value.as_ref().and_then(|value| HeaderValue::from_str(value).ok()) {
                get = get.header(name, value);
            }
        }
        let sent = timeout_at(deadline, get.send()).await.map_err(|_| self.late(url, Phase::Answer))?;
        sent.map_err(|source| FetchError::of(url, self.limits.connect, source))
    }

    /// An address in place of a name never passes the resolver, so it is checked here.
    fn check_literal(&self, url: &Url) -> Result<(), FetchError> {
        let address = match url.host() {
            Some(Host::Ipv4(address)) => address.into(),
            Some(Host::Ipv6(address)) => address.into(),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        match (self.guard)(address) {
            Some(kind) => Err(FetchError::Refused { url: bare(url), address, kind }),
            None => Ok(()),
        }
    }

    async fn answer(
        &self,
        response: Response,
        url: Url,
        moved_to: Option<Url>,
        asked_for_changes: bool,
        deadline: Instant,
    ) -> Result<Answer, FetchError> {
        let freshness = Freshness::of(response.headers());
        let retry_after = RetryAfter::of(response.headers());
        match response.status() {
            // To a question that named nothing it is no answer: such a feed would pass for well and never bring anything.
            StatusCode::NOT_MODIFIED if asked_for_changes => Ok(Answer::Unchanged { moved_to, freshness }),
            // 203 is a 200 that a proxy on the way has touched.
            StatusCode::OK | StatusCode::NON_AUTHORITATIVE_INFORMATION => Ok(Answer::Document {
                content_type: header(&response, CONTENT_TYPE),
                etag: header(&response, ETAG),
                last_modified: header(&response, LAST_MODIFIED),
                body: self.body(response, &url, deadline).await?,
                url,
                moved_to,
                freshness,
            }),
            StatusCode::GONE => Err(FetchError::Gone { url: bare(&url) }),
            StatusCode::NOT_FOUND => Err(FetchError::NotFound { url: bare(&url), retry_after }),
            status => {
                let content_type = header(&response, CONTENT_TYPE).filter(|_| status.is_success());
                Err(FetchError::Status { url: bare(&url).into(), status, content_type, retry_after })
            }
        }
    }

    async fn body(&self, mut response: Response, url: &Url, deadline: Instant) -> Result<Vec<u8>, FetchError> {
        let encoding = header(&response, CONTENT_ENCODING).unwrap_or_default();
        let Some(mut body) = Body::in_encoding(&encoding, self.limits.body) else {
            return Err(FetchError::Encoding { url: bare(url), encoding });
        };
        if response.content_length().is_some_and(|length| length > self.limits.body) {
            return Err(self.too_large(url));
        }
        let failed = |source| {
            if body::is_over_limit(&source) {
                self.too_large(url)
            } else {
                FetchError::Unpack { url: bare(url), source }
            }
        };
        loop {
            let piece = timeout_at(deadline, response.chunk()).await.map_err(|_| self.late(url, Phase::Body))?;
            match piece.map_err(|source| FetchError::Broken { url: bare(url), source: source.without_url() })? {
                Some(piece) => body = body.push(&piece).map_err(failed)?,
                None => return body.finish().map_err(failed),
            }
        }
    }

    fn late(&self, url: &Url, phase: Phase) -> FetchError {
        FetchError::Timeout { url: bare(url), phase, limit: self.limits.whole }
    }

    fn too_large(&self, url: &Url) -> FetchError {
        FetchError::TooLarge { url: bare(url), limit: self.limits.body }
    }
}

/// Redirects are ours to follow, so that each hop is checked; a proxy would do the looking-up in our place.
fn client(user_agent: &str, limits: Limits, names: Arc<dyn Resolve>) -> Result<Client, FetchError> {
    let builder = || {
        Client::builder()
            .user_agent(user_agent)
            .default_headers(
                [
                    (ACCEPT, HeaderValue::from_static(FEEDS_FIRST)),
                    (ACCEPT_ENCODING, HeaderValue::from_static(ENCODINGS)),
                ]
                .into_iter()
                .collect(),
            )
            .connect_timeout(limits.connect)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .dns_resolver(Arc::clone(&names))
    };
    builder().build().or_else(|error| {
        // A machine without any root certificate can still read feeds over http, as the demo does.
        warn!(%error, "no root certificates found: feeds over https will fail; install `ca-certificates`");
        builder().tls_certs_only([]).build().map_err(|source| FetchError::Setup { source })
    })
}

/// Whether this status is a redirect, and if so whether for good.
fn permanence(status: StatusCode) -> Option<bool> {
    match status.as_u16() {
        301 | 308 => Some(true),
        302 | 303 | 307 => Some(false),
        _ => None,
    }
}

fn next_hop(request: &Request, from: &Url, response: &Response) -> Result<Url, FetchError> {
    let status = response.status();
    let location = response.headers().get(LOCATION).and_then(|value| str::from_utf8(value.as_bytes()).ok());
    let to = location.and_then(|location| from.join(location.trim()).ok()).ok_or_else(|| FetchError::NoLocation {
        url: bare(from),
        status,
        retry_after: RetryAfter::of(response.headers()),
    })?;
    if request.allow_private && to.host() != request.url.host() {
        return Err(FetchError::Elsewhere { from: bare(from), to: bare(&to).into() });
    }
    Ok(to)
}

fn header(response: &Response, name: HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.trim().to_owned())
}
