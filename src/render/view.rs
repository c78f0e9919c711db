//! A digest as its templates see it: tidied, and held to what a mail of its size can carry.

use serde::Serialize;

use super::digest::{Digest, Item, Section, Window};
use super::page::{self, DayLine, Pace};
use super::script::{cut, is_right_to_left, one_line};
use super::site::{Day, Moment, Site};
use crate::model::article::Image;
use crate::model::edition::Format;
use crate::model::language::Language;

/// How much of each article there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub pictures: bool,
    /// Characters of a teaser.
    pub teaser: usize,
    /// Articles under a topic.
    pub articles: usize,
}

impl Room {
    /// All there is: what the edition's page has.
    pub const AMPLE: Self = Self { pictures: true, teaser: 300, articles: usize::MAX };

    /// What to try for a mail, in order, until it is small enough: pictures go first, then teasers, then articles.
    pub fn ladder(digest: &Digest) -> [Self; 6] {
        let teaser = match digest.sections.iter().map(|section| section.articles.len()).sum() {
            0..=12 => 200,
            13..=24 => 160,
            _ => 120,
        };
        let full = Self { pictures: digest.format == Format::Full, teaser, articles: usize::MAX };
        let plain = Self { pictures: false, ..full };
        let bare = Self { teaser: 0, ..plain };
        [full, plain, bare, Self { articles: 5, ..bare }, Self { articles: 2, ..bare }, Self { articles: 1, ..bare }]
    }
}

#[derive(Debug, Serialize)]
pub struct View<'a> {
    site: &'a Site,
    frequency: &'a str,
    date: Day,
    edition_url: &'a str,
    sections: Vec<Part<'a>>,
    count: usize,
    window: Option<Window>,
    zone: &'a str,
    late: Option<Moment>,
    test: bool,
    /// Where the site's own pages begin in this language.
    home_url: String,
    /// The same page in other languages: none.
    elsewhere: [&'static str; 0],
    /// Whether the reader wants any.
    pictures: bool,
    /// The first title.
    headline: Option<String>,
    /// What mail programs show beside the subject: the next titles.
    preheader: String,
}

/// The page of an edition.
#[derive(Debug, Serialize)]
pub struct Edition<'a> {
    #[serde(flatten)]
    pub digest: View<'a>,
    pub subscribe_url: &'a str,
}

/// The page of a topic, or of one day of it.
#[derive(Debug, Serialize)]
pub struct Topic<'a> {
    name: &'a str,
    description: Option<&'a str>,
    pace: Option<Pace>,
    topic_url: &'a str,
    subscribe_url: &'a str,
    articles: Vec<Piece<'a>>,
    days: &'a [DayLine],
    day: Option<Day>,
}

impl<'a> Topic<'a> {
    pub fn of(topic: &'a page::Topic, site: &'a Site, spoken: &Language) -> Self {
        Self {
            name: &topic.name,
            description: topic.description.as_deref(),
            pace: topic.pace,
            topic_url: &topic.topic_url,
            subscribe_url: &topic.subscribe_url,
            articles: topic.articles.iter().map(|item| Piece::of(item, site, spoken, Room::AMPLE)).collect(),
            days: &topic.days,
            day: topic.day,
        }
    }
}

/// A section.
#[derive(Debug, Serialize)]
struct Part<'a> {
    topic: &'a str,
    name: &'a str,
    articles: Vec<Piece<'a>>,
    more: usize,
    total: usize,
}

/// An article.
#[derive(Debug, Serialize)]
struct Piece<'a> {
    title: String,
    link: Option<&'a str>,
    /// Empty where there is none, or no room for one.
    teaser: String,
    picture: Option<&'a Image>,
    language: &'a str,
    /// Of its language.
    dir: &'static str,
    /// Feeds have titles in other languages than their own.
    title_dir: &'static str,
    teaser_dir: &'static str,
    /// The side its lines begin at.
    start: &'static str,
    /// Whether its language is not that of the text around it.
    foreign: bool,
    regions: &'a [String],
    date: Option<Day>,
    also_in: &'a [String],
    withdrawn: bool,
}

impl<'a> View<'a> {
    /// `spoken` is the language of the text around the articles.
    pub fn of(digest: &'a Digest, spoken: &Language, room: Room) -> Self {
        let sections: Vec<Part> =
            digest.sections.iter().map(|section| Part::of(section, &digest.site, spoken, room)).collect();
        let items = digest.sections.iter().flat_map(|section| &section.articles).filter(|item| !item.withdrawn);
        let mut titles = items.map(|item| one_line(&item.title));
        Self {
            site: &digest.site,
            frequency: &digest.frequency,
            date: digest.date,
            edition_url: &digest.edition_url,
            sections,
            count: digest.count,
            window: digest.window,
            zone: &digest.zone,
            late: digest.late,
            test: digest.test,
            home_url: format!("/{}/", digest.language),
            elsewhere: [],
            pictures: digest.format == Format::Full,
            headline: titles.next(),
            preheader: titles.take(3).collect::<Vec<_>>().join(" · "),
        }
    }
}

impl<'a> Part<'a> {
    fn of(section: &'a Section, site: &'a Site, spoken: &Language, room: Room) -> Self {
        let mut articles: Vec<Piece> =
            section.articles.iter().take(room.articles).map(|item| Piece::of(item, site, spoken, room)).collect();
        keep_first_picture(&mut articles);
        let more = section.articles.len() + section.more - articles.len();
        let total = section.articles.iter().filter(|item| !item.withdrawn).count() + section.more;
        Self { topic: section.topic.as_str(), name: &section.name, more, total, articles }
    }
}

impl<'a> Piece<'a> {
    fn of(item: &'a Item, site: &'a Site, spoken: &Language, room: Room) -> Self {
        let language = item.language.as_ref().unwrap_or(&site.language);
        let (title, teaser) = (one_line(&item.title), cut(&one_line(&item.summary), room.teaser));
        Self {
            title_dir: direction(&title, language),
            teaser_dir: direction(&teaser, language),
            title,
            link: item.link.as_deref().filter(|link| leads_somewhere(link, &["https://", "http://"])),
            teaser,
            picture: item
                .picture
                .as_ref()
                .filter(|picture| room.pictures && leads_somewhere(&picture.url, &["https://"])),
            language: language.as_str(),
            dir: language.direction(),
            start: if language.is_right_to_left() { "right" } else { "left" },
            foreign: language != spoken,
            regions: &item.regions,
            date: item.date,
            also_in: &item.also_in,
            withdrawn: item.withdrawn,
        }
    }
}

fn direction(text: &str, language: &Language) -> &'static str {
    if is_right_to_left(text, language.is_right_to_left()) { "rtl" } else { "ltr" }
}

/// One picture a section at most.
fn keep_first_picture(articles: &mut [Piece]) {
    articles.iter_mut().filter(|article| article.picture.is_some()).skip(1).for_each(|article| article.picture = None);
}

/// Whether a URL may stand in a link. `clean` has seen to it already; a template of an operator's relies on it here.
fn leads_somewhere(url: &str, schemes: &[&str]) -> bool {
    schemes.iter().any(|scheme| url.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme)))
        && !url.chars().any(|c| c.is_whitespace() || c.is_control())
}
