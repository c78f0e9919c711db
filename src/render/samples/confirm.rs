//! Samples of the mail that asks whether a sign-up was meant.

use super::super::confirm::Confirm;
use super::super::site::Site;
use super::words;
use crate::model::language::Language;

pub fn all(site: &Site, language: &Language) -> Vec<(&'static str, Confirm)> {
    let words = words::of(language);
    let confirm = Confirm {
        site: site.clone(),
        language: language.clone(),
        topics: [words.health, words.climate, words.women].map(str::to_owned).to_vec(),
        frequency: words.daily.to_owned(),
        days: 7,
    };
    vec![("ordinary", confirm)]
}
