//! `tidings topic match`

use std::path::Path;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;
use url::Url;

use super::exit::{Exit, Failure};
use super::feed::read;
use super::global::Global;
use super::output::Output;
use super::words::when;
use super::{open, resolve};
use crate::app::App;
use crate::config::{Feed, FirstFetch};
use crate::feed::identity::canonical_link;
use crate::feed::parse;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::pipeline::matching::{Matched, Matching, Place};
use crate::store::audience::Audience;
use crate::store::{adoption, article, feed};

#[derive(Debug, Args)]
#[command(after_help = "It fetches nothing and changes nothing. The rules are those of the configuration as it is \
    written now; readers are counted as they are now.\n\n\
    Examples:  tidings topic match https://news.example.org/story/17\n           \
    curl -s https://news.example.org/rss.xml | tidings topic match - --feed news")]
pub struct MatchArgs {
    /// The link of an article that was collected, the address of a feed (its newest articles), or a file with a feed's
    /// document; `-` for standard input
    #[arg(value_name = "URL|FILE")]
    what: String,
    /// As which feed's document a file is read: rules can ask for the feed [default: the one from the same host]
    #[arg(long, value_name = "SLUG")]
    feed: Option<Slug>,
}

/// Of a feed, so many of its newest articles are looked at.
const NEWEST: i64 = 20;

#[derive(Serialize)]
struct Answer {
    /// Whose document, or whose articles, if it is one feed's.
    feed: Option<String>,
    items: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    title: String,
    link: Option<String>,
    /// Its number, if it was collected.
    article: Option<i64>,
    /// `new`, `mailed`, `archive` or `withdrawn`; null if it was not collected.
    state: Option<&'static str>,
    topics: Vec<Reason>,
    regions: Vec<Reason>,
    readers: i64,
    runs: Vec<Run>,
}

#[derive(Serialize)]
struct Reason {
    slug: String,
    /// By the rule as it is now; null: it does not match any more.
    why: Option<String>,
    /// Whether the item is, or will be, there; else it came before the rule did.
    filed: bool,
}

/// The readers whose next digest it would be in.
#[derive(Serialize)]
struct Run {
    frequency: String,
    zone: String,
    /// Null where the frequency offers no choice.
    hour: Option<i64>,
    /// Null: not planned yet.
    at: Option<DateTime<Utc>>,
    readers: i64,
}

pub async fn run(args: &MatchArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let matching = Matching::open(&app.store, &app.config).await?;
    let (feed, matched) = match Url::parse(&args.what) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => stored(&app, &matching, args, &url).await?,
        _ => document(&app, &matching, args, output).await?,
    };
    if adoption::is_in_force(&app.store, &app.config.fingerprint()).await? != Some(true) {
        output.say("this configuration is not in force yet: what it changes is not seen by collecting before it is");
    }
    let answer =
        Answer { feed: feed.map(|feed| feed.to_string()), items: matched.into_iter().map(Item::from).collect() };
    let now = app.clock.now();
    output.result(&answer, || answer.items.iter().map(|item| item.text(now)).collect::<Vec<_>>().join("\n\n"))?;
    Ok(Exit::Done)
}

/// What was collected from this feed, or under this link.
async fn stored(
    app: &App,
    matching: &Matching<'_>,
    args: &MatchArgs,
    url: &Url,
) -> anyhow::Result<(Option<Slug>, Vec<Matched>)> {
    if args.feed.is_some() {
        let message = "--feed says as which feed's document a file is read; this is an address";
        return Err(Failure::new(Exit::Usage, message).then("leave --feed out, or save the document to a file").into());
    }
    if let Some(slug) = feed_at(app, url).await? {
        let newest = article::newest_of_feed(&app.store, &slug, NEWEST).await?;
        if newest.is_empty() {
            let message = format!("nothing was collected from the feed `{slug}` yet");
            return Err(Failure::new(Exit::NotFound, message).then(format!("tidings feed fetch {slug}")).into());
        }
        return Ok((Some(slug), matching.articles(&newest).await?));
    }
    let known = match canonical_link(url.as_str()) {
        Some(link) => article::by_canonical_link(&app.store, &link).await?,
        None => None,
    };
    let Some(article) = known else {
        let message =
            format!("{url} is neither a feed of the configuration nor the link of an article that was collected");
        let next = "save a feed's document to a file and say whose it is: `tidings topic match FILE --feed SLUG`";
        return Err(Failure::new(Exit::NotFound, message).then(next).into());
    };
    Ok((None, matching.articles(&[article.id]).await?))
}

