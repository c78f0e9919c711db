//! `alt`: a picture says in words what it shows, or, by an empty alt, that it shows nothing needed.

use super::specimen::{Flaw, Specimen};

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    specimen
        .named("img")
        .filter(|picture| picture.attribute("alt").is_none())
        .map(|picture| Flaw::at(picture, "a picture without alt; alt=\"\" if it only decorates"))
        .collect()
}
