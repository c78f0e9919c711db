//! What must hold of every mail and page, whoever wrote its templates: rules with ids, a file each.
//!
//! The templates in force render every sample in every language, and each rule looks at what comes out. A rule knows one
//! [`Specimen`] and says what is wrong with it; which templates made it is not its business.

mod active;
mod alt;
mod contrast;
mod css;
mod headings;
mod html;
mod language;
mod link_text;
mod placeholder;
mod remote;
mod size;
mod specimen;
mod tables;
#[cfg(test)]
mod tests;
mod text_links;
mod ways;

use serde::Serialize;

use super::site::Site;
use super::templates::Templates;
use super::{samples, trial};
use crate::model::language::Language;
use specimen::{Flaw, Specimen};

/// A rule: its id, what it wants, and who sees to it.
struct Rule {
    id: &'static str,
    wants: &'static str,
    look: fn(&Specimen) -> Vec<Flaw>,
}

/// What does not render breaks this one, and no other is asked about it.
const RENDERS: (&str, &str) = ("renders", "every template renders every sample in every language");

const RULES: &[Rule] = &[
    Rule {
        id: "language",
        wants: "lang and dir stand on the root, on the outer table, and on every article in another language",
        look: language::look,
    },
    Rule {
        id: "headings",
        wants: "one h1, an h2 for each topic, an h3 for each article, and no level left out",
        look: headings::look,
    },
    Rule { id: "tables", wants: "a table that only lays out has role=\"presentation\"", look: tables::look },
    Rule { id: "alt", wants: "every picture has an alt, be it empty", look: alt::look },
    Rule { id: "link-text", wants: "the text of a link says where it leads", look: link_text::look },
    Rule {
        id: "contrast",
        wants: "text has a contrast of at least 4.5:1 with its background, in light and dark",
        look: contrast::look,
    },
    Rule { id: "size", wants: "the HTML of a mail has at most 90 KB as it is sent", look: size::look },
    Rule { id: "text-links", wants: "the text part has every link that the HTML has", look: text_links::look },
    Rule { id: "ways-out", wants: "the links are there by which a reader stops or confirms", look: ways::look },
    Rule { id: "placeholder", wants: "no place is left that nothing fills", look: placeholder::look },
    Rule { id: "remote", wants: "nothing is loaded from elsewhere but pictures, by https", look: remote::look },
    Rule { id: "active", wants: "no script runs, and no mail has a form", look: active::look },
];

/// A rule that something breaks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub rule: &'static str,
    /// The template that was rendered; what is wrong may stand in one that it includes.
    pub template: String,
    pub languages: Vec<Language>,
    /// The sample that showed it first.
    pub sample: &'static str,
    pub what: String,
    /// The tag or the line; empty where it is about the whole.
    pub place: String,
}

/// Ids of the rules, and what each wants.
pub fn rules() -> impl Iterator<Item = (&'static str, &'static str)> {
    [RENDERS].into_iter().chain(RULES.iter().map(|rule| (rule.id, rule.wants)))
}

/// Holds the templates to every rule. A finding that several samples and languages show is told once.
pub fn lint(templates: &Templates, site: &Site) -> Vec<Finding> {
    let failures = trial::run(templates, site);
    let mut findings: Vec<Finding> = failures.iter().map(unrendered).collect();
    for language in templates.languages() {
        let fit = |kind| !failures.iter().any(|failure| failure.kind == kind);
        for sample in samples::all(site, language).into_iter().filter(|sample| fit(sample.kind)) {
            let Ok(specimen) = Specimen::of(&sample, templates) else { continue };
            for rule in RULES {
                for flaw in (rule.look)(&specimen) {
                    add(&mut findings, rule.id, &specimen, flaw);
                }
            }
        }
    }
    findings
}

fn unrendered(failure: &trial::Failure) -> Finding {
    Finding {
        rule: RENDERS.0,
        template: failure.error.template().to_owned(),
        languages: vec![failure.language.clone()],
        sample: failure.sample,
        what: failure.error.why(),
        place: failure.error.place(),
    }
}

fn add(findings: &mut Vec<Finding>, rule: &'static str, specimen: &Specimen, flaw: Flaw) {
    let template = specimen.template(flaw.part);
    let (language, sample) = (specimen.language.clone(), specimen.name);
    let same =
        |f: &&mut Finding| f.rule == rule && f.template == template && f.what == flaw.what && f.place == flaw.place;
    match findings.iter_mut().find(same) {
        Some(told) if told.languages.contains(&language) => {}
        Some(told) => told.languages.push(language),
        None => {
            let Flaw { what, place, .. } = flaw;
            findings.push(Finding { rule, template, languages: vec![language], sample, what, place });
        }
    }
}
