//! `[site] secret_file`: the keys of all our links, one a line, the first signs.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::clock::Chance;
use crate::config::Config;
use crate::model::delivery::Mode;
use crate::model::token::{Keys, base32, from_base32};

#[derive(Debug, Error)]
pub enum SecretError {
    #[error("could not read the secret file {}", file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error(
        "the secret file {} is not there, and outside capture mode none is made: a new one would break the stop links of all mails sent so far",
        file.display()
    )]
    Missing { file: PathBuf },
    #[error("could not make the secret file {}", file.display())]
    Make { file: PathBuf, source: io::Error },
    #[error("line {line} of the secret file {} is not a key: each line holds one, 52 characters of a-z and 2-7", file.display())]
    Bad { file: PathBuf, line: usize },
    #[error("the secret file {} holds no key", file.display())]
    Empty { file: PathBuf },
}

/// Reads the keys; in capture mode, where no link has left the house yet, makes the first on first use.
pub fn keys(config: &Config, chance: &Chance) -> Result<Keys, SecretError> {
    let file = &config.site.secret_file;
    match std::fs::read_to_string(file) {
        Ok(text) => parse(&text, file),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => {
            if config.delivery.mode != Mode::Capture {
                return Err(SecretError::Missing { file: file.clone() });
            }
            make(file, chance).map_err(|source| SecretError::Make { file: file.clone(), source })?;
            // Read, not kept: two processes that start at once must end up with the same.
            let text =
                std::fs::read_to_string(file).map_err(|source| SecretError::Read { file: file.clone(), source })?;
            parse(&text, file)
        }
        Err(source) => Err(SecretError::Read { file: file.clone(), source }),
    }
}

/// The same, but makes nothing.
pub fn check(config: &Config) -> Result<(), SecretError> {
    let file = &config.site.secret_file;
    match std::fs::read_to_string(file) {
        Ok(text) => parse(&text, file).map(drop),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound && config.delivery.mode == Mode::Capture => Ok(()),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Err(SecretError::Missing { file: file.clone() }),
        Err(source) => Err(SecretError::Read { file: file.clone(), source }),
    }
}

/// Complete under another name first, so that nobody ever reads half a key.
fn make(file: &Path, chance: &Chance) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let draft = file.with_extension(format!("new-{}", base32(&chance.bytes::<5>())));
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    writeln!(
        out,
        "# The keys of all links of this site, one a line. Keep them, and keep them secret. The first signs, all"
    )?;
    writeln!(out, "# verify: put a new one above the old ones, and no link in any mail breaks.")?;
    writeln!(out, "{}", base32(&chance.bytes::<32>()))?;
    out.sync_all()?;
    // A link, unlike a rename, leaves one that is there already as it is.
    let linked = std::fs::hard_link(&draft, file);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(there) if there.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn parse(text: &str, file: &Path) -> Result<Keys, SecretError> {
    let mut secrets = Vec::new();
    for (i, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let secret = from_base32(line).filter(|secret| secret.len() >= 32);
        secrets.push(secret.ok_or_else(|| SecretError::Bad { file: file.to_owned(), line: i + 1 })?);
    }
    Keys::of(&secrets).ok_or_else(|| SecretError::Empty { file: file.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(folder: &Path, text: &str) -> Config {
        Config::from_text(text, "tidings.toml", folder, []).expect("a good text")
    }

    #[test]
    fn the_first_key_is_made_in_capture_mode_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "");
        keys(&config, &Chance::seeded(1)).unwrap();
        let made = std::fs::read_to_string(&config.site.secret_file).unwrap();
        keys(&config, &Chance::seeded(2)).unwrap();
        assert_eq!(std::fs::read_to_string(&config.site.secret_file).unwrap(), made);

        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&config.site.secret_file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path().join("secrets")).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_live_site_never_makes_a_new_key() {
        let folder = tempfile::tempdir().unwrap();
        let text = "[site]\nurl = \"https://digest.example.org\"\n[delivery]\nmode = \"live\"\nfrom = \"a@example.org\"\n\
                    [relay]\nhost = \"localhost\"\ntls = \"none\"\n";
        assert!(matches!(keys(&config(folder.path(), text), &Chance::seeded(1)), Err(SecretError::Missing { .. })));
    }

    #[test]
    fn a_line_that_is_no_key_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "");
        std::fs::create_dir_all(folder.path().join("secrets")).unwrap();
        std::fs::write(&config.site.secret_file, "# note\n\nhunter2\n").unwrap();
        assert!(matches!(keys(&config, &Chance::seeded(1)), Err(SecretError::Bad { line: 3, .. })));
        std::fs::write(&config.site.secret_file, "# note\n").unwrap();
        assert!(matches!(keys(&config, &Chance::seeded(1)), Err(SecretError::Empty { .. })));
    }
}
