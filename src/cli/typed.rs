//! Numbers and days as they are typed, and words for whoever mistyped them.

use std::ops::RangeInclusive;

use chrono::NaiveDate;

/// Of a run or a mail.
pub fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "it is no number".to_owned())
}

pub fn hour(text: &str) -> Result<u8, String> {
    const HOURS: RangeInclusive<u8> = 0..=23;
    let hour = text.parse().ok().filter(|hour| HOURS.contains(hour));
    hour.ok_or_else(|| "write a full hour from 0 to 23".to_owned())
}

pub fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "write it as 2026-12-01".to_owned())
}
