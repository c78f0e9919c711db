//! The command line, a file per command. Results on standard output, messages on standard error; errors say what,
//! where, why and what to do next; the exit code says what kind of end it was.

mod alone;
mod args;
mod article;
mod backup;
mod check;
mod coming;
mod completions;
mod db;
pub mod demo;
mod digest;
mod dkim;
mod doctor;
pub(crate) mod exit;
mod feed;
mod file;
mod global;
mod init;
mod logging;
mod mail;
mod man;
mod matching;
mod naming;
mod open;
pub(crate) mod output;
mod progress;
mod reconcile;
mod resolve;
mod run;
mod runs;
mod status;
mod subscriber;
mod template;
mod topic;
mod typed;
mod words;
mod yes;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use exit::Exit;
use output::Output;

/// Reads the arguments, runs the command, tells how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            let _ = usage.print();
            return if usage.use_stderr() { Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::write_err(&format!("error: the system gives no threads: {error}"));
            return Exit::Unexpected.into();
        }
    };
    let output = Output::of(&cli.global);
    match runtime.block_on(command(&cli, &output)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output.error(&error);
            exit::of(&error).into()
        }
    }
}

async fn command(cli: &Cli, output: &Output) -> anyhow::Result<Exit> {
    let global = &cli.global;
    match &cli.command {
        Command::Demo(args) => demo::run(args, global, output).await,
        Command::Init(args) => init::run(args, global, output).await,
        Command::Run(args) => run::run(args, global, output).await,
        Command::Status => status::run(global, output).await,
        Command::Doctor(args) => doctor::run(args, global, output).await,
        Command::Check => check::run(global, output),
        Command::Subscriber(command) => subscriber::run(command, global, output).await,
        Command::Digest(command) => digest::run(command, global, output).await,
        Command::Feed(command) => feed::run(command, global, output).await,
        Command::Topic(command) => topic::run(command, global, output).await,
        Command::Article(command) => article::run(command, global, output).await,
        Command::Mail(command) => mail::run(command, global, output).await,
        Command::Dkim(command) => dkim::run(command, global, output),
        Command::Template(command) => template::run(command, global, output),
        Command::Backup(command) => backup::run(command, global, output).await,
        Command::Db(command) => db::run(command, global, output).await,
        Command::Reconcile(args) => reconcile::run(args, global, output).await,
        Command::Man(args) => man::run(args, Cli::command(), output),
        Command::Completions(args) => completions::run(args, Cli::command(), output),
    }
}
