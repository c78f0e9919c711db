//! Every sample through every template: what shows only when it is rendered, such as a variable that is not there or a
//! loop that does not end.

use super::error::RenderError;
use super::samples::{self, Sample, Subject};
use super::site::Site;
use super::templates::Templates;
use crate::model::language::Language;

/// What became of a sample that cannot be rendered.
#[derive(Debug)]
pub struct Failure {
    pub kind: &'static str,
    pub sample: &'static str,
    pub language: Language,
    pub error: RenderError,
}

/// The first failure of each kind of mail and page; it may take a while to find one that does not end.
pub fn run(templates: &Templates, site: &Site) -> Vec<Failure> {
    let mut failures: Vec<Failure> = Vec::new();
    for language in templates.languages() {
        for sample in samples::all(site, language) {
            if failures.iter().any(|failure| failure.kind == sample.kind) {
                continue;
            }
            if let Err(error) = render(templates, &sample) {
                failures.push(Failure { kind: sample.kind, sample: sample.name, language: language.clone(), error });
            }
        }
    }
    failures
}

fn render(templates: &Templates, sample: &Sample) -> Result<(), RenderError> {
    match &sample.content {
        Subject::Page(page) => templates.page(page).map(drop),
        Subject::Mail(mail) => {
            let rendering = mail.render(templates)?;
            let places = mail.places(templates);
            let mut holes = rendering.text.holes().chain(rendering.html.holes());
            match holes.find(|hole| !places.contains_key(*hole)) {
                Some(hole) => Err(templates.strange_hole(sample.kind, hole)),
                None => Ok(()),
            }
        }
    }
}
