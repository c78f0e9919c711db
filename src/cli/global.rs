//! What every command takes.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{ArgAction, Args};

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The configuration file [default: tidings.toml in this folder; without one, the built-in defaults]
    #[arg(short, long, global = true, value_name = "FILE", env = "TIDINGS_CONFIG", help_heading = "For every command")]
    pub config: Option<PathBuf>,
    /// Act as if it were this time now, to try things out: "2026-11-23 08:00" (UTC)
    #[arg(long, global = true, value_name = "TIME", value_parser = instant, help_heading = "For every command")]
    pub at: Option<DateTime<Utc>>,
    /// Print the result as JSON
    #[arg(long, global = true, help_heading = "For every command")]
    pub json: bool,
    /// Print errors and the result, nothing else
    #[arg(short, long, global = true, help_heading = "For every command")]
    pub quiet: bool,
    /// Log more; -vv logs everything
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = "For every command")]
    pub verbose: u8,
    /// No colours
    #[arg(long, global = true, help_heading = "For every command")]
    pub no_color: bool,
    /// Never ask a question; fail instead
    #[arg(long, global = true, help_heading = "For every command")]
    pub no_input: bool,
}

/// RFC 3339, or without a zone in UTC, or a date alone.
pub(super) fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    for format in ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"] {
        if let Ok(time) = chrono::NaiveDateTime::parse_from_str(text, format) {
            return Ok(time.and_utc());
        }
    }
    if let Ok(day) = text.parse::<chrono::NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    Err("write it as 2026-11-23T08:00:00Z, or 2026-11-23 08:00 for UTC".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let noon = "2026-11-23T12:00:00Z".parse::<DateTime<Utc>>().unwrap();
        for text in ["2026-11-23T12:00:00Z", "2026-11-23T15:00:00+03:00", "2026-11-23 12:00", "2026-11-23T12:00"] {
            assert_eq!(instant(text), Ok(noon), "{text}");
        }
        assert!(instant("tomorrow").is_err());
    }
}
