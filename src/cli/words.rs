//! Instants as an operator reads them.

use chrono::{DateTime, TimeDelta, Utc};

pub use crate::model::words::count;
use crate::model::words::lasting;

/// `2026-11-23 08:00 UTC (in 3 hours)`.
pub fn when(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let distance = at - now;
    let words = lasting(distance.abs());
    let relative = if distance >= TimeDelta::zero() { format!("in {words}") } else { format!("{words} ago") };
    format!("{} ({relative})", at.format("%Y-%m-%d %H:%M UTC"))
}

pub fn when_or_never(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    at.map_or_else(|| "never".to_owned(), |at| when(at, now))
}

/// `812 bytes`, `48 kB`, `3.1 MB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(size, _)| n >= *size) {
        Some((size, unit)) if n < 10 * size && *unit != "kB" => format!("{}.{} {unit}", n / size, n % size * 10 / size),
        Some((size, unit)) => format!("{} {unit}", n / size),
        None => format!("{n} bytes"),
    }
}

pub fn count_deliveries(n: usize) -> String {
    if n == 1 { "1 delivery".to_owned() } else { format!("{n} deliveries") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_say_how_far_they_are() {
        let now = "2026-11-23T08:00:00Z".parse::<DateTime<Utc>>().unwrap();
        assert_eq!(when(now + TimeDelta::hours(3), now), "2026-11-23 11:00 UTC (in 3 hours)");
        assert_eq!(when(now - TimeDelta::minutes(1), now), "2026-11-23 07:59 UTC (1 minute ago)");
        assert_eq!(when_or_never(None, now), "never");
    }

    #[test]
    fn sizes_are_rough() {
        let sizes = [812, 48_230, 3_190_000, 48_000_000, 2_000_000_000].map(bytes);
        assert_eq!(sizes, ["812 bytes", "48 kB", "3.1 MB", "48 MB", "2.0 GB"]);
    }
}
