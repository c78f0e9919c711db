//! The mail that asks whether a sign-up was meant. The link with its token is the hole `confirm`.

use serde::Serialize;

use super::site::Site;
use crate::model::language::Language;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirm {
    pub site: Site,
    pub language: Language,
    /// Names in the reader's language, in the order the reader will see them.
    pub topics: Vec<String>,
    /// The name of the frequency in the reader's language.
    pub frequency: String,
    /// How many days the link works.
    pub days: u32,
}
