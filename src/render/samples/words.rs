//! What the samples say in a language: its own words where we have them, else English.

use crate::model::language::Language;

pub struct Words {
    /// The name of the frequency.
    pub daily: &'static str,
    pub health: &'static str,
    pub climate: &'static str,
    pub women: &'static str,
    pub africa: &'static str,
    pub asia: &'static str,
}

pub fn of(language: &Language) -> Words {
    match language.as_str() {
        "ar" => Words {
            daily: "يوميًا",
            health: "الصحة",
            climate: "المناخ والمياه",
            women: "المرأة",
            africa: "أفريقيا",
            asia: "آسيا",
        },
        "fr" => Words {
            daily: "Quotidien",
            health: "Santé",
            climate: "Climat et eau",
            women: "Femmes",
            africa: "Afrique",
            asia: "Asie",
        },
        _ => Words {
            daily: "Daily",
            health: "Health",
            climate: "Climate and water",
            women: "Women",
            africa: "Africa",
            asia: "Asia",
        },
    }
}
