//! `tidings mail`, a file per command: what waits, what failed, what is tried again, to whom nothing is sent.

mod failures;
mod queue;
mod retry;
mod suppressions;
mod test;

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;

#[derive(Debug, Subcommand)]
pub enum MailCommand {
    /// Send a few words now, to see whether the relay takes mail from us
    Test(test::TestArgs),
    /// Show what waits to be sent: how much, since when, for which domains, and the relay's last words
    Queue,
    /// Show what could not be sent, grouped by what the relay said
    Failures(failures::FailuresArgs),
    /// Try again now what was put off or is held
    Retry(retry::RetryArgs),
    /// Show, add and remove addresses that nothing is sent to
    #[command(subcommand)]
    Suppressions(suppressions::SuppressionsCommand),
}

pub async fn run(command: &MailCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        MailCommand::Test(args) => test::run(args, global, output).await,
        MailCommand::Queue => queue::run(global, output).await,
        MailCommand::Failures(args) => failures::run(args, global, output).await,
        MailCommand::Retry(args) => retry::run(args, global, output).await,
        MailCommand::Suppressions(command) => suppressions::run(command, global, output).await,
    }
}
