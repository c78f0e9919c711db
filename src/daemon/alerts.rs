//! Tells of trouble: the log always, and the operator's program, once when it begins and once when it has ended.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tracing::{error, info, warn};

use crate::model::trouble::{News, RelayLook};
use crate::pipeline::deliver::Delivered;

/// A program that takes longer is ended.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the relay takes our mail, as the stage that delivers found it last.
#[derive(Debug, Clone, Default)]
pub struct RelayState(Arc<Mutex<RelayLook>>);

impl RelayState {
    /// After a run of deliveries. One that offered nothing says nothing.
    pub fn learn(&self, done: &Delivered) {
        let look = match &done.relay_fault {
            Some(why) => RelayLook::Refuses(why.clone()),
            None if done.sent + done.deferred + done.refused > 0 => RelayLook::Takes,
            None => return,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = look;
    }

    pub fn look(&self) -> RelayLook {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub async fn tell(news: &News, program: Option<&Path>) {
    let (name, words) = (&news.name, &news.trouble.words);
    let since = news.trouble.since.format("%Y-%m-%d %H:%M UTC");
    if news.has_ended {
        info!(trouble = %name, "over, since {since}: {words}");
    } else {
        error!(trouble = %name, "{words}");
    }
    let Some(program) = program else { return };
    if let Err(why) = call(program, news).await {
        warn!("{} could not be told (alerts.command): {why}", program.display());
    }
}

/// `PROGRAM begins|ended NAME`, with the sentence on its standard input.
async fn call(program: &Path, news: &News) -> Result<(), String> {
    let word = if news.has_ended { "ended" } else { "begins" };
    // A bare name would be looked for in PATH.
    let program = std::path::absolute(program).map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args([word, &news.name]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env("TIDINGS_TROUBLE_SINCE", news.trouble.since.to_rfc3339()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    if let Some(mut input) = child.stdin.take() {
        // One that does not read is told by its arguments.
        let _ = input.write_all(format!("{}\n", news.trouble.words).as_bytes()).await;
    }
    match tokio::time::timeout(PATIENCE, child.wait()).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("it ended with {status}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("it took longer than {} s and was ended", PATIENCE.as_secs())),
    }
}
