//! `tidings template eject`: shipped texts, written where the operator can change them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use crate::cli::exit::{Exit, Failure};
use crate::cli::file::could_not;
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::cli::words::count;
use crate::config::Config;
use crate::render::texts;

#[derive(Debug, Args)]
pub struct EjectArgs {
    /// Which: a path as `tidings template list` shows it, or the folder of several, such as `mail/digest`
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// All of them; those that lie there already stay as they are
    #[arg(long)]
    all: bool,
    /// Write them into this folder [default: `templates` of [site] in the configuration]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Write over what lies there already
    #[arg(long)]
    force: bool,
    /// Say what would be written, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Ejected {
    folder: PathBuf,
    written: Vec<&'static str>,
    /// Those that lay there already.
    kept: Vec<&'static str>,
    dry_run: bool,
}

pub fn run(args: &EjectArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let folder = folder(args, &config)?;
    let texts = chosen(args)?;
    let lies_there = |path: &str| !args.force && folder.join(path).symlink_metadata().is_ok();
    let (kept, written): (Vec<_>, Vec<_>) = texts.keys().copied().partition(|path| lies_there(path));
    if let Some(first) = kept.first().filter(|_| !args.all) {
        let message = format!("{} is there already, and may be changed", folder.join(first).display());
        return Err(Failure::new(Exit::Refused, message)
            .then("--force writes over it; --to FOLDER writes elsewhere")
            .into());
    }
    if !args.dry_run {
        for path in &written {
            write(&folder.join(path), texts[path])?;
        }
    }
    let ejected = Ejected { folder, written, kept, dry_run: args.dry_run };
    output.result(&ejected, || told(&ejected))?;
    go_on(&ejected, &config, output);
    Ok(Exit::Done)
}

fn folder(args: &EjectArgs, config: &Config) -> anyhow::Result<PathBuf> {
    args.to.clone().or_else(|| config.site.templates.clone()).ok_or_else(|| {
        let message = "the configuration names no folder for templates of your own";
        let next = "write templates = \"templates\" under [site] of it; or --to FOLDER, to look first";
        Failure::new(Exit::Configuration, message).then(next).into()
    })
}

fn chosen(args: &EjectArgs) -> anyhow::Result<BTreeMap<&'static str, &'static str>> {
    if args.all {
        return Ok(["mail", "pages", "locale"].into_iter().flat_map(texts::shipped).collect());
    }
    let mut chosen = BTreeMap::new();
    for name in &args.names {
        let meant = texts::shipped(name);
        if meant.is_empty() {
            let nearest = texts::paths().max_by(|a, b| strsim::jaro(name, a).total_cmp(&strsim::jaro(name, b)));
            let hint = nearest.map_or_else(String::new, |path| format!("; did you mean `{path}`?"));
            let message = format!("no text `{name}` is shipped{hint}");
            return Err(Failure::new(Exit::NotFound, message).then("`tidings template list` lists them").into());
        }
        chosen.extend(meant);
    }
    Ok(chosen)
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let written = file.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(file, text));
    written.map_err(could_not("write", file))
}

fn told(ejected: &Ejected) -> String {
    let folder = |path: &&str| ejected.folder.join(path).display().to_string();
    let mut lines: Vec<String> = ejected.written.iter().map(folder).collect();
    if !ejected.kept.is_empty() {
        lines.push(format!("{} there already stayed as it was", count(ejected.kept.len(), "file")));
    }
    lines.join("\n")
}

/// What comes next.
fn go_on(ejected: &Ejected, config: &Config, output: &Output) {
    if ejected.dry_run {
        return output.say("nothing was written");
    }
    let Some(first) = ejected.written.first() else { return };
    let in_force = config.site.templates.as_ref().is_some_and(|own| *own == ejected.folder);
    if !in_force {
        output.say("they are not in force: `templates` under [site] of the configuration names the folder that is");
    }
    if ejected.written.iter().any(|path| path.starts_with("locale/")) {
        output.say("of a catalogue, keep only the messages that you change: the others come from the shipped one");
    }
    let kind = first.rsplit_once('/').map_or("mail/digest", |(folder, _)| folder);
    let kind = if kind.starts_with("mail/") { kind } else { "mail/digest" };
    output.say(&format!(
        "change them, then look with `tidings template preview {kind}`, have them looked through by `tidings template lint`, and \
         have a running daemon take them up by `systemctl reload tidings`"
    ));
}
