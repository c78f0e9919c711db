//! `ways-out`: the links that a mail is not sent without, in both of its parts.

use super::specimen::{Flaw, Part, Specimen};

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let Some(letter) = &specimen.mail else { return vec![] };
    let mut parts = vec![(Part::Text, &letter.holes_of_text)];
    if specimen.html.is_some() {
        parts.push((Part::Html, &letter.holes_of_html));
    }
    let mut flaws = Vec::new();
    for (part, holes) in parts {
        for way in letter.mail.ways().into_iter().filter(|way| !holes.contains(way)) {
            flaws.push(Flaw::whole(part, missing(&way)));
        }
    }
    flaws
}

fn missing(way: &str) -> String {
    match way.strip_prefix("stop_topic_") {
        Some(_) => "the link that stops a topic is missing: {{ hole('stop_topic_' ~ section.topic) }}".to_owned(),
        None => format!("the link `{way}` is missing: {{{{ hole('{way}') }}}}"),
    }
}
