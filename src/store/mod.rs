//! All the SQL, a file per noun, for SQLite and PostgreSQL alike. Knows `model` and nothing else of Tidings.
//!
//! Functions that read take `&Store`; functions that write take `&mut Tx`, so that a caller decides what belongs into
//! one transaction. Times come in as arguments.

mod checkpoint;
mod db;
mod home;
mod schema;
mod sql;
#[cfg(test)]
mod tests;

pub mod adoption;
pub mod ahead;
pub mod alert;
pub mod article;
pub mod audience;
pub mod backup;
pub mod captured_mail;
pub mod claim;
pub mod consent;
pub mod copy;
pub mod declared;
pub mod delivery;
pub mod edition;
pub mod feed;
pub mod filing;
pub mod flood;
pub mod former;
pub mod habit;
pub mod health;
pub mod hold;
pub mod holdings;
pub mod lease;
pub mod ledger;
pub mod letter;
pub mod lock;
pub mod mark;
pub mod nudge;
pub mod outage;
pub mod page;
pub mod queue;
pub mod request;
pub mod restore;
pub mod restored;
pub mod retention;
pub mod revision;
pub mod run;
pub mod setting;
pub mod sighting;
pub mod slot;
pub mod stops;
pub mod subscriber;
pub mod subscription;
pub mod suppression;
pub mod tables;
pub mod trouble;
pub mod withdrawal;
mod writer;

use std::path::{Path, PathBuf};

use thiserror::Error;

pub use db::{Db, Place, Tx};
pub use schema::{copy_before, known as known_schema};

/// The database, open and migrated.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
}

#[derive(Debug, Error)]
pub enum Error {
    #[error("could not open the database {place}")]
    Open { place: String, source: sqlx::Error },
    #[error("the database failed")]
    Query(#[from] sqlx::Error),
    #[error("a value could not be encoded for the database")]
    Argument { source: Box<dyn std::error::Error + Send + Sync> },
    #[error("column {column} of a row of the database is NULL, where something must be")]
    Null { column: usize },
    #[error("column {column} of a row of the database has `{value}` in it, which cannot be read")]
    Unreadable { column: usize, value: String },
    #[error("the database gave no row back for: {statement}")]
    NoRow { statement: &'static str },
    #[error("the program is stopping")]
    Stopped,
    #[error("could not bring the database's schema up to date")]
    Migrate { source: sqlx::migrate::MigrateError },
    #[error(
        "the database was made by a newer Tidings (schema {found}, this program knows {known}); install that version or newer, or restore the backup made before the upgrade"
    )]
    Newer { found: i64, known: i64 },
    #[error("could not back up the database to {file} before the upgrade")]
    Backup { file: PathBuf, source: sqlx::Error },
    #[error("could not write a copy of the database to {file}")]
    Copy { file: PathBuf, source: sqlx::Error },
    #[error("could not {what} {file}")]
    File { what: &'static str, file: PathBuf, source: std::io::Error },
}

impl Error {
    /// The database cannot be asked now; another time it may answer.
    pub fn is_away(&self) -> bool {
        matches!(self, Self::Query(sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut))
    }

    /// It works, and what is in this row says nothing to us.
    pub fn is_of_a_row(&self) -> bool {
        matches!(self, Self::Unreadable { .. } | Self::Null { .. })
    }

    /// It works, and does not take these values: too long for an index, or against a constraint.
    pub fn refuses_the_data(&self) -> bool {
        let Self::Query(sqlx::Error::Database(error)) = self else { return false };
        let code = error.code().unwrap_or_default();
        match code.parse::<u32>() {
            // SQLite's, whose lowest byte is the kind: TOOBIG, CONSTRAINT, MISMATCH.
            Ok(number) if code.len() < 5 => matches!(number & 0xff, 18..=20),
            // SQLSTATE: data exception, integrity constraint violation, program limit exceeded.
            _ => ["22", "23", "54"].iter().any(|class| code.len() == 5 && code.starts_with(class)),
        }
    }

    fn argument(source: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Argument { source }
    }

    fn unreadable(column: usize, value: String) -> Self {
        Self::Unreadable { column, value }
    }

    fn file(what: &'static str, file: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let file = file.to_owned();
        move |source| Self::File { what, file, source }
    }
}

impl Store {
    /// Opens the database and brings its schema up to date.
    pub async fn open(place: &Place) -> Result<Self, Error> {
        let db = Db::open(place).await?;
        schema::migrate(&db).await?;
        Ok(Self { db })
    }

    /// Opens the database and leaves its schema as it is. A SQLite file must be there: an empty one is made otherwise.
    pub async fn open_as_it_is(place: &Place) -> Result<Self, Error> {
        Ok(Self { db: Db::open(place).await? })
    }

    /// Opens a SQLite database that others may have open, to look at it; it is not made.
    pub async fn look_at(file: &Path) -> Result<Self, Error> {
        Ok(Self { db: Db::look_at(file).await? })
    }

    /// Opens a SQLite file that nobody writes, such as a backup, and changes nothing.
    pub async fn read_file(file: &Path) -> Result<Self, Error> {
        Ok(Self { db: Db::read_file(file).await? })
    }

    /// The number of the last step that its schema has seen; 0: it is no database of ours.
    pub async fn schema(&self) -> Result<i64, Error> {
        schema::version(&self.db).await
    }

    pub async fn begin(&self) -> Result<Tx, Error> {
        self.db.begin().await
    }

    /// A transaction whose commit does not wait for our own disk: for what is safe to lose whole, together with this process.
    pub async fn begin_relaxed(&self) -> Result<Tx, Error> {
        self.db.begin_relaxed().await
    }

    /// Between two transactions of long work.
    pub async fn let_others_in(&self) {
        self.db.let_others_in().await;
    }

    /// Before work that writes all over the database; [`Store::draws_in`] after it.
    pub async fn spreads_out(&self) -> Result<(), Error> {
        self.db.spreads_out().await
    }

    pub async fn draws_in(&self) -> Result<(), Error> {
        self.db.draws_in().await
    }

    /// After many readers came at once.
    pub async fn look_again(&self) -> Result<(), Error> {
        self.db.look_again().await
    }

    pub async fn close(&self) {
        self.db.close().await;
    }

    pub fn is_pg(&self) -> bool {
        matches!(self.db, Db::Pg { .. })
    }

    /// The SQLite file; None on PostgreSQL.
    pub fn file(&self) -> Option<&Path> {
        match &self.db {
            Db::Lite { file, .. } => Some(file),
            Db::Pg { .. } => None,
        }
    }

    #[cfg(test)]
    pub(crate) fn db(&self) -> &Db {
        &self.db
    }
}
