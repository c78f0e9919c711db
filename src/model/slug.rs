//! The short name by which the configuration, the database and addresses of pages know a thing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// 1 to 64 of `a`–`z`, `0`–`9` and `-`; begins and ends with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a slug: use 1 to 64 of a-z, 0-9 and hyphens, with a letter or digit at both ends")]
pub struct BadSlug(String);

impl Slug {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = BadSlug;

    fn from_str(text: &str) -> Result<Self, BadSlug> {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let bytes = text.as_bytes();
        let good = (1..=64).contains(&bytes.len())
            && bytes.iter().all(|&b| inner(b) || b == b'-')
            && inner(bytes[0])
            && inner(bytes[bytes.len() - 1]);
        if good { Ok(Self(text.to_owned())) } else { Err(BadSlug(text.to_owned())) }
    }
}

impl TryFrom<String> for Slug {
    type Error = BadSlug;

    fn try_from(text: String) -> Result<Self, BadSlug> {
        text.parse()
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_is_lower_case_words_joined_by_hyphens() {
        for good in ["health", "un-affairs", "a", "7", "as-it-happens"] {
            assert!(good.parse::<Slug>().is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in ["", "-a", "a-", "Health", "climate change", "santé", long.as_str()] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
    }
}
