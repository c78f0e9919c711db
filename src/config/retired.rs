//! Topics, regions and frequencies that are given up: `replaced_by = "…"`, or `end_subscriptions = true`. Their entries
//! stay in the text until their readers have moved, or for ever.

use super::{Config, Frequency, Region, Topic};
use crate::model::slug::Slug;

#[derive(Debug, Clone, Default)]
pub struct Retired {
    pub topics: Vec<Topic>,
    pub regions: Vec<Region>,
    pub frequencies: Vec<Frequency>,
}

impl Config {
    /// Sets them apart from those that stay.
    pub(super) fn retire(&mut self) {
        self.retired = Retired {
            topics: self.topics.extract_if(.., |topic| topic.is_retired()).collect(),
            regions: self.regions.extract_if(.., |region| region.is_retired()).collect(),
            frequencies: self.frequencies.extract_if(.., |frequency| frequency.is_retired()).collect(),
        };
        let Retired { topics, regions, frequencies } = &mut self.retired;
        lead_to_the_last(topics, |topic| (&topic.slug, &mut topic.replaced_by));
        lead_to_the_last(regions, |region| (&region.slug, &mut region.replaced_by));
        lead_to_the_last(frequencies, |frequency| (&frequency.slug, &mut frequency.replaced_by));
    }
}

/// A successor that is replaced itself gives way to its own. There is no circle: that was checked.
fn lead_to_the_last<T>(all: &mut [T], of: impl Fn(&mut T) -> (&Slug, &mut Option<Slug>)) {
    let mut given_up: Vec<(Slug, Option<Slug>)> = Vec::new();
    for one in all.iter_mut() {
        let (slug, successor) = of(one);
        given_up.push((slug.clone(), successor.clone()));
    }
    for one in all {
        let (_, successor) = of(one);
        while let Some((_, Some(next))) = given_up.iter().find(|(slug, _)| Some(slug) == successor.as_ref()) {
            *successor = Some(next.clone());
        }
    }
}
