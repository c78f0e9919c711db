//! `tidings template lint`: what breaks a rule, and where.

use serde::Serialize;

use crate::app;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::cli::words::count;
use crate::model::language::Language;
use crate::pipeline::deliver;
use crate::render::lint::{self, Finding};

#[derive(Serialize)]
struct Linted {
    ok: bool,
    languages: Vec<Language>,
    rules: Vec<Held>,
    findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Held {
    id: &'static str,
    wants: &'static str,
    broken: bool,
}

pub fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let templates = app::templates(&config)?;
    let findings = lint::lint(&templates, &deliver::site(&config));
    let is_broken = |id| findings.iter().any(|finding| finding.rule == id);
    let linted = Linted {
        ok: findings.is_empty(),
        languages: templates.languages().cloned().collect(),
        rules: lint::rules().map(|(id, wants)| Held { id, wants, broken: is_broken(id) }).collect(),
        findings,
    };
    if output.is_json() {
        output.result(&linted, String::new)?;
    } else {
        output.list(&linted.findings, &["rule", "template", "languages", "what", "where"], cells)?;
        tell(&linted, output);
    }
    Ok(if linted.ok { Exit::Done } else { Exit::Problems })
}

fn cells(finding: &Finding) -> Vec<String> {
    let Finding { rule, template, languages, what, place, .. } = finding;
    vec![(*rule).to_owned(), template.clone(), listed(languages), what.clone(), place.clone()]
}

fn tell(linted: &Linted, output: &Output) {
    let languages = listed(&linted.languages);
    if linted.ok {
        return output.say(&format!("every mail and page keeps all {} rules, in {languages}", linted.rules.len()));
    }
    for rule in linted.rules.iter().filter(|rule| rule.broken) {
        output.say(&format!("{}: {}", rule.id, rule.wants));
    }
    output.say(&format!("{} in {languages}", count(linted.findings.len(), "finding")));
}

fn listed(languages: &[Language]) -> String {
    languages.iter().map(Language::as_str).collect::<Vec<_>>().join(", ")
}
