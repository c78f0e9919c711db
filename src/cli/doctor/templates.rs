//! The texts of mails and pages: every sample through every template, as `tidings check` does.

use super::finding::Finding;
use crate::app::{self, AppError};
use crate::config::Config;
use crate::model::words::with_causes;

const ABOUT: &str = "templates";
const FIX: &str = "correct it; `tidings template list` says which texts are yours";

pub fn look(config: &Config) -> Vec<Finding> {
    if let Some(missing) = app::missing_templates(config) {
        return vec![Finding::warning(ABOUT, missing).then("make the folder, or leave site.templates out")];
    }
    match app::check_templates(config) {
        Ok(()) => vec![Finding::ok(
            ABOUT,
            match &config.site.templates {
                Some(folder) => format!("those in {} render every sample", folder.display()),
                None => "the shipped ones".to_owned(),
            },
        )],
        Err(AppError::Unfit { folder, failures }) => {
            app::unfit(&folder, &failures).into_iter().map(|line| Finding::problem(ABOUT, line, FIX)).collect()
        }
        Err(error) => vec![Finding::problem(ABOUT, with_causes(&error), FIX)],
    }
}
