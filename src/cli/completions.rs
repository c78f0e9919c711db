//! `tidings completions SHELL`

use clap::Args;
use clap_complete::Shell;

use super::exit::Exit;

#[derive(Debug, Args)]
#[command(after_help = "For bash:  tidings completions bash > /etc/bash_completion.d/tidings")]
pub struct CompletionsArgs {
    /// Which shell
    shell: Shell,
}

pub fn run(args: &CompletionsArgs, mut tidings: clap::Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut tidings, "tidings", &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script)?;
    Ok(Exit::Done)
}
