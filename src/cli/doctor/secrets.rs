//! The files that nobody else may read: the keys of our links, the relay's password, the key that signs.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::finding::Finding;
use crate::app::{self, AppError, SecretError};
use crate::clock::Chance;
use crate::config::Config;
use crate::model::delivery::Mode;
use crate::model::words::with_causes;

/// It may well be there: another one must not be made.
const READ: &str = "whoever runs this command must be allowed to read it; site.secret_file names it";

/// What may be done about what is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    None,
    /// Only said: --dry-run.
    Tried,
    Done,
}

pub fn look(config: &Config, repair: Repair, chance: &Chance) -> Vec<Finding> {
    let mut findings = vec![keys(config, repair, chance)];
    findings.extend(config.relay.password_file.iter().map(|file| kept("password", file, repair)));
    findings.extend(config.dkim.key_file.iter().map(|file| signing_key(config, file, repair)));
    findings
}

fn signing_key(config: &Config, file: &Path, repair: Repair) -> Finding {
    const ABOUT: &str = "dkim key";
    match app::prepared_signer(config) {
        Ok(_) => kept(ABOUT, file, repair),
        Err(error) => {
            let fix = "bring it back from a backup, or make another under another selector: `tidings dkim generate`";
            Finding::problem(ABOUT, with_causes(&error), fix)
        }
    }
}

fn keys(config: &Config, repair: Repair, chance: &Chance) -> Finding {
    const ABOUT: &str = "secret";
    let file = &config.site.secret_file;
    match file.try_exists() {
        Ok(true) => {}
        Ok(false) if config.delivery.mode == Mode::Capture => return make(config, repair, chance),
        Ok(false) => {
            let what = format!(
                "{} is not there, and outside capture mode none is made: the links in mails sent so far would break",
                file.display()
            );
            let fix =
                "bring it back from a backup; if no mail has left yet, start once with delivery.mode = \"capture\"";
            return Finding::problem(ABOUT, what, fix);
        }
        Err(error) => return Finding::problem(ABOUT, format!("{} cannot be looked at: {error}", file.display()), READ),
    }
    match app::check_secret(config) {
        Ok(()) => kept(ABOUT, file, repair),
        Err(AppError::Secret(error @ SecretError::Read { .. })) => Finding::problem(ABOUT, with_causes(&error), READ),
        Err(error) => Finding::problem(ABOUT, with_causes(&error), "bring it back from a backup"),
    }
}

fn make(config: &Config, repair: Repair, chance: &Chance) -> Finding {
    const ABOUT: &str = "secret";
    let file = config.site.secret_file.display();
    match repair {
        Repair::None => Finding::warning(ABOUT, format!("{file} is not there yet"))
            .then("the first start makes it, or `tidings doctor --fix`"),
        Repair::Tried => Finding::warning(ABOUT, format!("{file} is not there yet; it would be made")),
        Repair::Done => match app::make_secret(config, chance) {
            Ok(()) => Finding::ok(ABOUT, format!("{file} was not there, and was made now; back it up")),
            Err(error) => Finding::problem(ABOUT, with_causes(&error), "see who may write there"),
        },
    }
}

/// A file that is there, for its owner alone. A group may be meant: it is told, and left.
fn kept(about: &'static str, file: &Path, repair: Repair) -> Finding {
    let name = file.display();
    let mode = match file.metadata() {
        Ok(metadata) => metadata.permissions().mode() & 0o777,
        Err(error) => return Finding::problem(about, format!("{name} cannot be looked at: {error}"), "put it there"),
    };
    let open = format!("{name} can be read by everybody on this machine (mode {mode:o})");
    match repair {
        _ if mode & 0o077 == 0 => Finding::ok(about, format!("{name} is there, for its owner alone")),
        _ if mode & 0o007 == 0 => Finding::warning(about, format!("{name} can be read by its group (mode {mode:o})"))
            .then(format!("if that is not meant: chmod 600 {name}")),
        Repair::None => Finding::problem(about, open, format!("chmod 600 {name}, or `tidings doctor --fix`")),
        Repair::Tried => Finding::problem(about, format!("{open}; it would be closed"), format!("chmod 600 {name}")),
        Repair::Done => match std::fs::set_permissions(file, Permissions::from_mode(0o600)) {
            Ok(()) => {
                Finding::ok(about, format!("{name} could be read by everybody (mode {mode:o}); it was closed now"))
            }
            Err(error) => {
                Finding::problem(about, format!("{open}, and cannot be closed: {error}"), "let its owner do it")
            }
        },
    }
}
