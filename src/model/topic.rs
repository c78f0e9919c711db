//! What people subscribe to, and the rule that files articles under it. A region is the same thing in a second facet.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::language::Language;
use super::slug::Slug;

/// A name in each language. The default language's stands in where one is missing.
pub type Names = BTreeMap<Language, String>;

/// Which entries belong. Every part that is given must hold; within `feeds`, `any_*` one hit is enough.
/// A rule with nothing in it matches nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    pub feeds: Vec<Slug>,
    pub any_category: Vec<String>,
    pub all_categories: Vec<String>,
    pub no_category: Vec<String>,
    pub any_word: Vec<String>,
    pub all_words: Vec<String>,
    pub no_word: Vec<String>,
    pub languages: Vec<Language>,
}

/// The two facets under which an article can be filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Facet {
    Topic,
    Region,
}

/// The name of a thing for a reader: in their language, else in the site's, else in any, else the slug.
pub fn name_in<'a>(names: &'a Names, language: &Language, site: &Language, slug: &'a str) -> &'a str {
    names.get(language).or_else(|| names.get(site)).or_else(|| names.values().next()).map_or(slug, String::as_str)
}
