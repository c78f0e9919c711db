//! `tidings article list|withdraw|pin|unpin`

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::exit::{Exit, Failure};
use super::global::{Global, instant};
use super::output::Output;
use super::words::when;
use super::{open, resolve};
use crate::app::App;
use crate::feed::identity::canonical_link;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::store::article::{self, Listed};
use crate::store::withdrawal::{self, Reach};

#[derive(Debug, Subcommand)]
pub enum ArticleCommand {
    /// List the newest articles: number, when they were first seen, topics, state, title
    List(ListArgs),
    /// Take an article back: out of all mails that still wait, and out of all to come
    #[command(
        after_help = "Nothing of it is sent from here on, beside a running daemon too. Mails that have gone cannot \
        be called back, but the pages behind them no longer show it. It cannot be undone: whoever did not get the \
        article does not get it later.\n\n\
        Example:  tidings article withdraw https://news.example.org/story/17"
    )]
    Withdraw(OneArgs),
    /// Put an article first in its section, in digests that are composed from now on
    Pin(OneArgs),
    /// Let a pinned article stand where it would
    Unpin(OneArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those under this topic
    #[arg(long, value_name = "SLUG")]
    topic: Option<Slug>,
    /// Only those first seen since then: "2026-11-23 08:00" (UTC), or a date
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<DateTime<Utc>>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct OneArgs {
    /// Its number, as `tidings article list` shows it, or its link
    article: Named,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// How an article is named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    Number(i64),
    /// As articles are told apart by it.
    Link(String),
}

impl std::str::FromStr for Named {
    type Err = String;

    fn from_str(typed: &str) -> Result<Self, String> {
        if let Ok(number) = typed.parse() {
            return Ok(Self::Number(number));
        }
        canonical_link(typed).map(Self::Link).ok_or_else(|| {
            "it is neither the number of an article (`tidings article list`) nor a link (https://…)".to_owned()
        })
    }
}

pub async fn run(command: &ArticleCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        ArticleCommand::List(args) => list(args, global, output).await,
        ArticleCommand::Withdraw(args) => withdraw(args, global, output).await,
        ArticleCommand::Pin(args) => pin(args, true, global, output).await,
        ArticleCommand::Unpin(args) => pin(args, false, global, output).await,
    }
}

#[derive(Serialize)]
struct Shown {
    id: i64,
    first_seen: DateTime<Utc>,
    topics: Vec<String>,
    regions: Vec<String>,
    /// `new`, `mailed`, `held`, `archive`, `unfiled` or `withdrawn`
    state: &'static str,
    pinned: bool,
    title: String,
    link: Option<String>,
}

async fn list(args: &ListArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let topic = match &args.topic {
        Some(slug) => resolve::topics(&app, Facet::Topic, std::slice::from_ref(slug)).await?.pop(),
        None => None,
    };
    let since = args.since.unwrap_or(DateTime::UNIX_EPOCH);
    let listed = article::list(&app.store, topic, since, i64::from(args.limit)).await?;
    let ids: Vec<i64> = listed.iter().map(|article| article.id).collect();
    let mut filed: HashMap<i64, Vec<(Facet, Slug)>> = HashMap::new();
    for (article, facet, slug) in article::filed_under(&app.store, &ids).await? {
        filed.entry(article).or_default().push((facet, slug));
    }
    let shown: Vec<Shown> =
        listed.into_iter().map(|article| shown(&article, filed.remove(&article.id).unwrap_or_default())).collect();
    let now = app.clock.now();
    output.list(&shown, &["article", "first seen", "topics", "state", "title"], |article| {
        let all: Vec<&str> = article.topics.iter().chain(&article.regions).map(String::as_str).collect();
        let state = if article.pinned { format!("{}, pinned", article.state) } else { article.state.to_owned() };
        vec![article.id.to_string(), when(article.first_seen, now), all.join(", "), state, article.title.clone()]
    })?;
    Ok(Exit::Done)
}

fn shown(article: &Listed, filed: Vec<(Facet, Slug)>) -> Shown {
    let slugs = |facet| filed.iter().filter(|(f, _)| *f == facet).map(|(_, slug)| slug.to_string()).collect();
    let topics: Vec<String> = slugs(Facet::Topic);
    let state = match article.state() {
        "archive" if topics.is_empty() => "unfiled",
        state => state,
    };
    Shown {
        id: article.id,
        first_seen: article.first_seen_at,
        regions: slugs(Facet::Region),
        topics,
        state,
        pinned: article.pinned_at.is_some(),
        title: article.title.clone(),
        link: article.link.clone(),
    }
}

async fn find(app: &App, named: &Named) -> anyhow::Result<Listed> {
    let found = match named {
        Named::Number(number) => article::by_id(&app.store, *number).await?,
        Named::Link(link) => article::by_canonical_link(&app.store, link).await?,
    };
    let missing = || match named {
        Named::Number(number) => format!("there is no article {number}"),
        Named::Link(link) => format!("no article has the link {link}"),
    };
    found.ok_or_else(|| Failure::new(Exit::NotFound, missing()).then("`tidings article list` lists the newest").into())
}

/// As sentences name it.
fn name(article: &Listed) -> String {
    format!("article {}, “{}”,", article.id, article.title)
}

