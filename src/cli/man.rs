//! `tidings man`: the help of every command as manual pages.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::Exit;
use super::file::could_not;
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
        let page = String::from_utf8_lossy(&page).into_owned();
        output.result(&page, || page.clone())?;
        return Ok(Exit::Done);
    };
    fs::create_dir_all(folder).map_err(could_not("make the folder", folder))?;
    clap_mangen::generate_to(command, folder).map_err(could_not("write into", folder))?;
    let mut files: Vec<String> = Vec::new();
    for entry in fs::read_dir(folder).map_err(could_not("read", folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.starts_with("tidings") && name.ends_with(".1") {
            files.push(name);
        }
    }
    files.sort();
    output.result(&files, || format!("{} in {}", count(files.len(), "page"), folder.display()))?;
    Ok(Exit::Done)
}
