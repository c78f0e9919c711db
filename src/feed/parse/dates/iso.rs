//! ISO 8601 and W3C dates, with and without hyphens, down to a year; the same with slashes, or a space for the `T`.

use chrono::{DateTime, NaiveDate, Utc, Weekday};

use super::clock::{Clock, zone};
use super::instant;

pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    if !text.is_ascii() {
        return None;
    }
    let (day, rest) = match text.find(['T', 't', ' ']) {
        Some(at) => (&text[..at], text[at + 1..].trim()),
        None if text.len() == 14 => text.split_at(8),
        None => (text, ""),
    };
    let day = self::day(day)?;
    let (clock, offset) = split_zone(rest);
    let clock = if clock.is_empty() { Clock::default() } else { Clock::read(clock)? };
    instant(day, clock, if offset.is_empty() { 0 } else { zone(offset)? })
}

/// `10:14:55+01:00` → (`10:14:55`, `+01:00`). `10:14:55 EST` too.
fn split_zone(text: &str) -> (&str, &str) {
    let at = text.find(|c: char| !matches!(c, '0'..='9' | ':' | '.' | ',')).unwrap_or(text.len());
    (&text[..at], text[at..].trim())
}

fn day(text: &str) -> Option<NaiveDate> {
    let text = text.trim_end_matches(['Z', 'z', ',']);
    // `-0312` and `-03-12` leave out the century, and the hyphen in front says so.
    let short = text.strip_prefix('-');
    let text = short.unwrap_or(text);
    let parts: Vec<&str> = text.split(['-', '/']).collect();
    let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u32>().ok()).flatten();
    if short.is_some() {
        return match (parts.as_slice(), text.len()) {
            ([year, month], 5) => ymd(two_digits(year)?, number(month)?, 1),
            ([both], 4) => ymd(two_digits(&both[..2])?, number(&both[2..])?, 1),
            _ => None,
        };
    }
    match parts.as_slice() {
        [year, week] | [year, week, _] if year.len() == 4 && week.starts_with(['W', 'w']) => {
            self::week(year, &week[1..], parts.get(2).copied())
        }
        [year, ordinal] if year.len() == 4 && ordinal.len() == 3 => {
            NaiveDate::from_yo_opt(number(year)? as i32, number(ordinal)?)
        }
        [year, month] if year.len() == 4 => ymd(number(year)? as i32, number(month)?, 1),
        [year, month, day] if year.len() == 4 => ymd(number(year)? as i32, number(month)?, number(day)?),
        [year, month, day] if year.len() == 2 && text.contains('-') => {
            ymd(two_digits(year)?, number(month)?, number(day)?)
        }
        [all] => compact(all),
        _ => None,
    }
}

fn compact(text: &str) -> Option<NaiveDate> {
    if let Some((year, rest)) = text.split_once(['W', 'w']) {
        return match rest.len() {
            2 => week(year, rest, None),
            3 => week(year, &rest[..2], Some(&rest[2..])),
            _ => None,
        };
    }
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |part: &str| part.parse::<u32>().ok();
    match text.len() {
        4 => ymd(number(text)? as i32, 1, 1),
        6 => ymd(two_digits(&text[..2])?, number(&text[2..4])?, number(&text[4..])?),
        7 => NaiveDate::from_yo_opt(number(&text[..4])? as i32, number(&text[4..])?),
        8 => ymd(number(&text[..4])? as i32, number(&text[4..6])?, number(&text[6..])?),
        _ => None,
    }
}

fn week(year: &str, week: &str, day: Option<&str>) -> Option<NaiveDate> {
    let day = match day {
        None => Weekday::Mon,
        Some(day) => Weekday::try_from(day.parse::<u8>().ok()?.checked_sub(1)?).ok()?,
    };
    NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, day)
}

/// ISO 8601 means the current century.
fn two_digits(year: &str) -> Option<i32> {
    (year.len() == 2).then(|| year.parse::<i32>().ok().filter(|year| *year >= 0)).flatten().map(|year| 2000 + year)
}

fn ymd(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    (year > 0).then(|| NaiveDate::from_ymd_opt(year, month, day)).flatten()
}
