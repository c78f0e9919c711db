//! `tables`: one that lays out is not read out as rows and columns.

use super::html::Element;
use super::specimen::{Flaw, Specimen};

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let lays_out = |table: &Element| specimen.mail.is_some() || table.all().iter().all(|inner| inner.name != "th");
    let told = |table: &Element| matches!(table.attribute("role"), Some("presentation" | "none"));
    specimen
        .named("table")
        .filter(|table| lays_out(table) && !told(table))
        .map(|table| Flaw::at(table, "role=\"presentation\" is wanted on a table that only lays out"))
        .collect()
}