#[derive(Serialize)]
struct Withdrawn {
    id: i64,
    title: String,
    /// It was withdrawn before.
    already: bool,
    #[serde(flatten)]
    reach: Reach,
    dry_run: bool,
}

/// It asks nothing of the configuration: one that was edited since the daemon began is no reason to let mail go.
async fn withdraw(args: &OneArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let found = find(&app, &args.article).await?;
    let reach = if args.dry_run {
        withdrawal::reach_if_withdrawn(&app.store, found.id).await?
    } else {
        let now = app.clock.now();
        let mut tx = app.store.begin().await?;
        withdrawal::withdraw(&mut tx, found.id, now).await?;
        tx.commit().await?;
        withdrawal::sweep(&app.store, now).await?;
        // What another process had in hand just then is for the daemon to come back to.
        open::nudge(&app, output).await?;
        withdrawal::reach(&app.store, found.id).await?
    };
    let already = found.withdrawn_at.is_some();
    let withdrawn = Withdrawn { id: found.id, title: found.title.clone(), already, reach, dry_run: args.dry_run };
    output.result(&withdrawn, || {
        let how = match (already, args.dry_run) {
            (true, _) => "was withdrawn already",
            (false, true) => "would be withdrawn",
            (false, false) => "is withdrawn",
        };
        format!("{} {how}: {}", name(&found), in_words(&reach, args.dry_run))
    })?;
    if !already {
        output.say("this cannot be undone: whoever did not get it does not get it later");
    }
    Ok(Exit::Done)
}

fn in_words(reach: &Reach, dry_run: bool) -> String {
    let mails = |n: i64| if n == 1 { "1 mail".to_owned() } else { format!("{n} mails") };
    let goes = |n: i64| match (dry_run, n) {
        (true, _) => "would go",
        (false, 1) => "goes",
        (false, _) => "go",
    };
    let is = |n: i64| match (dry_run, n) {
        (true, _) => "would be",
        (false, 1) => "is",
        (false, _) => "are",
    };
    let it = |n: i64| if n == 1 { "it" } else { "them" };
    let Reach { changed, cancelled, sent, in_doubt } = *reach;
    let parts = [
        (changed, format!("{} {} without it", mails(changed), goes(changed))),
        (cancelled, format!("{} with nothing else in {} {} cancelled", mails(cancelled), it(cancelled), is(cancelled))),
        (in_doubt, format!("{} may be arriving with it now", mails(in_doubt))),
        (sent, format!("{} had gone with it already", mails(sent))),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|(n, _)| *n > 0).map(|(_, words)| words).collect();
    if parts.is_empty() { "no mail had it".to_owned() } else { parts.join("; ") }
}

#[derive(Serialize)]
struct Pinned {
    id: i64,
    title: String,
    pinned: bool,
    /// It was so before.
    already: bool,
    dry_run: bool,
}

async fn pin(args: &OneArgs, pinned: bool, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let found = find(&app, &args.article).await?;
    if let Some(at) = found.withdrawn_at.filter(|_| pinned) {
        let message = format!("{} was withdrawn on {}: nobody gets it", name(&found), at.format("%Y-%m-%d"));
        return Err(Failure::new(Exit::Refused, message).then("`tidings article list` shows which are not").into());
    }
    let already = found.pinned_at.is_some() == pinned;
    if !already && !args.dry_run {
        let now = app.clock.now();
        let mut tx = app.store.begin().await?;
        article::pin(&mut tx, found.id, pinned.then_some(now)).await?;
        tx.commit().await?;
    }
    let result = Pinned { id: found.id, title: found.title.clone(), pinned, already, dry_run: args.dry_run };
    output.result(&result, || {
        let how = match (pinned, already, args.dry_run) {
            (true, true, _) => "is pinned already",
            (false, true, _) => "is not pinned",
            (true, false, false) => "is pinned: it stands first in its section, in digests composed from now on",
            (false, false, false) => "is no longer pinned, in digests composed from now on",
            (true, false, true) => "would be pinned",
            (false, false, true) => "would no longer be pinned",
        };
        format!("{} {how}", name(&found))
    })?;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawal_is_told_in_numbers_that_agree() {
        let reach = Reach { changed: 2, cancelled: 1, sent: 0, in_doubt: 0 };
        let told = "2 mails go without it; 1 mail with nothing else in it is cancelled";
        assert_eq!(in_words(&reach, false), told);
        let reach = Reach { changed: 1, cancelled: 3, sent: 1, in_doubt: 2 };
        let told = "1 mail would go without it; 3 mails with nothing else in them would be cancelled; \
             2 mails may be arriving with it now; 1 mail had gone with it already";
        assert_eq!(in_words(&reach, true), told);
        assert_eq!(in_words(&Reach::default(), false), "no mail had it");
    }

    #[test]
    fn an_article_is_named_by_its_number_or_its_link() {
        assert_eq!("17".parse(), Ok(Named::Number(17)));
        let link = "http://news.example.org/story/17/?utm_source=x";
        assert_eq!(link.parse(), Ok(Named::Link("https://news.example.org/story/17".to_owned())));
        assert!("story 17".parse::<Named>().unwrap_err().contains("neither the number"));
    }
}
