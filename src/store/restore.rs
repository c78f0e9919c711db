//! Putting a backup in the place of a SQLite database. Nothing is deleted: what was there is moved aside. Whoever calls
//! holds the lock beside the database.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::{NamedTempFile, TempPath};

use super::lock::beside;
use super::{Error, Place, Store, backup, restored};

/// A copy of the backup, beside the database that it will replace. It goes away unless it is put in its place.
#[derive(Debug)]
pub struct Draft {
    copy: TempPath,
    database: PathBuf,
    /// Deliveries that were on their way when the backup was made.
    pub held: u64,
}

/// The files that belong to a database while it is in use, or after its process was killed.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

impl Draft {
    /// Copies the backup and sets aside in the copy what was on its way: there is no instant at which mail could leave
    /// that may have gone before.
    pub async fn make(backup: &Path, database: &Path, why: &str, now: DateTime<Utc>) -> Result<Self, Error> {
        // What a link leads to is replaced, not the link.
        let database = if database.is_symlink() { fs::canonicalize(database) } else { Ok(database.to_owned()) }
            .map_err(Error::file("find", database))?;
        let copy = private_file_beside(&database).map_err(Error::file("write beside", &database))?;
        let from = Store::read_file(backup).await?;
        let copied = backup::write(&from, &copy).await;
        from.close().await;
        copied?;
        let held = set_aside(&copy, why, now).await?;
        Ok(Self { copy, database, held })
    }

    /// Puts the copy in its place; where the database is now that was there, if there was one.
    pub async fn put_in_place(self, now: DateTime<Utc>) -> Result<Option<PathBuf>, Error> {
        let Self { copy, database, .. } = self;
        as_it_was_owned(&copy, &database);
        let aside = if database.symlink_metadata().is_ok() {
            fold_in_what_was_written_ahead(&database).await;
            Some(move_aside(&database, now).map_err(Error::file("move aside", &database))?)
        } else {
            // What was written ahead for a database that somebody took away would be taken for the copy's.
            companions_aside(&database, &free_name(&database, now)).map_err(Error::file("move aside", &database))?;
            None
        };
        copy.persist(&database).map_err(|refused| Error::file("replace", &database)(refused.error))?;
        sync_folder(&database).map_err(Error::file("make sure of", &database))?;
        Ok(aside)
    }
}

/// The database is full of addresses: nobody else may read the copy, at no time.
fn private_file_beside(database: &Path) -> io::Result<TempPath> {
    let file: NamedTempFile =
        tempfile::Builder::new().prefix(".restoring-").suffix(".db").tempfile_in(folder(database))?;
    Ok(file.into_temp_path())
}

fn folder(database: &Path) -> &Path {
    database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

async fn set_aside(copy: &Path, why: &str, now: DateTime<Utc>) -> Result<u64, Error> {
    let store = Store::open_as_it_is(&Place::File(copy.to_owned())).await?;
    let mut tx = store.begin().await?;
    let held = restored::set_aside(&mut tx, why, now).await?;
    tx.commit().await?;
    // The last to close takes in what was written ahead: the copy is one file again.
    store.close().await;
    if let Some(left) = COMPANIONS.iter().map(|ending| beside(copy, ending)).find(|left| left.exists()) {
        return Err(Error::file("close", &left)(io::ErrorKind::ResourceBusy.into()));
    }
    Ok(held)
}

/// Somebody with more rights may restore what a daemon without them has to open.
fn as_it_was_owned(copy: &Path, database: &Path) {
    let owner = fs::metadata(database).or_else(|_| fs::metadata(folder(database)));
    if let (Ok(ours), Ok(owner)) = (fs::metadata(copy), owner)
        && (ours.uid(), ours.gid()) != (owner.uid(), owner.gid())
    {
        // Whoever may not do that has the same rights as before: the program says so when it cannot open it.
        let _ = chown(copy, Some(owner.uid()), Some(owner.gid()));
    }
}

/// After a kill the newest rows lie in the file beside. A database that cannot be opened any more keeps both.
async fn fold_in_what_was_written_ahead(database: &Path) {
    let options = SqliteConnectOptions::new().filename(database).create_if_missing(false);
    if let Ok(mut connection) = options.disable_statement_logging().connect().await {
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await;
        let _ = connection.close().await;
    }
}

/// The database keeps its name until the copy takes it, so that a power cut in between does not leave a place without a
/// database, where the next command would begin an empty one. Its companions must not stay: they would be taken for the copy's.
fn move_aside(database: &Path, now: DateTime<Utc>) -> io::Result<PathBuf> {
    let aside = free_name(database, now);
    if fs::hard_link(database, &aside).is_err() {
        fs::rename(database, &aside)?;
    }
    companions_aside(database, &aside)?;
    Ok(aside)
}

fn companions_aside(database: &Path, aside: &Path) -> io::Result<()> {
    for ending in COMPANIONS {
        match fs::rename(beside(database, ending), beside(aside, ending)) {
            Err(none) if none.kind() == io::ErrorKind::NotFound => {}
            moved => moved?,
        }
    }
    Ok(())
}

fn free_name(database: &Path, now: DateTime<Utc>) -> PathBuf {
    let stamp = now.format(".before-restore-%Y-%m-%d-%H%M%S");
    let names = (1..).map(|n| if n == 1 { stamp.to_string() } else { format!("{stamp}-{n}") });
    let mut names = names.map(|ending| beside(database, &ending));
    names.find(|name| name.symlink_metadata().is_err()).unwrap_or_else(|| beside(database, ".before-restore"))
}

fn sync_folder(database: &Path) -> io::Result<()> {
    fs::File::open(folder(database))?.sync_all()
}
