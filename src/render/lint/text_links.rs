//! `text-links`: who reads the text part can go wherever the HTML leads.

use std::collections::BTreeSet;

use super::specimen::{Flaw, Part, Specimen};

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let Some(letter) = &specimen.mail else { return vec![] };
    let links: BTreeSet<&str> = specimen.named("a").filter_map(|link| link.attribute("href")).collect();
    let there = |link: &&str| match link.strip_prefix("mailto:") {
        Some(address) => letter.text.contains(address.split('?').next().unwrap_or(address)),
        None => letter.text.split_whitespace().any(|word| word == *link),
    };
    let leads_away = |link: &&str| link.starts_with("http") || link.starts_with("mailto:");
    links
        .into_iter()
        .filter(leads_away)
        .filter(|link| !there(link))
        .map(|link| Flaw::whole(Part::Text, format!("the HTML leads to {link}, the text does not")))
        .collect()
}
