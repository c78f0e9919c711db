//! `contrast`: every text is held against what is behind it, once in light and once in dark.

use std::collections::HashMap;

use super::css::{Scheme, Sheet, colour};
use super::html::{Element, Node};
use super::specimen::{Flaw, Part, Specimen};
use crate::model::colour::{Colour, READABLE};

const UNSEEN: [&str; 6] = ["head", "style", "script", "title", "template", "noscript"];

pub fn look(specimen: &Specimen) -> Vec<Flaw> {
    let Some(document) = &specimen.html else { return vec![] };
    let style: String = specimen.named("style").map(Element::text).collect::<Vec<_>>().join("\n");
    let sheet = Sheet::read(&style);
    let mut flaws = Vec::new();
    for scheme in [Scheme::Light, Scheme::Dark] {
        let variables = sheet.variables(scheme);
        let mut walk = Walk { sheet: &sheet, scheme, variables, path: vec![], flaws: &mut flaws };
        // Where no style says otherwise, in either scheme, a page is black on white.
        walk.through(document, Colour::of(0, 0, 0), Colour::of(255, 255, 255));
    }
    flaws
}

struct Walk<'e, 'f> {
    sheet: &'e Sheet,
    scheme: Scheme,
    variables: HashMap<String, String>,
    path: Vec<&'e Element>,
    flaws: &'f mut Vec<Flaw>,
}

impl<'e> Walk<'e, '_> {
    fn through(&mut self, element: &'e Element, around: Colour, behind: Colour) {
        self.path.push(element);
        if !self.is_unseen(element) {
            let paper = self.paper(element).unwrap_or(behind);
            let ink = self.ink(element).unwrap_or(around);
            for child in &element.children {
                match child {
                    Node::Text(text) if text.chars().any(char::is_alphanumeric) => self.hold(element, ink, paper),
                    Node::Text(_) => {}
                    Node::Element(inner) => self.through(inner, ink, paper),
                }
            }
        }
        self.path.pop();
    }

    fn is_unseen(&self, element: &Element) -> bool {
        let display = self.sheet.value(&self.path, self.scheme, &["display"]);
        UNSEEN.contains(&element.name.as_str()) || display.as_deref() == Some("none")
    }

    fn ink(&self, element: &Element) -> Option<Colour> {
        let styled = self.sheet.value(&self.path, self.scheme, &["color"]);
        let own = styled.as_deref().or_else(|| element.attribute("color"));
        let Some(own) = own else { return self.unstyled(element) };
        colour(own, &self.variables)
    }

    /// Browsers give a link that has no colour their own.
    fn unstyled(&self, element: &Element) -> Option<Colour> {
        let link = element.name == "a" && element.attribute("href").is_some();
        link.then_some(match self.scheme {
            Scheme::Light => Colour::of(0x00, 0x00, 0xee),
            Scheme::Dark => Colour::of(0x9e, 0x9e, 0xff),
        })
    }

    fn paper(&self, element: &Element) -> Option<Colour> {
        let styled = self.sheet.value(&self.path, self.scheme, &["background", "background-color"]);
        let own = styled.or_else(|| element.attribute("bgcolor").map(str::to_owned))?;
        colour(&own, &self.variables)
    }

    fn hold(&mut self, element: &Element, ink: Colour, paper: Colour) {
        if ink.reads_on(paper) {
            return;
        }
        let scheme = if self.scheme == Scheme::Light { "light" } else { "dark" };
        // Cut, not rounded: 4.49 is not 4.5.
        let contrast = (ink.contrast(paper) * 10.0).floor() / 10.0;
        let what = format!("{ink} on {paper} in {scheme}: a contrast of {contrast}:1 where {READABLE}:1 is wanted");
        let same = |flaw: &Flaw| flaw.what == what && flaw.place == element.tag();
        if !self.flaws.iter().any(same) {
            self.flaws.push(Flaw { part: Part::Html, what, place: element.tag() });
        }
    }
}
