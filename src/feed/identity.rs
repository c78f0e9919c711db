//! Which entry is which: within its feed by a key that survives edits, across feeds by its canonical link.

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest;
use url::Url;

use super::document::Entry;

/// By what entries of a feed are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// guid, else canonical link, else a digest of title and summary. Never the title alone, never by chance.
    Guid,
    /// For feeds that give several entries one guid: guid and link together.
    GuidAndLink,
}

/// Keys are kept in an index: longer ones are digested.
const LONGEST: usize = 512;
/// The same for canonical links, in bytes: a row of PostgreSQL's index holds 2,704.
const LONGEST_LINK: usize = 2_000;

/// Parameters that say where a reader came from, not what is shown.
const TRACKING: [&str; 22] = [
    "_ga",
    "_hsenc",
    "_hsmi",
    "at_campaign",
    "at_medium",
    "cmpid",
    "dclid",
    "fbclid",
    "ftag",
    "gad_source",
    "gclid",
    "gclsrc",
    "igshid",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "msclkid",
    "ncid",
    "ref_src",
    "twclid",
    "wt_mc",
    "yclid",
];
const TRACKING_FAMILIES: [&str; 4] = ["utm_", "pk_", "mtm_", "hsa_"];

/// Paths under which a site shows the same page to who comes from a feed.
const VIEWS: [&str; 1] = ["/feed/view"];

/// What two addresses of one page have in common: a key, not something to show, and no longer than an index takes. None for
/// what is no web address.
pub fn canonical_link(link: &str) -> Option<String> {
    let (site, page) = canonical(link)?;
    let page = if site.len() + page.len() <= LONGEST_LINK { page } else { format!("/sha256:{}", sha256(&page)) };
    Some(site + &page)
}

