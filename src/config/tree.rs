//! A TOML document whose keys and values know where they were written.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

pub(super) type Tree<'s> = DeTable<'s>;
pub(super) type Node<'s> = Spanned<DeValue<'s>>;

/// Parses a document whose spans begin at `begins`.
pub(super) fn parse(text: &str, begins: usize) -> Result<Tree<'_>, toml::de::Error> {
    Ok(shifted_table(DeTable::parse(text)?.into_inner(), begins))
}

/// Parses one value the same way.
pub(super) fn parse_value(text: &str, begins: usize) -> Result<Node<'_>, toml::de::Error> {
    Ok(shifted(DeValue::parse(text)?, begins))
}

/// `[section] key = value`, written wholly at `span`; the section's name just before it, so that the two differ.
pub(super) fn single<'s>(section: &'s str, key: &'s str, value: Node<'s>, span: Range<usize>) -> Tree<'s> {
    let before = span.start..span.start;
    let inner: Tree<'s> = [(Spanned::new(span.clone(), Cow::Borrowed(key)), value)].into_iter().collect();
    let table = Spanned::new(span, DeValue::Table(inner));
    [(Spanned::new(before, Cow::Borrowed(section)), table)].into_iter().collect()
}

/// Lays `over` on `under`, table by table; anything else replaces what was there.
pub(super) fn overlay<'s>(mut under: Tree<'s>, over: Tree<'s>) -> Tree<'s> {
    for (key, value) in over {
        let below = under.remove(key.get_ref().as_ref());
        let span = value.span();
        let merged = match (below.map(Spanned::into_inner), value.into_inner()) {
            (Some(DeValue::Table(below)), DeValue::Table(above)) => DeValue::Table(overlay(below, above)),
            (_, above) => above,
        };
        under.insert(key, Spanned::new(span, merged));
    }
    under
}

/// The value at a path such as `topic.2.feeds.0`.
pub(super) fn at<'t, 's>(tree: &'t Tree<'s>, path: &str) -> Option<&'t Node<'s>> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    rest.split('.').filter(|step| !step.is_empty()).try_fold(tree.get(first)?, |node, step| match node.get_ref() {
        DeValue::Table(table) => table.get(step),
        DeValue::Array(array) => array.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

/// A key or element that was taken out.
pub(super) struct Taken<'s> {
    /// What it was called: `relay.port`, `feed.url`, without the numbers of elements.
    pub path: String,
    pub node: Node<'s>,
    /// Where the table or list around it begins.
    pub around: Range<usize>,
}

/// Takes out the key that is written at `span`, or the smallest key or element that `span` is in.
pub(super) fn take<'s>(tree: &mut Tree<'s>, span: &Range<usize>, around: Range<usize>) -> Option<Taken<'s>> {
    let keys: Vec<_> = tree.keys().cloned().collect();
    for key in keys {
        let name = key.get_ref().as_ref();
        let node = tree.get_mut(name)?;
        let whole = key.span() == *span;
        if let Some(inner) = if whole { None } else { take_inside(node, span) } {
            let path = if inner.path.is_empty() { name.to_owned() } else { format!("{name}.{}", inner.path) };
            return Some(Taken { path, ..inner });
        }
        if whole || within(span, &node.span()) {
            return tree.remove(name).map(|node| Taken { path: name.to_owned(), node, around });
        }
    }
    None
}

fn take_inside<'s>(node: &mut Node<'s>, span: &Range<usize>) -> Option<Taken<'s>> {
    let around = node.span();
    match node.get_mut() {
        DeValue::Table(table) => take(table, span, around),
        DeValue::Array(array) => {
            if let Some(found) = array.iter_mut().find_map(|element| take_inside(element, span)) {
                return Some(found);
            }
            let place = array.iter().position(|element| within(span, &element.span()))?;
            let mut elements: Vec<Node<'s>> = std::mem::replace(array, DeArray::new()).into_iter().collect();
            let node = elements.remove(place);
            *array = elements.into_iter().collect();
            Some(Taken { path: String::new(), node, around })
        }
        _ => None,
    }
}

/// Whether one span is inside another.
pub(super) fn within(inner: &Range<usize>, outer: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

fn shifted(node: Node<'_>, by: usize) -> Node<'_> {
    let span = node.span();
    let value = match node.into_inner() {
        DeValue::Table(table) => DeValue::Table(shifted_table(table, by)),
        DeValue::Array(array) => DeValue::Array(array.into_iter().map(|element| shifted(element, by)).collect()),
        scalar => scalar,
    };
    Spanned::new(span.start + by..span.end + by, value)
}

fn shifted_table(table: Tree<'_>, by: usize) -> Tree<'_> {
    let moved = |span: Range<usize>| span.start + by..span.end + by;
    table
        .into_iter()
        .map(|(key, value)| (Spanned::new(moved(key.span()), key.into_inner()), shifted(value, by)))
        .collect()
}
