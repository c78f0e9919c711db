//! The database: not there, not ours, not whole, not the one that was meant.

use insta::assert_snapshot;
use sqlx::migrate::MigrateError;

use super::{denied, disk_full, page, printed, refused};
use crate::app::AppError;
use crate::store::Error;
use crate::store::copy::CopyError;
use crate::store::lock::LockError;

#[test]
fn a_database_that_is_not_opened() {
    let open = |place: &str| Error::Open { place: place.to_owned(), source: sqlx::Error::Io(refused()) };
    let told = page([
        printed(AppError::Store(open("PostgreSQL at db.example.org:5432/tidings"))),
        printed(open("tidings.db")),
        printed(Error::Migrate { source: MigrateError::VersionMismatch(4) }),
        printed(Error::Newer { found: 6, known: 5 }),
        printed(Error::Backup {
            file: "tidings.db.before-5".into(),
            source: sqlx::Error::Protocol("database or disk is full".to_owned()),
        }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn a_database_that_fails() {
    let copy = sqlx::Error::Protocol("database or disk is full".to_owned());
    let told = page([
        printed(Error::Query(sqlx::Error::Io(refused()))),
        printed(Error::Query(sqlx::Error::PoolTimedOut)),
        printed(Error::Query(sqlx::Error::Protocol("database disk image is malformed".to_owned()))),
        printed(Error::Argument { source: "a text has a NUL in it".into() }),
        printed(Error::Null { column: 3 }),
        printed(Error::Unreadable { column: 3, value: "fortnightly".to_owned() }),
        printed(Error::NoRow { statement: "INSERT INTO run … RETURNING id" }),
        printed(Error::Stopped),
        printed(Error::Copy { file: "backups/.tidings-1.partial".into(), source: copy }),
        printed(Error::File { what: "set aside", file: "tidings.db".into(), source: denied() }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn a_database_that_is_somebody_elses() {
    let holder = "`tidings run` with process id 4711, since 2026-03-02 07:00:00 UTC".to_owned();
    let told = page([
        printed(AppError::Lock(LockError::Held { database: "tidings.db".into(), holder })),
        printed(LockError::Io { file: "tidings.db.lock".into(), source: disk_full() }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn a_copy_into_another_database() {
    let told = page([
        printed(CopyError::OtherSchema { from: 5, to: 4 }),
        printed(CopyError::NotEmpty { table: "subscriber".to_owned() }),
        printed(CopyError::Miscounted { table: "article".to_owned(), from: 1200, to: 1199 }),
    ]);
    assert_snapshot!(told);
}
