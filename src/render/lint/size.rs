//! `size`: mail programs cut off what is longer, and with it the links at the foot.

use super::super::templates::HTML_LIMIT;
use super::specimen::{Flaw, Part, Specimen};

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let Some(letter) = specimen.mail.as_ref().filter(|letter| letter.size > HTML_LIMIT) else { return vec![] };
    // What a smaller one has too much, the largest has too.
    if specimen.kind == "mail/digest" && specimen.name != "large" {
        return vec![];
    }
    let what = format!("the HTML takes {} bytes as it is sent; {HTML_LIMIT} are the limit", letter.size);
    vec![Flaw::whole(Part::Html, what)]
}
