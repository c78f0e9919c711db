//! `/{lang}/topic/{slug}`: what a topic is, its latest articles, and its days. `/{date}`: one of them, which is what its
//! readers were told.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

use super::Pages;
use super::asked::Named;
use super::choices::{self, Numbers};
use super::spoken::Spoken;
use crate::model::language::Language;
use crate::model::schedule::start_of_day;
use crate::model::slug::Slug;
use crate::model::topic::{Facet, name_in};
use crate::render::{Content, Day, DayLine, Glimpse, Item, Topic, Trouble};
use crate::store;
use crate::store::article::{self, Version};
use crate::store::filing::{self, Shelved};

/// How far back the page looks.
const LOOKED_AT: TimeDelta = TimeDelta::days(31);
/// Articles on the page of the topic; a day has all of its own.
const LATEST: usize = 20;
/// Of a month, or of a day.
const AT_MOST: i64 = 1000;

#[derive(Debug, Deserialize)]
pub struct Which {
    slug: String,
    date: Option<String>,
}

pub async fn show(State(pages): State<Pages>, Spoken(language): Spoken, Named(which): Named<Which>) -> Response {
    pages.answer(topic(&pages, &language, &which).await)
}

pub fn description(pages: &Pages, slug: &str, language: &Language) -> Option<String> {
    let topic = pages.config.topics.iter().find(|topic| topic.slug.as_str() == slug)?;
    let names = topic.description.as_ref()?;
    Some(name_in(names, language, &pages.config.site.language, "").to_owned()).filter(|text| !text.is_empty())
}

async fn topic(pages: &Pages, language: &Language, which: &Which) -> Result<Response, store::Error> {
    let numbers = Numbers::of(pages).await?;
    let slug: Option<Slug> = which.slug.parse().ok();
    let found = slug.and_then(|slug| numbers.topics.get(&slug).map(|id| (slug, *id)));
    let date = which.date.as_deref().map(read_date);
    let (Some((slug, id)), None | Some(Some(_))) = (found, date) else {
        return Ok(pages.trouble(StatusCode::NOT_FOUND, Trouble::NotFound));
    };
    let date = date.flatten();

    let spoken = served_in(pages, id, language).await?;
    let shelf = match date {
        Some(date) => shelf(pages, id, &spoken, day(pages, date)).await?,
        None => shelf(pages, id, &spoken, month(pages)).await?,
    };
    let shown = if date.is_some() { shelf.len() } else { LATEST };
    let topic_url = format!("/{language}/topic/{slug}");
    let path = date.map_or(format!("/topic/{slug}"), |date| format!("/topic/{slug}/{date}"));
    let content = Topic {
        name: pages.config.name_of(Facet::Topic, &slug, language),
        description: description(pages, slug.as_str(), language),
        pace: choices::paces(pages, &spoken).await?.get(&id).copied(),
        subscribe_url: format!("/{language}/subscribe?topic={slug}"),
        articles: items(pages, &shelf[..shown.min(shelf.len())]).await?,
        days: if date.is_some() { vec![] } else { days(pages, &shelf, &topic_url) },
        day: date.map(Day::from),
        topic_url,
    };
    Ok(pages.open_page(StatusCode::OK, language, &path, Content::Topic(Box::new(content))))
}

/// The last whole day that had something: what a reader would have got.
pub async fn sample(pages: &Pages, slug: &Slug, id: i64, language: &Language) -> Result<Option<Glimpse>, store::Error> {
    let spoken = served_in(pages, id, language).await?;
    let shelf = shelf(pages, id, &spoken, month(pages)).await?;
    let today = local_day(pages, pages.clock.now());
    let mut days = shelf.iter().map(|shelved| local_day(pages, shelved.filed_at));
    let last = days.clone().find(|day| *day < today).or_else(|| days.next());
    Ok(last.map(|day| Glimpse {
        topic: pages.config.name_of(Facet::Topic, slug, language),
        url: format!("/{language}/topic/{slug}/{day}"),
        day: Day::from(day),
    }))
}

/// A topic that has nothing in this language is served in the site's, as in the mails.
async fn served_in(pages: &Pages, id: i64, language: &Language) -> Result<Language, store::Error> {
    let site = &pages.config.site.language;
    let any = filing::shelf(&pages.store, id, (site, language), ever(), 1).await?;
    Ok(if any.is_empty() { site.clone() } else { language.clone() })
}

async fn shelf(
    pages: &Pages,
    id: i64,
    language: &Language,
    period: (DateTime<Utc>, DateTime<Utc>),
) -> Result<Vec<Shelved>, store::Error> {
    filing::shelf(&pages.store, id, (&pages.config.site.language, language), period, AT_MOST).await
}

fn ever() -> (DateTime<Utc>, DateTime<Utc>) {
    (DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC)
}

fn month(pages: &Pages) -> (DateTime<Utc>, DateTime<Utc>) {
    let now = pages.clock.now();
    (now - LOOKED_AT, now + TimeDelta::seconds(1))
}

/// `2026-11-24`, of a year in which there can be news.
fn read_date(text: &str) -> Option<NaiveDate> {
    text.parse().ok().filter(|date: &NaiveDate| (1970..=9998).contains(&date.year()))
}

/// From midnight to midnight on the site's wall.
fn day(pages: &Pages, date: NaiveDate) -> (DateTime<Utc>, DateTime<Utc>) {
    let zone = pages.config.site.timezone;
    let next = date.checked_add_days(Days::new(1)).unwrap_or(date);
    (start_of_day(date, zone), start_of_day(next, zone))
}

fn local_day(pages: &Pages, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&pages.config.site.timezone).date_naive()
}

fn days(pages: &Pages, shelf: &[Shelved], topic_url: &str) -> Vec<DayLine> {
    let mut days: Vec<(NaiveDate, u64)> = Vec::new();
    for shelved in shelf {
        let day = local_day(pages, shelved.filed_at);
        match days.last_mut() {
            Some((last, count)) if *last == day => *count += 1,
            _ => days.push((day, 1)),
        }
    }
    let line = |(day, count)| DayLine { day: Day::from(day), url: format!("{topic_url}/{day}"), count };
    days.into_iter().map(line).collect()
}

async fn items(pages: &Pages, shelf: &[Shelved]) -> Result<Vec<Item>, store::Error> {
    let ids: Vec<i64> = shelf.iter().map(|shelved| shelved.article).collect();
    let mut stories = article::stories(&pages.store, &ids, Version::Corrected).await?;
    let mut seen = HashSet::new();
    let zone = pages.config.site.timezone;
    let item = |id: &i64| {
        let story = stories.remove(id).filter(|_| seen.insert(*id))?;
        Some(Item {
            title: story.title,
            link: story.link,
            summary: story.summary,
            picture: story.image,
            language: story.language,
            regions: vec![],
            date: story.published_at.map(|at| Day::from(at.with_timezone(&zone).date_naive())),
            also_in: vec![],
            withdrawn: false,
        })
    };
    Ok(ids.iter().filter_map(item).collect())
}
