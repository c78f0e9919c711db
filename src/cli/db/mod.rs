//! `tidings db status|migrate|copy`: the database itself.

mod copy;
mod migrate;
mod place;
mod status;

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;

#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Show where the database is, how large it is, its schema, and how many rows each table has; changes nothing
    Status,
    /// Bring the schema of the database up to this program's
    #[command(
        after_help = "Every command that opens the database does the same, so this is for whoever wants to see it done: after an upgrade, \
        before the daemon starts. On SQLite a copy is made first, beside the database."
    )]
    Migrate(migrate::MigrateArgs),
    /// Copy everything into another, empty database: from SQLite to PostgreSQL, or back
    #[command(
        after_help = "Stop `tidings run` first. The database here is left as it is. When it is done, write the other one's address as \
        storage.url into the configuration. A password belongs into PGPASSWORD or ~/.pgpass, not into the command.\n\n\
        Examples:  tidings db copy postgres://digest@localhost/tidings\n           \
        tidings db copy sqlite:copy.db"
    )]
    Copy(copy::CopyArgs),
}

pub async fn run(command: &DbCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        DbCommand::Status => status::run(global, output).await,
        DbCommand::Migrate(args) => migrate::run(args, global, output).await,
        DbCommand::Copy(args) => copy::run(args, global, output).await,
    }
}
