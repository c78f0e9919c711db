//! What came of it, told to whoever asked: the files, what did not answer, and the next three commands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::feeds::Feed;
use crate::app;
use crate::cli::output::Output;
use crate::config::{Config, FILE};
use crate::model::delivery::Mode;
use crate::model::words::with_causes;

/// How long the relay may take to answer, with a person in front of it.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize)]
pub struct Made {
    pub dry_run: bool,
    pub file: PathBuf,
    pub secret: PathBuf,
    pub mode: &'static str,
    pub feeds: Vec<Feed>,
    pub relay: Option<Answered>,
    /// Of the file.
    pub text: String,
    pub next: [Step; 3],
}

/// What the relay said, if it was asked.
#[derive(Serialize)]
pub struct Answered {
    name: String,
    answers: Option<bool>,
    error: Option<String>,
}

#[derive(Serialize)]
pub struct Step {
    command: String,
    what: &'static str,
}

/// Whether it answers. That it does not is no reason to stop: it gets nothing yet.
pub async fn ask_relay(config: &Config, offline: bool) -> Option<Answered> {
    let host = config.relay.host.as_ref()?;
    let name = format!("{host}:{}", config.relay.port());
    if offline {
        return Some(Answered { name, answers: None, error: None });
    }
    let error = app::try_relay(config, PATIENCE).await.err().map(|error| with_causes(&error));
    Some(Answered { name, answers: Some(error.is_none()), error })
}

pub fn next(file: &Path, feeds: &[Feed]) -> [Step; 3] {
    let here = where_it_is(file);
    let topic = feeds.first().map_or("SLUG", |feed| feed.slug.as_str());
    let step = |command: &str, what| Step { command: format!("tidings {command}{here}"), what };
    [
        step("feed fetch", "collects what the feeds hold now"),
        step(
            &format!("digest test you@example.org --topic {topic}"),
            "makes a digest of it; it stays in the mailbox inside",
        ),
        step("run", "does everything from now on, and serves the pages"),
    ]
}

/// As it is typed in a shell; nothing for the file that is found without being named.
fn where_it_is(file: &Path) -> String {
    let name = file.display().to_string();
    match name.strip_prefix("./").unwrap_or(&name) {
        FILE => String::new(),
        name if name.contains(|c: char| c.is_whitespace() || "'\"$&();<>|*?`\\".contains(c)) => {
            format!(" -c '{}'", name.replace('\'', "'\\''"))
        }
        name => format!(" -c {name}"),
    }
}

pub fn tell(made: &Made, config: &Config, output: &Output) -> anyhow::Result<()> {
    output.result(made, || {
        if made.dry_run { made.text.clone() } else { format!("{}\n{}", made.file.display(), made.secret.display()) }
    })?;
    for feed in &made.feeds {
        match (&feed.error, feed.entries) {
            (Some(why), _) => output.warn(&format!("feed `{}` could not be read: {why}", feed.slug)),
            (None, Some(n)) => {
                output.say(&format!("feed `{}`: \"{}\", {} there now", feed.slug, feed.name, entries(n)))
            }
            (None, None) if feed.example => output.say("the feed in it is an example: put yours in its place"),
            (None, None) => {}
        }
    }
    match &made.relay {
        Some(Answered { name, error: Some(why), .. }) => {
            output.warn(&format!("the relay {name} does not answer as it should: {why}"));
            output.say("  nothing is sent to it yet; correct [relay] in the file, and `tidings doctor` asks it again");
        }
        Some(Answered { name, answers: Some(true), .. }) => output.say(&format!("the relay {name} answers")),
        _ => {}
    }
    config.warnings.iter().for_each(|warning| output.warn(warning));
    let language = &config.site.language;
    if !app::templates(config)?.languages().any(|known| known == language) {
        output.warn(&format!(
            "no words in `{language}` are shipped: English ones stand around the news, until templates of your own have a \
             locale/{language}.toml"
        ));
    }
    if made.dry_run {
        output.say("nothing was written");
    } else {
        output.say(match config.delivery.mode {
            Mode::Capture => "no mail leaves yet (mode capture). Next:",
            _ => "the environment sets delivery.mode: mail leaves. Next:",
        });
        let width = made.next.iter().map(|step| step.command.len()).max().unwrap_or_default();
        made.next.iter().for_each(|step| output.say(&format!("  {:width$}  {}", step.command, step.what)));
    }
    Ok(())
}

fn entries(n: usize) -> String {
    if n == 1 { "1 entry".to_owned() } else { format!("{n} entries") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_that_is_printed_can_be_typed() {
        let printed = |file: &str| where_it_is(Path::new(file));
        assert_eq!(printed("tidings.toml"), "");
        assert_eq!(printed("./tidings.toml"), "");
        assert_eq!(printed("news/tidings.toml"), " -c news/tidings.toml");
        assert_eq!(printed("Bob's news/tidings.toml"), r" -c 'Bob'\''s news/tidings.toml'");
    }
}