/// Site and page.
fn canonical(link: &str) -> Option<(String, String)> {
    let mut url = Url::parse(link.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    // The parser has put host and scheme in lower case and dropped a default port.
    let port = url.port().filter(|port| !matches!(port, 80 | 443)).map(|port| format!(":{port}")).unwrap_or_default();
    url.set_fragment(None);
    let kept: Vec<&str> =
        url.query().into_iter().flat_map(|query| query.split('&')).filter(|p| !is_tracking(p)).collect();
    let query = if kept.is_empty() { String::new() } else { format!("?{}", kept.join("&")) };
    let host = url.host_str()?.trim_end_matches('.');
    Some((format!("https://{host}{port}"), format!("{}{query}", path(url.path()))))
}

/// Whether a canonical link leads to a site as a whole, not to a page of it.
pub fn is_front_page(canonical_link: &str) -> bool {
    !canonical_link.trim_start_matches("https://").contains(['/', '?'])
}

fn path(path: &str) -> &str {
    let beyond = |view: &&str| path.strip_prefix(*view).filter(|rest| rest.len() > 1 && rest.starts_with('/'));
    VIEWS.iter().find_map(beyond).unwrap_or(path).trim_end_matches('/')
}

fn is_tracking(parameter: &str) -> bool {
    let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
    name.is_empty()
        || TRACKING.contains(&name.as_str())
        || TRACKING_FAMILIES.iter().any(|start| name.starts_with(start))
}

/// A key that is the same whenever the feed shows the entry again.
pub fn key(entry: &Entry, policy: Policy) -> String {
    let link = entry.link.as_deref().and_then(canonical).map(|(site, page)| site + &page);
    match (entry.guid.as_deref(), link, policy) {
        (Some(guid), Some(link), Policy::GuidAndLink) => bounded("guid+link", &format!("{guid} {link}")),
        (Some(guid), _, _) => bounded("guid", guid),
        (None, Some(link), _) => bounded("link", &link),
        (None, None, _) => digested("text", &said(entry)),
    }
}

/// The policy for a feed whose document has these entries: more than one key in twenty that is missing or that names
/// two different entries, and guids are not to be trusted. There is no way back, or every entry would look new again.
pub fn policy(entries: &[Entry], so_far: Policy) -> Policy {
    if so_far == Policy::GuidAndLink {
        return so_far;
    }
    let mut distinct = HashSet::new();
    let mut uses: HashMap<String, usize> = HashMap::new();
    let (mut total, mut missing) = (0, 0);
    // Two exactly equal items are one.
    for entry in entries.iter().filter(|entry| distinct.insert((&entry.guid, &entry.link, said(entry)))) {
        total += 1;
        missing += usize::from(entry.guid.is_none() && entry.link.is_none());
        *uses.entry(key(entry, so_far)).or_default() += 1;
    }
    let repeated: usize = uses.values().map(|times| times - 1).sum();
    if (missing + repeated) * 20 > total { Policy::GuidAndLink } else { Policy::Guid }
}

fn said(entry: &Entry) -> String {
    let summary = entry.summary_or_content().map_or("", |text| &text.value);
    format!("{}\0{summary}", entry.title.as_deref().unwrap_or_default())
}

fn bounded(kind: &str, text: &str) -> String {
    if text.len() <= LONGEST { format!("{kind}:{text}") } else { digested(kind, text) }
}

fn digested(kind: &str, text: &str) -> String {
    format!("{kind}-sha256:{}", sha256(text))
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(guid: &str, link: &str, title: &str) -> Entry {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Entry { guid: given(guid), link: given(link), title: given(title), ..Entry::default() }
    }

    #[test]
    fn one_page_has_one_canonical_link() {
        for link in [
            "https://news.example.org/en/story/1",
            "http://News.Example.org:80/en/story/1/",
            "https://news.example.org/en/story/1?utm_source=rss&UTM_medium=x&fbclid=abc#top",
            "https://news.example.org/feed/view/en/story/1",
            " https://news.example.org./en/story/1? ",
        ] {
            assert_eq!(canonical_link(link).as_deref(), Some("https://news.example.org/en/story/1"), "{link}");
        }
        assert_eq!(canonical_link("https://a.example/x?id=7&utm_id=1&p=2").unwrap(), "https://a.example/x?id=7&p=2");
        assert_eq!(canonical_link("https://a.example:8443/X").unwrap(), "https://a.example:8443/X");
        assert_eq!(canonical_link("https://a.example/").unwrap(), "https://a.example");
        assert_eq!(canonical_link("https://a.example/feed/viewer").unwrap(), "https://a.example/feed/viewer");
        assert_eq!(canonical_link("mailto:a@example.org"), None);
        assert_eq!(canonical_link("story/1"), None);
    }

    #[test]
    fn a_canonical_link_is_never_longer_than_an_index_takes() {
        let long = |end: &str| canonical_link(&format!("https://a.example/{}{end}", "x".repeat(4_000))).unwrap();
        assert!(long("1").starts_with("https://a.example/sha256:") && long("1").len() < LONGEST_LINK);
        assert!(!is_front_page(&long("1")));
        assert_eq!(long("1"), long("1/#top"));
        assert_ne!(long("1"), long("2"));
        let fits = format!("https://a.example/{}", "x".repeat(LONGEST_LINK - 18));
        assert_eq!(canonical_link(&fits).unwrap(), fits);
    }

    #[test]
    fn a_front_page_is_no_article() {
        let is_front = |link: &str| is_front_page(&canonical_link(link).unwrap());
        assert!(is_front("http://a.example/") && is_front("https://a.example:8443#news"));
        assert!(!is_front("https://a.example/1") && !is_front("https://a.example/?p=1"));
    }

    #[test]
    fn a_key_is_the_guid_else_the_link_else_the_text() {
        let link = "http://a.example/1/";
        assert_eq!(key(&entry("x", link, "T"), Policy::Guid), "guid:x");
        assert_eq!(key(&entry("x", link, "T"), Policy::GuidAndLink), "guid+link:x https://a.example/1");
        assert_eq!(key(&entry("", link, "T"), Policy::Guid), "link:https://a.example/1");
        let text = key(&entry("", "", "T"), Policy::Guid);
        assert!(text.starts_with("text-sha256:") && text == key(&entry("", "", "T"), Policy::GuidAndLink));
        assert_ne!(text, key(&entry("", "", "U"), Policy::Guid));
        assert!(key(&entry(&"x".repeat(1 << 20), "", ""), Policy::Guid).len() < 100);
    }

    #[test]
    fn guids_that_repeat_are_not_trusted_again() {
        let good: Vec<_> = (0..40).map(|n| entry(&n.to_string(), "", "t")).collect();
        assert_eq!(policy(&good, Policy::Guid), Policy::Guid);
        assert_eq!(policy(&good, Policy::GuidAndLink), Policy::GuidAndLink);
        assert_eq!(policy(&[], Policy::Guid), Policy::Guid);

        let same: Vec<_> = (0..40).map(|n| entry("same", &format!("https://a.example/{n}"), "t")).collect();
        assert_eq!(policy(&same, Policy::Guid), Policy::GuidAndLink);

        let twins = vec![entry("1", "https://a.example/1", "t"); 40];
        assert_eq!(policy(&twins, Policy::Guid), Policy::Guid);

        let nameless: Vec<_> = (0..40).map(|n| entry("", "", &n.to_string())).collect();
        assert_eq!(policy(&nameless, Policy::Guid), Policy::GuidAndLink);
    }
}
