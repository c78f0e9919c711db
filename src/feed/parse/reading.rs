//! From elements to entries: follows what opens and closes. Where each text goes is for [`filing`].

mod filing;

use url::Url;

use super::capture::Capture;
use super::dates;
use super::draft::Draft;
use super::elements::{Field, Meaning, meaning};
use super::form::Form;
use super::html::is_void;
use super::links;
use super::namespace::{ATOM, Space};
use super::pictures;
use super::scope::{Role, Scope};
use super::tag::{Tag, split};
use crate::feed::Document;
use crate::model::article::Image;

/// More entries than this are not read.
pub(super) const ENTRIES: usize = 1000;
/// What is said of a feed that has more.
pub(super) const TOO_MANY: &str = "it has more than 1,000 entries; those after them were not read";

pub(super) struct Reading {
    scope: Scope,
    captures: Vec<Capture>,
    feed: Draft,
    entry: Option<Draft>,
    document: Document,
    /// The root is Atom's: types are declared, so nothing is to be guessed.
    is_atom: bool,
    is_atom_1: bool,
    is_feed: bool,
    is_html: bool,
    has_too_many: bool,
    /// `media:content` and what stands in it.
    picture: pictures::Pending,
}

impl Reading {
    pub(super) fn new(base: Option<&Url>) -> Self {
        Self {
            scope: Scope::new(base),
            captures: Vec::new(),
            feed: Draft::default(),
            entry: None,
            document: Document::default(),
            is_atom: false,
            is_atom_1: false,
            is_feed: false,
            is_html: false,
            has_too_many: false,
            picture: pictures::Pending::default(),
        }
    }

    /// The first thing that was wrong is the one to tell.
    pub(super) fn damage(&mut self, what: &str) {
        self.document.damaged.get_or_insert_with(|| what.to_owned());
    }

    /// Nothing more will come of reading on.
    pub(super) fn is_over(&self) -> bool {
        self.is_html || self.has_too_many
    }

    /// None when it was no feed.
    pub(super) fn finish(mut self) -> Option<Document> {
        if self.is_html || !self.is_feed && self.document.entries.is_empty() && self.entry.is_none() {
            return None;
        }
        let (whole, is_torn) = (self.document.entries.len(), self.scope.depth() > 0 && !self.is_over());
        if is_torn {
            let innermost = self.scope.innermost().to_owned();
            self.damage(&format!("it ends in the middle of <{innermost}>"));
        }
        self.close_down_to(0);
        let mut document = self.document;
        if is_torn {
            // An entry without its end may lack its guid, or have half a link: it would be news, and again when it is whole.
            document.entries.truncate(whole);
            document.cut_short = true;
        }
        document.title = self.feed.take_title();
        document.link = self.feed.take_link();
        document.language = self.feed.language.take();
        for entry in &mut document.entries {
            entry.language = entry.language.take().or_else(|| document.language.clone());
        }
        Some(document)
    }

    pub(super) fn text(&mut self, text: &str) {
        let depth = self.scope.depth();
        if let Some(capture) = self.captures.last_mut() {
            // A picture that somebody put into a category is not the category.
            if !capture.field.is_prose() && self.scope.is_inside(Role::Aside) {
                return;
            }
            capture.push(text, depth.saturating_sub(capture.depth + 1));
        }
    }

    pub(super) fn start(&mut self, tag: &Tag, is_empty: bool) {
        let space = self.scope.enter(tag);
        let local = split(tag.name).1.to_ascii_lowercase();
        let meaning = meaning(space, &local);

        self.end_of_forgotten(meaning, &local);
        let in_prose = self.captures.last().is_some_and(|capture| capture.field.is_prose());
        if in_prose && !(meaning == Meaning::Entry && self.scope.is_inside(Role::Entry)) {
            return self.markup(tag, is_empty);
        }
        let depth = match meaning {
            Meaning::Entry => self.room_for_entry(),
            _ => self.scope.depth(),
        };
        let role = self.begin(tag, space, &local, meaning);
        if self.scope.push(tag.name, role) {
            if is_empty {
                self.close_down_to(depth);
            }
        } else {
            self.captures.retain(|capture| capture.depth < depth);
        }
    }

