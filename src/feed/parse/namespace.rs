//! Which vocabulary an element is of: by the namespace's address, by its known aliases, by the prefix as a last resort.

/// The vocabularies that say something we want to hear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    /// RSS of any age, Atom, and elements in no namespace: feeds mix them freely.
    Core,
    DublinCore,
    Terms,
    Content,
    Media,
    Itunes,
    Xhtml,
    Rdf,
    Xml,
    /// Never wins over an element of the same name in another.
    Foreign,
}

pub(super) const ATOM: &str = "http://www.w3.org/2005/atom";

impl Space {
    pub(super) fn of_uri(uri: &str) -> Option<Self> {
        let lower = uri.trim().to_ascii_lowercase();
        let plain = lower.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches(['/', '#']);
        Some(match plain {
            "" => Self::Core,
            "www.w3.org/2005/atom" | "purl.org/atom/ns" | "purl.org/pie" | "purl.org/echo" | "example.com/necho" => {
                Self::Core
            }
            "uri/of/echo/namespace" | "example.com/newformat" => Self::Core,
            "purl.org/rss/1.0" | "my.netscape.com/rdf/simple/0.9" | "channel.netscape.com/rdf/simple/0.9" => Self::Core,
            "my.netscape.com/publish/formats/rss-0.91.dtd" | "purl.org/rss/1.0/modules/rss091" => Self::Core,
            "blogs.law.harvard.edu/tech/rss"
            | "cyber.law.harvard.edu/rss/rss.html"
            | "www.rssboard.org/rss-specification" => Self::Core,
            _ if plain.contains("backend.userland.com/rss") => Self::Core,
            "purl.org/dc/elements/1.1" | "purl.org/dc/elements/1.0" | "purl.org/metadata/dublin_core" => {
                Self::DublinCore
            }
            "purl.org/dc/terms" => Self::Terms,
            "purl.org/rss/1.0/modules/content" => Self::Content,
            "search.yahoo.com/mrss" | "www.rssboard.org/media-rss" => Self::Media,
            "www.itunes.com/dtds/podcast-1.0.dtd" | "example.com/dtds/podcast-1.0.dtd" => Self::Itunes,
            "www.w3.org/1999/xhtml" => Self::Xhtml,
            "www.w3.org/1999/02/22-rdf-syntax-ns" => Self::Rdf,
            "www.w3.org/xml/1998/namespace" => Self::Xml,
            _ => return None,
        })
    }

    /// For a prefix that nobody declared, or that was bound to an address we do not know.
    pub(super) fn of_prefix(prefix: &str) -> Self {
        match prefix {
            "atom" | "atom10" | "a10" | "rss" => Self::Core,
            "dc" => Self::DublinCore,
            "dcterms" => Self::Terms,
            "content" => Self::Content,
            "media" => Self::Media,
            "itunes" => Self::Itunes,
            "xhtml" => Self::Xhtml,
            "rdf" => Self::Rdf,
            "xml" => Self::Xml,
            _ => Self::Foreign,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_in_its_spellings() {
        for uri in ["http://www.w3.org/2005/Atom", "", "http://backend.userland.com/rss2", "http://purl.org/atom/ns#"] {
            assert_eq!(Space::of_uri(uri), Some(Space::Core), "{uri}");
        }
        assert_eq!(Space::of_uri("http://search.yahoo.com/mrss"), Some(Space::Media));
        assert_eq!(Space::of_uri("http://www.itunes.com/DTDs/PodCast-1.0.dtd"), Some(Space::Itunes));
        assert_eq!(Space::of_uri("http://example.org/ours"), None);
    }
}
