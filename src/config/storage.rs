//! `[storage]`: where rows are kept.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::SecretString;
use serde::Deserialize;

use super::value;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    #[serde(rename = "url", deserialize_with = "value::parsed")]
    pub database: Database,
    /// PostgreSQL behind a pooler that hands connections on between transactions.
    pub transaction_pooler: bool,
    /// PostgreSQL: connections of one daemon.
    pub connections: u32,
}

#[derive(Debug, Clone)]
pub enum Database {
    Sqlite(PathBuf),
    /// The whole URL; it may hold a password.
    Postgres(SecretString),
}

impl FromStr for Database {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
            return match path {
                "" | ":memory:" => Err("name a file behind sqlite:, such as \"sqlite:tidings.db\"".to_owned()),
                // It would become part of the name, and an empty database be begun under it.
                path if path.contains('?') => Err(format!(
                    "`{url}` has options behind a `?`, and sqlite: takes none: leave the `?` out, and what comes after it"
                )),
                path => Ok(Self::Sqlite(path.into())),
            };
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.into()));
        }
        Err("write \"sqlite:tidings.db\" or \"postgres://user@host/tidings\"".to_owned())
    }
}

impl Storage {
    pub(super) fn rebase(&mut self, folder: &Path) {
        if let Database::Sqlite(path) = &mut self.database {
            *path = folder.join(&path);
        }
    }
}
