//! The newsroom that the demo reads: a small paper of our own writing (`demo/`, CC0), which serves its feeds over real
//! HTTP on loopback and knows what each reader must get of them.
//!
//! At first there is only the backlog; [`Newsroom::publish`] brings the new articles out. It knows nothing of how
//! Tidings works: what it expects is worked out from its own data by the rules that readers are promised.

mod document;
mod own;
mod paper;
mod server;
mod tables;

use std::collections::BTreeSet;
use std::sync::{OnceLock, RwLock};

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::language::Language;

use paper::{Article, Feed, Format, Paper};

pub struct Newsroom {
    paper: Paper,
    articles: Vec<Article>,
    opened: DateTime<Utc>,
    published: OnceLock<DateTime<Utc>>,
    /// What a visitor brought out, and when.
    own: RwLock<Vec<(Article, DateTime<Utc>)>>,
}

impl Newsroom {
    /// Opens with the backlog, whose articles are hours and days older than `now`.
    pub fn load(now: DateTime<Utc>) -> Self {
        let (paper, articles) = paper::read();
        Self { paper, articles, opened: now, published: OnceLock::new(), own: RwLock::default() }
    }

    /// Brings the new articles out, the last of them at `now`. Once: a second time changes nothing.
    pub fn publish(&self, now: DateTime<Utc>) {
        self.published.get_or_init(|| now);
    }

    pub fn name(&self) -> &str {
        &self.paper.name
    }

    /// The feeds to be declared, that which is gone among them.
    pub fn feeds(&self) -> usize {
        self.paper.feed.len()
    }

    /// How many different articles the feeds carry at this moment.
    pub fn articles(&self) -> usize {
        self.articles.iter().filter(|article| self.date(article).is_some()).count() + self.own().len()
    }

    /// The titles of all articles of its own writing, old and new.
    pub fn titles(&self) -> impl Iterator<Item = &str> {
        self.articles.iter().map(|article| article.title.as_str())
    }

    /// The titles of the new articles that a reader of these topics must get, each once, in the paper's order.
    ///
    /// Under a topic they are those in the reader's language or, if the topic has none in it, in the site's; with
    /// regions chosen, only those that lie in one of them.
    pub fn expected(&self, language: &Language, topics: &[&str], regions: &[&str]) -> Vec<&str> {
        let wanted = |article: &&Article| {
            let here = |slug: &String| regions.contains(&slug.as_str());
            let under = |topic: &String| {
                topics.contains(&topic.as_str()) && article.language == *self.language_of(topic, language)
            };
            article.hours.is_none()
                && article.topics.iter().any(under)
                && (regions.is_empty() || article.regions.iter().any(here))
        };
        self.articles.iter().filter(wanted).map(|article| article.title.as_str()).collect()
    }

    /// In which language a reader gets a topic.
    fn language_of<'a>(&'a self, topic: &str, reader: &'a Language) -> &'a Language {
        let covered = self.articles.iter().any(|a| a.language == *reader && a.topics.iter().any(|t| t == topic));
        if covered { reader } else { &self.paper.language }
    }

    /// When an article came out; nothing if it has not.
    fn date(&self, article: &Article) -> Option<DateTime<Utc>> {
        match article.hours {
            Some(hours) => Some(self.opened - TimeDelta::hours(hours)),
            None => self.published.get().map(|at| *at - TimeDelta::minutes(article.place_in_file)),
        }
    }

    /// What a feed carries now, the newest first.
    fn entries(&self, feed: &Feed) -> Vec<(Article, DateTime<Utc>)> {
        let dated = |article: &Article| self.date(article).map(|date| (article.clone(), date));
        let mut entries: Vec<_> = self.articles.iter().filter_map(dated).chain(self.own()).collect();
        entries.retain(|(article, _)| article.language == feed.language && self.carries(feed, article));
        entries.sort_by_key(|&(_, date)| std::cmp::Reverse(date));
        entries
    }

    fn carries(&self, feed: &Feed, article: &Article) -> bool {
        match &feed.topic {
            Some(topic) => article.topics.contains(topic),
            None => feed.format != Format::Gone && article.topics.iter().any(|topic| !self.has_sections(topic)),
        }
    }

    fn has_sections(&self, topic: &str) -> bool {
        self.paper.feed.iter().any(|feed| feed.topic.as_deref() == Some(topic))
    }

    /// An article's topics and regions, by their names in its language.
    fn categories<'a>(&'a self, article: &Article) -> BTreeSet<&'a str> {
        let topics = self.paper.topic.iter().filter(|topic| article.topics.contains(&topic.slug));
        let regions = self.paper.region.iter().filter(|region| article.regions.contains(&region.slug));
        topics.chain(regions).filter_map(|place| place.name.get(&article.language)).map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests;
