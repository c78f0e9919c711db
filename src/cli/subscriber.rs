//! `tidings subscriber`, a file per command; those that change what a reader holds do it by `changing`.

mod add;
mod changing;
mod erase;
mod explain;
mod export;
mod import;
mod lines;
mod pause;
mod set;
mod show;
mod stop;
mod typed;

use clap::Subcommand;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;

#[derive(Debug, Subcommand)]
pub enum SubscriberCommand {
    /// Subscribe a reader to topics
    Add(add::AddArgs),
    /// Change how often, when and how a reader gets mail
    Set(set::SetArgs),
    /// Send a reader nothing for a while
    Pause(pause::PauseArgs),
    /// End a pause
    Resume(pause::ResumeArgs),
    /// End a reader's subscriptions
    Stop(stop::StopArgs),
    /// Forget a reader for good
    Erase(erase::EraseArgs),
    /// Begin again what was stopped
    StartAgain(stop::StartAgainArgs),
    /// Show a reader and their subscriptions
    Show(show::ShowArgs),
    /// Say what a reader got in each run, and why not
    Explain(explain::ExplainArgs),
    /// List readers
    List,
    /// Take readers in from a CSV file
    Import(import::ImportArgs),
    /// Write readers out as a CSV file
    Export(export::ExportArgs),
}

pub async fn run(command: &SubscriberCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        SubscriberCommand::Add(args) => add::run(args, global, output).await,
        SubscriberCommand::Set(args) => set::run(args, global, output).await,
        SubscriberCommand::Pause(args) => pause::pause(args, global, output).await,
        SubscriberCommand::Resume(args) => pause::resume(args, global, output).await,
        SubscriberCommand::Stop(args) => stop::stop(args, global, output).await,
        SubscriberCommand::Erase(args) => erase::run(args, global, output).await,
        SubscriberCommand::StartAgain(args) => stop::start_again(args, global, output).await,
        SubscriberCommand::Show(args) => show::show(args, global, output).await,
        SubscriberCommand::Explain(args) => explain::run(args, global, output).await,
        SubscriberCommand::List => show::list(global, output).await,
        SubscriberCommand::Import(args) => import::run(args, global, output).await,
        SubscriberCommand::Export(args) => export::run(args, global, output).await,
    }
}
