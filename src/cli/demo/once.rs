//! `tidings demo --once`: plays a week, checks what came of it, and ends.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::checks::Check;
use super::house::Manner;
use super::mailbox::Mail;
use super::play::Play;
use super::teller::Teller;
use crate::cli::exit::Exit;
use crate::cli::output::Output;

/// The one object of `--json`.
#[derive(Debug, Serialize)]
pub struct Summary {
    pub feeds: usize,
    pub articles: usize,
    pub readers: usize,
    pub runs: i64,
    pub mails: Mails,
    pub seconds: f64,
    pub ok: bool,
}

#[derive(Debug, Serialize)]
pub struct Mails {
    pub sent: usize,
    pub refused: usize,
}

/// What is left when the demo has ended.
pub struct Played {
    pub summary: Summary,
    pub checks: Vec<Check>,
    pub sample: Option<Mail>,
}

pub async fn run(start: DateTime<Utc>, output: &Output) -> anyhow::Result<Exit> {
    let (mut terminate, mut hangup) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let played = tokio::select! {
        played = play(start, output) => played?,
        // Dropped half-way, it still takes its folder with it.
        _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        _ = terminate.recv() => return Ok(Exit::Interrupted),
        _ = hangup.recv() => return Ok(Exit::Interrupted),
    };
    for check in played.checks.iter().filter(|check| !check.holds()) {
        output.error(&anyhow::anyhow!("this does not hold: {}\n  {}", check.promise, check.problems.join("\n  ")));
    }
    output.result(&played.summary, || in_words(&played))?;
    Ok(if played.summary.ok { Exit::Done } else { Exit::Problems })
}

/// The steps, in order.
pub(super) async fn play(start: DateTime<Utc>, output: &Output) -> anyhow::Result<Played> {
    let mut play = Play::begin(Manner::Once { start }, Teller::new(output)).await?;
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
