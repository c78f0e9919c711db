//! From what was typed to what it names: topics, regions, frequencies, languages; with "did you mean".

use super::exit::{Exit, Failure};
use crate::app::App;
use crate::config::{Feed, Site};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::store::declared::{self, Frequency};

/// The numbers of these topics (or regions), each once, in the order they were typed.
pub async fn topics(app: &App, facet: Facet, slugs: &[Slug]) -> anyhow::Result<Vec<i64>> {
    let known = declared::topics(&app.store).await?;
    let known: Vec<_> = known.into_iter().filter(|topic| topic.facet == facet).collect();
    let what = match facet {
        Facet::Topic => "topic",
        Facet::Region => "region",
    };
    let mut ids = Vec::new();
    for slug in slugs {
        let found = known.iter().find(|topic| topic.slug == *slug);
        let id = found.map(|topic| topic.id).ok_or_else(|| {
            unknown(what, slug.as_str(), known.iter().map(|topic| topic.slug.as_str()))
                .then("`tidings topic list` lists them")
        })?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// The frequency that was typed, or the first of the configuration.
pub async fn frequency(app: &App, slug: Option<&Slug>) -> anyhow::Result<Frequency> {
    let known = declared::frequencies(&app.store).await?;
    let slug = match (slug, app.config.frequencies.first()) {
        (Some(slug), _) => slug.clone(),
        (None, Some(first)) => first.slug.clone(),
        (None, None) => return Err(no_frequency().into()),
    };
    let found = known.iter().find(|frequency| frequency.slug == slug).cloned();
    found.ok_or_else(|| unknown("frequency", slug.as_str(), known.iter().map(|f| f.slug.as_str())).into())
}

pub fn no_frequency() -> Failure {
    let next = "write a [[frequency]] into it: `tidings init` in an empty folder shows how one looks";
    Failure::new(Exit::Configuration, "the configuration has no frequency, so no reader can have a digest").then(next)
}

/// The feed of the configuration that was typed.
pub fn feed<'a>(app: &'a App, slug: &Slug) -> anyhow::Result<&'a Feed> {
    let feeds = &app.config.feeds;
    feeds.iter().find(|feed| feed.slug == *slug).ok_or_else(|| {
        unknown("feed", slug.as_str(), feeds.iter().map(|feed| feed.slug.as_str()))
            .then("`tidings feed list` lists them")
            .into()
    })
}

/// A language of the site.
pub fn language(app: &App, language: Option<&Language>) -> anyhow::Result<Language> {
    language_of(&app.config.site, language)
}

/// The same, where nothing is open yet.
pub fn language_of(site: &Site, language: Option<&Language>) -> anyhow::Result<Language> {
    match language {
        None => Ok(site.language.clone()),
        Some(language) if site.languages.contains(language) => Ok(language.clone()),
        Some(language) => {
            Err(unknown("language", language.as_str(), site.languages.iter().map(Language::as_str)).into())
        }
    }
}

/// Whether a word so many letters away may have been meant; of a short one too much would be guessed.
pub fn is_near(distance: usize, typed: &str) -> bool {
    distance <= 3 && 2 * distance <= typed.chars().count()
}

/// `daily, weekly`; of very many the first.
fn listed<'a>(known: impl Iterator<Item = &'a str> + Clone) -> String {
    const SHOWN: usize = 12;
    let (all, first) = (known.clone().count(), known.take(SHOWN).collect::<Vec<_>>().join(", "));
    if all > SHOWN { format!("{first} and {} more", all - SHOWN) } else { first }
}

/// Words for whoever mistyped, with the one that was probably meant.
pub fn unknown<'a>(what: &str, typed: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let near = known
        .clone()
        .map(|slug| (strsim::damerau_levenshtein(typed, slug), slug))
        .filter(|(distance, _)| is_near(*distance, typed))
        .min();
    let message = format!("there is no {what} `{typed}`");
    match near {
        Some((_, slug)) => Failure::new(Exit::NotFound, format!("{message}; did you mean `{slug}`?"))
            .then(format!("one of {}", listed(known))),
        None if known.clone().next().is_none() => {
            Failure::new(Exit::NotFound, format!("{message}; the configuration has no {what}"))
        }
        None => Failure::new(Exit::NotFound, format!("{message}; there are: {}", listed(known))),
    }
}
