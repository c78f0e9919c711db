//! What can go wrong with templates: at loading (the operator's texts), and at rendering.

use std::error::Error as _;
use std::path::PathBuf;

use minijinja::ErrorKind;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum TemplateError {
    #[error("could not read {path}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("template {name} is broken in line {line}, column {column}")]
    Syntax { name: String, line: usize, column: usize, source: minijinja::Error },
    #[error("catalogue {name} is broken")]
    Catalogue { name: String, source: toml::de::Error },
    #[error("catalogue {name} is named after no language: use locale/fr.toml for French")]
    CatalogueName { name: String },
    #[error("catalogue {name}, line {line}, column {column}: the message `{message}` asks for `{{{asked}}}`, {known}")]
    CatalogueMessage { name: String, line: usize, column: usize, message: String, asked: String, known: String },
    #[error("catalogue {name} lists {found} {what} where there are {wanted}")]
    CatalogueList { name: String, what: &'static str, found: usize, wanted: usize },
}

#[derive(Debug, Error)]
pub enum RenderError {
    #[error("template {name} cannot be rendered: line {line}, column {column}")]
    Template { name: String, line: usize, column: usize, source: minijinja::Error },
    #[error("template {name} makes more than {limit} bytes")]
    TooLong { name: String, limit: usize },
    #[error("template {name}, line {line}, column {column}: nothing fills the place `{hole}`")]
    Hole { name: String, line: usize, column: usize, hole: String },
}

impl RenderError {
    /// `mail/digest/body.txt:2:6`
    pub fn place(&self) -> String {
        match self {
            Self::Template { name, line, column, .. } | Self::Hole { name, line, column, .. } => {
                format!("{name}:{line}:{column}")
            }
            Self::TooLong { name, .. } => name.clone(),
        }
    }

    /// What is wrong there.
    pub fn why(&self) -> String {
        match self {
            Self::Template { source, .. } => {
                let error = innermost(source);
                match (error.kind(), error.detail()) {
                    (ErrorKind::OutOfFuel, _) => "it comes to no end: a loop over too much, most likely".to_owned(),
                    // These say it all by themselves.
                    (
                        ErrorKind::InvalidOperation | ErrorKind::MissingArgument | ErrorKind::UndefinedError,
                        Some(detail),
                    ) => detail.to_owned(),
                    (kind, Some(detail)) => format!("{kind}: {detail}"),
                    (kind, None) => kind.to_string(),
                }
            }
            Self::TooLong { limit, .. } => format!("it makes more than {limit} bytes"),
            Self::Hole { hole, .. } => format!("nothing fills the place `{hole}`"),
        }
    }

    /// The template that is at fault, by its path within the folder.
    pub fn template(&self) -> &str {
        match self {
            Self::Template { name, .. } | Self::TooLong { name, .. } | Self::Hole { name, .. } => name,
        }
    }
}

/// The template, line and column (from 1, in characters) an error of the engine points at. With an include that is not
/// the template that was asked for.
pub(super) fn place(error: &minijinja::Error, asked: &str) -> (String, usize, usize) {
    let error = innermost(error);
    let line = error.line().unwrap_or(1);
    let column = error.template_source().zip(error.range()).and_then(|(source, range)| {
        let before = source.get(..range.start)?;
        Some(before.rsplit('\n').next().unwrap_or(before).chars().count() + 1)
    });
    (error.name().unwrap_or(asked).to_owned(), line, column.unwrap_or(1))
}

/// Where one template includes another, the cause knows better.
fn innermost(mut error: &minijinja::Error) -> &minijinja::Error {
    while let Some(cause) = error.source().and_then(|cause| cause.downcast_ref::<minijinja::Error>()) {
        error = cause;
    }
    error
}
