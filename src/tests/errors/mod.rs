//! Every error of the library, as its operator meets it: a file per door. What only commands say is in
//! `tests/program/errors/`. `forgotten` sees to it that no words are left out.

mod app;
mod config;
mod daemon;
mod feed;
mod forgotten;
mod mail;
mod model;
mod pipeline;
mod render;
mod store;

use std::error::Error;
use std::io;

use crate::cli::{exit, output};
use crate::model::words::with_causes;

/// As a log or a row has it: on one line, with its causes.
fn logged(error: impl Error) -> String {
    format!("logged: {}", with_causes(&error))
}

/// As a command ends with it.
fn printed(error: impl Error + Send + Sync + 'static) -> String {
    let error = anyhow::Error::from(error);
    format!("exit {}: {}", exit::of(&error) as u8, output::in_words(&error))
}

fn page(errors: impl IntoIterator<Item = String>) -> String {
    errors.into_iter().collect::<Vec<_>>().join("\n\n")
}

fn refused() -> io::Error {
    io::Error::from_raw_os_error(111)
}

fn denied() -> io::Error {
    io::Error::from_raw_os_error(13)
}

fn nowhere() -> io::Error {
    io::Error::from_raw_os_error(2)
}

fn disk_full() -> io::Error {
    io::Error::from_raw_os_error(28)
}

fn in_use() -> io::Error {
    io::Error::from_raw_os_error(98)
}

/// Of a task that was ended; its number is left out.
async fn broken_off() -> tokio::task::JoinError {
    let task = tokio::spawn(std::future::pending::<()>());
    task.abort();
    task.await.unwrap_err()
}

/// Without the numbers of tasks.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split("task ");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        kept.push_str(if rest.len() < part.len() { "task 7" } else { "task " });
        kept.push_str(rest);
    }
    kept
}
