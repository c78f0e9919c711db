//! Words for people: an error with all its causes on one line, a length of time, a number of things.

use std::error::Error;

use chrono::TimeDelta;

/// `could not reach x: connection refused`. A cause that the text before it has said already is left out.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = inner.source();
    }
    text
}

/// `3 hours`, `12 days`: roughly.
pub fn lasting(length: TimeDelta) -> String {
    let (n, unit) = match (length.num_days(), length.num_hours(), length.num_minutes()) {
        (days, ..) if days >= 2 => (days, "day"),
        (_, hours, _) if hours >= 2 => (hours, "hour"),
        (_, _, minutes) if minutes >= 1 => (minutes, "minute"),
        _ => (length.num_seconds(), "second"),
    };
    count(usize::try_from(n).unwrap_or_default(), unit)
}

/// `1 feed`, `2 feeds`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
