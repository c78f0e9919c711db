//! `tidings topic list|match`

use clap::Subcommand;
use serde::Serialize;

use super::exit::Exit;
use super::global::Global;
use super::matching;
use super::open;
use super::output::Output;
use crate::model::topic::Facet;
use crate::store::subscription;

#[derive(Debug, Subcommand)]
pub enum TopicCommand {
    /// List topics and regions, with their readers
    List,
    /// Say which topics an item goes to, why, and who would get it when
    Match(matching::MatchArgs),
}

#[derive(Serialize)]
struct Listed {
    facet: Facet,
    slug: String,
    name: String,
    readers: i64,
    articles: i64,
}

pub async fn run(command: &TopicCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        TopicCommand::List => list(global, output).await,
        TopicCommand::Match(args) => matching::run(args, global, output).await,
    }
}

async fn list(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let counts = subscription::topic_counts(&app.store).await?;
    let language = &app.config.site.language;
    let topics = app.config.topics.iter().map(|topic| (Facet::Topic, topic));
    let regions = app.config.regions.iter().map(|region| (Facet::Region, region));
    let listed: Vec<Listed> = topics
        .chain(regions)
        .map(|(facet, topic)| {
            let count = counts.iter().find(|c| c.facet == facet && c.slug == topic.slug);
            Listed {
                facet,
                slug: topic.slug.to_string(),
                name: app.config.name_of(facet, &topic.slug, language),
                readers: count.map_or(0, |c| c.readers),
                articles: count.map_or(0, |c| c.articles),
            }
        })
        .collect();
    output.list(&listed, &["", "slug", "name", "readers", "articles"], |topic| {
        let facet = match topic.facet {
            Facet::Topic => "topic",
            Facet::Region => "region",
        };
        vec![
            facet.into(),
            topic.slug.clone(),
            topic.name.clone(),
            topic.readers.to_string(),
            topic.articles.to_string(),
        ]
    })?;
    Ok(Exit::Done)
}
