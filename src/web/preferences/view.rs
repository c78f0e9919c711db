//! The page as a reader sees it.

use axum::http::StatusCode;
use axum::response::Response;

use super::super::choices::{self, Numbers};
use super::super::{Pages, upcoming};
use super::Visit;
use super::change::Changed;
use crate::model::edition::Format;
use crate::model::slug::Slug;
use crate::model::token::Purpose;
use crate::model::topic::Facet;
use crate::render::{Choice, Content, Day, Pause, Preferences, TopicChoice};
use crate::store::subscription::Subscription;
use crate::store::{self, subscriber, subscription};

pub async fn page(pages: &Pages, visit: &Visit, changed: Changed) -> Result<Response, store::Error> {
    let reader = &visit.reader;
    let (config, language) = (&pages.config, &reader.language);
    let numbers = Numbers::of(pages).await?;
    let paces = choices::paces(pages, language).await?;
    let all = subscription::of_reader(&pages.store, reader.id).await?;
    let live: Vec<&Subscription> = all.iter().filter(|s| s.state != "ended").collect();
    let active = live.iter().filter(|s| s.state == "active").map(|s| &s.frequency);
    let regions = subscriber::regions(&pages.store, reader.id).await?;

    let held = |slug: &Slug| live.iter().find(|s| s.topic == *slug);
    let topics = choices::topics(pages, &numbers, &paces, language, |slug| held(slug).is_some());
    let with_frequency = |topic: TopicChoice| {
        let slug: Option<Slug> = topic.slug.parse().ok();
        let now = slug.as_ref().and_then(held).map(|s| s.frequency.clone());
        TopicChoice { frequencies: frequencies(pages, visit, now.as_ref()), ..topic }
    };
    let region = |region: &crate::config::Topic| Choice {
        name: config.name_of(Facet::Region, &region.slug, language),
        chosen: regions.contains(&region.slug),
        value: region.slug.to_string(),
    };
    let stop = pages.keys.token(Purpose::Stop, &reader.key.0);
    let content = Preferences {
        ask: pages.ask(&visit.path, &[]),
        address: reader.address.as_ref().map(ToString::to_string).unwrap_or_default(),
        said: changed.said,
        topics: topics.into_iter().map(with_frequency).collect(),
        regions: config.regions.iter().map(region).collect(),
        hours: choices::hours(pages, reader.hour),
        zones: choices::zones(reader.zone),
        languages: languages(pages, visit),
        formats: formats(reader.format),
        next: upcoming::first(pages, active, reader.hour, reader.zone),
        zone: reader.zone.name().to_owned(),
        pause: pause(&live),
        until: changed.until,
        new_address: changed.new_address,
        fresh: visit.fresh,
        stop_url: format!("/stop/{stop}"),
        faults: changed.faults,
    };
    let status = if content.faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok(pages.page(status, language, Content::Preferences(Box::new(content))))
}

/// How often a topic comes; chosen is what it has now, else what one gets who does not choose.
fn frequencies(pages: &Pages, visit: &Visit, now: Option<&Slug>) -> Vec<Choice> {
    let Some(first) = pages.config.frequencies.first() else { return vec![] };
    let all = choices::frequencies(pages, &visit.reader.language, now.unwrap_or(&first.slug));
    all.into_iter().map(|f| Choice { value: f.slug, name: f.name, chosen: f.chosen }).collect()
}

fn languages(pages: &Pages, visit: &Visit) -> Vec<Choice> {
    let choice = |language: &crate::model::language::Language| Choice {
        value: language.to_string(),
        name: pages.templates.own_name(language),
        chosen: *language == visit.reader.language,
    };
    pages.config.site.languages.iter().map(choice).collect()
}

/// Named by the template.
fn formats(now: Format) -> Vec<Choice> {
    let choice = |(format, word): (Format, &str)| Choice {
        value: word.to_owned(),
        name: word.to_owned(),
        chosen: format == now,
    };
    [(Format::Full, "full"), (Format::NoImages, "no-images"), (Format::Text, "text")].map(choice).into()
}

/// Whether anything is paused, and until when the first of it. A sign-up during a pause starts: what is paused beside it
/// must not be lost from sight.
fn pause(live: &[&Subscription]) -> Pause {
    if live.iter().all(|s| s.state != "paused") {
        return Pause::None;
    }
    let until = live.iter().filter_map(|s| s.paused_until.as_ref()?.parse().ok()).min();
    until.map_or(Pause::Open, |day: chrono::NaiveDate| Pause::Until(Day::from(day)))
}
