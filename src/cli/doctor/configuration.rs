//! The file itself, as `tidings check` reads it.

use super::super::exit;
use super::finding::Finding;
use crate::config::{Config, ConfigErrors};
use crate::model::words::with_causes;

const ABOUT: &str = "configuration";

pub fn look(config: &Config) -> Vec<Finding> {
    let warnings = config.warnings.iter().map(|warning| Finding::warning(ABOUT, warning));
    let mode = config.delivery.mode.word();
    let good = match &config.file {
        Some(file) => format!("{} is good; mode {mode}", file.display()),
        None => format!("the defaults alone are in force; mode {mode}"),
    };
    std::iter::once(Finding::ok(ABOUT, good)).chain(warnings).collect()
}

/// With a file that cannot be read nothing else can be looked at.
pub fn refused(errors: &ConfigErrors) -> Vec<Finding> {
    match errors {
        ConfigErrors::Unreadable { .. } => {
            vec![Finding::problem(
                ABOUT,
                with_causes(errors),
                "name another with -c FILE, or begin one with `tidings init`",
            )]
        }
        ConfigErrors::Wrong(problems) => {
            // The line below it is for `tidings check` to show.
            let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
            let fix = format!("correct it; `{}` shows the line", exit::check(problems));
            let problem = |problem: &crate::config::Problem| {
                Finding::problem(ABOUT, first_line(problem.to_string()), fix.clone())
            };
            problems.iter().map(problem).collect()
        }
    }
}
