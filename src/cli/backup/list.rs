//! `tidings backup list`

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use serde::Serialize;

use super::{database, postgres, secret, shelf};
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::cli::words::bytes;
use crate::store::backup;

#[derive(Serialize)]
struct Listed {
    file: PathBuf,
    /// As its name says, or else when the file was written last.
    made_at: Option<DateTime<Utc>>,
    bytes: u64,
    /// None: it cannot be read.
    schema: Option<i64>,
    readers: Option<i64>,
    secret: bool,
}

pub async fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let database = database(&config, postgres::dump)?;
    let mut listed = Vec::new();
    for file in files(database) {
        listed.extend(look(file).await);
    }
    listed.sort_by(|a, b| (b.made_at, &b.file).cmp(&(a.made_at, &a.file)));
    output.list(&listed, &["file", "made", "size", "schema", "readers", "secret"], |one| {
        let number = |n: Option<i64>| n.map_or_else(|| "cannot be read".to_owned(), |n| n.to_string());
        let made = one.made_at.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M UTC").to_string());
        let secret = if one.secret { "yes" } else { "no" };
        let file = one.file.display().to_string();
        vec![file, made, bytes(one.bytes), number(one.schema), number(one.readers), secret.to_owned()]
    })?;
    if listed.is_empty() {
        output.say("there are no backups yet; `tidings backup create` makes one");
    }
    Ok(Exit::Done)
}

/// Those of `backups`, and the copies beside the database that an upgrade or a restore has left.
fn files(database: &Path) -> Vec<PathBuf> {
    // They lie beside what a link leads to.
    let led_to = database.is_symlink().then(|| database.canonicalize().ok()).flatten();
    let left_by = led_to.as_deref().unwrap_or(database);
    let name = left_by.file_name().unwrap_or_default().to_string_lossy();
    let left = format!("{name}.before-");
    let mut files = inside(&shelf(database), |name| name.ends_with(".db"));
    let here = left_by.parent().unwrap_or(Path::new(""));
    files.extend(inside(here, |name| name.starts_with(&left) && !name.ends_with("-wal") && !name.ends_with("-shm")));
    files
}

/// A folder that is not there has no files.
fn inside(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let looked_in = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(entries) = fs::read_dir(looked_in) else { return vec![] };
    let names = entries.flatten().map(|entry| entry.file_name());
    names.filter(|name| wanted(&name.to_string_lossy())).map(|name| folder.join(name)).collect()
}

/// None: it is gone meanwhile.
async fn look(file: PathBuf) -> Option<Listed> {
    let there = file.metadata().ok().filter(fs::Metadata::is_file)?;
    let contents = backup::contents_of_file(&file).await.ok().flatten();
    Some(Listed {
        made_at: stamp(&file).or_else(|| there.modified().ok().map(DateTime::from)),
        bytes: there.len(),
        schema: contents.map(|c| c.schema),
        readers: contents.map(|c| c.readers),
        secret: secret::beside(&file).is_file(),
        file,
    })
}

/// `tidings-2026-11-25-021500.db`
fn stamp(file: &Path) -> Option<DateTime<Utc>> {
    let name = file.file_name()?.to_str()?;
    NaiveDateTime::parse_from_str(name, "tidings-%Y-%m-%d-%H%M%S.db").ok().map(|at| at.and_utc())
}
