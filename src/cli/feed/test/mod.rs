//! `tidings feed test`: one address, asked once, and everything that can be said of what is there.

mod told;

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use url::Url;

use self::told::Told;
use crate::app;
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::output::Output;
use crate::cli::{naming, open};
use crate::config::{Config, Feed};
use crate::feed::discover::{DiscoverError, Found, find};
use crate::feed::fetch::FetchError;
use crate::feed::identity::canonical_link;
use crate::model::words::with_causes;

#[derive(Debug, Args)]
pub struct TestArgs {
    /// The address of a feed, or of the site that has one
    #[arg(value_parser = address)]
    url: Url,
    /// It may be on this machine or in your own network
    #[arg(long)]
    allow_private: bool,
}

pub async fn run(args: &TestArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let now = open::clock(global, &config)?.now();
    let declared = declared(&config, &args.url);
    let allow_private = args.allow_private || declared.is_some_and(|feed| feed.allow_private);
    // A few requests, and a person who waits for them.
    let fetcher = app::fetcher(&config, Duration::ZERO)?;
    let found = find(&fetcher, &args.url, allow_private).await.map_err(|error| failure(&error, &args.url))?;
    let declared = declared.or_else(|| self::declared(&config, &found.url));
    let feed = match declared {
        Some(feed) => feed.clone(),
        None => feed(&config, &found, allow_private)?,
    };
    let told = Told::of(&config, &found, &feed, declared.is_some(), now);
    output.result(&told, || told.text())?;
    Ok(Exit::Done)
}

/// People leave the scheme out, as browsers let them.
fn address(typed: &str) -> Result<Url, url::ParseError> {
    if typed.contains("://") { Url::parse(typed) } else { Url::parse(&format!("https://{typed}")) }
}

fn declared<'a>(config: &'a Config, url: &Url) -> Option<&'a Feed> {
    let key = canonical_link(url.as_str());
    config.feeds.iter().find(|feed| canonical_link(feed.url.as_str()) == key)
}

/// As it would be declared.
fn feed(config: &Config, found: &Found, allow_private: bool) -> anyhow::Result<Feed> {
    let mut taken: BTreeSet<_> = config.feeds.iter().map(|feed| feed.slug.clone()).collect();
    let url = found.moved_to.as_ref().unwrap_or(&found.url);
    let name = naming::name(found.document.title.as_deref(), url);
    Ok(Feed {
        slug: naming::untaken(&name, url, &mut taken)?,
        url: url.clone(),
        language: None,
        allow_private,
        interval: None,
    })
}

fn failure(error: &DiscoverError, url: &Url) -> anyhow::Error {
    let (exit, next) = match error {
        DiscoverError::Fetch(FetchError::Refused { .. }) => {
            (Exit::Refused, "if it is meant to be in your own network: `--allow-private`".to_owned())
        }
        DiscoverError::Fetch(FetchError::Url { .. }) => {
            (Exit::Usage, "an address that begins with https:// or http://".to_owned())
        }
        DiscoverError::Fetch(FetchError::NotFound { .. } | FetchError::Gone { .. }) => {
            let site = url.join("/").map_or_else(|_| url.to_string(), String::from);
            (Exit::Outside, format!("`tidings feed test {site}` looks for the feed of the site"))
        }
        DiscoverError::Fetch(FetchError::Elsewhere { .. }) => {
            (Exit::Refused, "test the address that it leads to".to_owned())
        }
        DiscoverError::Fetch(_) | DiscoverError::Unchanged { .. } => {
            (Exit::Outside, "again later; a browser on this machine says whether it is the network".to_owned())
        }
        DiscoverError::NotAFeed { .. } => {
            (Exit::Problems, "the address of the site, which may name its feeds".to_owned())
        }
        DiscoverError::NoneBehind { .. } | DiscoverError::NoneOfThese { .. } => {
            (Exit::Problems, "look on the site for \"RSS\" or \"Feeds\", and test that address".to_owned())
        }
    };
    Failure::new(exit, with_causes(error)).then(next).into()
}
