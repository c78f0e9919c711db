//! What rendering gives and mail takes: texts in which the places that differ from reader to reader are holes.
//!
//! `render` makes them, `mail` encodes them once and fills the holes for each reader; neither knows the other.

use std::collections::BTreeMap;

use super::language::Language;

/// A mail, rendered once for all its readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendering {
    pub subject: String,
    pub text: Holed,
    pub html: Holed,
    pub language: Language,
}

/// A text in pieces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holed(pub Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Fixed(String),
    /// To be filled from [`Places`] by this name.
    Hole(String),
}

/// What fills the holes for one reader, by name.
pub type Places = BTreeMap<String, Place>;

/// One value in its two forms: as it stands in plain text, and escaped for HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub text: String,
    pub html: String,
}

impl Place {
    /// A value that reads the same in both, such as a URL of ours.
    pub fn plain(value: impl Into<String>) -> Self {
        let text = value.into();
        Self { html: text.clone(), text }
    }
}

/// Opens a hole in a template's output; the name and [`CLOSE`] follow. A Unicode noncharacter, which every door drops.
pub const OPEN: char = '\u{FDD0}';
/// Closes a hole in a template's output.
pub const CLOSE: char = '\u{FDD1}';

impl Holed {
    /// Takes a template's output apart at its marks. An [`OPEN`] that is never closed ends up in the text.
    pub fn of(output: &str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = output;
        while let Some((before, after)) = rest.split_once(OPEN) {
            let Some((name, after)) = after.split_once(CLOSE) else { break };
            if !before.is_empty() {
                pieces.push(Piece::Fixed(before.to_owned()));
            }
            pieces.push(Piece::Hole(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Fixed(rest.to_owned()));
        }
        Self(pieces)
    }

    /// Whole, for somebody to look at.
    pub fn filled<'p>(&self, value: impl Fn(&str) -> Option<&'p str>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Fixed(text) => text.clone(),
            Piece::Hole(name) => value(name).unwrap_or_default().to_owned(),
        };
        self.0.iter().map(piece).collect()
    }

    pub fn holes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Hole(name) => Some(name.as_str()),
            Piece::Fixed(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_apart_at_its_holes() {
        let holed = Holed::of(&format!("Stop: {OPEN}stop{CLOSE}{OPEN}why{CLOSE}."));
        assert_eq!(
            holed.0,
            [
                Piece::Fixed("Stop: ".into()),
                Piece::Hole("stop".into()),
                Piece::Hole("why".into()),
                Piece::Fixed(".".into())
            ]
        );
        assert_eq!(holed.holes().collect::<Vec<_>>(), ["stop", "why"]);
        assert_eq!(holed.filled(|name| (name == "stop").then_some("link")), "Stop: link.");
    }
}
