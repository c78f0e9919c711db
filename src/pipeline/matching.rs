//! What becomes of an item: the topics and regions that it goes to by the rules as they are written, whether or not they
//! are in force, why, and who would get it in which run. It looks and changes nothing.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::collect;
use super::shelves::Shelves;
use crate::config::{Config, Feed};
use crate::feed::Document;
use crate::feed::identity::canonical_link;
use crate::feed::rules::Matcher;
use crate::model::article::Story;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::{Facet, Rule};
use crate::store::article::{self, Listed, Version};
use crate::store::audience::{self, Audience, TO_COME};
use crate::store::filing::{self, Filing};
use crate::store::{self, Store};

/// An item, and where it goes.
#[derive(Debug, Clone)]
pub struct Matched {
    pub title: String,
    pub link: Option<String>,
    /// If it was collected.
    pub article: Option<Listed>,
    pub places: Vec<Place>,
    pub audiences: Vec<Audience>,
}

/// A topic or region that it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub facet: Facet,
    pub slug: Slug,
    /// By the rule as it is now; None: it does not match any more.
    pub why: Option<String>,
    /// It is there, or will be when it is collected; else it came before the rule did.
    pub filed: bool,
}

/// What one topic or region takes of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub facet: Facet,
    pub slug: Slug,
    pub entries: usize,
    /// The title of the first of them, and why it is taken.
    pub example: String,
    pub why: String,
}

/// By the rules alone, whether or not anything was ever collected: a database is not asked.
pub fn taken(config: &Config, feed: &Feed, document: &Document, now: DateTime<Utc>) -> Vec<Taken> {
    let stories: Vec<Story> =
        document.entries.iter().map(|entry| collect::story(entry, document, feed.language.as_ref(), now)).collect();
    let topics = config.topics.iter().map(|topic| (Facet::Topic, &topic.slug, &topic.rule));
    let regions = config.regions.iter().map(|region| (Facet::Region, &region.slug, &region.rule));
    let of_one = |(facet, slug, rule): (Facet, &Slug, &Rule)| {
        let matcher = Matcher::of(rule);
        let site = &config.site.language;
        let why = |story: &Story| matcher.why(&collect::sighted(story, &feed.slug, site));
        let mut hits = stories.iter().filter_map(|story| Some((story.title.clone(), why(story)?)));
        let (example, why) = hits.next()?;
        Some(Taken { facet, slug: slug.clone(), entries: 1 + hits.count(), example, why })
    };
    topics.chain(regions).filter_map(of_one).collect()
}

/// What the items are matched with.
pub struct Matching<'a> {
    store: &'a Store,
    config: &'a Config,
    shelves: Shelves,
    /// (topic, language of its readers) where the site's language is served instead.
    elsewhere: HashSet<(i64, Language)>,
}

/// An item with all that is known of it.
struct Item {
    story: Story,
    /// Those that it is, or is about to be, seen in.
    feeds: Vec<Slug>,
    /// It is about to be seen in one for the first time: then it is filed anew.
    is_news: bool,
    article: Option<Listed>,
    filings: Vec<Filing>,
}

impl<'a> Matching<'a> {
    pub async fn open(store: &'a Store, config: &'a Config) -> Result<Self, store::Error> {
        let shelves = Shelves::as_written(store, config).await?;
        let elsewhere = shelves.served_in_site_language(config).collect();
        Ok(Self { store, config, shelves, elsewhere })
    }

    /// The entries of a feed's document, as if it were fetched now.
    pub async fn document(
        &self,
        feed: &Feed,
        document: &Document,
        now: DateTime<Utc>,
    ) -> Result<Vec<Matched>, store::Error> {
        let mut all = Vec::new();
        for entry in &document.entries {
            let story = collect::story(entry, document, feed.language.as_ref(), now);
            let known = match story.link.as_deref().and_then(canonical_link) {
                Some(link) => article::by_canonical_link(self.store, &link).await?,
                None => None,
            };
            let mut item =
                Item { story, feeds: vec![feed.slug.clone()], is_news: true, article: None, filings: vec![] };
            if let Some(article) = known {
                item.is_news = !article::sighted_in(self.store, article.id).await?.contains(&feed.slug);
                item.filings = filing::of_article(self.store, article.id).await?;
                item.article = Some(article);
            }
            all.push(self.matched(item).await?);
        }
        Ok(all)
    }

