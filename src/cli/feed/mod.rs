//! `tidings feed list|fetch|release|test|parse|import|export`

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;

mod export;
mod fetch;
mod import;
mod list;
mod parse;
mod release;
mod test;

pub(super) use parse::read;

#[derive(Debug, Subcommand)]
pub enum FeedCommand {
    /// List feeds, those in trouble first: state, articles a day, last success, next check, what is wrong
    #[command(
        after_help = "States: ok; never asked; silent (it answers, and what it usually brings does not come); moved (to another \
        address for good: put that into the configuration); damaged (read as far as it goes); held (it brought far more \
        than usual at once); failing (asked again, ever more rarely); gone (not asked again).\n\n\
        `usual` is articles a day over the four weeks before this one, `now` what came in 24 hours and in seven days."
    )]
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
    /// Ask an address once: what feed is there or behind it, what is odd about it, and its lines for the configuration
    #[command(
        after_help = "Nothing is stored. The address may be that of a site: its page names its feeds. With a configuration it also says \
        which topics would take the feed's entries; it works without one, too. The exit code is 8 if there is no feed, 6 if \
        nobody answers.\n\n\
        Examples:  tidings feed test https://news.example.org/\n           \
        tidings feed test http://127.0.0.1:8000/rss.xml --allow-private"
    )]
    Test(test::TestArgs),
    /// Read a feed from a file and print what is in it; nothing is stored
    Parse(parse::ParseArgs),
    /// Read a list of feeds (OPML) and print its lines for the configuration, or append them to it
    #[command(
        after_help = "Feeds that are declared already are left out; a bad outline is reported with its number, and the others go in \
        (exit code 7). A folder, or else a category, is a topic in the making: a comment above the feed, or with --topics \
        a [[topic]] of its feeds.\n\n\
        The file is yours: by default nothing is written. --write appends the lines, once the whole is a good configuration.\n\n\
        Examples:  tidings feed import feeds.opml >> tidings.toml\n           \
        tidings feed import feeds.opml --topics --write -n"
    )]
    Import(import::ImportArgs),
    /// Write the feeds of the configuration as a list (OPML 2.0), by topic
    #[command(
        after_help = "A feed stands under each topic whose rule names it. `import` makes the same feeds of it again; of topics it knows \
        the names and feeds, not the words and categories of their rules.\n\n\
        Example:  tidings feed export -o feeds.opml"
    )]
    Export(export::ExportArgs),
}

pub async fn run(command: &FeedCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        FeedCommand::List => list::run(global, output).await,
        FeedCommand::Fetch(args) => fetch::run(args, global, output).await,
        FeedCommand::Release(args) => release::run(args, global, output).await,
        FeedCommand::Test(args) => test::run(args, global, output).await,
        FeedCommand::Parse(args) => parse::run(args, output),
        FeedCommand::Import(args) => import::run(args, global, output),
        FeedCommand::Export(args) => export::run(args, global, output).await,
    }
}
