//! `headings`: who listens to a mail walks through it from heading to heading.

use super::html::Element;
use super::specimen::{Flaw, Part, Specimen};

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    if specimen.html.is_none() {
        return vec![];
    }
    let headings: Vec<(u8, &Element)> =
        specimen.elements().into_iter().filter_map(|element| Some((level(element)?, element))).collect();
    let mut flaws = order(&headings);
    let held = |wanted: u8, text: &str| headings.iter().any(|(level, h)| *level == wanted && h.text().contains(text));
    for topic in specimen.topics().filter(|topic| !held(2, topic)) {
        flaws.push(Flaw::whole(Part::Html, format!("the topic “{topic}” has no h2")));
    }
    for article in specimen.articles().filter(|article| !held(3, &article.title)) {
        flaws.push(Flaw::whole(Part::Html, format!("the article “{}” has no h3", article.title)));
    }
    flaws
}

fn order(headings: &[(u8, &Element)]) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let first = headings.iter().filter(|(level, _)| *level == 1).count();
    if first != 1 {
        flaws.push(Flaw::whole(Part::Html, format!("there are {first} h1 where one is wanted")));
    }
    let mut before = 0;
    for (level, heading) in headings {
        if *level > before + 1 && before > 0 {
            flaws.push(Flaw::at(heading, format!("an h{level} after an h{before}: a level is left out")));
        }
        before = *level;
    }
    flaws
}

fn level(element: &Element) -> Option<u8> {
    let digit = element.name.strip_prefix('h').filter(|rest| rest.len() == 1)?;
    digit.parse().ok().filter(|level| (1..=6).contains(level))
}
