//! What an element means: the table of all the names under which feeds say the same thing.

use super::form::Form;
use super::namespace::Space;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Feed,
    Entry,
    /// A part that we read.
    Field(Field),
    /// Attributes say it all.
    Enclosure,
    MediaGroup,
    MediaContent,
    ItunesImage,
    /// About something else: not to be heard.
    Aside,
    Nothing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Title,
    MediaTitle,
    Link,
    Id,
    Published,
    Updated,
    Created,
    Category,
    /// Several tags, with commas between.
    Keywords,
    Author,
    Name,
    Email,
    /// In this form unless it says otherwise.
    Summary(Form),
    MediaDescription,
    Content(Form),
    MediaThumbnail,
    Language,
    TimeToLive,
}

impl Field {
    /// Prose may have markup in it, whether or not it says so.
    pub(super) fn is_prose(self) -> bool {
        matches!(self, Self::Title | Self::MediaTitle | Self::Summary(_) | Self::MediaDescription | Self::Content(_))
    }

    pub(super) fn form(self) -> Form {
        match self {
            Self::Summary(form) | Self::Content(form) => form,
            _ => Form::Plain,
        }
    }
}

/// `local` in lower case.
pub(super) fn meaning(space: Space, local: &str) -> Meaning {
    use Field::{
        Author, Category, Created, Email, Id, Keywords, Language, Link, MediaDescription, MediaThumbnail, MediaTitle,
        Name, Published, Summary, TimeToLive, Title, Updated,
    };
    use Space::{Core, DublinCore, Itunes, Media, Rdf, Terms, Xhtml};
    Meaning::Field(match (space, local) {
        (Core, "rss" | "rdf" | "feed" | "channel") | (Rdf, "rdf") => return Meaning::Feed,
        (Core, "item" | "entry") => return Meaning::Entry,
        (Core, "image" | "textinput" | "source" | "contributor" | "cloud" | "skiphours" | "skipdays")
        | (DublinCore, "contributor" | "publisher")
        | (Itunes, "owner") => return Meaning::Aside,
        (Core, "enclosure") => return Meaning::Enclosure,
        (Media, "group") => return Meaning::MediaGroup,
        (Media, "content") => return Meaning::MediaContent,
        (Itunes, "image") => return Meaning::ItunesImage,

        (Core | DublinCore | Terms, "title") => Title,
        (Media, "title") => MediaTitle,
        (Core, "link") => Link,
        (Core, "guid" | "id") => Id,
        (Core, "pubdate" | "published" | "issued") | (Terms, "issued") => Published,
        (Core, "updated" | "modified" | "lastbuilddate") | (DublinCore | Terms, "date") | (Terms, "modified") => {
            Updated
        }
        (Core, "created") | (Terms, "created") => Created,
        (Core, "category" | "keywords") | (DublinCore | Terms, "subject") | (Media | Itunes, "category") => Category,
        (Core, "tags") | (Media | Itunes, "keywords") => Keywords,
        (Core, "author" | "managingeditor") | (DublinCore, "creator" | "author") | (Itunes, "author") => Author,
        (Core, "name") => Name,
        (Core, "email") => Email,
        (Core | DublinCore, "description") => Summary(Form::Html),
        (Core, "summary" | "abstract") | (Itunes, "summary") | (Terms, "abstract") => Summary(Form::Plain),
        (Media, "description") => MediaDescription,
        (Core, "content") => Field::Content(Form::Plain),
        (Space::Content, "encoded") | (Core, "fullitem") => Field::Content(Form::Html),
        (Core | Xhtml, "body") => Field::Content(Form::Xhtml),
        (Media, "thumbnail") => MediaThumbnail,
        (Core | DublinCore, "language") => Language,
        (Core, "ttl") => TimeToLive,
        _ => return Meaning::Nothing,
    })
}
