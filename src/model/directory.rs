//! The names of topics, regions and frequencies by their numbers in the database.

use std::collections::HashMap;

use super::language::Language;
use super::slug::Slug;
use super::topic::{Names, name_in};

#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// Topics and regions.
    pub topics: HashMap<i64, Named>,
    pub frequencies: HashMap<i64, Named>,
}

#[derive(Debug, Clone)]
pub struct Named {
    pub slug: Slug,
    pub names: Names,
}

impl Named {
    pub fn in_language<'a>(&'a self, language: &Language, site: &Language) -> &'a str {
        name_in(&self.names, language, site, self.slug.as_str())
    }
}
