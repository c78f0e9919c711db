//! How a command ended, as a script reads it.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::app::{AppError, RelaySettingsError, RelayTrialError, SecretError, SignSettingsError};
use crate::config::{ConfigErrors, FILE, Place, Problem};
use crate::daemon::DaemonError;
use crate::mail::fault::{RelayError, SessionError};
use crate::pipeline;
use crate::pipeline::deliver::trial::TrialError;
use crate::render::TemplateError;
use crate::store;
use crate::store::copy::CopyError;
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
    #[source]
    pub cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Failure {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), next: None, cause: None }
    }

    pub fn then(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub fn because(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }
}

/// The exit code of an error.
pub fn of(error: &anyhow::Error) -> Exit {
    told(error).0
}

/// What to try after it, where there is something to try.
pub fn next(error: &anyhow::Error) -> Option<String> {
    told(error).1
}

type Told = (Exit, Option<String>);

fn told(error: &anyhow::Error) -> Told {
    error.chain().find_map(of_cause).unwrap_or((Exit::Unexpected, None))
}

/// None: what stands below it may be known.
fn of_cause(cause: &(dyn StdError + 'static)) -> Option<Told> {
    if let Some(failure) = cause.downcast_ref::<Failure>() {
        return Some((failure.exit, failure.next.clone()));
    }
    // An error that only lets another through is not followed by it in the chain: each looks into what it lets through.
    let known = [
        cause.downcast_ref().map(of_configuration),
        cause.downcast_ref().map(of_app),
        cause.downcast_ref().map(of_pipeline),
        cause.downcast_ref().map(of_trial),
        cause.downcast_ref().map(of_relay_trial),
        cause.downcast_ref().map(of_session),
        cause.downcast_ref().map(of_relay),
        cause.downcast_ref().map(of_daemon),
        cause.downcast_ref().map(of_copy),
        cause.downcast_ref().map(of_store),
        cause.downcast_ref().map(of_lock),
        cause.downcast_ref().map(of_template),
        cause.downcast_ref().map(of_secret),
        cause.downcast_ref().map(of_settings),
        cause.downcast_ref().map(of_signing),
    ];
    known.into_iter().flatten().next()
}

fn then(exit: Exit, next: &str) -> Told {
    (exit, Some(next.to_owned()))
}

fn of_configuration(errors: &ConfigErrors) -> Told {
    match errors {
        ConfigErrors::Wrong(problems) => (Exit::Configuration, Some(format!("`{}` looks again", check(problems)))),
        ConfigErrors::Unreadable { source, .. } if source.kind() == ErrorKind::NotFound => {
            then(Exit::Configuration, "name the configuration with -c FILE, or begin one with `tidings init`")
        }
        ConfigErrors::Unreadable { .. } => {
            then(Exit::Configuration, "it must be a text file that whoever runs this command may read")
        }
    }
}

/// The command that looks again at the file in which these are.
pub(super) fn check(problems: &[Problem]) -> String {
    let file = problems.iter().find_map(|problem| match &problem.place {
        Place::Line { file, .. } | Place::File(file) => Some(file),
        Place::Variable(_) => None,
    });
    match file.filter(|file| *file != FILE) {
        Some(file) => format!("tidings check -c {file}"),
        None => "tidings check".to_owned(),
    }
}

fn of_app(error: &AppError) -> Told {
    match error {
        AppError::Store(error) => of_store(error),
        AppError::Daemon(error) => of_daemon(error),
        AppError::Pipeline(error) => of_pipeline(error),
        AppError::Template(error) => of_template(error),
        AppError::Secret(error) => of_secret(error),
        AppError::Relay(error) => of_settings(error),
        AppError::Sign(error) => of_signing(error),
        AppError::Lock(error) => of_lock(error),
        AppError::Unfit { .. } => then(Exit::Configuration, TEXTS),
        AppError::Folder { .. } => then(
            Exit::Configuration,
            "mount its volume, or make it; storage.url in the configuration names the database",
        ),
        AppError::OtherDatabase
        | AppError::OtherConfiguration { .. }
        | AppError::Overtaken
        | AppError::StillHeld(_) => (Exit::Refused, None),
        AppError::LeaseLost => then(Exit::Outside, DATABASE),
        AppError::HalfAdopted => (Exit::Interrupted, None),
        AppError::Mailbox(_) => then(Exit::Outside, "it needs a free port on 127.0.0.1"),
        AppError::Fetcher(_) => then(Exit::Unexpected, CERTIFICATES),
    }
}

fn of_pipeline(error: &pipeline::Error) -> Told {
    match error {
        pipeline::Error::Store(error) => of_store(error),
        pipeline::Error::StaleConfiguration => (Exit::Refused, None),
        pipeline::Error::NeverAgain => then(Exit::Configuration, "look at the cron of its [[frequency]]"),
        pipeline::Error::Broken(_) => then(Exit::Unexpected, REPORT),
    }
}

fn of_trial(error: &TrialError) -> Told {
    match error {
        TrialError::NoArticles => then(Exit::NotFound, "`tidings feed fetch` collects some"),
        TrialError::Unmade(_) => then(Exit::Problems, "`tidings template lint` looks at the texts it is made of"),
        TrialError::Session(error) => of_session(error),
        TrialError::Line(error) => of_pipeline(error),
    }
}

fn of_relay_trial(error: &RelayTrialError) -> Told {
    match error {
        RelayTrialError::Settings(error) => of_settings(error),
        RelayTrialError::Session(error) => of_session(error),
    }
}

/// Another try may help: nothing here is about the message.
fn of_session(error: &SessionError) -> Told {
    match error {
        SessionError::Relay(error) => of_relay(error),
        _ => then(Exit::Outside, TALK),
    }
}

fn of_relay(error: &RelayError) -> Told {
    match error {
        RelayError::LoginRefused { .. } => then(
            Exit::Outside,
            "look at username and password_file of [relay]; `tidings mail test ADDRESS -v` tries them again",
        ),
        RelayError::NoStartTls { .. } => then(
            Exit::Outside,
            "tls = \"implicit\" in [relay], if it has a port for that (465); `tidings mail test ADDRESS -v` tries it",
        ),
        RelayError::Connect { .. } => then(
            Exit::Outside,
            "look at host and port of [relay], and whether the relay runs; `tidings mail test ADDRESS -v` tries again",
        ),
        RelayError::Tls { .. } => then(
            Exit::Outside,
            "tls = \"implicit\" is for port 465, \"starttls\" for 587; ca_file of [relay] is for an authority of your own",
        ),
        // Another try does not help.
        RelayError::InTheClear { .. } | RelayError::LoginInTheClear { .. } => (Exit::Configuration, None),
        RelayError::Unspeakable { .. } => then(
            Exit::Configuration,
            "ehlo_name, username and password of [relay] and the addresses in [delivery] are of plain letters and digits",
        ),
        _ => then(Exit::Outside, TALK),
    }
}

fn of_daemon(error: &DaemonError) -> Told {
    match error {
        // A next step stands in its words: they are logged as well.
        DaemonError::Listen { .. } => (Exit::Refused, None),
        DaemonError::Store(error) => of_store(error),
        DaemonError::Signals(_) => (Exit::Unexpected, None),
        DaemonError::Broken(_) => then(Exit::Unexpected, REPORT),
    }
}

fn of_copy(error: &CopyError) -> Told {
    match error {
        CopyError::Store(error) => of_store(error),
        CopyError::OtherSchema { .. } | CopyError::NotEmpty { .. } => {
            then(Exit::Refused, "name an empty database: nothing is written over")
        }
        CopyError::Miscounted { .. } => then(Exit::Unexpected, "the target is empty as before: try again"),
    }
}

fn of_store(error: &store::Error) -> Told {
    match error {
        store::Error::Open { .. } => then(Exit::Outside, "storage.url in the configuration says where the database is"),
        // Another try does not help, so a service manager must not make one every few seconds.
        store::Error::Newer { .. } => (Exit::Refused, None),
        store::Error::Stopped => (Exit::Interrupted, None),
        error if error.is_away() => then(Exit::Outside, DATABASE),
        store::Error::Backup { .. } => then(
            Exit::Outside,
            "is that file there already, the disk full, or the folder not ours to write? The database is as it was",
        ),
        store::Error::Copy { .. } | store::Error::File { .. } => {
            then(Exit::Outside, "is the disk full, or the folder not ours to write?")
        }
        store::Error::Migrate { .. } => then(Exit::Unexpected, "`tidings db status` says how far it came"),
        store::Error::Query(_) => then(Exit::Unexpected, DATABASE),
        store::Error::Argument { .. }
        | store::Error::Null { .. }
        | store::Error::Unreadable { .. }
        | store::Error::NoRow { .. } => {
            then(Exit::Unexpected, "`tidings doctor` looks at the database; if it finds nothing, please report this")
        }
    }
}

fn of_lock(error: &LockError) -> Told {
    match error {
        LockError::Held { .. } => {
            then(Exit::Refused, "other commands work beside it (`tidings status`); to run another one, stop the first")
        }
        LockError::Io { .. } => {
            then(Exit::Outside, "whoever runs this command must be allowed to write beside the database")
        }
    }
}

fn of_template(_: &TemplateError) -> Told {
    then(Exit::Configuration, TEXTS)
}

fn of_secret(error: &SecretError) -> Told {
    match error {
        SecretError::Missing { .. } => then(
            Exit::Configuration,
            "restore it from a backup; if it is gone for good, start once with delivery.mode = \"capture\" to make one",
        ),
        SecretError::Read { .. } => then(
            Exit::Configuration,
            "whoever runs this command must be allowed to read it; site.secret_file in the configuration names it",
        ),
        SecretError::Make { .. } => then(
            Exit::Configuration,
            "whoever runs this command must be allowed to write there; site.secret_file in the configuration names it",
        ),
        SecretError::Bad { .. } | SecretError::Empty { .. } => {
            then(Exit::Configuration, "restore it from a backup; in capture mode take it away, and a new one is made")
        }
    }
}

fn of_settings(error: &RelaySettingsError) -> Told {
    match error {
        RelaySettingsError::Password { .. } => then(
            Exit::Configuration,
            "whoever runs this command must be allowed to read it; relay.password_file in the configuration names it",
        ),
        RelaySettingsError::NoPassword { .. } => then(
            Exit::Configuration,
            "write the password into it, alone; or leave username and password_file out where the relay wants no login",
        ),
        RelaySettingsError::Certificates { .. } => {
            then(Exit::Configuration, "it must hold certificates in PEM; relay.ca_file in the configuration names it")
        }
        RelaySettingsError::Tls(_) => then(Exit::Configuration, CERTIFICATES),
    }
}

fn of_signing(error: &SignSettingsError) -> Told {
    let next = match error {
        SignSettingsError::Read { source, .. } if source.kind() == ErrorKind::NotFound => {
            "`tidings dkim generate` makes it; dkim.key_file in the configuration names it"
        }
        SignSettingsError::Read { .. } => {
            "whoever runs this command must be allowed to read it; dkim.key_file in the configuration names it"
        }
        SignSettingsError::Bad { .. } => {
            "`tidings dkim generate` makes one that can; publish its record before you sign with it"
        }
        SignSettingsError::NoEd25519 { .. } => "`tidings dkim generate --ed25519` makes both; or set mode = \"rsa\"",
    };
    then(Exit::Configuration, next)
}

const TEXTS: &str = "`tidings check` looks again; `tidings template list` says which texts are yours";
const TALK: &str = "`tidings mail test ADDRESS -v` tries again, and shows what is said";
const DATABASE: &str = "`tidings doctor` looks at the database";
const CERTIFICATES: &str = "the system's certificates (`ca-certificates`) must be there";
const REPORT: &str = "start it again; and please report this, with what the log said before";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_try_cannot_help_is_no_failure_of_the_outside() {
        let newer = AppError::from(store::Error::Newer { found: 6, known: 5 });
        assert_eq!(of(&newer.into()), Exit::Refused);
    }

    #[test]
    fn an_error_has_one_code_whatever_lets_it_through() {
        let newer = || store::Error::Newer { found: 6, known: 5 };
        for error in [
            anyhow::Error::from(newer()),
            AppError::Store(newer()).into(),
            AppError::Pipeline(newer().into()).into(),
            AppError::Daemon(newer().into()).into(),
            pipeline::Error::from(newer()).into(),
            TrialError::from(newer()).into(),
            CopyError::from(newer()).into(),
        ] {
            assert_eq!(of(&error), Exit::Refused, "{error:?}");
        }
    }
}
