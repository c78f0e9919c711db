//! Writing: OPML 2.0, each folder an outline with its feeds in it, and those in no folder behind them.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::{Folder, Outline};

/// As whom our own attributes are known; there is nothing at the other end.
const OURS: &str = "urn:x-tidings:feeds";

pub fn write(title: &str, feeds: &[Outline]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\" xmlns:tidings=\"{OURS}\">\n\
         <head><title>{}</title></head>\n<body>\n",
        escape(printable(title))
    );
    for folder in folders(feeds) {
        let slug = folder.slug.as_ref().map(|slug| format!(" tidings:slug=\"{slug}\"")).unwrap_or_default();
        let _ = writeln!(text, "<outline text=\"{}\"{slug}>", escape(printable(&folder.name)));
        for feed in feeds.iter().filter(|feed| feed.folders.contains(folder)) {
            let _ = writeln!(text, "  {}", outline(feed));
        }
        text.push_str("</outline>\n");
    }
    for feed in feeds.iter().filter(|feed| feed.folders.is_empty()) {
        let _ = writeln!(text, "{}", outline(feed));
    }
    text.push_str("</body>\n</opml>\n");
    text
}

fn folders(feeds: &[Outline]) -> Vec<&Folder> {
    let mut folders: Vec<&Folder> = Vec::new();
    for folder in feeds.iter().flat_map(|feed| &feed.folders) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

fn outline(feed: &Outline) -> String {
    let mut text = String::from("<outline type=\"rss\"");
    let mut put = |name: &str, value: &str| {
        let _ = write!(text, " {name}=\"{}\"", escape(printable(value)));
    };
    let title = feed.title.as_deref().unwrap_or(feed.url.as_str());
    put("text", title);
    put("title", title);
    put("xmlUrl", feed.url.as_str());
    if let Some(language) = &feed.language {
        put("language", language.as_str());
    }
    if let Some(slug) = &feed.slug {
        put("tidings:slug", slug.as_str());
    }
    if feed.allow_private {
        put("tidings:private", "true");
    }
    if let Some(interval) = feed.interval {
        put("tidings:interval", &interval.as_secs().to_string());
    }
    text.push_str("/>");
    text
}

/// Without what XML cannot have.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect()
}
