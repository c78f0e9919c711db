//! How a command ended, as a script reads it.

use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::app::AppError;
use crate::config::ConfigErrors;
use crate::daemon::DaemonError;
use crate::mail::fault::SessionError;
use crate::store::lock::LockError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Exit {
    Done = 0,
    Unexpected = 1,
    Usage = 2,
    Configuration = 3,
    NotFound = 4,
    /// By the mode, a lock, or for want of a yes.
    Refused = 5,
    /// The outside failed: try again.
    Outside = 6,
    Partly = 7,
    /// A check found problems.
    Problems = 8,
    /// By Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error of a command that knows its own exit code, and what to try next.
#[derive(Debug, Error)]
#[error("{message}")]
pub struct Failure {
    pub exit: Exit,
    pub message: String,
    /// Commands to try, or a sentence.
    pub next: Option<String>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), next: None }
    }

    pub fn then(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

/// The exit code of an error.
pub fn of(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.exit;
        }
        if cause.is::<ConfigErrors>() {
            return Exit::Configuration;
        }
        if let Some(app) = cause.downcast_ref::<AppError>() {
            return of_app(app);
        }
        if let Some(LockError::Held { .. }) = cause.downcast_ref::<LockError>() {
            return Exit::Refused;
        }
        if cause.is::<SessionError>() {
            return Exit::Outside;
        }
    }
    Exit::Unexpected
}

fn of_app(error: &AppError) -> Exit {
    match error {
        AppError::Lock(LockError::Held { .. })
        | AppError::OtherConfiguration { .. }
        | AppError::Overtaken
        // Another try does not help, so a service manager must not make one every few seconds.
        | AppError::Store(crate::store::Error::Newer { .. })
        | AppError::StillHeld(_) => Exit::Refused,
        AppError::Secret(_)
        | AppError::Relay(_)
        | AppError::Template(_)
        | AppError::Unfit { .. }
        | AppError::Folder { .. } => Exit::Configuration,
        AppError::Daemon(DaemonError::Listen { .. }) => Exit::Refused,
        AppError::LeaseLost => Exit::Outside,
        AppError::HalfAdopted => Exit::Interrupted,
        AppError::Store(crate::store::Error::Open { .. }) => Exit::Outside,
        _ => Exit::Unexpected,
    }
}

/// What to try after an error that does not say so itself.
pub fn next(error: &anyhow::Error) -> Option<String> {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.next.clone();
        }
        if let Some(AppError::Lock(LockError::Held { .. })) = cause.downcast_ref::<AppError>() {
            return Some(
                "other commands work beside it (`tidings status`); to run another one, stop the first".to_owned(),
            );
        }
        if cause.is::<ConfigErrors>() {
            return Some("`tidings check` looks again".to_owned());
        }
        if let Some(AppError::Template(_) | AppError::Unfit { .. }) = cause.downcast_ref::<AppError>() {
            return Some("`tidings check` looks again; `tidings template list` says which texts are yours".to_owned());
        }
        if let Some(AppError::Store(crate::store::Error::Open { .. })) = cause.downcast_ref::<AppError>() {
            return Some("storage.url in the configuration says where the database is".to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store;

    #[test]
    fn what_another_try_cannot_help_is_no_failure_of_the_outside() {
        let newer = AppError::from(store::Error::Newer { found: 6, known: 5 });
        assert_eq!(of(&newer.into()), Exit::Refused);
    }
}
