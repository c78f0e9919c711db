//! Tells of trouble, once when it begins and once when it has ended: the log always, the operator's program, and
//! operators by mail.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tracing::{error, info, warn};

use crate::model::trouble::News;
use crate::model::words::with_causes;
use crate::pipeline::Line;
use crate::pipeline::deliver::alert;

/// A program that takes longer is ended.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct Alerts {
    line: Line,
    /// Why mail to operators does not go, so that what goes on is said once.
    complaint: Option<String>,
}

impl Alerts {
    pub fn of(line: &Line) -> Self {
        Self { line: line.clone(), complaint: None }
    }

    pub async fn tell(&mut self, news: &[News], now: DateTime<Utc>) {
        for one in news {
            log(one);
            if let Some(program) = &self.line.config.alerts.command
                && let Err(why) = call(program, one).await
            {
                warn!("{} could not be told (alerts.command): {why}", program.display());
            }
        }
        self.mail(now).await;
    }

    /// Also what could not be mailed before.
    async fn mail(&mut self, now: DateTime<Utc>) {
        let failed = match alert::send(&self.line, now).await {
            Ok(failed) => failed,
            Err(failure) => Some(with_causes(&failure)),
        };
        if let Some(why) = failed.as_ref().filter(|why| self.complaint.as_ref() != Some(*why)) {
            warn!("operators could not be told by mail (alerts.mail), and will be told later: {why}");
        }
        self.complaint = failed;
    }
}

fn log(news: &News) {
    let (name, words) = (&news.name, &news.trouble.words);
    let since = news.trouble.since.format("%Y-%m-%d %H:%M UTC");
    if news.has_ended {
        info!(trouble = %name, "over, since {since}: {words}");
    } else {
        error!(trouble = %name, "{words}");
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
