//! The texts that mails and pages are made of, as an operator sees them: which there are, and whose is in force.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use super::error::TemplateError;
use super::shipped::{self, SHIPPED};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    /// Within the folder.
    pub path: String,
    pub kind: Kind,
    pub whose: Whose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Mail,
    Page,
    /// What all mails, or all pages, stand in.
    Frame,
    Style,
    /// A language's messages.
    Catalogue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Whose {
    Shipped,
    /// The operator's, in the place of the shipped one; a catalogue, over it.
    Yours,
    /// The operator's, where none is shipped.
    Added,
}

impl Kind {
    fn of(path: &str) -> Self {
        match path {
            _ if path.starts_with("locale/") => Self::Catalogue,
            _ if path.ends_with(".css") => Self::Style,
            _ if path.ends_with("/layout.html") => Self::Frame,
            _ if path.starts_with("mail/") => Self::Mail,
            _ => Self::Page,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Page => "page",
            Self::Frame => "frame",
            Self::Style => "style",
            Self::Catalogue => "catalogue",
        }
    }
}

impl Whose {
    pub fn word(self) -> &'static str {
        match self {
            Self::Shipped => "shipped",
            Self::Yours => "yours",
            Self::Added => "added by you",
        }
    }
}

/// All texts in force, by path. `folder` is the operator's.
pub fn in_force(folder: Option<&Path>) -> Result<Vec<Text>, TemplateError> {
    let over = folder.map(shipped::over).transpose()?.unwrap_or_default();
    let mut all: BTreeMap<String, Whose> =
        SHIPPED.iter().map(|(path, _)| ((*path).to_owned(), Whose::Shipped)).collect();
    for path in over.into_keys() {
        let whose = if all.contains_key(&path) { Whose::Yours } else { Whose::Added };
        all.insert(path, whose);
    }
    Ok(all.into_iter().map(|(path, whose)| Text { kind: Kind::of(&path), path, whose }).collect())
}

/// The shipped texts that a name means: that of one, or the folder of several (`mail/digest`); path and text.
pub fn shipped(name: &str) -> Vec<(&'static str, &'static str)> {
    let name = name.trim_end_matches('/');
    let within = |path: &str| path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    SHIPPED.iter().copied().filter(|(path, _)| within(path)).collect()
}

/// Paths of all shipped texts.
pub fn paths() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(path, _)| *path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_operators_where_it_lies_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["mail/digest/subject.txt", "locale/sw.toml", "pages/about.html"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        let texts = in_force(Some(folder.path())).unwrap();
        let whose = |path: &str| texts.iter().find(|text| text.path == path).map(|text| (text.kind, text.whose));
        assert_eq!(whose("mail/digest/subject.txt"), Some((Kind::Mail, Whose::Yours)));
        assert_eq!(whose("pages/about.html"), Some((Kind::Page, Whose::Added)));
        assert_eq!(whose("mail/layout.html"), Some((Kind::Frame, Whose::Shipped)));
        assert_eq!(whose("pages/style.css"), Some((Kind::Style, Whose::Shipped)));
        assert_eq!(whose("locale/en.toml"), Some((Kind::Catalogue, Whose::Shipped)));
    }

    #[test]
    fn a_name_means_a_text_or_a_folder_of_them() {
        let meant = |name: &str| shipped(name).into_iter().map(|(path, _)| path).collect::<Vec<_>>();
        assert_eq!(meant("mail/layout.html"), ["mail/layout.html"]);
        assert_eq!(
            meant("mail/confirm/"),
            ["mail/confirm/body.html", "mail/confirm/body.txt", "mail/confirm/subject.txt"]
        );
        assert_eq!(meant("mail/con"), [""; 0]);
    }
}
