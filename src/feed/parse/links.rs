//! Addresses: made absolute, and only such as a reader can follow.

use url::Url;

/// http and https only. What is already absolute is left as it was written, unless a character in it has no place in
/// an address.
pub(super) fn resolve(base: Option<&Url>, raw: &str) -> Option<String> {
    let raw = raw.trim();
    if raw.is_empty() || raw.len() > 4096 {
        return None;
    }
    let url = match base {
        Some(base) => base.join(raw).ok()?,
        None => Url::parse(raw).ok()?,
    };
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return None;
    }
    let clean = raw.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\' | b'`'));
    Some(if clean && is_absolute(raw) { raw.to_owned() } else { url.into() })
}

pub(super) fn is_absolute(raw: &str) -> bool {
    let scheme = raw.trim().get(..8).or_else(|| raw.trim().get(..7)).unwrap_or_default().to_ascii_lowercase();
    scheme.starts_with("http://") || scheme.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absolute_address_stays_as_written() {
        for link in ["http://example.org", "https://Example.org/a?b=c&d#e", "HTTP://example.org/x"] {
            assert_eq!(resolve(None, &format!(" {link}\n")).as_deref(), Some(link));
        }
        assert_eq!(resolve(None, "http://example.org/a b\"c").as_deref(), Some("http://example.org/a%20b%22c"));
    }

    #[test]
    fn a_relative_one_needs_a_base_and_others_are_none() {
        let base = Url::parse("https://example.org/feed/rss.xml").unwrap();
        assert_eq!(resolve(Some(&base), "../a").as_deref(), Some("https://example.org/a"));
        assert_eq!(resolve(Some(&base), "//b.example/c").as_deref(), Some("https://b.example/c"));
        for bad in ["javascript:alert(1)", "data:text/html,x", "mailto:a@example.org", "", "http://"] {
            assert_eq!(resolve(Some(&base), bad), None, "{bad}");
        }
        assert_eq!(resolve(None, "/a"), None);
    }
}