    /// A field that begins where only text may stand says that the end of the one before was forgotten.
    fn end_of_forgotten(&mut self, meaning: Meaning, local: &str) {
        let Some(capture) = self.captures.last().filter(|capture| capture.depth + 1 == self.scope.depth()) else {
            return;
        };
        let (at, in_title) = (capture.depth, capture.field == Field::Title);
        let begins = match meaning {
            Meaning::Enclosure => true,
            Meaning::Field(Field::Link | Field::Summary(_) | Field::Content(_)) => in_title,
            // HTML has no elements of these names.
            Meaning::Field(Field::Id) => local == "guid",
            Meaning::Field(Field::Published) => true,
            _ => false,
        };
        if begins && capture.may_be_cut() {
            let innermost = self.scope.innermost().to_owned();
            self.damage(&format!("<{innermost}> is not closed"));
            self.close_down_to(at);
        }
    }

    pub(super) fn end(&mut self, name: &str) {
        match self.scope.closed_by(name) {
            Some(at) => {
                if at + 1 < self.scope.depth() {
                    let innermost = self.scope.innermost().to_owned();
                    self.damage(&format!("<{innermost}> is not closed"));
                }
                self.close_down_to(at);
            }
            None if is_void(name) => {}
            None => self.damage(&format!("</{name}> closes nothing")),
        }
    }

    /// Markup inside prose is part of it.
    fn markup(&mut self, tag: &Tag, is_empty: bool) {
        let depth = self.scope.depth();
        let Some(capture) = self.captures.last_mut() else { return };
        capture.start(tag, depth.saturating_sub(capture.depth + 1));
        let name = split(tag.name).1;
        if is_void(name) {
            self.scope.forget(depth);
        } else if self.scope.push(tag.name, Role::Markup) {
            if is_empty {
                self.close_down_to(depth);
            }
        } else {
            capture.end(tag.name);
        }
    }

    /// An entry that begins where one is open, or inside an aside, says that the end of those was forgotten.
    fn room_for_entry(&mut self) -> usize {
        let in_the_way = [Role::Entry, Role::Aside].into_iter().filter_map(|role| self.scope.outermost(role)).min();
        if let Some(at) = in_the_way {
            let innermost = self.scope.innermost().to_owned();
            self.damage(&format!("<{innermost}> is not closed"));
            self.close_down_to(at);
        }
        self.scope.depth()
    }

    fn begin(&mut self, tag: &Tag, space: Space, local: &str, meaning: Meaning) -> Role {
        if self.scope.is_inside(Role::Aside) {
            return Role::Other;
        }
        match meaning {
            Meaning::Feed if !self.scope.is_inside(Role::Entry) => self.begin_feed(tag, local),
            Meaning::Entry => self.begin_entry(tag),
            Meaning::Field(field) => self.begin_field(tag, space, field),
            Meaning::Aside => Role::Aside,
            Meaning::Enclosure => {
                self.picture(pictures::enclosure(tag, "url", self.scope.base()));
                Role::Other
            }
            Meaning::ItunesImage => {
                self.picture(pictures::named(tag, "href", self.scope.base()));
                Role::Other
            }
            Meaning::MediaContent => {
                self.picture.content(tag, self.scope.base());
                Role::Media
            }
            Meaning::MediaGroup => Role::Media,
            Meaning::Feed | Meaning::Nothing => {
                self.is_html |= self.scope.depth() == 0 && !self.is_feed && local == "html";
                Role::Other
            }
        }
    }

    fn begin_feed(&mut self, tag: &Tag, local: &str) -> Role {
        if !self.is_feed {
            self.is_atom = local == "feed";
            let default =
                tag.attributes.iter().any(|(_, value)| value.trim().to_ascii_lowercase().ends_with(&ATOM[7..]));
            self.is_atom_1 = self.is_atom && default;
        }
        self.is_feed = true;
        if let Some(language) = self.scope.language() {
            self.feed.language.get_or_insert_with(|| language.to_owned());
        }
        if let Some(href) = tag.given("href") {
            let link = links::resolve(self.scope.base(), href);
            self.feed.link(link);
        }
        Role::Feed
    }

