//! Lengths of time: `"30s"`, `"10m"`, `"1h 30m"`, `"5d"`, `"500ms"`.

use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer};

use super::value;

pub(super) struct Length(Duration);

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a length of time: write \"30s\", \"10m\", \"1h 30m\" or \"5d\"");
        let mut parts = text.split_whitespace().peekable();
        parts.peek().ok_or_else(wrong)?;
        parts.try_fold(Duration::ZERO, |sum, part| sum.checked_add(one(part)?)).map(Self).ok_or_else(wrong)
    }
}

fn one(part: &str) -> Option<Duration> {
    let unit = part.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = part[..unit].parse().ok()?;
    let seconds = |each: u64| number.checked_mul(each).map(Duration::from_secs);
    match &part[unit..] {
        "ms" => Some(Duration::from_millis(number)),
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(60 * 60),
        "d" => seconds(24 * 60 * 60),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        value::text(from, "a length of time in quotes, such as \"10m\",")
    }
}

pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    Length::deserialize(from).map(|length| length.0)
}

pub(super) fn optional<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    read(from).map(Some)
}

pub(super) fn list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Duration>, D::Error> {
    Ok(Vec::<Length>::deserialize(from)?.into_iter().map(|length| length.0).collect())
}

/// As one would write it.
pub(super) fn shown(duration: Duration) -> String {
    let mut rest = duration.as_secs();
    let mut parts = Vec::new();
    for (unit, each) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        if rest >= each {
            parts.push(format!("{}{unit}", rest / each));
            rest %= each;
        }
    }
    if duration.subsec_millis() > 0 {
        parts.push(format!("{}ms", duration.subsec_millis()));
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_numbers_with_units() {
        for (text, seconds) in [("0m", 0), ("30s", 30), ("10m", 600), ("1h 30m", 5_400), ("5d", 432_000)] {
            let length: Length = text.parse().unwrap();
            assert_eq!(length.0, Duration::from_secs(seconds), "{text}");
        }
        assert_eq!("500ms".parse::<Length>().unwrap().0, Duration::from_millis(500));
        for bad in ["", "10", "m", "10 m", "-1s", "1.5h", "1w", "99999999999999999999s", "999999999999999999d"] {
            assert!(bad.parse::<Length>().is_err(), "{bad:?}");
        }
        for text in ["0s", "1d 2h 3m 4s", "1m 500ms"] {
            assert_eq!(shown(text.parse::<Length>().unwrap().0), text);
        }
    }
}
