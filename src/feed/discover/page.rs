//! What an HTML page says of its feeds. It is looked through for two tags only, so nothing in it can cost more than its
//! length.

use url::Url;

use super::Offer;
use crate::feed::parse::unescape;

/// How much of a page is looked through: its head is where feeds are named.
const LOOKED_AT: usize = 1 << 20;
const MOST: usize = 50;

const TYPES: [&str; 7] = [
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
    "application/x.atom+xml",
    "application/xml",
    "text/xml",
];

/// The feeds that a page names, each once; those of comments, which few people mean, come last.
pub fn offers(html: &str, at: &Url) -> Vec<Offer> {
    let html = &html[..html.floor_char_boundary(LOOKED_AT)];
    let mut base = at.clone();
    let mut offers: Vec<Offer> = Vec::new();
    for tag in Tags(html) {
        match tag.name.as_str() {
            "base" => base = tag.get("href").and_then(|href| at.join(&href).ok()).unwrap_or(base),
            "link" if tag.is_feed() && offers.len() < MOST => {
                let url = tag.get("href").and_then(|href| base.join(href.trim()).ok());
                let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
                let known = |url: &Url| offers.iter().any(|offer| offer.url == *url);
                if let Some(url) = url.filter(|url| !known(url)) {
                    let title = tag.get("title").map(|title| title.split_whitespace().collect::<Vec<_>>().join(" "));
                    offers.push(Offer { url, title: title.filter(|title| !title.is_empty()) });
                }
            }
            _ => {}
        }
    }
    offers.sort_by_key(Offer::is_of_comments);
    offers
}

impl Offer {
    fn is_of_comments(&self) -> bool {
        let says = |text: &str| text.to_lowercase().contains("comment");
        says(self.url.path()) || self.title.as_deref().is_some_and(says)
    }
}

/// The tags of a page, one after another. What stands in comments, scripts and styles is none.
struct Tags<'a>(&'a str);

struct Tag<'a> {
    /// In lower case.
    name: String,
    attributes: &'a str,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            self.0 = &self.0[self.0.find('<')? + 1..];
            if let Some(comment) = self.0.strip_prefix("!--") {
                self.0 = comment.split_once("-->")?.1;
                continue;
            }
            let name = self.0.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
            let attributes = &self.0[name.len()..];
            let end = end(attributes);
            let tag = Tag { name: name.to_ascii_lowercase(), attributes: &attributes[..end] };
            self.0 = &attributes[end..];
            match tag.name.as_str() {
                "" => {}
                "script" | "style" | "textarea" | "title" => self.skip_to_end_of(&tag.name)?,
                _ => return Some(tag),
            }
        }
    }
}

impl Tags<'_> {
    fn skip_to_end_of(&mut self, name: &str) -> Option<()> {
        let mut rest = self.0;
        loop {
            rest = rest.split_once("</")?.1;
            if rest.get(..name.len()).is_some_and(|word| word.eq_ignore_ascii_case(name)) {
                self.0 = rest;
                return Some(());
            }
        }
    }
}

/// Where a tag ends: at the first `>` that is in no quotes.
fn end(attributes: &str) -> usize {
    let mut quote = None;
    for (i, c) in attributes.char_indices() {
        match (quote, c) {
            (None, '>') => return i,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    attributes.len()
}

impl Tag<'_> {
    fn is_feed(&self) -> bool {
        let kind = self.get("type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let rel = self.get("rel").unwrap_or_default().to_ascii_lowercase();
        let is = |word: &str| rel.split_whitespace().any(|one| one == word);
        (is("alternate") || is("feed")) && TYPES.contains(&kind.as_str()) || is("feed") && kind.is_empty()
    }

    /// The first attribute of this name.
    fn get(&self, wanted: &str) -> Option<String> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let name = &rest[..rest.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(rest.len())];
            let after = rest[name.len()..].trim_start();
            let (value, behind) = match after.strip_prefix('=') {
                Some(value) => value_of(value.trim_start()),
                None => ("", after),
            };
            if name.eq_ignore_ascii_case(wanted) {
                return Some(unescape(value));
            }
            // A stray `=` is a name of no length: it is passed over.
            rest = if behind.len() < rest.len() { behind } else { &rest[rest.ceil_char_boundary(1)..] };
        }
    }
}

fn value_of(text: &str) -> (&str, &str) {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        _ => text.split_at(text.find(char::is_whitespace).unwrap_or(text.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(html: &str) -> Vec<String> {
        let at = "https://paper.example.org/news/today".parse().unwrap();
        offers(html, &at).into_iter().map(|offer| offer.url.to_string()).collect()
    }

    #[test]
    fn a_page_names_its_feeds_in_its_own_way() {
        let html = r#"<!DOCTYPE html><HTML><head><title>a <link rel=alternate type=text/xml href=/no></title>
            <script>document.write('<link rel="alternate" type="application/rss+xml" href="/script">')</script>
            <!-- <link rel="alternate" type="application/rss+xml" href="/comment"> -->
            <link rel="alternate" type="application/rss+xml" title="Comments on all" href="/comments/feed">
            <link rel="alternate" hreflang="fr" href="/fr"><link rel="stylesheet" href="/x.css">
            <link rel="alternate" type="application/json" href="/wp-json/1">
            <LINK HREF='rss.xml?a=1&amp;b=2' TYPE='application/RSS+XML; charset=utf-8' REL='Alternate' title='News > all'/>
            <link type=application/atom+xml rel=alternate href=//feeds.example.org/atom>
            <link rel="alternate" type="application/rss+xml" href="rss.xml?a=1&b=2">
            <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">"#;
        assert_eq!(
            of(html),
            [
                "https://paper.example.org/news/rss.xml?a=1&b=2",
                "https://feeds.example.org/atom",
                "https://paper.example.org/comments/feed"
            ]
        );
        let based = "<base href='/other/'><link rel=feed href=f><link rel='alternate' type='text/xml' href='//'>";
        assert_eq!(of(based), ["https://paper.example.org/other/f"]);
    }

    #[test]
    fn no_page_is_too_broken_or_too_long_to_be_looked_through() {
        for odd in
            ["<", "<link", "<link =", "<link = = rel", "<link rel=\"", "<!--", "<script>", "<link é=é rel='x", "<é"]
        {
            assert_eq!(of(odd), Vec::<String>::new(), "{odd}");
        }
        assert_eq!(of(&"<link ".repeat(300_000)), Vec::<String>::new());
        assert_eq!(of(&format!("<link {}", "= ".repeat(300_000))), Vec::<String>::new());
    }
}
