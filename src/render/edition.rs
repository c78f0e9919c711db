//! An edition's frozen content, put into the data of a mail or a page: names for numbers, stories for ids.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::digest::{Digest, Item, Section, Window};
use super::site::{Day, Moment, Site};
use crate::model::article::Story;
use crate::model::directory::{Directory, Named};
use crate::model::edition::{Content, Part, Placed};
use crate::model::language::Language;

/// What an edition is read with.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    pub site: &'a Site,
    pub directory: &'a Directory,
    pub stories: &'a HashMap<i64, Story>,
    /// Those of them that were withdrawn since.
    pub withdrawn: &'a HashSet<i64>,
    pub edition_url: &'a str,
    /// Also what stands behind "N more".
    pub whole: bool,
    pub test: bool,
}

impl Reading<'_> {
    pub fn digest(&self, content: &Content) -> Digest {
        let zone: Tz = content.zone.parse().unwrap_or(Tz::UTC);
        let (from, to) = (local(content.from, zone), local(content.to, zone));
        let sections: Vec<Section> =
            content.parts.iter().filter_map(|part| self.section(part, content, zone)).collect();
        Digest {
            site: self.site.clone(),
            language: content.language.clone(),
            frequency: content
                .frequency
                .and_then(|id| self.directory.frequencies.get(&id))
                .map_or_else(String::new, |named| self.name(named, &content.language)),
            date: to.day,
            edition_url: self.edition_url.to_owned(),
            count: content
                .articles()
                .filter(|id| self.stories.contains_key(id) && !self.withdrawn.contains(id))
                .count(),
            sections,
            window: (content.from < content.to).then_some(Window { from, to }),
            zone: content.zone.clone(),
            late: content.late.then_some(to),
            test: self.test,
            format: content.format,
        }
    }

    fn section(&self, part: &Part, content: &Content, zone: Tz) -> Option<Section> {
        let named = self.directory.topics.get(&part.topic)?;
        let beyond = if self.whole { part.beyond.as_slice() } else { &[] };
        let articles = part.shown.iter().chain(beyond).filter_map(|placed| self.item(placed, content, zone)).collect();
        Some(Section {
            topic: named.slug.clone(),
            name: self.name(named, &content.language),
            articles,
            more: if self.whole { 0 } else { part.beyond.len() },
        })
    }

    fn item(&self, placed: &Placed, content: &Content, zone: Tz) -> Option<Item> {
        let story = self.stories.get(&placed.article)?;
        if self.withdrawn.contains(&placed.article) {
            return Some(Item::withdrawn());
        }
        let names = |ids: &[i64]| -> Vec<String> {
            let named = ids.iter().filter_map(|id| self.directory.topics.get(id));
            named.map(|named| self.name(named, &content.language)).collect()
        };
        Some(Item {
            title: story.title.clone(),
            link: story.link.clone(),
            summary: story.summary.clone(),
            picture: story.image.clone(),
            language: story.language.clone(),
            regions: names(&placed.regions),
            date: story.published_at.map(|at| Day::from(at.with_timezone(&zone).date_naive())),
            also_in: names(&placed.also_in),
            withdrawn: false,
        })
    }

    fn name(&self, named: &Named, language: &Language) -> String {
        named.in_language(language, &self.site.language).to_owned()
    }
}

fn local(millis: i64, zone: Tz) -> Moment {
    DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default().with_timezone(&zone).naive_local().into()
}
