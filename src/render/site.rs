//! Who sends, and how instants reach a template: already in the reader's zone, as numbers to be put into words.

use chrono::{Datelike, NaiveDate, NaiveDateTime, Timelike};
use serde::{Deserialize, Serialize};

use crate::model::language::Language;
use crate::model::topic::Names;

/// What every mail and page says of its sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Site {
    pub name: String,
    /// Where its name leads.
    pub url: String,
    /// Anti-spam laws of many countries ask for one in every mail.
    pub postal_address: String,
    /// An address that people read.
    pub reply_to: Option<String>,
    /// The https address of a picture that stands for the name.
    pub logo: Option<String>,
    /// A line or two for the foot, in each language.
    pub footer: Names,
    /// What an article without a language is taken to be in.
    pub language: Language,
}

/// A date on the reader's wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    pub year: i32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 is Monday.
    pub weekday: u32,
}

/// A date and time on the reader's wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    pub day: Day,
    pub hour: u32,
    pub minute: u32,
}

impl From<NaiveDate> for Day {
    fn from(date: NaiveDate) -> Self {
        Self { year: date.year(), month: date.month(), day: date.day(), weekday: date.weekday().num_days_from_monday() }
    }
}

impl From<NaiveDateTime> for Moment {
    fn from(local: NaiveDateTime) -> Self {
        Self { day: local.date().into(), hour: local.hour(), minute: local.minute() }
    }
}