    fn begin_entry(&mut self, tag: &Tag) -> Role {
        if self.document.entries.len() >= ENTRIES {
            self.has_too_many = true;
            self.damage(TOO_MANY);
        }
        let mut draft = Draft::default();
        draft.language = self.scope.language().map(str::to_owned);
        if let Some(about) = tag.local("about") {
            draft.about = links::is_absolute(about).then(|| links::resolve(None, about)).flatten();
            draft.guid = Some(about.to_owned());
        }
        // CDF says these by attributes.
        draft.link(tag.given("href").and_then(|href| links::resolve(self.scope.base(), href)));
        draft.updated = tag.given("lastmod").and_then(dates::read);
        self.entry = Some(draft);
        Role::Entry
    }

    fn begin_field(&mut self, tag: &Tag, space: Space, field: Field) -> Role {
        match field {
            Field::Link if tag.given("href").is_some() => {
                self.link_element(tag);
                return Role::Other;
            }
            Field::Name | Field::Email if !self.scope.is_inside(Role::Author) => return Role::Other,
            Field::Category => {
                self.category(tag, space);
                // A label says it for readers; what stands in the element is then for machines.
                if tag.given("label").is_some() {
                    return Role::Other;
                }
            }
            Field::MediaThumbnail => self.picture(pictures::named(tag, "url", self.scope.base())),
            _ => {}
        }
        let permalink = !tag.get("ispermalink").is_some_and(|value| value.eq_ignore_ascii_case("false"));
        let form = if field.is_prose() { Form::declared(tag, field.form()) } else { Form::Plain };
        self.captures.push(Capture::new(field, self.scope.depth(), form, permalink));
        if field == Field::Author { Role::Author } else { Role::Field }
    }

    /// Atom's link: by attributes, in Atom or wherever it is borrowed.
    fn link_element(&mut self, tag: &Tag) {
        let rel = tag.given("rel").unwrap_or("alternate").to_ascii_lowercase();
        let kind = tag.given("type").unwrap_or("text/html").to_ascii_lowercase();
        let link = links::resolve(self.scope.base(), tag.given("href").unwrap_or_default());
        match rel.rsplit('/').next() {
            Some("alternate") => {
                let is_html = matches!(kind.as_str(), "html" | "xhtml" | "text/html" | "application/xhtml+xml");
                self.subject().alternate(link, is_html);
            }
            Some("enclosure") => self.picture(pictures::enclosure(tag, "href", self.scope.base())),
            _ => {}
        }
    }

    fn category(&mut self, tag: &Tag, space: Space) {
        let by_attribute = match space {
            Space::Itunes => tag.given("text"),
            _ => tag.given("label").or(tag.given("term")),
        };
        if let Some(name) = by_attribute {
            let name = name.to_owned();
            self.subject().tag(&name);
        }
    }

    fn picture(&mut self, image: Option<Image>) {
        if let (Some(image), Some(entry)) = (image, &mut self.entry) {
            entry.image(image);
        }
    }

    /// What is being spoken of.
    fn subject(&mut self) -> &mut Draft {
        self.entry.as_mut().unwrap_or(&mut self.feed)
    }

    fn close_down_to(&mut self, depth: usize) {
        while self.scope.depth() > depth {
            self.close();
        }
    }

    fn close(&mut self) {
        let at = self.scope.depth() - 1;
        if self.captures.last().is_some_and(|capture| capture.depth == at)
            && let Some(capture) = self.captures.pop()
        {
            self.file(capture);
        } else if let Some(capture) = self.captures.last_mut().filter(|capture| capture.field.is_prose()) {
            capture.end(self.scope.innermost());
        }
        match self.scope.pop() {
            Some(Role::Entry) => {
                if let Some(draft) = self.entry.take().filter(|_| !self.has_too_many) {
                    self.document.entries.push(draft.into_entry());
                }
            }
            Some(Role::Media) => {
                let image = self.picture.take();
                self.picture(image);
            }
            _ => {}
        }
    }
}
