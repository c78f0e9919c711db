//! One process works, others write: the exclusive lock beside a SQLite file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Held as long as it lives; the operating system lets go of it when the process dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{database} is in use by {holder}")]
    Held { database: PathBuf, holder: String },
    #[error("could not lock {file}")]
    Io { file: PathBuf, source: io::Error },
}

/// The name of a file beside the database: `tidings.db.lock`. Where the database is a link, beside what it leads to, as
/// SQLite does it: whoever names it in another way must come upon the same lock. (Any other name stays as it was typed: a
/// socket's must be short.)
pub(super) fn beside(database: &Path, ending: &str) -> PathBuf {
    let led_to = database.is_symlink().then(|| database.canonicalize().ok()).flatten();
    let mut name = led_to.as_deref().unwrap_or(database).as_os_str().to_owned();
    name.push(ending);
    name.into()
}

impl Lock {
    /// Takes the lock beside `database`. `holder` says who we are, for whom we keep out.
    pub fn take(database: &Path, holder: &str) -> Result<Self, LockError> {
        let path = beside(database, ".lock");
        let failed = |source| LockError::Io { file: path.clone(), source };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
        match try_for_a_moment(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(failed)?;
                return Err(LockError::Held { database: database.to_owned(), holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{holder}")).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

/// Whoever only looks ([`is_held`]) has the lock for an instant, and must not be taken for a process at work.
fn try_for_a_moment(file: &File) -> Result<(), TryLockError> {
    for _ in 0..10 {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(5)),
            other => return other,
        }
    }
    file.try_lock()
}

/// Whether somebody holds the lock beside `database`.
pub fn is_held(database: &Path) -> bool {
    File::open(beside(database, ".lock"))
        .is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
