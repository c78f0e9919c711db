//! Samples of what forms are made of.

use super::super::form::{Area, Ask, Choice, Fault, FrequencyChoice, TopicChoice};
use super::super::page::{Pace, Per};
use super::words;
use crate::model::language::Language;

pub fn ask() -> Ask {
    Ask { action: "/sample".to_owned(), hidden: vec![("form".to_owned(), "signed".to_owned())] }
}

pub fn choice(value: &str, name: &str, chosen: bool) -> Choice {
    Choice { value: value.to_owned(), name: name.to_owned(), chosen }
}

pub fn pace(n: u64, per: Per) -> Option<Pace> {
    Some(Pace { n, per })
}

pub fn topics(language: &Language, with_frequencies: bool) -> Vec<TopicChoice> {
    let words = words::of(language);
    let all = [
        ("health", words.health, pace(4, Per::Day), true),
        ("climate", words.climate, pace(2, Per::Week), false),
        ("women", words.women, None, false),
    ];
    let frequencies = || vec![choice("daily", words.daily, true), choice("weekly", "Weekly", false)];
    let topic = |(slug, name, pace, chosen): (&str, &str, _, _)| TopicChoice {
        slug: slug.to_owned(),
        name: name.to_owned(),
        pace,
        chosen,
        frequencies: if with_frequencies { frequencies() } else { vec![] },
    };
    all.map(topic).into()
}

pub fn frequencies(language: &Language) -> Vec<FrequencyChoice> {
    let daily = words::of(language).daily;
    let all = [("daily", daily, true, false), ("at-once", "As it happens", false, true)];
    let frequency = |(slug, name, chosen, noisy): (&str, &str, _, _)| FrequencyChoice {
        slug: slug.to_owned(),
        name: name.to_owned(),
        chosen,
        noisy,
    };
    all.map(frequency).into()
}

pub fn hours() -> Vec<Choice> {
    vec![choice("7", "07:00", false), choice("8", "08:00", true)]
}

pub fn zones() -> Vec<Area> {
    let area = |name: &str, zones| Area { name: name.to_owned(), zones };
    vec![
        area("Africa", vec![choice("Africa/Cairo", "Cairo", false), choice("Africa/Nairobi", "Nairobi", true)]),
        area("Europe", vec![choice("Europe/Paris", "Paris", false)]),
    ]
}

pub fn fault(field: &'static str, message: &'static str) -> Fault {
    Fault { field, message }
}
