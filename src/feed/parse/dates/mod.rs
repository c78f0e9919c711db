//! Dates as feeds write them. What cannot be read is None, never now.
//!
//! In this order: seconds since 1970; ISO 8601 and what resembles it ([`iso`]); a date in words, as in RFC 822,
//! asctime and a few languages ([`words`]).

mod clock;
mod iso;
mod words;

use chrono::{DateTime, NaiveDate, Utc};

use clock::Clock;

/// No date is longer than this.
const LONGEST: usize = 100;

pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    unix(text).or_else(|| iso::read(text)).or_else(|| words::read(text))
}

/// Seconds, milliseconds or microseconds, by their number of digits; a fraction is dropped.
fn unix(text: &str) -> Option<DateTime<Utc>> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if !text.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let number = whole.parse().ok()?;
    match whole.len() {
        9 | 10 => DateTime::from_timestamp_secs(number),
        12 | 13 => DateTime::from_timestamp_millis(number),
        15 | 16 => DateTime::from_timestamp_micros(number),
        _ => None,
    }
}

/// A day and a time of day, whose offset to UTC is `minutes`.
fn instant(day: NaiveDate, clock: Clock, minutes: i32) -> Option<DateTime<Utc>> {
    let local = day.and_hms_opt(0, 0, 0)? + chrono::TimeDelta::seconds(clock.seconds());
    Some(local.checked_sub_signed(chrono::TimeDelta::minutes(minutes.into()))?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        read(text).map_or("none".into(), |date| date.format("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    #[test]
    fn rfc_822_and_its_sins() {
        for (text, meant) in [
            ("Thu, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("Thu, 01 Jan 2004 19:48:21 +0530", "2004-01-01T14:18:21Z"),
            ("01 Jan 2004 19:48:21 -05:00", "2004-01-02T00:48:21Z"),
            ("Thu, 1 Jan 04 19:48 EST", "2004-01-02T00:48:00Z"),
            ("Fri, 01 Jan 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("Thursday, 01 January 2004 19:48:21", "2004-01-01T19:48:21Z"),
            ("Thu, 01 Jan 2004", "2004-01-01T00:00:00Z"),
            ("Thu,01 Jan 2004 19:48:21 PDT", "2004-01-02T02:48:21Z"),
            ("Thu, 31 Dec 98 23:59:60 GMT", "1999-01-01T00:00:00Z"),
            ("31 Dec 69 10:00:00 Z", "2069-12-31T10:00:00Z"),
            ("Thu, Jan 01 2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("January 1, 2004 7:48 PM", "2004-01-01T19:48:00Z"),
            ("Jan. 1st, 2004 12:05 a.m.", "2004-01-01T00:05:00Z"),
            ("Thu, 01 Jan 2004 19:48:21 GMT+02:00", "2004-01-01T17:48:21Z"),
            ("Thu, 01 Jan 2004 19:48:21 +0000 (UTC)", "2004-01-01T19:48:21Z"),
            ("Thu, 01 Jan 2004 19:48:21 Etc/GMT", "2004-01-01T19:48:21Z"),
            ("Thu, 01 Jan 2004 19:48:21.25 A", "2004-01-01T20:48:21Z"),
            ("Thu, 01-Jan-2004 19:48:21 GMT", "2004-01-01T19:48:21Z"),
            ("Thu, 01 Sept 2004 24:00:00 CEST", "2004-09-01T22:00:00Z"),
        ] {
            assert_eq!(shown(text), meant, "{text}");
        }
    }

    #[test]
    fn asctime_perforce_and_unix() {
        for (text, meant) in [
            ("Mon Mar 02 2026 10:00:00 GMT+0100 (Central European Standard Time)", "2026-03-02T09:00:00Z"),
            ("Monday, March 2, 2026 - 10:00", "2026-03-02T10:00:00Z"),
            ("Sun Jan  4 16:29:06 2004", "2004-01-04T16:29:06Z"),
            ("Sun Jan 04 16:29:06 PDT 2004", "2004-01-04T23:29:06Z"),
            ("Fri, 2006/09/15 08:19:53 EDT", "2006-09-15T12:19:53Z"),
            ("1072981701", "2004-01-01T18:28:21Z"),
            ("1072981701000", "2004-01-01T18:28:21Z"),
            ("1072981701.75", "2004-01-01T18:28:21Z"),
        ] {
            assert_eq!(shown(text), meant, "{text}");
        }
    }

    #[test]
    fn iso_8601_in_its_widths() {
        for (text, meant) in [
            ("2003-12-31T10:14:55Z", "2003-12-31T10:14:55Z"),
            ("2003-12-31t10:14:55z", "2003-12-31T10:14:55Z"),
            ("2003-12-31T10:14:55.1234-08:00", "2003-12-31T18:14:55Z"),
            ("2003-12-31T10:14:55,5+0530", "2003-12-31T04:44:55Z"),
            ("2003-12-31T10:14:55+05", "2003-12-31T05:14:55Z"),
            ("2003-12-31T10:14+01:00", "2003-12-31T09:14:00Z"),
            ("2003-12-31T10Z", "2003-12-31T10:00:00Z"),
            ("2003-12-31 10:14:55.999", "2003-12-31T10:14:55Z"),
            ("2003-12-31 10:14:55 EST", "2003-12-31T15:14:55Z"),
            ("2003-12-31 10:14:55 +0100", "2003-12-31T09:14:55Z"),
            ("20031231T101455Z", "2003-12-31T10:14:55Z"),
            ("20031231101455", "2003-12-31T10:14:55Z"),
            ("2003-12-31", "2003-12-31T00:00:00Z"),
            ("20031231", "2003-12-31T00:00:00Z"),
            ("2003-12", "2003-12-01T00:00:00Z"),
            ("2003", "2003-01-01T00:00:00Z"),
            ("2003-335", "2003-12-01T00:00:00Z"),
            ("2003335", "2003-12-01T00:00:00Z"),
            ("2003-W52-3", "2003-12-24T00:00:00Z"),
            ("2003W523T12:00Z", "2003-12-24T12:00:00Z"),
            ("2003-W52", "2003-12-22T00:00:00Z"),
            ("03-12-31", "2003-12-31T00:00:00Z"),
            ("031231", "2003-12-31T00:00:00Z"),
            ("-0312", "2003-12-01T00:00:00Z"),
            ("-03-12", "2003-12-01T00:00:00Z"),
            ("2003-12-31T24:00:00Z", "2004-01-01T00:00:00Z"),
            ("2003/12/31 10:14", "2003-12-31T10:14:00Z"),
            ("2003-12-31T10:14:55 Z", "2003-12-31T10:14:55Z"),
        ] {
            assert_eq!(shown(text), meant, "{text}");
        }
    }

    #[test]
    fn a_few_languages() {
        for (text, meant) in [
            ("Κυρ, 11 Ιούλ 2004 12:00:00 EST", "2004-07-11T17:00:00Z"),
            ("2004-július-13T9:15-05:00", "2004-07-13T14:15:00Z"),
            ("lun., 02 mars 2026 10:00:00 +0100", "2026-03-02T09:00:00Z"),
            ("Mo, 02 Mär 2026 10:00:00 +0100", "2026-03-02T09:00:00Z"),
            ("Пн, 02 мар 2026 10:00:00 +0300", "2026-03-02T07:00:00Z"),
            ("2 de marzo de 2026", "2026-03-02T00:00:00Z"),
            ("juil. 14, 2026 10:00", "2026-07-14T10:00:00Z"),
            ("14 giugno 2026", "2026-06-14T00:00:00Z"),
            ("02.03.2026 10:00", "2026-03-02T10:00:00Z"),
            ("2004년 05월 28일  01:31:15", "2004-05-27T16:31:15Z"),
            ("2004-05-25 오후 11:23:17", "2004-05-25T14:23:17Z"),
            ("2004-05-25 오전 12:23:17", "2004-05-24T15:23:17Z"),
        ] {
            assert_eq!(shown(text), meant, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "",
            "yesterday",
            "03/02/2026 10:00",
            "32.03.2026",
            "12:00",
            "Thu",
            "31 Feb 2004",
            "Thu, 32 Jan 2004 10:00:00 GMT",
            "2003-13-01",
            "2003-12-31T25:00:00Z",
            "2003-12-31T10:61:00Z",
            "--12-31",
            "---31",
            "0",
            "1",
            "99999999999999999999",
            "Thu, 01 Foo 2004 19:48:21 GMT",
            "2003-12-31T10:14:55+99:00",
            "2003-12-31T10:14:55+1337917588:00",
            "0000-00-00T00:00:00Z",
            "2003-366",
            "Thu, 01 Jan 2004 nineteen GMT",
            "2003-W54-1",
            "\u{663}",
            "20-20-20-20",
            "1 2 3 4 5 6",
        ] {
            assert_eq!(shown(text), "none", "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_not(text in ".{0,60}") {
            read(&text);
        }

        #[test]
        fn anything_like_a_date_is_read_or_not(text in "[0-9TZWa-z:,.+/ -]{0,40}") {
            read(&text);
        }
    }
}
