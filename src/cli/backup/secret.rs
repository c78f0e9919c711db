//! The site's secret goes with the database: its keys sign the links in all mails sent so far.

use std::fs::{DirBuilder, OpenOptions, read_to_string};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::with_ending;
use crate::cli::file::could_not;

/// Where the secret of a backup is.
pub fn beside(backup: &Path) -> PathBuf {
    with_ending(backup, ".secret")
}

/// What becomes of the secret when a backup is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// The site's has every key of the backup's.
    Kept,
    /// The site had none: it gets the backup's.
    Restored,
    /// The site's lacks keys of the backup's, and stays as it is.
    Differs,
    /// There is none with the backup; the site's stays as it is.
    NoneInBackup,
    /// There is none anywhere.
    None,
}

/// What there is to do, from what is there.
pub fn fate(backup: &Path, site: &Path) -> anyhow::Result<Fate> {
    let (theirs, ours) = (read(&beside(backup))?, read(site)?);
    Ok(match (theirs, ours) {
        (None, None) => Fate::None,
        (None, Some(_)) => Fate::NoneInBackup,
        (Some(_), None) => Fate::Restored,
        (Some(theirs), Some(ours)) if keys(&theirs).all(|key| keys(&ours).any(|k| k == key)) => Fate::Kept,
        (Some(_), Some(_)) => Fate::Differs,
    })
}

/// Copies a secret to where there is none, for our eyes only. False: there is none to copy.
pub fn copy(from: &Path, to: &Path) -> anyhow::Result<bool> {
    let Some(text) = read(from)? else { return Ok(false) };
    write(to, &text).map_err(could_not("write the secret to", to))?;
    Ok(true)
}

fn read(file: &Path) -> anyhow::Result<Option<String>> {
    match read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(none) if none.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(could_not("read the secret file", file)(error).into()),
    }
}

fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}

fn keys(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
