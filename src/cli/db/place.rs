//! The database as a command about it takes it: as it is, not brought up to date, not made.

use secrecy::ExposeSecret;

use crate::app;
use crate::cli::backup::without_password;
use crate::cli::exit::{Exit, Failure};
use crate::cli::file::could_not;
use crate::config::{Config, Database};
use crate::store::Store;

/// Its place, as it may be shown.
pub fn words(database: &Database) -> String {
    match database {
        Database::Sqlite(file) => file.display().to_string(),
        Database::Postgres(url) => without_password(url),
    }
}

pub fn engine(database: &Database) -> &'static str {
    match database {
        Database::Sqlite(_) => "SQLite",
        Database::Postgres(_) => "PostgreSQL",
    }
}

/// Opens what the configuration names, if it is there.
pub async fn open_as_it_is(config: &Config) -> anyhow::Result<Store> {
    must_be_there(config)?;
    Ok(Store::open_as_it_is(&app::place(config)).await?)
}

/// The same, only to look.
pub async fn look_at(config: &Config) -> anyhow::Result<Store> {
    must_be_there(config)?;
    Ok(match &config.storage.database {
        Database::Sqlite(file) => Store::look_at(file).await?,
        Database::Postgres(_) => Store::open_as_it_is(&app::place(config)).await?,
    })
}

fn must_be_there(config: &Config) -> anyhow::Result<()> {
    match &config.storage.database {
        Database::Sqlite(file) if !file.is_file() => {
            let message = format!("there is no database {} yet", file.display());
            let next = "storage.url in the configuration names it; the first command that needs it makes it";
            Err(Failure::new(Exit::NotFound, message).then(next).into())
        }
        _ => Ok(()),
    }
}

/// Reads the address of another database.
pub fn parse(url: &str) -> Result<Database, String> {
    url.parse()
}

/// A configuration of the same installation on another database.
pub fn moved(config: &Config, database: &Database) -> Config {
    let mut moved = config.clone();
    moved.storage.database = database.clone();
    moved
}

/// Whether the two are one.
pub fn is_same(a: &Database, b: &Database) -> anyhow::Result<bool> {
    Ok(match (a, b) {
        (Database::Postgres(a), Database::Postgres(b)) => a.expose_secret() == b.expose_secret(),
        (Database::Sqlite(a), Database::Sqlite(b)) if b.exists() => {
            let whole = |file: &std::path::Path| file.canonicalize().map_err(could_not("find", file));
            whole(a)? == whole(b)?
        }
        _ => false,
    })
}
