//! `tidings feed release`: what a feed had too much of at once is let go.

use clap::Args;
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::cli::words::count;
use crate::model::slug::Slug;
use crate::store::flood::{self, Release};

#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// The feed, by its slug
    slug: Slug,
    /// Keep its articles for the archive: they are shown, and never mailed
    #[arg(long)]
    archive: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Released {
    feed: String,
    /// That were held under a topic or region.
    articles: i64,
    archive: bool,
    dry_run: bool,
}

/// It asks nothing of the configuration: what is held is filed already.
pub(super) async fn run(args: &ReleaseArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let Some((feed, articles)) = flood::find(&app.store, &args.slug).await? else {
        return Err(Failure::new(Exit::NotFound, format!("there is no feed `{}`", args.slug))
            .then("`tidings feed list` lists them")
            .into());
    };
    if articles > 0 && !args.dry_run {
        let how = if args.archive { Release::Archive } else { Release::News };
        flood::release(&app.store, feed, how).await?;
        open::nudge(&app, output).await?;
    }
    let released = Released { feed: args.slug.to_string(), articles, archive: args.archive, dry_run: args.dry_run };
    output.result(&released, || in_words(&released))?;
    Ok(Exit::Done)
}

fn in_words(released: &Released) -> String {
    let Released { feed, articles, archive, dry_run } = released;
    if *articles == 0 {
        return format!("feed {feed} holds nothing");
    }
    let is = if *dry_run { "would be" } else { "is" };
    let what = if *archive { "kept and never mailed" } else { "news for the next digests" };
    let articles = count(usize::try_from(*articles).unwrap_or_default(), "article");
    format!("feed {feed} {is} released: {articles}, {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_says_what_becomes_of_how_much() {
        let says =
            |articles, archive, dry_run| in_words(&Released { feed: "sea".to_owned(), articles, archive, dry_run });
        assert_eq!(says(60, false, false), "feed sea is released: 60 articles, news for the next digests");
        assert_eq!(says(1, true, true), "feed sea would be released: 1 article, kept and never mailed");
        assert_eq!(says(0, false, false), "feed sea holds nothing");
    }
}
