//! The pages of the capture mailbox: for operators, in English.

use serde::Serialize;

use super::site::Moment;

/// What was captured, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailList {
    /// Part of the address that was asked for; may be empty.
    pub to: String,
    pub mails: Vec<MailLine>,
    pub newest_url: Option<String>,
    pub older_url: Option<String>,
    /// IANA name: the clock that the times are by.
    pub zone: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailLine {
    pub url: String,
    pub to: String,
    /// None: it has none, or cannot be read.
    pub subject: Option<String>,
    pub at: Moment,
}

/// One captured mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OneMail {
    pub subject: Option<String>,
    /// Of the envelope.
    pub to: String,
    pub at: Moment,
    /// IANA name.
    pub zone: String,
    /// Header fields that matter, and their values.
    pub fields: Vec<(&'static str, String)>,
    pub switches: Vec<Switch>,
    pub shown: Shown,
    /// Where it is to be had as a file.
    pub file_url: String,
    pub list_url: String,
}

/// Ways to look at it, one of which is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Switch {
    pub name: &'static str,
    pub ways: Vec<Way>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Way {
    pub name: &'static str,
    pub url: String,
    pub here: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// In a frame of its own, where nothing runs.
    Frame {
        url: String,
        /// `light` or `dark`; empty: as the browser likes it.
        scheme: &'static str,
        is_phone: bool,
    },
    /// The text part, or the whole message.
    Text(String),
}
