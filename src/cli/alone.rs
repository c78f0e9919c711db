//! For commands that cannot share the database: nobody else is at work on it.

use std::path::Path;

use super::exit::{Exit, Failure};
use crate::store::lock::{Lock, LockError};
use crate::store::{Store, lease};

/// On SQLite nobody begins to work as long as the lock lives.
pub async fn with(store: &Store, command: &str) -> anyhow::Result<Option<Lock>> {
    if let Some(file) = store.file() {
        return with_file(file, command).map(Some);
    }
    if store.schema().await? == 0 {
        return Ok(None);
    }
    match lease::holders(store).await?.into_iter().next() {
        None => Ok(None),
        Some(holder) => Err(in_use(format!("the database is in use by {holder}"))
            .then("stop it first; the lease of one that was killed is over after half a minute")
            .into()),
    }
}

/// The same, where nothing is opened.
pub fn with_file(database: &Path, command: &str) -> anyhow::Result<Lock> {
    let us = format!("`{command}` with process id {}", std::process::id());
    Lock::take(database, &us).map_err(|error| match error {
        LockError::Held { .. } => {
            in_use(error.to_string()).then("stop it first, such as by `systemctl stop tidings`").into()
        }
        LockError::Io { .. } => error.into(),
    })
}

fn in_use(message: String) -> Failure {
    Failure::new(Exit::Refused, message)
}
