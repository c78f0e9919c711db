//! The elements that are open, and what they hand down: namespaces, `xml:base`, `xml:lang`.

use url::Url;

use super::namespace::Space;
use super::tag::{Tag, split};

/// Elements nested deeper than this are passed over, their text kept.
const DEPTH: usize = 200;
/// Namespaces declared at one time; more are not heard.
const BINDINGS: usize = 256;

/// What an open element is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// `rss`, `rdf:RDF`, `feed`, `channel`.
    Feed,
    Entry,
    /// A field whose text is being read.
    Field,
    /// `author`: a field that may have parts.
    Author,
    /// Says something about something else (`image`, `source`, `textInput` …): nothing in it is the feed's or the entry's.
    Aside,
    /// `media:content` and `media:group`: their description and title are those of a picture.
    Media,
    /// Markup inside a field.
    Markup,
    Other,
}

struct Open {
    name_at: usize,
    role: Role,
}

struct Binding {
    depth: usize,
    prefix: String,
    space: Space,
}

#[derive(Default)]
pub(super) struct Scope {
    /// Where the document came from.
    origin: Option<Url>,
    names: String,
    open: Vec<Open>,
    bindings: Vec<Binding>,
    bases: Vec<(usize, Url)>,
    languages: Vec<(usize, Option<String>)>,
    /// Start tags that were passed over because of [`DEPTH`].
    passed_over: usize,
}

impl Scope {
    pub(super) fn new(base: Option<&Url>) -> Self {
        Self { origin: base.cloned(), ..Self::default() }
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn base(&self) -> Option<&Url> {
        self.bases.last().map(|(_, base)| base).or(self.origin.as_ref())
    }

    pub(super) fn language(&self) -> Option<&str> {
        self.languages.last().and_then(|(_, language)| language.as_deref())
    }

    pub(super) fn is_inside(&self, role: Role) -> bool {
        self.open.iter().any(|open| open.role == role)
    }

    /// Where the outermost element of this role stands.
    pub(super) fn outermost(&self, role: Role) -> Option<usize> {
        self.open.iter().position(|open| open.role == role)
    }

    /// Hears what a tag declares, and says which vocabulary it is of. To be followed by [`Self::push`].
    pub(super) fn enter(&mut self, tag: &Tag) -> Space {
        let depth = self.depth();
        for (name, value) in &tag.attributes {
            match name.as_str() {
                "xmlns" => self.bind(depth, "", value),
                "xml:base" => self.rebase(depth, value.trim()),
                // CDF's way to say it.
                "base" if depth == 0 => self.rebase(depth, value.trim()),
                "xml:lang" => {
                    let language = value.trim().replace('_', "-");
                    self.languages.push((depth, (!language.is_empty()).then_some(language)));
                }
                _ => {
                    if let Some(prefix) = name.strip_prefix("xmlns:") {
                        self.bind(depth, prefix, value);
                    }
                }
            }
        }
        self.space(split(tag.name).0)
    }

    fn bind(&mut self, depth: usize, prefix: &str, uri: &str) {
        let unknown = || match prefix {
            // A feed whose root is in a vocabulary of its own means the usual one.
            "" if depth == 0 => Space::Core,
            "" => Space::Foreign,
            prefix => Space::of_prefix(prefix),
        };
        if self.bindings.len() < BINDINGS {
            let space = Space::of_uri(uri).unwrap_or_else(unknown);
            self.bindings.push(Binding { depth, prefix: prefix.to_owned(), space });
        }
    }

    fn rebase(&mut self, depth: usize, value: &str) {
        let base = match self.base() {
            Some(base) => base.join(value),
            None => Url::parse(value),
        };
        if let Ok(base) = base
            && matches!(base.scheme(), "http" | "https")
        {
            self.bases.push((depth, base));
        }
    }

    fn space(&self, prefix: &str) -> Space {
        let bound = self.bindings.iter().rev().find(|binding| binding.prefix.eq_ignore_ascii_case(prefix));
        match bound {
            Some(binding) => binding.space,
            None if prefix.is_empty() => Space::Core,
            None => Space::of_prefix(&prefix.to_ascii_lowercase()),
        }
    }

    /// Opens an element. False when it lies too deep, and is passed over.
    pub(super) fn push(&mut self, name: &str, role: Role) -> bool {
        if self.depth() >= DEPTH {
            self.passed_over += 1;
            self.forget(DEPTH);
            return false;
        }
        self.open.push(Open { name_at: self.names.len(), role });
        self.names.push_str(name);
        true
    }

    /// Which open element an end tag closes. None when it closes nothing.
    pub(super) fn closed_by(&mut self, name: &str) -> Option<usize> {
        let at = (0..self.depth()).rev().find(|&at| self.name(at).eq_ignore_ascii_case(name));
        if self.passed_over > 0 && at.is_none_or(|at| matches!(self.open[at].role, Role::Markup | Role::Other)) {
            self.passed_over -= 1;
            return None;
        }
        self.passed_over = 0;
        at
    }

    /// Closes the innermost element.
    pub(super) fn pop(&mut self) -> Option<Role> {
        let open = self.open.pop()?;
        self.names.truncate(open.name_at);
        self.forget(self.depth());
        Some(open.role)
    }

    /// What was declared by the element at `depth` goes out of scope.
    pub(super) fn forget(&mut self, depth: usize) {
        while self.bindings.last().is_some_and(|binding| binding.depth >= depth) {
            self.bindings.pop();
        }
        while self.languages.last().is_some_and(|&(at, _)| at >= depth) {
            self.languages.pop();
        }
        while self.bases.last().is_some_and(|&(at, _)| at >= depth) {
            self.bases.pop();
        }
    }

    pub(super) fn innermost(&self) -> &str {
        self.depth().checked_sub(1).map_or("", |at| self.name(at))
    }

    fn name(&self, at: usize) -> &str {
        let end = self.open.get(at + 1).map_or(self.names.len(), |next| next.name_at);
        &self.names[self.open[at].name_at..end]
    }
}