/// The feed that has this address, by the configuration or since it moved.
async fn feed_at(app: &App, url: &Url) -> anyhow::Result<Option<Slug>> {
    if let Some(feed) = app.config.feeds.iter().find(|feed| feed.url == *url) {
        return Ok(Some(feed.slug.clone()));
    }
    let moved =
        feed::list(&app.store).await?.into_iter().find(|feed| feed.adopted_url.as_deref() == Some(url.as_str()));
    Ok(moved.map(|feed| feed.slug))
}

/// The entries of a document.
async fn document(
    app: &App,
    matching: &Matching<'_>,
    args: &MatchArgs,
    output: &Output,
) -> anyhow::Result<(Option<Slug>, Vec<Matched>)> {
    let body = read(Path::new(&args.what))?;
    let not_a_feed = |error: parse::NotAFeed| {
        Failure::new(Exit::Problems, format!("{}: {error}", args.what))
            .then("save the feed itself, not a page that leads to it")
    };
    let document = parse::document(&body, None, None).map_err(not_a_feed)?;
    let feed = match &args.feed {
        Some(slug) => resolve::feed(app, slug)?,
        None => of_same_host(app, &args.what, document.link.as_deref())?,
    };
    // Once more: links that lack a host get that of the feed.
    let document = parse::document(&body, None, Some(&feed.url)).map_err(not_a_feed)?;
    output.say(&format!("read as the document of the feed `{}`", feed.slug));
    if let Some(damage) = &document.damaged {
        output.warn(&format!("it is damaged, what could be read was matched: {damage}"));
    }
    if document.entries.is_empty() {
        output.say("it has no entries");
    }
    tell_first_fetch(app, feed, output).await?;
    Ok((Some(feed.slug.clone()), matching.document(feed, &document, app.clock.now()).await?))
}

/// The only feed from where the document says it comes.
fn of_same_host<'a>(app: &'a App, file: &str, link: Option<&str>) -> anyhow::Result<&'a Feed> {
    let host = link.and_then(|link| Url::parse(link).ok()).and_then(|url| url.host_str().map(str::to_owned));
    let fits = |feed: &&Feed| host.is_some() && feed.url.host_str() == host.as_deref();
    let fitting: Vec<&Feed> = app.config.feeds.iter().filter(fits).collect();
    let message = match (fitting.as_slice(), host) {
        ([feed], _) => return Ok(feed),
        (_, None) => format!("{file} does not say where it comes from, so whose document it is cannot be told"),
        ([], Some(host)) => format!("{file} comes from {host}, and no feed of the configuration does"),
        (several, Some(host)) => {
            let slugs: Vec<String> = several.iter().map(|feed| format!("`{}`", feed.slug)).collect();
            format!("{file} comes from {host}, and so do the feeds {}", slugs.join(", "))
        }
    };
    let slug = fitting.first().map_or("SLUG", |feed| feed.slug.as_str());
    Err(Failure::new(Exit::Usage, message).then(format!("say as whose it is read: --feed {slug}")).into())
}

