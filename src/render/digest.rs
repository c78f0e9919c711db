//! What a digest says: an edition's articles under their topics, in one language, for one zone, without any reader.

use serde::Serialize;

use super::site::{Day, Moment, Site};
use crate::model::article::Image;
use crate::model::edition::Format;
use crate::model::language::Language;
use crate::model::slug::Slug;

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Digest {
    pub site: Site,
    pub language: Language,
    /// The name of the frequency in the reader's language: "Daily".
    pub frequency: String,
    /// The run's local date.
    pub date: Day,
    /// The page that shows this edition to anybody.
    pub edition_url: String,
    pub sections: Vec<Section>,
    /// All articles of the edition, those beyond the caps too; an article stands under one topic only.
    pub count: usize,
    /// The time it covers. None for a digest outside the runs.
    pub window: Option<Window>,
    /// The IANA name of the reader's zone; shown by its city.
    pub zone: String,
    /// When it was due, if it goes out late.
    pub late: Option<Moment>,
    /// Marks the subject, so that a trial is never taken for the real thing.
    pub test: bool,
    pub format: Format,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Section {
    pub topic: Slug,
    /// In the reader's language.
    pub name: String,
    pub articles: Vec<Item>,
    /// How many more the edition's page lists under this topic.
    pub more: usize,
}

/// An article, as a mail or page shows it: plain text throughout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub title: String,
    /// http or https. Without one the headline leads to the edition's page.
    pub link: Option<String>,
    pub summary: String,
    pub picture: Option<Image>,
    /// None counts as the site's.
    pub language: Option<Language>,
    /// Names in the reader's language.
    pub regions: Vec<String>,
    pub date: Option<Day>,
    /// Names of further topics of the reader it is filed under.
    pub also_in: Vec<String>,
    /// Taken back since: pages say so and show nothing else of it.
    pub withdrawn: bool,
}

impl Item {
    /// Its place, and nothing of what stood there.
    pub fn withdrawn() -> Self {
        Self {
            title: String::new(),
            link: None,
            summary: String::new(),
            picture: None,
            language: None,
            regions: vec![],
            date: None,
            also_in: vec![],
            withdrawn: true,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    pub from: Moment,
    pub to: Moment,
}
