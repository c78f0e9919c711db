//! What can be chosen on our pages: topics with what they hold, frequencies, hours, zones.

use std::collections::HashMap;

use chrono::TimeDelta;
use chrono_tz::{TZ_VARIANTS, Tz};

use super::Pages;
use crate::config::Frequency;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::render::{Area, Choice, FrequencyChoice, Pace, Per, TopicChoice};
use crate::store::{self, declared, filing};

/// How far back a topic is measured.
const MEASURED: TimeDelta = TimeDelta::days(28);

/// The parts of the world that zones are named after; the rest of the list are other names for the same.
const AREAS: [&str; 10] =
    ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];

/// Ids by slug, of what stands in the configuration.
pub struct Numbers {
    pub topics: HashMap<Slug, i64>,
    pub regions: HashMap<Slug, i64>,
    pub frequencies: HashMap<Slug, i64>,
}

impl Numbers {
    pub async fn of(pages: &Pages) -> Result<Self, store::Error> {
        let all = declared::topics(&pages.store).await?;
        let of = |facet| all.iter().filter(|t| t.facet == facet).map(|t| (t.slug.clone(), t.id)).collect();
        let frequencies = declared::frequencies(&pages.store).await?;
        Ok(Self {
            topics: of(Facet::Topic),
            regions: of(Facet::Region),
            frequencies: frequencies.into_iter().map(|f| (f.slug, f.id)).collect(),
        })
    }

    /// The one with this number.
    pub fn slug_of(all: &HashMap<Slug, i64>, id: i64) -> Option<&Slug> {
        all.iter().find(|(_, other)| **other == id).map(|(slug, _)| slug)
    }
}

/// How much each topic has, in a language, by number.
pub async fn paces(pages: &Pages, language: &Language) -> Result<HashMap<i64, Pace>, store::Error> {
    let now = pages.clock.now();
    let site = &pages.config.site.language;
    let measured = filing::measured(&pages.store, site, language, now - MEASURED).await?;
    Ok(measured.into_iter().filter_map(|m| Some((m.topic, pace(m.count, now - m.first_at)?))).collect())
}

/// So many in so long, as one says it: the least unit of time that has one at all.
fn pace(count: i64, over: TimeDelta) -> Option<Pace> {
    // One day of news tells something, an hour does not.
    let days = (over.num_hours() as f64 / 24.0).clamp(1.0, 28.0);
    let a_day = count as f64 / days;
    let units = [(Per::Day, 1.0), (Per::Week, 7.0), (Per::Month, 28.0)];
    let said = |(per, days): (Per, f64)| Pace { n: (a_day * days).round() as u64, per };
    units.into_iter().map(said).find(|pace| pace.n >= 1)
}

/// All topics of the configuration, in its order.
pub fn topics(
    pages: &Pages,
    numbers: &Numbers,
    paces: &HashMap<i64, Pace>,
    language: &Language,
    chosen: impl Fn(&Slug) -> bool,
) -> Vec<TopicChoice> {
    let choice = |topic: &crate::config::Topic| TopicChoice {
        slug: topic.slug.to_string(),
        name: pages.config.name_of(Facet::Topic, &topic.slug, language),
        pace: numbers.topics.get(&topic.slug).and_then(|id| paces.get(id)).copied(),
        chosen: chosen(&topic.slug),
        frequencies: vec![],
    };
    pages.config.topics.iter().map(choice).collect()
}

/// Those that bring one mail at an hour first, in the configuration's order; the noisy ones last.
pub fn frequencies(pages: &Pages, language: &Language, chosen: &Slug) -> Vec<FrequencyChoice> {
    let choice = |frequency: &Frequency| FrequencyChoice {
        slug: frequency.slug.to_string(),
        name: pages.config.name_of_frequency(&frequency.slug, language),
        chosen: frequency.slug == *chosen,
        noisy: is_noisy(frequency),
    };
    let (quiet, noisy): (Vec<_>, Vec<_>) = pages.config.frequencies.iter().map(choice).partition(|f| !f.noisy);
    quiet.into_iter().chain(noisy).collect()
}

/// More than one mail a day.
fn is_noisy(frequency: &Frequency) -> bool {
    frequency.schedule.fixed_hour().is_none()
}

/// None where no frequency offers a choice.
pub fn hours(pages: &Pages, chosen: i64) -> Vec<Choice> {
    if !pages.config.frequencies.iter().any(|frequency| frequency.hour_choice) {
        return vec![];
    }
    let hour = |hour: i64| Choice { value: hour.to_string(), name: format!("{hour:02}:00"), chosen: hour == chosen };
    (0..24).map(hour).collect()
}

/// By part of the world, under the city that each is named after; the reader's own language names what it can.
pub fn zones(chosen: Tz) -> Vec<Area> {
    let mut areas: Vec<Area> = Vec::new();
    for area in AREAS {
        let of_area =
            TZ_VARIANTS.iter().filter_map(|zone| Some((zone, zone.name().strip_prefix(area)?.strip_prefix('/')?)));
        let zones = of_area.map(|(zone, city)| Choice {
            value: zone.name().to_owned(),
            name: city.replace('_', " ").replace('/', ", "),
            chosen: *zone == chosen,
        });
        areas.push(Area { name: area.to_owned(), zones: zones.collect() });
    }
    // Not a place, but what a site that chose none has.
    let is_listed = areas.iter().any(|area| area.zones.iter().any(|zone| zone.chosen));
    let mut others = vec![Choice { value: "UTC".to_owned(), name: "UTC".to_owned(), chosen: chosen == Tz::UTC }];
    if !is_listed && chosen != Tz::UTC {
        others.push(Choice { value: chosen.name().to_owned(), name: chosen.name().to_owned(), chosen: true });
    }
    areas.insert(0, Area { name: "UTC".to_owned(), zones: others });
    areas
}

/// The hour that a frequency has by itself.
pub fn usual_hour(frequency: &Frequency) -> i64 {
    frequency.schedule.fixed_hour().map_or(8, i64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_said_in_the_least_time_that_has_one() {
        let pace = |count, days| pace(count, TimeDelta::days(days)).map(|pace| (pace.n, pace.per));
        assert_eq!(pace(112, 28), Some((4, Per::Day)));
        assert_eq!(pace(8, 28), Some((2, Per::Week)));
        assert_eq!(pace(1, 28), Some((1, Per::Month)));
        assert_eq!(pace(0, 28), None);
        assert_eq!(pace(3, 0), Some((3, Per::Day)), "on its first day");
        assert_eq!(pace(28, 400), Some((1, Per::Day)), "only the last four weeks are counted");
    }

    #[test]
    fn every_reader_finds_their_zone() {
        let chosen = |zone: Tz| zones(zone).iter().flat_map(|area| &area.zones).filter(|z| z.chosen).count();
        for zone in [Tz::UTC, Tz::Africa__Nairobi, Tz::America__Argentina__Buenos_Aires, Tz::EST5EDT] {
            assert_eq!(chosen(zone), 1, "{zone}");
        }
    }
}
