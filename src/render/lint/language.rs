//! `language`: a screen reader needs to know which voice to take, and a mail program which way to lay out.

use super::html::{Element, Node};
use super::specimen::{Flaw, Part, Specimen};
use crate::model::language::Language;

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let Some(document) = &specimen.html else { return vec![] };
    let mut flaws = Vec::new();
    let mut spoken = vec![specimen.named("html").next()];
    if specimen.mail.is_some() {
        spoken.push(specimen.named("table").next());
    }
    if spoken[0].is_none() {
        flaws.push(Flaw::whole(Part::Html, "there is no html element to say the language"));
    }
    for element in spoken.into_iter().flatten() {
        if !says(element, &specimen.language) {
            let (tag, dir) = (&specimen.language, specimen.language.direction());
            flaws.push(Flaw::at(element, format!("lang=\"{tag}\" dir=\"{dir}\" is wanted here")));
        }
    }
    flaws.extend(specimen.elements().into_iter().filter_map(halved));
    articles(document, specimen, specimen.language.as_str(), &mut flaws);
    flaws
}

fn says(element: &Element, language: &Language) -> bool {
    element.attribute("lang") == Some(language.as_str()) && element.attribute("dir") == Some(language.direction())
}

/// Where one of the two stands, the other has to follow.
fn halved(element: &Element) -> Option<Flaw> {
    let language: Language = element.attribute("lang")?.parse().ok()?;
    let dir = language.direction();
    (element.attribute("dir") != Some(dir)).then(|| Flaw::at(element, format!("dir=\"{dir}\" is wanted beside lang")))
}

/// Every headline must stand in its article's language.
fn articles(element: &Element, specimen: &Specimen, around: &str, flaws: &mut Vec<Flaw>) {
    let spoken = element.attribute("lang").unwrap_or(around);
    if element.name == "h3" {
        let title = element.text();
        let article = specimen.articles().find(|item| !item.title.is_empty() && title.contains(&item.title));
        let wanted = article.and_then(|item| item.language.as_ref()).filter(|own| own.as_str() != spoken);
        if let Some(wanted) = wanted {
            let what = format!("an article in another language: lang=\"{wanted}\" and dir are wanted around it");
            flaws.push(Flaw::at(element, what));
        }
    }
    for child in &element.children {
        if let Node::Element(inner) = child {
            articles(inner, specimen, spoken, flaws);
        }
    }
}