/// What comes with the first fetch of a feed is for the archive, which these counts do not show.
async fn tell_first_fetch(app: &App, feed: &Feed, output: &Output) -> anyhow::Result<()> {
    let known = feed::list(&app.store).await?.into_iter().find(|known| known.slug == feed.slug);
    if known.is_some_and(|known| known.first_fetched_at.is_some()) {
        return Ok(());
    }
    let mailed = match app.config.collect.first_fetch {
        FirstFetch::None => "nothing of".to_owned(),
        FirstFetch::Newest(n) => format!("only the newest {n} of"),
    };
    output.say(&format!(
        "the feed `{}` was never fetched: {mailed} its first fetch is mailed (collect.first_fetch); the counts are for later ones",
        feed.slug
    ));
    Ok(())
}

impl From<Matched> for Item {
    fn from(matched: Matched) -> Self {
        let reasons = |facet: Facet| -> Vec<Reason> {
            let of_facet = matched.places.iter().filter(|place| place.facet == facet);
            of_facet
                .map(|Place { slug, why, filed, .. }| Reason {
                    slug: slug.to_string(),
                    why: why.clone(),
                    filed: *filed,
                })
                .collect()
        };
        Self {
            article: matched.article.as_ref().map(|article| article.id),
            state: matched.article.as_ref().map(article::Listed::state),
            topics: reasons(Facet::Topic),
            regions: reasons(Facet::Region),
            readers: matched.audiences.iter().map(|audience| audience.readers).sum(),
            runs: matched.audiences.into_iter().map(Run::from).collect(),
            title: matched.title,
            link: matched.link,
        }
    }
}

impl From<Audience> for Run {
    fn from(Audience { frequency, zone, hour, at, readers }: Audience) -> Self {
        let hour = (hour >= 0).then_some(hour);
        Self { frequency: frequency.to_string(), zone: zone.name().to_owned(), hour, at, readers }
    }
}

impl Item {
    fn text(&self, now: DateTime<Utc>) -> String {
        let mut lines = vec![self.title.clone()];
        lines.extend(self.link.iter().map(|link| format!("  {link}")));
        if let (Some(article), Some(state)) = (self.article, self.state) {
            lines.push(format!("  article {article}, {state}"));
        }
        for (facet, reasons) in [("topic", &self.topics), ("region", &self.regions)] {
            lines.extend(reasons.iter().map(|reason| format!("  {facet} {}: {}", reason.slug, reason.text())));
        }
        lines.extend(self.runs.iter().map(|run| format!("  {}", run.text(now))));
        lines.extend(self.nobody().map(|why| format!("  nobody gets it: {why}")));
        lines.join("\n")
    }

    /// Why it goes to no reader, if it goes to none.
    fn nobody(&self) -> Option<&'static str> {
        if self.readers > 0 {
            return None;
        }
        Some(match self.state {
            Some("withdrawn") => "it was withdrawn",
            _ if self.topics.is_empty() && self.regions.is_empty() => "no topic takes it",
            _ if self.topics.is_empty() => "no topic takes it, and a region only narrows",
            Some("archive") => "it came for the archive only, as with the first fetch of its feed",
            Some(_) => "no reader holds these topics, regions and language, or they have all had their run",
            None => "no reader holds these topics, regions and language",
        })
    }
}

impl Reason {
    fn text(&self) -> String {
        match (&self.why, self.filed) {
            (Some(why), true) => why.clone(),
            (Some(why), false) => format!("{why}, but it came before the rule did and is not there"),
            (None, _) => "it was put there when it came; the rule does not take it any more".to_owned(),
        }
    }
}

impl Run {
    fn text(&self, now: DateTime<Utc>) -> String {
        let readers = if self.readers == 1 { "1 reader".to_owned() } else { format!("{} readers", self.readers) };
        let clock = self.hour.map(|hour| format!(" at {hour} o'clock")).unwrap_or_default();
        let at = self.at.map_or_else(|| "not planned yet; `tidings run` plans it".to_owned(), |at| when(at, now));
        format!("{readers}, {}{clock} in {}: {at}", self.frequency, self.zone)
    }
}
