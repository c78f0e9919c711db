//! What is seen of long work: something on a terminal, nothing in a pipe or under --quiet.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;

/// How much of `all` is done.
pub fn bar(all: u64, output: &Output) -> ProgressBar {
    shown(Some(all), "{bar:40} {percent} %, {eta} to go", output)
}

/// How many bytes there were, when nobody knows how many come.
pub fn bytes(output: &Output) -> ProgressBar {
    shown(None, "{spinner} {bytes} read", output)
}

/// What is being done, and since when.
pub fn spinner(words: &'static str, output: &Output) -> ProgressBar {
    let bar = shown(None, "{spinner} {msg} {elapsed}", output).with_message(words);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn shown(all: Option<u64>, template: &str, output: &Output) -> ProgressBar {
    let watched = std::io::stderr().is_terminal() && !output.is_quiet();
    let target = if watched { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(all, target).with_style(style)
}
