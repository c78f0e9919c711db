//! From the entries of a document to sightings.

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, TimeDelta, Utc};

use super::super::Line;
use super::super::shelves::Shelves;
use crate::feed::identity::{self, Policy};
use crate::feed::rules::Sighting as Sighted;
use crate::feed::{Document, Entry, clean};
use crate::model::article::Story;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::store::feed::Due;
use crate::store::sighting::Sighting;

/// Cleaned, told apart, matched with the rules. Two equal entries are one.
pub(super) fn sightings(
    line: &Line,
    due: &Due,
    shelves: &Shelves,
    document: &Document,
    (before, policy): (Policy, Policy),
    now: DateTime<Utc>,
) -> Vec<Sighting> {
    let former = formers(document, before, policy);
    let mut seen = HashSet::new();
    let mut sightings = Vec::new();
    for entry in &document.entries {
        let identity = identity::key(entry, policy);
        if !seen.insert(identity.clone()) {
            continue;
        }
        let story = story(entry, document, due.language.as_ref(), now);
        let topics = shelves.of(&sighted(&story, &due.slug, &line.config.site.language));
        let canonical_link = story.link.as_deref().and_then(identity::canonical_link);
        let former = former.get(&identity).cloned();
        let text_hash = text_hash(&story);
        sightings.push(Sighting { identity, former, canonical_link, topics, story, text_hash });
    }
    forget_links_that_tell_nothing(&mut sightings);
    sightings
}

/// By its link an article is known in other feeds. One that several entries of a feed share, such as that of a page where
/// all news stands, or of a site's front, is nobody's own: who would go by it would take the next entry for the last.
fn forget_links_that_tell_nothing(sightings: &mut [Sighting]) {
    let mut uses: HashMap<String, usize> = HashMap::new();
    for link in sightings.iter().filter_map(|sighting| sighting.canonical_link.clone()) {
        *uses.entry(link).or_default() += 1;
    }
    let tells = |link: &String| uses[link] == 1 && !identity::is_front_page(link);
    for sighting in sightings {
        sighting.canonical_link = sighting.canonical_link.take().filter(tells);
    }
}

/// What we keep of an entry.
pub(in super::super) fn story(
    entry: &Entry,
    document: &Document,
    declared: Option<&Language>,
    now: DateTime<Utc>,
) -> Story {
    let mut story = clean::story(entry, &clean::Limits::default());
    // A date that lies in the future is shown as the day it was first seen.
    story.published_at = story.published_at.filter(|at| *at <= now + TimeDelta::days(1));
    // What the newsroom declared is meant; what a feed says of itself is often a template's default.
    let of_document = || document.language.as_deref().and_then(|tag| tag.parse().ok());
    story.language = declared.cloned().or(story.language).or_else(of_document);
    story
}

/// As the rules look at it.
pub(in super::super) fn sighted<'a>(story: &'a Story, feed: &'a Slug, site: &'a Language) -> Sighted<'a> {
    Sighted {
        feed,
        categories: &story.categories,
        title: &story.title,
        summary: &story.summary,
        language: story.language.as_ref().or(Some(site)),
    }
}

fn text_hash(story: &Story) -> Vec<u8> {
    digest(&SHA256, format!("{}\0{}", story.title, story.summary).as_bytes()).as_ref()[..16].to_vec()
}

/// When a feed's guids turn out to repeat, its entries are told apart by more; which of them we know already is found by
/// what they were told apart by before, where that names one entry alone.
fn formers(document: &Document, before: Policy, policy: Policy) -> HashMap<String, String> {
    if before == policy {
        return HashMap::new();
    }
    let mut entries: HashMap<String, HashSet<String>> = HashMap::new();
    for entry in &document.entries {
        entries.entry(identity::key(entry, before)).or_default().insert(identity::key(entry, policy));
    }
    let alone = entries.into_iter().filter(|(_, keys)| keys.len() == 1);
    alone.flat_map(|(former, keys)| keys.into_iter().map(move |key| (key, former.clone()))).collect()
}
