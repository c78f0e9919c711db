//! `tidings feed list|fetch|release|parse`

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;

mod fetch;
mod list;
mod parse;
mod release;

pub(super) use parse::read;

#[derive(Debug, Subcommand)]
pub enum FeedCommand {
    /// List feeds: state, last success, next check, last error
    List,
    /// Fetch feeds now, whether they are due or not: those named, or all
    Fetch(fetch::FetchArgs),
    /// Let go of what a feed holds because it had far more at once than usual
    #[command(
        after_help = "Its articles go into the next digests, in the order of the feed. With --archive they are kept and shown on \
        pages, and nobody is mailed; that cannot be undone.\n\n\
        Example:  tidings feed release health-en --archive"
    )]
    Release(release::ReleaseArgs),
    /// Read a feed from a file and print what is in it; nothing is stored
    Parse(parse::ParseArgs),
}

pub async fn run(command: &FeedCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        FeedCommand::List => list::run(global, output).await,
        FeedCommand::Fetch(args) => fetch::run(args, global, output).await,
        FeedCommand::Release(args) => release::run(args, global, output).await,
        FeedCommand::Parse(args) => parse::run(args, output),
    }
}
