//! `tidings backup create|list|verify|restore`: a SQLite installation in two files, the database and its secret.

mod create;
mod list;
mod postgres;
mod restore;
mod secret;
mod verify;

pub use postgres::without_password;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;
use crate::config::{Config, Database};

#[derive(Debug, Subcommand)]
pub enum BackupCommand {
    /// Write a consistent copy of the database, and one of the site's secret beside it
    #[command(
        after_help = "It works beside a running daemon and does not disturb it. The copy is read through before it gets its name, so \
        that a backup that has its name is whole. Take both files to another machine: whoever has them has every reader's address.\n\n\
        Example, every night by cron:  15 2 * * *  cd /srv/tidings && tidings backup create -q"
    )]
    Create(create::CreateArgs),
    /// List the backups beside the database, the newest first
    List,
    /// Read a backup through: is it whole, of which schema, how many readers and so on
    #[command(
        after_help = "It changes nothing and needs no configuration. The exit code is 8 if the file is not whole.\n\n\
        Example:  tidings backup verify backups/tidings-2026-11-25-021500.db"
    )]
    Verify(verify::VerifyArgs),
    /// Put a backup in the place of the database, which is moved aside
    #[command(
        after_help = "Stop `tidings run` first. Nothing is deleted: the database that is there now stays beside it, under another name.\n\n\
        A backup does not know what has left since it was made. So that nothing is mailed twice, all mail is stopped, and what was on its \
        way is held, until you say in `tidings reconcile` what had gone. Who stopped since the backup was made is found in the database that is replaced, if that can be read, \
        and stopped again.\n\n\
        Example:  tidings backup restore backups/tidings-2026-11-25-021500.db"
    )]
    Restore(restore::RestoreArgs),
}

pub async fn run(command: &BackupCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        BackupCommand::Create(args) => create::run(args, global, output).await,
        BackupCommand::List => list::run(global, output).await,
        BackupCommand::Verify(args) => verify::run(args, output).await,
        BackupCommand::Restore(args) => restore::run(args, global, output).await,
    }
}

/// The database file; PostgreSQL has tools of its own, which the refusal names.
fn database(config: &Config, refusal: impl FnOnce(&str, &Config) -> anyhow::Error) -> anyhow::Result<&Path> {
    match &config.storage.database {
        Database::Sqlite(file) => Ok(file),
        Database::Postgres(url) => Err(refusal(&postgres::without_password(url), config)),
    }
}

/// `backups` beside the database.
fn shelf(database: &Path) -> PathBuf {
    database.with_file_name("backups")
}

/// What belongs to a backup under the same name.
fn with_ending(backup: &Path, ending: &str) -> PathBuf {
    let mut name = backup.as_os_str().to_owned();
    name.push(OsStr::new(ending));
    name.into()
}
