//! Results for people and for programs: tables on a terminal, plain lines in a pipe, one JSON value with --json.

use std::io::{self, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::exit::{self, Exit, Failure};
use super::global::Global;

#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    quiet: bool,
    colour: bool,
}

impl Output {
    pub fn of(global: &Global) -> Self {
        let wanted = !global.no_color && std::env::var_os("NO_COLOR").is_none();
        Self { json: global.json, quiet: global.quiet, colour: wanted && std::io::stderr().is_terminal() }
    }

    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// The result: as JSON if that was asked for, else by `text`.
    pub fn result(&self, value: &impl Serialize, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        let printed = if self.json { serde_json::to_string(value)? } else { text() };
        write_out(printed.trim_end_matches('\n'))
    }

    /// A list: a table on a terminal, tab-separated lines in a pipe, an array in JSON.
    pub fn list<T: Serialize>(
        &self,
        items: &[T],
        header: &[&str],
        row: impl Fn(&T) -> Vec<String>,
    ) -> anyhow::Result<()> {
        if self.json {
            return write_out(&serde_json::to_string(items)?);
        }
        let rows: Vec<Vec<String>> = items.iter().map(row).collect();
        if !std::io::stdout().is_terminal() {
            let lines: Vec<String> = rows.iter().map(|cells| cells.join("\t")).collect();
            return write_out(&lines.join("\n"));
        }
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_header(header.iter().copied());
        for cells in rows {
            table.add_row(cells);
        }
        write_out(&table.to_string())
    }

    /// A message on the way.
    pub fn say(&self, message: &str) {
        if !self.quiet {
            write_err(message);
        }
    }

    pub fn warn(&self, message: &str) {
        if !self.quiet {
            write_err(&format!("{} {message}", self.paint("33", "warning:")));
        }
    }

    pub fn error(&self, error: &anyhow::Error) {
        if self.json {
            let because: Vec<String> = error.chain().skip(1).map(ToString::to_string).collect();
            let value = serde_json::json!({
                "error": error.to_string(), "because": because, "try": exit::next(error), "exit": exit::of(error) as u8,
            });
            let _ = write_out(&value.to_string());
        }
        write_err(&format!("{} {}", self.paint("31", "error:"), in_words(error)));
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour { format!("\x1b[1;{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// What went wrong, because of what, and what to try; each cause once.
pub fn in_words(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1) {
        let words = cause.to_string();
        if !text.contains(&words) {
            text.push_str(&format!("\n  because: {}", words.trim_end().replace('\n', "\n  ")));
        }
    }
    if let Some(next) = exit::next(error) {
        text.push_str(&format!("\n  try:  {next}"));
    }
    text
}

/// To standard error, if anybody is there to read it.
pub fn write_err(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// To standard output; whoever closed the pipe has seen enough.
fn write_out(text: &str) -> anyhow::Result<()> {
    if text.is_empty() {
        return Ok(());
    }
    written_out(writeln!(std::io::stdout(), "{text}"))
}

/// How it went with standard output.
pub fn written_out(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(closed) if closed.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(cause) => Err(Failure::new(Exit::Outside, "could not write the result to standard output")
            .because(cause)
            .then("is there room on the disk of the file that it goes to?")
            .into()),
        Ok(()) => Ok(()),
    }
}
