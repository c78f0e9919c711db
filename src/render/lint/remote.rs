//! `remote`: what is loaded tells who reads, when and where. Pictures are the exception that readers can turn off.

use super::css;
use super::html::Element;
use super::specimen::{Flaw, Specimen};

const LOADS: [&str; 9] = ["iframe", "frame", "object", "embed", "applet", "video", "audio", "source", "track"];
const RELATIONS: [&str; 7] =
    ["stylesheet", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest"];

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let page = specimen.mail.is_none();
    specimen.elements().into_iter().filter_map(|element| flaw(element, page)).collect()
}

fn flaw(element: &Element, page: bool) -> Option<Flaw> {
    match element.name.as_str() {
        // The mailbox shows mails so.
        "iframe" if page && is_ours(element) => None,
        "link" => {
            let relation = element.attribute("rel").unwrap_or_default().to_ascii_lowercase();
            let loads = relation.split_ascii_whitespace().any(|one| RELATIONS.contains(&one));
            loads
                .then(|| Flaw::at(element, "something other than a picture is loaded: put styles into a style element"))
        }
        "script" if element.attribute("src").is_some() => Some(Flaw::at(element, "a script is loaded")),
        "img" => {
            let source = element.attribute("src").unwrap_or_default();
            let good =
                source.starts_with("https://") || source.starts_with("data:image/") || source.starts_with("cid:");
            (!good).then(|| Flaw::at(element, "a picture is loaded by https only, from a full address"))
        }
        "style" => {
            let style = element.text();
            css::loads(&style).map(|what| Flaw::at(element, format!("the style loads something: {what}")))
        }
        name if LOADS.contains(&name) => Some(Flaw::at(element, format!("{name} loads what is no picture"))),
        _ => {
            let what = css::loads(element.attribute("style")?)?;
            Some(Flaw::at(element, format!("the style loads something: {what}")))
        }
    }
}

/// A frame of the site itself, in which nothing runs.
fn is_ours(frame: &Element) -> bool {
    let (source, sandbox) = (frame.attribute("src").unwrap_or_default(), frame.attribute("sandbox"));
    source.starts_with('/') && !source.starts_with("//") && sandbox.is_some_and(|may| !may.contains("allow-scripts"))
}
