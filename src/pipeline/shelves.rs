//! The topics and regions as the line needs them: their numbers in the database beside their names and rules in the
//! configuration.

use std::collections::{BTreeSet, HashMap};

use crate::config::Config;
use crate::feed::rules::{Matcher, Sighting};
use crate::model::choice::Window;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::{Facet, Rule};
use crate::store::{self, Store, declared, feed};

/// Where articles are put.
pub struct Shelves(Vec<Shelf>);

/// A window of nothing yet, which knows in which language each topic is served.
pub async fn window(store: &Store, config: &Config, lower: i64, upper: i64) -> Result<Window, store::Error> {
    let site = &config.site.language;
    let mut window = Window::new(lower, upper, site.clone());
    for (topic, language) in Shelves::load(store, config).await?.served_in_site_language(config) {
        window.serve(topic, language, site.clone());
    }
    Ok(window)
}

struct Shelf {
    id: i64,
    facet: Facet,
    slug: Slug,
    matcher: Matcher,
    /// The languages that its feeds have.
    languages: BTreeSet<Language>,
}

impl Shelves {
    pub async fn load(store: &Store, config: &Config) -> Result<Self, store::Error> {
        Self::of_text(store, config, |_| None).await
    }

    /// Also those that the text has and the database does not have yet, under numbers that nothing else has.
    pub async fn as_written(store: &Store, config: &Config) -> Result<Self, store::Error> {
        Self::of_text(store, config, |place| Some(-1 - i64::try_from(place).unwrap_or_default())).await
    }

    async fn of_text(
        store: &Store,
        config: &Config,
        number: impl Fn(usize) -> Option<i64>,
    ) -> Result<Self, store::Error> {
        let ids: HashMap<(Facet, Slug), i64> =
            declared::topics(store).await?.into_iter().map(|t| ((t.facet, t.slug), t.id)).collect();
        let spoken = feed::languages(store).await?;
        let topics = config.topics.iter().map(|t| (Facet::Topic, &t.slug, &t.rule));
        let regions = config.regions.iter().map(|r| (Facet::Region, &r.slug, &r.rule));
        let shelf = |(place, (facet, slug, rule)): (usize, (Facet, &Slug, &Rule))| {
            let id = ids.get(&(facet, slug.clone())).copied().or(number(place))?;
            let languages = languages_of(rule, config, &spoken);
            Some(Shelf { id, facet, slug: slug.clone(), matcher: Matcher::of(rule), languages })
        };
        Ok(Self(topics.chain(regions).enumerate().filter_map(shelf).collect()))
    }

    /// Topics and regions that a sighting belongs to.
    pub fn of(&self, sighting: &Sighting<'_>) -> Vec<i64> {
        self.0.iter().filter(|shelf| shelf.matcher.matches(sighting)).map(|shelf| shelf.id).collect()
    }

    /// All of them, topics first: number, facet, slug.
    pub fn all(&self) -> impl Iterator<Item = (i64, Facet, &Slug)> {
        self.0.iter().map(|shelf| (shelf.id, shelf.facet, &shelf.slug))
    }

    /// Those that a sighting belongs to, and why.
    pub fn why(&self, sighting: &Sighting<'_>) -> Vec<(i64, String)> {
        self.0.iter().filter_map(|shelf| Some((shelf.id, shelf.matcher.why(sighting)?))).collect()
    }

    /// (topic, language of a reader): served in the site's language, because none of the topic's feeds has theirs.
    pub fn served_in_site_language<'a>(&'a self, config: &'a Config) -> impl Iterator<Item = (i64, Language)> + 'a {
        let lacks = |shelf: &&Shelf| shelf.facet == Facet::Topic;
        self.0.iter().filter(lacks).flat_map(|shelf| {
            let missing = config.site.languages.iter().filter(|language| !shelf.languages.contains(*language));
            missing.map(|language| (shelf.id, language.clone()))
        })
    }
}

/// A rule that names no feeds looks at all of them. What a feed neither declares nor says is the site's.
fn languages_of(rule: &Rule, config: &Config, spoken: &HashMap<Slug, Option<Language>>) -> BTreeSet<Language> {
    let named = config.feeds.iter().filter(|feed| rule.feeds.is_empty() || rule.feeds.contains(&feed.slug));
    let language = |feed: &crate::config::Feed| spoken.get(&feed.slug).cloned().flatten();
    named
        .map(|feed| language(feed).unwrap_or_else(|| config.site.language.clone()))
        .filter(|language| rule.languages.is_empty() || rule.languages.contains(language))
        .collect()
}
