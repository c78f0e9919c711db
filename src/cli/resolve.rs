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
        (None, None) => return Err(Failure::new(Exit::Configuration, "the configuration has no frequency").into()),
    };
    let found = known.iter().find(|frequency| frequency.slug == slug).cloned();
    found.ok_or_else(|| unknown("frequency", slug.as_str(), known.iter().map(|f| f.slug.as_str())).into())
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

/// Words for whoever mistyped, with the one that was probably meant.
pub fn unknown<'a>(what: &str, typed: &str, known: impl Iterator<Item = &'a str> + Clone) -> Failure {
    let near = known
        .clone()
        .map(|slug| (strsim::damerau_levenshtein(typed, slug), slug))
        .filter(|(distance, _)| *distance <= 3)
        .min();
    let list = known.collect::<Vec<_>>().join(", ");
    let hint = match near {
        Some((_, slug)) => format!("; did you mean `{slug}`?"),
        None if list.is_empty() => format!("; the configuration has no {what}"),
        None => format!("; there are: {list}"),
    };
    Failure::new(Exit::NotFound, format!("there is no {what} `{typed}`{hint}"))
}
