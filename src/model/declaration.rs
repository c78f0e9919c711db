//! What the newsroom declares in its configuration, as the database is brought in line with it.

use super::language::Language;
use super::slug::Slug;
use super::topic::Facet;

#[derive(Debug, Clone, Default)]
pub struct Declaration {
    pub feeds: Vec<Feed>,
    /// Topics and regions, each facet in the order of the text.
    pub topics: Vec<(Facet, Slug)>,
    pub frequencies: Vec<Frequency>,
    /// Those that are given up, and what replaces each; nothing: its subscriptions end, a region leaves the choices.
    pub retired_topics: Vec<(Facet, Slug, Option<Slug>)>,
    pub retired_frequencies: Vec<(Slug, Option<Slug>)>,
    /// Over the text of all of it.
    pub fingerprint: String,
    /// Where it stands, for people.
    pub source: String,
}

#[derive(Debug, Clone)]
pub struct Feed {
    pub slug: Slug,
    pub url: String,
    pub language: Option<Language>,
}

#[derive(Debug, Clone)]
pub struct Frequency {
    pub slug: Slug,
    pub cron: String,
    pub hour_choice: bool,
    pub approve: bool,
}
