//! A start tag, read with patience: values without quotes, names in any case, a bounded number of attributes.

use quick_xml::events::BytesStart;

use super::chars;

/// More attributes than this on one element are not read.
const ATTRIBUTES: usize = 64;

pub(super) struct Tag<'a> {
    /// As written, prefix and all.
    pub name: &'a str,
    /// Names in lower case, values with references resolved.
    pub attributes: Vec<(String, String)>,
}

impl<'a> Tag<'a> {
    pub(super) fn of(start: &'a BytesStart<'_>) -> Self {
        let attributes = start
            .html_attributes()
            .with_checks(false)
            .take(ATTRIBUTES)
            .filter_map(Result::ok)
            .map(|attribute| {
                let name = String::from_utf8_lossy(attribute.key.into_inner()).to_ascii_lowercase();
                (name, chars::unescape(&String::from_utf8_lossy(&attribute.value)))
            })
            .collect();
        Self { name: std::str::from_utf8(start.name().into_inner()).unwrap_or_default(), attributes }
    }

    /// The value of an attribute, trimmed; None when it is absent.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim())
    }

    /// The same, but an empty value counts as none.
    pub(super) fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// By the local part of the name: `rdf:about` under any prefix.
    pub(super) fn local(&self, name: &str) -> Option<&str> {
        let local = |key: &str| key.rsplit_once(':').map_or(key == name, |(_, local)| local == name);
        self.attributes.iter().find(|(key, _)| local(key)).map(|(_, value)| value.trim()).filter(|v| !v.is_empty())
    }
}

/// `media:content` → (`media`, `content`).
pub(super) fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}
