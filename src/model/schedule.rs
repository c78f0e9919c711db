//! When a digest falls due: a cron expression, read on the wall clock of the reader's zone.
//!
//! The expression runs on the naive wall clock and each local time is then mapped into the zone. (Given a zone, the
//! `cron` crate itself skips the day whose time a spring gap swallows, and fires twice in an autumn fold.)
//!
//! A local time falls due at the first instant at which the wall clock has come to it: one that a gap swallows at the
//! first instant after the gap, one that a fold repeats the first time only. Local times that fall on one instant are
//! one firing, the last of them. A day that a zone leaves out (Pacific/Apia, 2011-12-30) has no period.

mod field;

use std::fmt;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{GapInfo, Tz};
use thiserror::Error;

use field::{DAY, DAY_OF_WEEK, HOUR, MINUTE, MONTH, SECOND};

/// A cron expression of five fields (six with seconds first), day of week as in standard cron (`1` and `MON` are Monday).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    clock: cron::Schedule,
    fixed_hour: Option<u8>,
}

/// One firing: the period it stands for, and the instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firing {
    /// The naive local time; a run is unique by slot and period.
    pub period: NaiveDateTime,
    pub at: DateTime<Utc>,
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct BadSchedule(pub String);

impl Schedule {
    pub fn parse(text: &str) -> Result<Self, BadSchedule> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (second, rest) = match words.as_slice() {
            five @ [_, _, _, _, _] => ("0", five),
            [second, five @ ..] if five.len() == 5 => (*second, five),
            _ => return Err(wrong_count(text, words.len())),
        };
        let seconds = SECOND.read(second)?;
        let (minutes, hours) = (MINUTE.read(rest[0])?, HOUR.read(rest[1])?);
        let (days, months, weekdays) = (DAY.read(rest[2])?, MONTH.read(rest[3])?, DAY_OF_WEEK.read(rest[4])?);

        if !DAY.is_all(&days) && !DAY_OF_WEEK.is_all(&weekdays) {
            return Err(BadSchedule(format!(
                "`{text}` names both days of the month and days of the week, and programs disagree whether both must \
                 hold or either: put `*` in one of the two"
            )));
        }
        let expression = [
            SECOND.write(&seconds),
            MINUTE.write(&minutes),
            HOUR.write(&hours),
            DAY.write(&days),
            MONTH.write(&months),
            DAY_OF_WEEK.write(&weekdays),
        ]
        .join(" ");
        let clock: cron::Schedule =
            expression.parse().map_err(|why: cron::error::Error| BadSchedule(format!("`{text}`: {why}")))?;
        let fixed_hour = if let [hour] = hours.as_slice() { Some(*hour) } else { None };

        let schedule = Self { text: words.join(" "), clock, fixed_hour };
        // From 1970 to 2100 there is a leap year for every date that can be.
        match schedule.local_after(NaiveDate::default().and_time(NaiveTime::MIN)) {
            Some(_) => Ok(schedule),
            None => Err(BadSchedule(format!("`{text}` never fires: no month it names has such a day"))),
        }
    }

    /// The one hour at which it fires, if there is only one: what a reader's choice of hour replaces.
    pub fn fixed_hour(&self) -> Option<u8> {
        self.fixed_hour
    }

    /// The same at another hour of the day (0–23). Itself where the hour is not fixed, or there is no such hour.
    pub fn at_hour(&self, hour: u8) -> Self {
        if self.fixed_hour.is_none() {
            return self.clone();
        }
        let mut words: Vec<String> = self.text.split(' ').map(str::to_owned).collect();
        let place = words.len() - 4;
        words[place] = hour.to_string();
        Self::parse(&words.join(" ")).unwrap_or_else(|_| self.clone())
    }

    /// The first firing strictly after `now`.
    pub fn next_after(&self, now: DateTime<Utc>, zone: Tz) -> Option<Firing> {
        // All that the wall clock has passed has fired. In the second pass of a fold more than that has, too.
        let mut local = now.with_timezone(&zone).naive_local();
        loop {
            let firing = self.following(local, zone)?;
            if firing.at > now {
                return Some(firing);
            }
            local = firing.period;
        }
    }

    /// The first firing for a period after this local time.
    pub fn following(&self, period: NaiveDateTime, zone: Tz) -> Option<Firing> {
        let mut local = period;
        loop {
            let candidate = self.local_after(local)?;
            match self.settle(candidate, zone) {
                Some(firing) => return Some(firing),
                None => local = last_second_of(candidate.date())?,
            }
        }
    }

    /// The last firing at or before `now`.
    pub fn latest_at_or_before(&self, now: DateTime<Utc>, zone: Tz) -> Option<Firing> {
        let mut local = now.with_timezone(&zone).naive_local();
        let mut latest = loop {
            let candidate = self.local_at_or_before(local)?;
            match self.settle(candidate, zone) {
                Some(firing) => break firing,
                None => local = last_second_of(candidate.date().checked_sub_days(Days::new(1))?)?,
            }
        };
        // In the second pass of a fold, local times ahead of the wall clock have fired already.
        while let Some(next) = self.following(latest.period, zone).filter(|next| next.at <= now) {
            latest = next;
        }
        Some(latest)
    }

    /// The firing that this local time belongs to; None on a day that the zone leaves out.
    fn settle(&self, local: NaiveDateTime, zone: Tz) -> Option<Firing> {
        let at = first_instant(local, zone)?;
        let reached = at.with_timezone(&zone).naive_local();
        let period = if reached == local { local } else { self.local_at_or_before(reached)? };
        day_exists(period.date(), zone).then_some(Firing { period, at })
    }

    fn local_after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        self.clock.after(&local.and_utc()).next().map(|found| found.naive_utc())
    }

    fn local_at_or_before(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let just_after = local.with_nanosecond(0)? + TimeDelta::seconds(1);
        self.clock.after(&just_after.and_utc()).next_back().map(|found| found.naive_utc())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The first instant at which the wall clock has come to `local`.
fn first_instant(local: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local).earliest() {
        Some(instant) => Some(instant.to_utc()),
        None => Some(GapInfo::new(&local, &zone)?.end?.to_utc()),
    }
}

/// When a day begins on the wall: midnight, or the first instant after a gap there.
pub fn start_of_day(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    // A day that a zone skipped (Samoa's 30 December 2011) begins where it would have.
    first_instant(midnight, zone).unwrap_or(midnight.and_utc())
}

fn day_exists(day: NaiveDate, zone: Tz) -> bool {
    first_instant(day.and_time(NaiveTime::MIN), zone)
        .is_some_and(|begins| begins.with_timezone(&zone).date_naive() == day)
}

fn last_second_of(day: NaiveDate) -> Option<NaiveDateTime> {
    day.and_hms_opt(23, 59, 59)
}

fn wrong_count(text: &str, count: usize) -> BadSchedule {
    BadSchedule(format!(
        "`{text}` has {count} {}: five are wanted (minute, hour, day of month, month, day of week), or six with seconds \
         first",
        if count == 1 { "field" } else { "fields" }
    ))
}

#[cfg(test)]
mod tests;
