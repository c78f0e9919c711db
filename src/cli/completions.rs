//! `tidings completions SHELL`

use clap::Args;
use clap_complete::Shell;

use super::exit::Exit;
use super::output::Output;

#[derive(Debug, Args)]
#[command(after_help = "For bash:  tidings completions bash > /etc/bash_completion.d/tidings")]
pub struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub fn run(args: &CompletionsArgs, mut tidings: clap::Command, output: &Output) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut tidings, "tidings", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    output.result(&script, || script.clone())?;
    Ok(Exit::Done)
}
