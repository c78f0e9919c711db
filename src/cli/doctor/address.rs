//! The public address: whether our pages answer where the links in mails lead.

use std::time::Duration;

use url::Url;

use super::finding::Finding;
use crate::config::Config;
use crate::feed::fetch::{Answer, FetchError, Fetcher, Limits, Request, user_agent};
use crate::model::delivery::Mode;
use crate::model::words::with_causes;

const ABOUT: &str = "address";
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    whole: Duration::from_secs(5),
    body: 64 << 10,
    redirects: 3,
    pause: Duration::ZERO,
};

pub async fn look(config: &Config) -> Finding {
    let mut url = config.site.url.clone();
    url.set_path("/healthz");
    if config.delivery.mode == Mode::Capture {
        return Finding::ok(ABOUT, format!("{} is asked once mail leaves", config.site.link("/")));
    }
    let fix = format!(
        "let the proxy of that name lead to {} (web.listen), and see that `tidings run` is at work there",
        config.web.listen
    );
    match ask(config, url.clone()).await {
        Ok(true) => Finding::ok(ABOUT, format!("{url} answers")),
        Ok(false) => Finding::problem(ABOUT, format!("{url} answers, but it is not Tidings that does"), fix),
        Err(error) => Finding::problem(ABOUT, words(&url, &error), fix),
    }
}

/// What it says of feeds is said of a page here.
fn words(url: &Url, error: &FetchError) -> String {
    match error {
        FetchError::NotFound { .. } => format!("{url} answered 404 Not Found"),
        FetchError::Gone { .. } => format!("{url} answered 410 Gone"),
        FetchError::Elsewhere { to, .. } => format!("{url} leads on to {to}, which is another host"),
        error => with_causes(error),
    }
}

/// A site may be in a network of one's own; it must lead to its own host all the same.
async fn ask(config: &Config, url: Url) -> Result<bool, FetchError> {
    let fetcher = Fetcher::open(&user_agent(&config.site.link("/")), LIMITS)?;
    let request = Request { url, etag: None, last_modified: None, allow_private: true };
    let answer = fetcher.fetch(&request).await?;
    Ok(matches!(answer, Answer::Document { body, .. } if body.trim_ascii() == b"ok"))
}
