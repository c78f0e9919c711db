//! What the samples say in a language: its own words where we have them, else English.

use crate::model::language::Language;

pub struct Words {
    /// The name of the frequency.
    pub daily: &'static str,
    pub health: &'static str,
    pub climate: &'static str,
    pub women: &'static str,
}

pub fn of(language: &Language) -> Words {
    match language.as_str() {
        "ar" => Words {
            daily: "يوميًا", health: "الصحة", climate: "المناخ والمياه", women: "المرأة"
        },
        "fr" => Words { daily: "Quotidien", health: "Santé", climate: "Climat et eau", women: "Femmes" },
        _ => Words { daily: "Daily", health: "Health", climate: "Climate and water", women: "Women" },
    }
}
