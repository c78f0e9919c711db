//! Logs: a line a person reads on a terminal, JSON otherwise, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::FormatTime;

use super::global::Global;
use crate::config::{Log, LogFormat, LogLevel};

/// No time of its own: on a terminal one sees it, and a service manager writes it.
struct Untimed;

impl FormatTime for Untimed {
    fn format_time(&self, _: &mut tracing_subscriber::fmt::format::Writer<'_>) -> std::fmt::Result {
        Ok(())
    }
}

/// Starts logging. `TIDINGS_LOG` (such as `tidings=debug,sqlx=info`) overrides the level.
pub fn start(log: &Log, global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "error",
        (_, 0) => word(&log.level),
        (_, 1) => "debug",
        _ => "trace",
    };
    let filter =
        EnvFilter::try_from_env("TIDINGS_LOG").unwrap_or_else(|_| EnvFilter::new(format!("warn,tidings={level}")));
    let terminal = std::io::stderr().is_terminal();
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !terminal,
    };
    // A line that cannot be written (the disk is full, the reader of the pipe is gone) is lost, and the work goes on: the
    // complaint about it would go to the same place, by a macro that panics.
    let builder =
        tracing_subscriber::fmt().log_internal_errors(false).with_env_filter(filter).with_writer(std::io::stderr);
    // A second start in one process (a test) keeps the first.
    let _ = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        let colour = terminal && !global.no_color && std::env::var_os("NO_COLOR").is_none();
        builder.with_ansi(colour).with_target(false).with_timer(Untimed).try_init()
    };
}

fn word(level: &LogLevel) -> &'static str {
    match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    }
}
