//! The texts that a configuration is made of: the defaults, the operator's file, and variables of the environment.
//!
//! They are numbered through as if they stood one behind the other, so that a span tells which of them it is in.

use std::ops::Range;

use super::problem::Place;

/// What an environment variable that sets something begins with.
const PREFIX: &str = "TIDINGS__";

pub(super) struct Sources(Vec<Source>);

pub(super) struct Source {
    pub kind: Kind,
    pub text: String,
    /// Where its spans begin.
    pub begins: usize,
}

pub(super) enum Kind {
    Defaults,
    File(String),
    Variable { name: String, section: String, key: String },
}

impl Sources {
    pub fn of(defaults: &str, name: &str, text: &str, env: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut variables: Vec<(String, String)> =
            env.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        variables.sort();

        let mut sources = Self(Vec::new());
        sources.add(Kind::Defaults, defaults.to_owned());
        sources.add(Kind::File(name.to_owned()), text.to_owned());
        for (name, value) in variables {
            let path = name[PREFIX.len()..].to_lowercase();
            let (section, key) = path.split_once("__").unwrap_or((&path, ""));
            let (section, key) = (section.to_owned(), key.to_owned());
            sources.add(Kind::Variable { name, section, key }, value);
        }
        sources
    }

    fn add(&mut self, kind: Kind, text: String) {
        // One apart, so that the end of one is not the beginning of the next.
        let begins = self.0.last().map_or(0, |last| last.begins + last.text.len() + 1);
        self.0.push(Source { kind, text, begins });
    }

    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    pub fn containing(&self, span: &Range<usize>) -> &Source {
        &self.0[self.0.partition_point(|source| source.begins <= span.start).saturating_sub(1)]
    }

    pub fn is_default(&self, span: &Range<usize>) -> bool {
        matches!(self.containing(span).kind, Kind::Defaults)
    }

    /// Where a person finds it. What the defaults say is nobody's mistake, so there it is the file as a whole.
    pub fn place(&self, span: &Range<usize>) -> Place {
        let source = self.containing(span);
        match &source.kind {
            Kind::Defaults => Place::File(self.file().to_owned()),
            Kind::Variable { name, .. } => Place::Variable(name.clone()),
            Kind::File(name) => line_of(name, &source.text, span.start - source.begins..span.end - source.begins),
        }
    }

    /// The name of the operator's file.
    pub fn file(&self) -> &str {
        let name = self.0.iter().find_map(|source| match &source.kind {
            Kind::File(name) => Some(name.as_str()),
            _ => None,
        });
        name.unwrap_or_default()
    }
}

pub(super) fn variable(section: &str, key: &str) -> String {
    format!("{PREFIX}{}__{}", section.to_uppercase(), key.to_uppercase())
}

fn line_of(file: &str, text: &str, span: Range<usize>) -> Place {
    let before = &text[..text.floor_char_boundary(span.start)];
    let begins = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[begins..].lines().next().unwrap_or_default();
    let inside = before.len() - begins;
    let marked = line.get(inside..(span.end.max(before.len()) - begins).min(line.len())).unwrap_or_default();
    Place::Line {
        file: file.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[begins..].chars().count() + 1,
        text: line.to_owned(),
        width: marked.chars().count().max(1),
    }
}
