//! Any bytes as a feed: read, then cleaned. What must hold of every entry and every article is in here.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tidings::feed::clean::{self, Limits};
use tidings::feed::{Entry, Text, parse};
use tidings::model::article::Story;
use url::Url;

const FIELD: usize = 1 << 20;

static BASE: LazyLock<Url> = LazyLock::new(|| Url::parse("https://news.example.org/feeds/all.xml").unwrap());

fuzz_target!(|body: &[u8]| {
    // The first byte chooses how the body arrives, so that this is explored too.
    let content_type = match body.first().map_or(0, |byte| byte % 4) {
        0 => None,
        1 => Some("application/rss+xml"),
        2 => Some("text/xml; charset=windows-1251"),
        _ => Some("application/feed+json; charset=utf-8"),
    };
    let Ok(document) = parse::document(body, content_type, Some(&BASE)) else { return };
    assert!(document.entries.len() <= 1000);
    for entry in &document.entries {
        check_entry(entry);
        check_story(&clean::story(entry, &Limits::default()));
        for text in texts(entry) {
            clean::html(text);
        }
    }
    document.to_json();
});

fn texts(entry: &Entry) -> impl Iterator<Item = &Text> {
    [&entry.summary, &entry.content].into_iter().flatten()
}

fn check_entry(entry: &Entry) {
    assert!(entry.tags.len() <= 64);
    let lines = [&entry.title, &entry.guid, &entry.author, &entry.link];
    for text in lines.into_iter().flatten().chain(&entry.tags).chain(texts(entry).map(|text| &text.value)) {
        assert!(text.len() <= FIELD);
        assert!(!text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')), "{text:?}");
    }
    entry.link.iter().for_each(|link| assert!(is_web(link), "{link}"));
}

fn check_story(story: &Story) {
    assert!(!story.title.is_empty() && story.title.chars().count() <= 300);
    assert!(story.summary.chars().count() <= Limits::default().summary);
    let lines = [&story.title, &story.summary].into_iter().chain(&story.author).chain(&story.categories);
    for line in lines {
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    story.link.iter().for_each(|link| assert!(is_web(link), "{link}"));
    story.image.iter().for_each(|image| assert!(image.url.starts_with("https://"), "{}", image.url));
}

fn is_web(link: &str) -> bool {
    Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}
