//! `tidings topic list|match|embed`

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use super::exit::Exit;
use super::global::Global;
use super::matching;
use super::open;
use super::output::Output;
use super::resolve;
use crate::app;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::store::subscription;
use crate::web::embed::snippets;

#[derive(Debug, Subcommand)]
pub enum TopicCommand {
    /// List topics and regions, with their readers
    List,
    /// Say which topics an item goes to, why, and who would get it when
    Match(matching::MatchArgs),
    /// Print the line to paste under an article, which leads to the sign-up for a topic
    #[command(after_help = "The page /LANGUAGE/embed of your site has the same for all topics.\n\n\
        Example:  tidings topic embed health --language ar --as button")]
    Embed(EmbedArgs),
}

#[derive(Debug, Args)]
pub struct EmbedArgs {
    /// The topic
    topic: Slug,
    /// The language of the line and of the page behind it [default: the site's]
    #[arg(long)]
    language: Option<Language>,
    /// What it is to be
    #[arg(long = "as", value_name = "FORM", default_value = "link")]
    shape: Shape,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shape {
    Link,
    Button,
    /// A field for the address and a button
    Form,
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
        TopicCommand::Embed(args) => embed(args, global, output),
    }
}

fn embed(args: &EmbedArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let language = resolve::language_of(&config.site, args.language.as_ref())?;
    let known = config.topics.iter().map(|topic| topic.slug.as_str());
    if !known.clone().any(|slug| slug == args.topic.as_str()) {
        return Err(resolve::unknown("topic", args.topic.as_str(), known)
            .then("`tidings topic list` lists them")
            .into());
    }
    let snippets = snippets(&config, &app::templates(&config)?, &language, &args.topic);
    output.result(&snippets, || match args.shape {
        Shape::Link => snippets.link.clone(),
        Shape::Button => snippets.button.clone(),
        Shape::Form => snippets.form.clone(),
    })?;
    Ok(Exit::Done)
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