    /// Articles that were collected.
    pub async fn articles(&self, ids: &[i64]) -> Result<Vec<Matched>, store::Error> {
        let mut stories = article::stories(self.store, ids, Version::Corrected).await?;
        let mut all = Vec::new();
        for id in ids {
            let (Some(story), Some(listed)) = (stories.remove(id), article::by_id(self.store, *id).await?) else {
                continue;
            };
            let feeds = article::sighted_in(self.store, *id).await?;
            let filings = filing::of_article(self.store, *id).await?;
            all.push(self.matched(Item { story, feeds, is_news: false, article: Some(listed), filings }).await?);
        }
        Ok(all)
    }

    async fn matched(&self, item: Item) -> Result<Matched, store::Error> {
        let why = self.why(&item);
        let mut places = Vec::new();
        let (mut topics, mut regions) = (Vec::new(), Vec::new());
        for (id, facet, slug) in self.shelves.all() {
            let filing = item.filings.iter().find(|filing| filing.topic == id);
            let why = why.get(&id).cloned();
            if why.is_none() && filing.is_none() {
                continue;
            }
            let counts = match filing {
                None if item.is_news => Some(TO_COME),
                None => None,
                Some(filing) => position(filing, facet, item.is_news),
            };
            match (facet, counts) {
                (Facet::Topic, Some(position)) => topics.extend(self.served(&item.story, id, position)),
                (Facet::Region, Some(position)) => regions.push((id, position)),
                (_, None) => {}
            }
            places.push(Place { facet, slug: slug.clone(), why, filed: filing.is_some() || item.is_news });
        }
        let withdrawn = item.article.as_ref().is_some_and(|article| article.withdrawn_at.is_some());
        let audiences = if withdrawn { vec![] } else { audience::of(self.store, &topics, &regions).await? };
        let Story { title, link, .. } = item.story;
        Ok(Matched { title, link, article: item.article, places, audiences })
    }

    /// The reasons of the first of its feeds that has one, by number of topic or region.
    fn why(&self, item: &Item) -> HashMap<i64, String> {
        let mut reasons = HashMap::new();
        for feed in &item.feeds {
            let sighted = collect::sighted(&item.story, feed, &self.config.site.language);
            for (id, why) in self.shelves.why(&sighted) {
                reasons.entry(id).or_insert(why);
            }
        }
        reasons
    }

    /// The languages of readers who are served this story's under a topic.
    fn served(&self, story: &Story, topic: i64, position: i64) -> Vec<(i64, String, i64)> {
        let site = &self.config.site.language;
        let its = story.language.as_ref().unwrap_or(site);
        let languages = self.config.site.languages.iter().filter(|language| {
            let served = if self.elsewhere.contains(&(topic, (*language).clone())) { site } else { language };
            served == its
        });
        languages.map(|language| (topic, language.to_string(), position)).collect()
    }
}

/// From where a filing counts; None: for nobody, or not before its feed is released.
fn position(filing: &Filing, facet: Facet, is_news: bool) -> Option<i64> {
    if filing.held_for.is_some() {
        return None;
    }
    match (filing.position, filing.number_at, facet) {
        (Some(position), ..) => Some(position),
        (None, Some(_), _) => Some(TO_COME),
        // A sighting in a further feed makes news of what was for the archive only.
        (None, None, _) if is_news => Some(TO_COME),
        // Filed in a region for the archive only: it delays nothing.
        (None, None, Facet::Region) => Some(0),
        (None, None, Facet::Topic) => None,
    }
}
