//! What is found wrong, or odd, once the values have been read: it has to do with more than one of them.

use std::collections::BTreeSet;
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

    /// A slug that names nothing in `list`.
    pub fn known(&mut self, path: &str, slug: &Slug, list: &str) {
        let known = self.slugs(list);
        if !known.contains(&slug.as_str()) {
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
    pub fn retiring<'s>(&mut self, list: &str, all: impl Iterator<Item = (&'s Slug, Option<&'s Slug>, bool)> + Clone) {
        let leaving: BTreeSet<&Slug> =
            all.clone().filter(|(_, successor, ends)| successor.is_some() || *ends).map(|(slug, ..)| slug).collect();
        for (i, (slug, successor, ends)) in all.enumerate() {
            let path = format!("{list}.{i}.replaced_by");
            let Some(successor) = successor else { continue };
            if successor == slug {
                self.wrong(&path, format!("{list} `{slug}` cannot be replaced by itself"));
            } else if ends {
                self.wrong(
                    &path,
                    format!("{list} `{slug}` has both `replaced_by` and `end_subscriptions`: choose one"),
                );
            } else if leaving.contains(successor) {
                self.wrong(&path, format!("{list} `{successor}`, which is to replace `{slug}`, is itself given up"));
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
