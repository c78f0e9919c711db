//! `tidings man`: the help of every command as manual pages.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::Exit;
use super::output::Output;
use super::words::count;

#[derive(Debug, Args)]
#[command(after_help = "Example:  tidings man -o ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write a page for every command into this folder [default: print that of `tidings` alone]
    #[arg(short, long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub fn run(args: &ManArgs, command: Command, output: &Output) -> anyhow::Result<Exit> {
    let Some(folder) = &args.out else {
        let mut page = Vec::new();
        Man::new(command).render(&mut page)?;
        let page = String::from_utf8(page).context("the page is no text")?;
        output.result(&page, || page.clone())?;
        return Ok(Exit::Done);
    };
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    clap_mangen::generate_to(command, folder).with_context(|| format!("could not write into {}", folder.display()))?;
    let mut files: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("tidings") && name.ends_with(".1") {
            files.push(name);
        }
    }
    files.sort();
    output.result(&files, || format!("{} in {}", count(files.len(), "page"), folder.display()))?;
    Ok(Exit::Done)
}
