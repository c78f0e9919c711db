//! As what a document gives itself out: `RSS 2.0`, `Atom 1.0`, `JSON Feed 1.1`. For people; nothing depends on it.

use super::parse;

/// How far into a document its root is looked for.
const HEAD: usize = 4096;

pub fn form(body: &[u8], content_type: Option<&str>) -> String {
    let text = parse::decode(&body[..body.len().min(HEAD)], content_type).into_owned();
    let lower = text.to_ascii_lowercase();
    let tag =
        |name: &str| lower.split_once(&format!("<{name}")).map(|(_, after)| after.split('>').next().unwrap_or(after));
    if text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']).starts_with('{') {
        let version = lower
            .split_once("jsonfeed.org/version/")
            .map_or("", |(_, after)| after.split(['"', '\\']).next().unwrap_or(""));
        return versioned("JSON Feed", version);
    }
    if let Some(rss) = tag("rss") {
        return versioned("RSS", attribute(rss, "version"));
    }
    if let Some(root) = tag("rdf:rdf").or_else(|| tag("rdf")) {
        return versioned("RSS", if root.contains("my.netscape.com") { "0.90" } else { "1.0" });
    }
    match tag("feed").or_else(|| lower.split_once(":feed").map(|(_, after)| after)) {
        Some(root) if root.contains("purl.org/atom") => versioned("Atom", "0.3"),
        Some(_) => versioned("Atom", "1.0"),
        None => "a feed without a root of its own".to_owned(),
    }
}

fn versioned(name: &str, version: &str) -> String {
    let version: String = version.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').take(10).collect();
    if version.is_empty() { format!("{name} (no version)") } else { format!("{name} {version}") }
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let value = tag.split_once(name).and_then(|(_, after)| after.trim_start().strip_prefix('='));
    value.and_then(|value| value.split(['"', '\'']).nth(1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_called_what_it_calls_itself() {
        for (body, name) in [
            ("<?xml version='1.0'?>\n<rss version=\"2.0\">", "RSS 2.0"),
            ("<RSS Version='0.91'>", "RSS 0.91"),
            ("<rss><channel>", "RSS (no version)"),
            ("<rdf:RDF xmlns='http://purl.org/rss/1.0/'>", "RSS 1.0"),
            ("<feed xmlns='http://www.w3.org/2005/Atom'>", "Atom 1.0"),
            ("<a:feed xmlns:a='http://www.w3.org/2005/Atom'>", "Atom 1.0"),
            ("<feed version='0.3' xmlns='http://purl.org/atom/ns#'>", "Atom 0.3"),
            ("{\"version\": \"https://jsonfeed.org/version/1.1\"}", "JSON Feed 1.1"),
            ("{\"version\": \"https:\\/\\/jsonfeed.org/version/1\"}", "JSON Feed 1"),
            ("<channel>", "a feed without a root of its own"),
        ] {
            assert_eq!(form(body.as_bytes(), None), name);
        }
    }
}
