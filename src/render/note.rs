//! A short mail to one person, with one link: the hole `link`.

use serde::Serialize;

use super::site::Site;
use crate::model::language::Language;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    pub site: Site,
    pub language: Language,
    pub occasion: Occasion,
    /// How many days the link works, where it is one to answer by.
    pub days: u32,
}

/// What it is about; its messages are in the group `note_` and this word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// Somebody asked for the link to their preferences.
    PreferencesLink,
    /// To a new address: is it the reader's?
    AddressChange,
    /// To the old address.
    AddressChanged,
    Welcome,
    Goodbye,
}

impl Occasion {
    pub const ALL: [Self; 5] =
        [Self::PreferencesLink, Self::AddressChange, Self::AddressChanged, Self::Welcome, Self::Goodbye];
}
