//! HTML that may be looked at: for who tries out a feed and puts what it says into a page. Articles are text.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::depth::{self, Keep};
use crate::feed::document::{Text, TextKind};

/// More than the longest article has.
const REFERENCES: usize = 1 << 14;

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = ammonia::Builder::default();
    cleaner.url_schemes(HashSet::from(["http", "https", "mailto"]));
    cleaner.link_rel(None);
    cleaner
});

/// What an allow-list leaves of a text: nothing that acts, and no deeper than one can draw.
pub fn html(text: &Text) -> String {
    match text.kind {
        TextKind::Plain => text.value.clone(),
        TextKind::Html if !text.value.contains('<') => text.value.clone(),
        TextKind::Html => {
            let shallow = depth::limit(&text.value, Keep::Markup);
            CLEANER.clean(depth::with_references(&shallow, REFERENCES)).to_string()
        }
    }
}
