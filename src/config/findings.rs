//! What is found wrong, or odd, once the values have been read: it has to do with more than one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::de::DeValue;

use super::problem::{ConfigErrors, Place, Problem};
use super::reader::{LeftOut, Reading};
use super::sources::Sources;
use super::suggest;
use super::tree::{self, Tree};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Names;

pub(super) struct Findings<'a> {
    sources: &'a Sources,
    tree: &'a Tree<'a>,
    problems: Vec<(Range<usize>, Problem)>,
    left_out: &'a [LeftOut],
    warnings: Vec<String>,
}

impl<'a> Findings<'a> {
    pub fn new(sources: &'a Sources, reading: &'a Reading<'a>) -> Self {
        let Reading { tree, problems, left_out, .. } = reading;
        Self { sources, tree, problems: problems.clone(), left_out, warnings: Vec::new() }
    }

    /// Something wrong at a path such as `relay.port` or `topic.2.feeds.0`. Not said where something could not be read:
    /// it may only follow from that.
    pub fn wrong(&mut self, path: &str, message: impl Into<String>) {
        let (span, place) = self.find(path);
        let unread = self.left_out.iter().any(|left| left.around == span && !span.is_empty());
        if !unread {
            self.problems.push((span, Problem { place, message: message.into() }));
        }
    }

    pub fn warn(&mut self, message: impl Into<String>) {
        self.warnings.push(message.into());
    }

    /// Whether the operator set it, be it to something that could not be read.
    pub fn given(&self, path: &str) -> bool {
        self.left_out.iter().any(|left| left.path == path)
            || tree::at(self.tree, path).is_some_and(|node| !self.sources.is_default(&node.span()))
    }

    /// Whether it is there, from whichever text, be it something that could not be read.
    pub fn has(&self, path: &str) -> bool {
        self.left_out.iter().any(|left| left.path == path) || tree::at(self.tree, path).is_some()
    }

    pub fn any_problem(&self) -> bool {
        !self.problems.is_empty()
    }

    pub fn into_warnings(self) -> Vec<String> {
        self.warnings
    }

    /// In the order of the text.
    pub fn into_errors(mut self) -> ConfigErrors {
        self.problems.sort_by_key(|(span, _)| span.start);
        ConfigErrors::Wrong(self.problems.into_iter().map(|(_, problem)| problem).collect())
    }

    /// The slugs declared in a list of tables, also of those whose other keys could not be read.
    pub fn slugs(&self, list: &str) -> Vec<&'a str> {
        let Some(DeValue::Array(tables)) = tree::at(self.tree, list).map(|node| node.get_ref()) else {
            return Vec::new();
        };
        let slug = |table: &'a tree::Node<'a>| table.get_ref().get("slug")?.get_ref().as_str();
        tables.iter().filter_map(slug).collect()
    }

    /// The first of each slug stands, the others are wrong.
    pub fn unique<'s>(&mut self, list: &str, slugs: impl Iterator<Item = &'s Slug>) {
        let mut seen = BTreeSet::new();
        for (i, slug) in slugs.enumerate() {
            if !seen.insert(slug) {
                self.wrong(&format!("{list}.{i}.slug"), format!("there is another {list} `{slug}` above"));
            }
        }
    }

    /// A slug that names nothing in `list`. Not said where one of the list could not be read: it may be that one.
    pub fn known(&mut self, path: &str, slug: &Slug, list: &str) {
        let known = self.slugs(list);
        let tables = format!("{list}.");
        let any_unread =
            self.left_out.iter().filter_map(|left| left.path.strip_prefix(&tables)).any(|rest| !rest.contains('.'));
        if !any_unread && !known.contains(&slug.as_str()) {
            let hint = suggest::nearest(slug.as_str(), known)
                .map_or(String::new(), |word| format!("; did you mean `{word}`?"));
            self.wrong(path, format!("there is no {list} `{slug}`{hint}"));
        }
    }

    /// Says which of the site's languages a name lacks.
    pub fn named(&mut self, list: &str, i: usize, slug: &Slug, names: &Names, languages: &[Language]) {
        if names.values().all(|name| name.trim().is_empty()) {
            self.wrong(&format!("{list}.{i}.name"), format!("{list} `{slug}` has no name in any language"));
            return;
        }
        let missing: Vec<&str> = languages.iter().filter(|l| !names.contains_key(l)).map(Language::as_str).collect();
        if !missing.is_empty() {
            self.warn(format!("{list} `{slug}` has no name in {}: another language's stands in", missing.join(", ")));
        }
    }

    /// Who gives something up says what becomes of its readers: (slug, successor, whether subscriptions end) of each.
    /// A successor may have one itself, so long as the last one stays.
    pub fn retiring<'s>(&mut self, list: &str, all: impl Iterator<Item = (&'s Slug, Option<&'s Slug>, bool)> + Clone) {
        let successors: BTreeMap<&Slug, &Slug> =
            all.clone().filter_map(|(slug, successor, _)| Some((slug, successor?))).collect();
        let over: BTreeSet<&Slug> = all.clone().filter(|(.., ends)| *ends).map(|(slug, ..)| slug).collect();
        for (i, (slug, successor, ends)) in all.enumerate() {
            let path = format!("{list}.{i}.replaced_by");
            let Some(successor) = successor else { continue };
            let line = line_of(slug, &successors);
            let last = *line.last().unwrap_or(&successor);
            if successor == slug {
                self.wrong(&path, format!("{list} `{slug}` cannot be replaced by itself"));
            } else if ends {
                self.wrong(
                    &path,
                    format!("{list} `{slug}` has both `replaced_by` and `end_subscriptions`: choose one"),
                );
            } else if successors.contains_key(last) {
                let circle: Vec<String> = line.iter().map(|slug| format!("`{slug}`")).collect();
                let message = "goes round in a circle, and its readers would arrive nowhere";
                self.wrong(&path, format!("`replaced_by` {message}: {}", circle.join(" → ")));
            } else if over.contains(last) {
                let message = format!("{list} `{last}`, which is to replace `{slug}`, is itself given up");
                self.wrong(&path, format!("{message}: name one that stays, or end the subscriptions here, too"));
            } else {
                self.known(&path, successor, list);
            }
        }
    }

    /// The key itself, else the table around it, else the file as a whole.
    fn find(&self, path: &str) -> (Range<usize>, Place) {
        let mut path = path;
        loop {
            if let Some(span) =
                tree::at(self.tree, path).map(|node| node.span()).filter(|s| !self.sources.is_default(s))
            {
                let place = self.sources.place(&span);
                return (span, place);
            }
            match path.rsplit_once('.') {
                Some((outer, _)) => path = outer,
                None => return (0..0, Place::File(self.sources.file().to_owned())),
            }
        }
    }
}

/// `slug`, its successor, its successor's …; it ends where one stays, or comes a second time.
fn line_of<'s>(slug: &'s Slug, successors: &BTreeMap<&'s Slug, &'s Slug>) -> Vec<&'s Slug> {
    let mut line = vec![slug];
    let mut last = slug;
    while let Some(next) = successors.get(last) {
        last = next;
        let again = line.contains(&last);
        line.push(last);
        if again {
            break;
        }
    }
    line
}
