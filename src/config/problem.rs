//! What is wrong with a configuration, where, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum ConfigErrors {
    #[error("could not read the configuration {}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// All that is wrong, in the order of the text. Never empty.
    #[error("{}", joined(.0))]
    Wrong(Vec<Problem>),
}

/// Shown as `tidings.toml:12:8: …` with the line below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    pub message: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    Line {
        file: String,
        /// From 1.
        line: usize,
        /// In characters, from 1.
        column: usize,
        text: String,
        /// In characters, at least 1.
        width: usize,
    },
    /// What is missing has no line.
    File(String),
    Variable(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Line { file, line, column, text, width } => {
                writeln!(f, "{file}:{line}:{column}: {}", self.message)?;
                let number = line.to_string();
                writeln!(f, "  {number} | {text}")?;
                // Tabs stay tabs, so that the marks stand below what they mark.
                let before: String =
                    text.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
                write!(f, "  {:pad$} | {before}{}", "", "^".repeat(*width), pad = number.len())
            }
            Place::File(name) | Place::Variable(name) => write!(f, "{name}: {}", self.message),
        }
    }
}

fn joined(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
