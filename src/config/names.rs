//! The configuration as the rest of the program asks it: names for numbers, and what the database is brought in line
//! with.

use std::path::Path;

use super::Config;
use crate::model::declaration::{self, Declaration};
use crate::model::directory::{Directory, Named};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::{Facet, Names, name_in};

impl Config {
    /// What the database is brought in line with.
    pub fn declaration(&self) -> Declaration {
        let feed = |feed: &super::Feed| declaration::Feed {
            slug: feed.slug.clone(),
            url: feed.url.to_string(),
            language: feed.language.clone(),
        };
        let frequency = |frequency: &super::Frequency| declaration::Frequency {
            slug: frequency.slug.clone(),
            cron: frequency.schedule.to_string(),
            hour_choice: frequency.hour_choice,
            approve: frequency.approve,
        };
        let topics = self.topics.iter().map(|topic| (Facet::Topic, topic.slug.clone()));
        let regions = self.regions.iter().map(|region| (Facet::Region, region.slug.clone()));
        let retired = |facet| move |topic: &super::Topic| (facet, topic.slug.clone(), topic.replaced_by.clone());
        let retired_topics = self.retired.topics.iter().map(retired(Facet::Topic));
        let retired_regions = self.retired.regions.iter().map(retired(Facet::Region));
        Declaration {
            feeds: self.feeds.iter().map(feed).collect(),
            topics: topics.chain(regions).collect(),
            frequencies: self.frequencies.iter().map(frequency).collect(),
            retired_topics: retired_topics.chain(retired_regions).collect(),
            retired_frequencies: self
                .retired
                .frequencies
                .iter()
                .map(|f| (f.slug.clone(), f.replaced_by.clone()))
                .collect(),
            fingerprint: self.fingerprint(),
            source: self.source(),
        }
    }

    /// The file it was read from, in full.
    pub fn source(&self) -> String {
        let full = |file: &Path| std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        self.file.as_deref().map_or("the default configuration".to_owned(), |file| full(file).display().to_string())
    }

    /// Names by the database's numbers.
    pub fn directory(
        &self,
        topics: impl IntoIterator<Item = (i64, Facet, Slug)>,
        frequencies: impl IntoIterator<Item = (i64, Slug)>,
    ) -> Directory {
        let named = |slug: Slug, names: Option<&Names>| Named { names: names.cloned().unwrap_or_default(), slug };
        Directory {
            topics: topics
                .into_iter()
                .map(|(id, facet, slug)| {
                    let names = self.names(facet, &slug);
                    (id, named(slug, names))
                })
                .collect(),
            frequencies: frequencies
                .into_iter()
                .map(|(id, slug)| {
                    let names = self.frequency_names(&slug);
                    (id, named(slug, names))
                })
                .collect(),
        }
    }

    /// One that stays.
    pub fn frequency(&self, slug: &Slug) -> Option<&super::Frequency> {
        self.frequencies.iter().find(|frequency| frequency.slug == *slug)
    }

    /// The name of a topic or region in a language; of one that the text does not have, its slug.
    pub fn name_of(&self, facet: Facet, slug: &Slug, language: &Language) -> String {
        self.spoken(self.names(facet, slug), slug, language)
    }

    pub fn name_of_frequency(&self, slug: &Slug, language: &Language) -> String {
        self.spoken(self.frequency_names(slug), slug, language)
    }

    fn names(&self, facet: Facet, slug: &Slug) -> Option<&Names> {
        let (declared, retired) = match facet {
            Facet::Topic => (&self.topics, &self.retired.topics),
            Facet::Region => (&self.regions, &self.retired.regions),
        };
        // What was mailed under a topic that is given up is still shown under it.
        declared.iter().chain(retired).find(|topic| topic.slug == *slug).map(|topic| &topic.name)
    }

    fn frequency_names(&self, slug: &Slug) -> Option<&Names> {
        let mut all = self.frequencies.iter().chain(&self.retired.frequencies);
        all.find(|frequency| frequency.slug == *slug).map(|frequency| &frequency.name)
    }

    fn spoken(&self, names: Option<&Names>, slug: &Slug, language: &Language) -> String {
        names.map_or(slug.as_str(), |names| name_in(names, language, &self.site.language, slug.as_str())).to_owned()
    }
}
