//! Lays the sources over one another and reads the result; what cannot be read is noted and left out, and the rest is
//! read again, so that all that is wrong is found at once.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, Deserializer};

use super::problem::{ConfigErrors, Place, Problem};
use super::sources::{Kind, Source, Sources, variable};
use super::tree::{self, Node, Taken, Tree};
use super::{Config, suggest, wording};

pub(super) struct Reading<'s> {
    /// Absent when so much is wrong that nothing could be read.
    pub config: Option<Config>,
    /// What was read, without what could not be.
    pub tree: Tree<'s>,
    /// With the spans they are at.
    pub problems: Vec<(Range<usize>, Problem)>,
    pub left_out: Vec<LeftOut>,
}

/// A key that could not be read, so that what follows from its absence need not be said.
pub(super) struct LeftOut {
    pub path: String,
    /// Where the table around it begins.
    pub around: Range<usize>,
}

/// A syntax error ends it at once: behind one, nothing means anything.
pub(super) fn read(sources: &Sources) -> Result<Reading<'_>, ConfigErrors> {
    let mut problems = Vec::new();
    let mut left_out = Vec::new();
    let mut layers = Vec::new();
    for source in sources.iter() {
        match &source.kind {
            Kind::Defaults | Kind::File(_) => layers.push(document(source, sources)?),
            Kind::Variable { name, section, key } => match set_by(name, section, key, source) {
                Ok(layer) => layers.push(layer),
                Err(problem) => problems.push((span_of(source), problem)),
            },
        }
    }
    loop {
        let tree = layers.iter().cloned().fold(Tree::new(), tree::overlay);
        let error = match Config::deserialize(Deserializer::from(Spanned::new(0..0, tree.clone()))) {
            Ok(config) => return Ok(Reading { config: Some(config), tree, problems, left_out }),
            Err(error) => error,
        };
        let span = error.span().unwrap_or_default();
        // The first layer is ours, and what stands there cannot be left out.
        let taken = layers.iter_mut().skip(1).find_map(|layer| Some((tree::take(layer, &span, 0..0)?, layer)));
        let Some((taken, layer)) = taken else {
            let place = Place::File(sources.file().to_owned());
            problems.push((span, Problem { place, message: error.message().to_owned() }));
            return Ok(Reading { config: None, tree, problems, left_out });
        };
        let source = sources.containing(&span);
        if let Some(text) = as_text(source, &taken.node) {
            *layer = text;
            continue;
        }
        if !follows(error.message(), &taken, &left_out) {
            let message = worded(error.message(), &taken.path, source);
            problems.push((span.clone(), Problem { place: sources.place(&span), message }));
        }
        left_out.push(LeftOut { path: taken.path, around: taken.around });
    }
}

/// Whether a key is missing only because it was left out.
fn follows(message: &str, taken: &Taken<'_>, left_out: &[LeftOut]) -> bool {
    let Some(field) = message.trim_end().strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) else {
        return false;
    };
    let path = format!("{}.{field}", taken.path);
    left_out.iter().any(|left| left.path == path && left.around == taken.node.span())
}

fn worded(message: &str, path: &str, source: &Source) -> String {
    let Kind::Variable { section, key, .. } = &source.kind else { return wording::of(message, path) };
    let Some((field, known)) = wording::unknown(message, "unknown field") else {
        return wording::of(message, &format!("{section}.{key}"));
    };
    let hint = suggest::nearest(field, known).map_or(String::new(), |word| {
        let meant = if field == section { variable(word, key) } else { variable(section, word) };
        format!("; did you mean {meant}?")
    });
    format!("there is nothing of that name to set{hint}")
}

fn document<'s>(source: &'s Source, sources: &Sources) -> Result<Tree<'s>, ConfigErrors> {
    tree::parse(&source.text, source.begins).map_err(|error| {
        let span = error.span().unwrap_or_default();
        let place = sources.place(&(span.start + source.begins..span.end + source.begins));
        ConfigErrors::Wrong(vec![Problem { place, message: error.message().to_owned() }])
    })
}

/// The layer that a variable makes: its value as TOML, or else as text.
fn set_by<'s>(name: &str, section: &'s str, key: &'s str, source: &'s Source) -> Result<Tree<'s>, Problem> {
    let problem = |message: String| Problem { place: Place::Variable(name.to_owned()), message };
    if key.is_empty() || key.contains("__") {
        return Err(problem("a variable that sets something is called TIDINGS__SECTION__KEY".to_owned()));
    }
    if matches!(section, "feed" | "topic" | "region" | "frequency") {
        return Err(problem(format!("each `{section}` is declared in the file, not by a variable")));
    }
    let value = tree::parse_value(&source.text, source.begins).unwrap_or_else(|_| text_of(source));
    Ok(tree::single(section, key, value, span_of(source)))
}

/// A variable that reads as a number, say, where text is wanted: the same as text.
fn as_text<'s>(source: &'s Source, node: &Node<'_>) -> Option<Tree<'s>> {
    let Kind::Variable { section, key, .. } = &source.kind else { return None };
    let is_scalar = !matches!(node.get_ref(), DeValue::String(_) | DeValue::Array(_) | DeValue::Table(_));
    is_scalar.then(|| tree::single(section, key, text_of(source), span_of(source)))
}

fn text_of(source: &Source) -> Node<'_> {
    Spanned::new(span_of(source), DeValue::String(Cow::Borrowed(&source.text)))
}

fn span_of(source: &Source) -> Range<usize> {
    source.begins..source.begins + source.text.len()
}
