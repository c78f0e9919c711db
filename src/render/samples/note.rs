//! Samples of the short mails.

use super::super::note::{Note, Occasion};
use super::super::site::Site;
use crate::model::language::Language;

pub fn all(site: &Site, language: &Language) -> Vec<(&'static str, Note)> {
    let note = |occasion| Note { site: site.clone(), language: language.clone(), occasion, days: 7 };
    let name = |occasion| match occasion {
        Occasion::PreferencesLink => "preferences-link",
        Occasion::AddressChange => "address-change",
        Occasion::AddressChanged => "address-changed",
        Occasion::Welcome => "welcome",
        Occasion::Goodbye => "goodbye",
    };
    Occasion::ALL.map(|occasion| (name(occasion), note(occasion))).into()
}
