//! `tidings feed export`

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::app::App;
use crate::cli::exit::Exit;
use crate::cli::file::could_not;
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::cli::words::count;
use crate::config::Feed;
use crate::feed::opml::{self, Folder, Outline};
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::store::feed;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Where to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct Exported {
    feeds: usize,
    file: Option<PathBuf>,
    /// Of the list, where it was not written to a file.
    opml: Option<String>,
}

pub async fn run(args: &ExportArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let list = feed::list(&app.store).await?;
    let titles: HashMap<Slug, String> = list.into_iter().filter_map(|feed| Some((feed.slug, feed.title?))).collect();
    let outlines: Vec<Outline> = app.config.feeds.iter().map(|feed| outline(&app, feed, &titles)).collect();
    let text = opml::write(&app.config.site.name, &outlines);
    let feeds = outlines.len();
    let Some(file) = &args.output else {
        output.result(&Exported { feeds, file: None, opml: Some(text.clone()) }, || text)?;
        return Ok(Exit::Done);
    };
    replace(file, &text)?;
    let exported = Exported { feeds, file: Some(file.clone()), opml: None };
    output.result(&exported, || format!("{} written to {}", count(feeds, "feed"), file.display()))?;
    Ok(Exit::Done)
}

fn outline(app: &App, feed: &Feed, titles: &HashMap<Slug, String>) -> Outline {
    let topics = app.config.topics.iter().filter(|topic| topic.rule.feeds.contains(&feed.slug));
    let folder = |slug: &Slug| Folder {
        name: app.config.name_of(Facet::Topic, slug, &app.config.site.language),
        slug: Some(slug.clone()),
    };
    Outline {
        url: feed.url.clone(),
        title: Some(titles.get(&feed.slug).cloned().unwrap_or_else(|| feed.slug.to_string())),
        language: feed.language.clone(),
        folders: topics.map(|topic| folder(&topic.slug)).collect(),
        slug: Some(feed.slug.clone()),
        allow_private: feed.allow_private,
        interval: feed.interval,
    }
}

/// The old file stays until the new one is whole. One that is a link stays one, and who may read it stays so.
pub(super) fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    let written = || -> std::io::Result<()> {
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
        let mut name = file.as_os_str().to_owned();
        name.push(".part");
        let part = PathBuf::from(name);
        fs::write(&part, text)?;
        if let Ok(old) = fs::metadata(&file) {
            fs::set_permissions(&part, old.permissions())?;
        }
        fs::rename(&part, &file)
    };
    Ok(written().map_err(could_not("write", file))?)
}
