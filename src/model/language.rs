//! A language, by its primary BCP 47 tag, and which way it is written.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A primary language subtag in lower case: `en`, `fr`, `ar`. What follows a hyphen (`en-GB`, `zh-Hans`) is dropped:
/// readers choose a language, not a country.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Language(String);

#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a language: use a tag such as \"en\", \"fr\" or \"ar\"")]
pub struct BadLanguage(String);

impl Language {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_right_to_left(&self) -> bool {
        matches!(
            self.0.as_str(),
            "ar" | "arc" | "ckb" | "dv" | "fa" | "he" | "ku" | "nqo" | "ps" | "sd" | "syr" | "ug" | "ur" | "yi"
        )
    }

    /// The value of an HTML `dir` attribute.
    pub fn direction(&self) -> &'static str {
        if self.is_right_to_left() { "rtl" } else { "ltr" }
    }
}

impl FromStr for Language {
    type Err = BadLanguage;

    fn from_str(text: &str) -> Result<Self, BadLanguage> {
        let primary = text.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        if (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_lowercase()) {
            Ok(Self(primary))
        } else {
            Err(BadLanguage(text.to_owned()))
        }
    }
}

impl TryFrom<String> for Language {
    type Error = BadLanguage;

    fn try_from(text: String) -> Result<Self, BadLanguage> {
        text.parse()
    }
}

impl From<Language> for String {
    fn from(language: Language) -> Self {
        language.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_and_scripts_are_dropped() {
        assert_eq!("en-GB".parse::<Language>().unwrap().as_str(), "en");
        assert_eq!("AR".parse::<Language>().unwrap().direction(), "rtl");
        assert!("english".parse::<Language>().is_err());
        assert!("".parse::<Language>().is_err());
    }
}
