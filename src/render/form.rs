//! What forms are made of: where they post to, choices, and what was wrong with what somebody entered.

use serde::Serialize;

use super::page::Pace;

/// The form behind a button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ask {
    /// Where it posts to.
    pub action: String,
    /// Names and values of hidden fields.
    pub hidden: Vec<(String, String)>,
}

/// A box to tick, or a line of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub value: String,
    pub name: String,
    pub chosen: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicChoice {
    pub slug: String,
    pub name: String,
    pub pace: Option<Pace>,
    pub chosen: bool,
    /// How often this one comes; empty where all have the same.
    pub frequencies: Vec<Choice>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FrequencyChoice {
    pub slug: String,
    pub name: String,
    pub chosen: bool,
    /// Many mails may come.
    pub noisy: bool,
}

/// Time zones of a part of the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Area {
    pub name: String,
    pub zones: Vec<Choice>,
}

/// What was wrong: a message of the group `fault`, and the field it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The id of the field.
    pub field: &'static str,
    pub message: &'static str,
}
