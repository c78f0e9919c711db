//! Migrations: embedded, side by side for the two engines, applied at start after a backup.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Executor, SqlSafeStr, SqliteConnection};

use super::Error;
use super::db::Db;
use super::lock::beside;
use super::sql::args;
use super::sql::{Sql, two};

struct Step {
    version: i64,
    name: &'static str,
    lite: &'static str,
    pg: &'static str,
}

macro_rules! step {
    ($version:literal, $file:literal) => {
        Step {
            version: $version,
            name: $file,
            lite: include_str!(concat!("../../migrations/sqlite/", $file, ".sql")),
            pg: include_str!(concat!("../../migrations/postgres/", $file, ".sql")),
        }
    };
}

const STEPS: &[Step] = &[
    step!(1, "0001_start"),
    step!(2, "0002_changed_minds"),
    step!(3, "0003_lighter_deliveries"),
    step!(4, "0004_letters"),
    step!(5, "0005_former_readers"),
    step!(6, "0006_patience"),
    step!(7, "0007_floods"),
    step!(8, "0008_lighter_marks"),
    step!(9, "0009_moved"),
];

const VERSION: Sql = two(
    "SELECT CAST(coalesce(max(version), 0) AS INTEGER) FROM _sqlx_migrations",
    "SELECT CAST(coalesce(max(version), 0) AS BIGINT) FROM _sqlx_migrations",
);
const IS_THERE: Sql = two(
    "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
    "SELECT count(*) FROM pg_class WHERE relname = '_sqlx_migrations' AND relnamespace = current_schema()::regnamespace",
);

/// Builds an older schema, for rows to stand in when the later steps come.
#[cfg(test)]
pub(super) async fn migrate_to(db: &Db, version: i64) -> Result<(), Error> {
    let until = |text: fn(&Step) -> &'static str| migrator(STEPS.iter().filter(|step| step.version <= version), text);
    match db {
        Db::Lite { write, .. } => until(|step| step.lite).run(&mut *write.acquire().await?).await,
        Db::Pg { pool, .. } => until(|step| step.pg).run(pool).await,
    }
    .map_err(|source| Error::Migrate { source })
}

/// The steps there are: version and name.
#[cfg(test)]
pub(super) fn steps() -> impl Iterator<Item = (i64, &'static str)> {
    STEPS.iter().map(|step| (step.version, step.name))
}

/// Brings the schema up to date. A newer schema than ours is refused; an older SQLite file is copied first.
pub async fn migrate(db: &Db) -> Result<(), Error> {
    if is_up_to_date(db).await? {
        return Ok(());
    }
    match db {
        Db::Lite { write, file, .. } => {
            let _turn = turn(file).await;
            let found = version(db).await?;
            if is_up_to_date(db).await? {
                return Ok(());
            }
            let mut connection = write.acquire().await?;
            if found > 0 {
                back_up(&mut connection, file, found).await?;
            }
            connection.execute("PRAGMA busy_timeout = 10000").await?;
            let migrated = migrator(STEPS, |step| step.lite).run(&mut *connection).await;
            connection.execute("PRAGMA busy_timeout = 0").await?;
            migrated
        }
        Db::Pg { pool, .. } => migrator(STEPS, |step| step.pg).run(pool).await,
    }
    .map_err(|source| Error::Migrate { source })
}

async fn is_up_to_date(db: &Db) -> Result<bool, Error> {
    let (found, known) = (version(db).await?, known());
    if found > known { Err(Error::Newer { found, known }) } else { Ok(found == known) }
}

/// Whoever holds this brings the schema up alone, with the copy from before: commands may come at once, and the migrator has
/// a lock for PostgreSQL only. The folder is locked, since no file more is to lie there; where folders cannot be, nobody waits.
async fn turn(file: &Path) -> Option<File> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
    let locked = tokio::task::spawn_blocking(move || {
        let folder = File::open(folder)?;
        folder.lock().map(|()| folder)
    });
    locked.await.ok()?.ok()
}

/// The schema of this program.
pub fn known() -> i64 {
    STEPS.last().map_or(0, |step| step.version)
}

/// 0 where nothing was made yet.
pub(super) async fn version(db: &Db) -> Result<i64, Error> {
    let (there,): (i64,) = db.one(&IS_THERE, args![]).await?;
    if there == 0 {
        return Ok(0);
    }
    let (version,) = db.one(&VERSION, args![]).await?;
    Ok(version)
}

fn migrator<'a>(steps: impl IntoIterator<Item = &'a Step>, text: impl Fn(&Step) -> &'static str) -> Migrator {
    let migration = |step: &Step| {
        Migration::new(step.version, step.name.into(), MigrationType::Simple, text(step).into_sql_str(), false)
    };
    Migrator::with_migrations(steps.into_iter().map(migration).collect())
}

/// Where the copy of a file of this schema is written: `tidings.db.before-2`.
pub fn copy_before(file: &Path, version: i64) -> PathBuf {
    beside(file, &format!(".before-{}", version + 1))
}

/// A consistent copy beside the file.
async fn back_up(connection: &mut SqliteConnection, file: &Path, version: i64) -> Result<(), Error> {
    let copy = copy_before(file, version);
    let part = copy.with_added_extension("part");
    let failed = |source| Error::Backup { file: copy.clone(), source };
    // A copy that was begun, or that an upgrade left which did not come to its end, is in nobody's way.
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error.into())),
        _ => {}
    }
    // It holds what the database holds: it is for the same eyes, while it is written too.
    let empty = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    empty.map_err(|error| failed(error.into()))?;
    sqlx::query("VACUUM INTO $1").bind(part.display().to_string()).execute(&mut *connection).await.map_err(failed)?;
    // Another process was faster, and has a copy of its own from before: this one may be from after.
    let (now,): (i64,) = sqlx::query_as(VERSION.lite).fetch_one(&mut *connection).await.map_err(failed)?;
    let kept = if version == now { std::fs::rename(&part, &copy) } else { std::fs::remove_file(&part) };
    kept.map_err(|error| failed(error.into()))
}
