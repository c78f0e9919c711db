//! What was found: how it stands with one thing, and what to do where it stands badly.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Ok,
    /// It works, and somebody should know.
    Warning,
    /// It does not work, or will not for long.
    Problem,
}

#[derive(Debug, Serialize)]
pub struct Finding {
    pub level: Level,
    pub about: &'static str,
    pub what: String,
    /// What to do. A problem always has one.
    pub fix: Option<String>,
}

impl Finding {
    pub fn ok(about: &'static str, what: impl Into<String>) -> Self {
        Self { level: Level::Ok, about, what: what.into(), fix: None }
    }

    pub fn warning(about: &'static str, what: impl Into<String>) -> Self {
        Self { level: Level::Warning, about, what: what.into(), fix: None }
    }

    pub fn problem(about: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Problem, about, what: what.into(), fix: Some(fix.into()) }
    }

    /// A problem where mail leaves the house; where none does yet, only something to know.
    pub fn once_mail_leaves(leaves: bool, about: &'static str, what: String, fix: impl Into<String>) -> Self {
        let level = if leaves { Level::Problem } else { Level::Warning };
        Self { level, about, what, fix: Some(fix.into()) }
    }

    pub fn then(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl Level {
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}
