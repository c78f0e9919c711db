//! `active`: mail programs drop what runs, or the whole mail with it; pages need no script.

use super::html::Element;
use super::specimen::{Flaw, Specimen};

const FORMS: [&str; 5] = ["form", "input", "button", "select", "textarea"];

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let mail = specimen.mail.is_some();
    specimen.elements().into_iter().filter_map(|element| flaw(element, mail)).collect()
}

fn flaw(element: &Element, mail: bool) -> Option<Flaw> {
    // One that is loaded breaks `remote`.
    if element.name == "script" && element.attribute("src").is_none() {
        return Some(Flaw::at(element, "a script"));
    }
    if mail && FORMS.contains(&element.name.as_str()) {
        return Some(Flaw::at(element, "a form in a mail: lead to a page instead"));
    }
    let handler = element.attributes.iter().find(|(name, _)| name.len() > 2 && name.starts_with("on"));
    if let Some((name, _)) = handler {
        return Some(Flaw::at(element, format!("`{name}` runs a script")));
    }
    let target = element.attribute("href").or_else(|| element.attribute("action"))?;
    let runs = target.trim_start().get(..11).is_some_and(|scheme| scheme.eq_ignore_ascii_case("javascript:"));
    runs.then(|| Flaw::at(element, "the link runs a script"))
}
