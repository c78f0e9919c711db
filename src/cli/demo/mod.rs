//! `tidings demo`: everything on this machine, nothing leaves it.
//!
//! It is the real program on its embedded default: a paper of our own writing is served over HTTP, fetched, filed,
//! composed, and sent over SMTP into the mailbox inside Tidings. Only the clock is moved by hand, so that a week goes by
//! in a moment. What came of it is then checked, on the mails and over HTTP.

mod browser;
mod checks;
mod house;
mod links;
mod mailbox;
mod mime;
mod newsroom;
mod play;
mod readers;
mod teller;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use clap::Args;
use serde::Serialize;

use self::checks::Check;
use self::mailbox::Mail;
use self::play::Play;
use self::teller::Teller;
use super::exit::{Exit, Failure};
use super::global::Global;
use super::logging;
use super::output::Output;
use crate::clock::Clock;
use crate::config::{Log, LogFormat, LogLevel};

#[derive(Debug, Args)]
#[command(
    after_help = "It needs no network and no configuration, and writes only into a temporary folder that it takes away.\n\
    --at starts its clock at another time. Exit code 8: what it did was not what it should have done."
)]
pub struct DemoArgs {
    /// Do it once, check the results, and end
    #[arg(long)]
    once: bool,
}

/// The one object of `--json`.
#[derive(Debug, Serialize)]
struct Summary {
    feeds: usize,
    articles: usize,
    readers: usize,
    runs: i64,
    mails: Mails,
    seconds: f64,
    ok: bool,
}

#[derive(Debug, Serialize)]
struct Mails {
    sent: usize,
    refused: usize,
}

/// What is left when the demo has ended.
struct Played {
    summary: Summary,
    checks: Vec<Check>,
    sample: Option<Mail>,
}

pub async fn run(args: &DemoArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    if !args.once {
        return Err(Failure::new(Exit::Usage, "this version has only the demo that runs once and ends")
            .then("tidings demo --once")
            .into());
    }
    // The steps are told in words; what the log would say comes on demand.
    if global.verbose > 0 {
        logging::start(&Log { level: LogLevel::Info, format: LogFormat::Auto }, global);
    }
    let start = global.at.unwrap_or_else(|| Clock::system().now());
    let played = tokio::select! {
        played = play(start, output) => played?,
        // Dropped half-way, it still takes its folder with it.
        _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
    };
    for check in played.checks.iter().filter(|check| !check.holds()) {
        output.error(&anyhow::anyhow!("this does not hold: {}\n  {}", check.promise, check.problems.join("\n  ")));
    }
    output.result(&played.summary, || in_words(&played))?;
    Ok(if played.summary.ok { Exit::Done } else { Exit::Problems })
}

/// The steps, in order.
async fn play(start: DateTime<Utc>, output: &Output) -> anyhow::Result<Played> {
    let mut play = Play::begin(start, Teller::new(output)).await?;
    play.first_fetch().await?;
    play.subscribe().await?;
    play.confirm().await?;
    play.publish().await?;
    play.let_a_week_go_by().await?;
    play.run_once_more().await?;
    play.look_into_the_mailbox().await?;
    play.follow_the_links().await?;
    play.stop_with_one_click().await?;
    play.end().await
}

/// Lines of the mail that is shown.
const SHOWN: usize = 24;

fn in_words(played: &Played) -> String {
    let Summary { mails: Mails { sent, refused }, seconds, ok, .. } = &played.summary;
    let mut lines = Vec::new();
    if let Some(mail) = &played.sample {
        lines.push("One of the digests, its text part from the beginning:\n".to_owned());
        let header = |name| format!("  {name}: {}", mail.message.header(name).unwrap_or_default());
        lines.extend([header("From"), header("To"), format!("  Subject: {}", mail.message.subject()), String::new()]);
        lines.extend(mail.message.text.lines().take(SHOWN).map(|line| format!("  {line}").trim_end().to_owned()));
        lines.push("  …\n".to_owned());
    }
    if *ok {
        lines.push(format!(
            "All as it should be: {sent} mails sent, {refused} refused on purpose, in {seconds} seconds."
        ));
    } else {
        lines.push(format!("Not all was as it should be; see above. It took {seconds} seconds."));
    }
    lines.push(
        "\nNext, with feeds and topics of your own in a tidings.toml (README.md shows one):\n  \
         tidings check\n  \
         tidings subscriber add you@example.org --topic SLUG\n  \
         tidings digest test you@example.org --topic SLUG\n  \
         tidings run"
            .to_owned(),
    );
    lines.join("\n")
}
