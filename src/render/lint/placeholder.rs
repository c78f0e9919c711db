//! `placeholder`: what was to be filled in and was not.

use super::html::{Element, Node};
use super::specimen::{Flaw, Part, Specimen};

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if let Some(document) = &specimen.html {
        elements(document, &mut flaws);
    }
    let Some(letter) = &specimen.mail else { return flaws };
    flaws.extend(left_in(&letter.subject, Part::Subject));
    flaws.extend(letter.text.lines().filter_map(|line| left_in(line, Part::Text)));
    for (part, holes) in [(Part::Text, &letter.holes_of_text), (Part::Html, &letter.holes_of_html)] {
        for name in holes.difference(&letter.filled) {
            flaws.push(Flaw::whole(part, format!("nothing fills the place `{name}`")));
        }
    }
    flaws
}

fn elements(element: &Element, flaws: &mut Vec<Flaw>) {
    if element.name == "style" {
        return;
    }
    for (_, value) in &element.attributes {
        flaws.extend(left_in(value, Part::Html).map(|flaw| Flaw { place: element.tag(), ..flaw }));
    }
    for child in &element.children {
        match child {
            Node::Text(text) => {
                flaws.extend(left_in(text, Part::Html).map(|flaw| Flaw { place: element.tag(), ..flaw }));
            }
            Node::Element(inner) => elements(inner, flaws),
        }
    }
}

fn left_in(text: &str, part: Part) -> Option<Flaw> {
    let left = ["{{", "}}", "{%", "%}", "{#"].into_iter().find(|mark| text.contains(mark)).map(str::to_owned);
    let left = left.or_else(|| braced(text))?;
    Some(Flaw { part, what: format!("`{left}` is left in it"), place: text.trim().to_owned() })
}

/// `{name}`, as messages have it.
fn braced(text: &str) -> Option<String> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).find_map(|name| {
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        is_name.then(|| format!("{{{name}}}"))
    })
}
