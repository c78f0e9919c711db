//! What a feed and its topic are called, by the feed's title or, where that does not help, by its address.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;
use url::Url;

use crate::model::slug::Slug;

/// Letters of a slug at most: it stands in addresses that people read out.
const LONGEST: usize = 40;

/// Characters of a topic's name at most: it is a heading.
const LONGEST_NAME: usize = 60;

/// Parts of an address that many feeds have.
const SAID_BY_MANY: &[&str] = &[
    "all",
    "api",
    "atom",
    "blog",
    "categories",
    "category",
    "default",
    "feed",
    "feeds",
    "index",
    "latest",
    "main",
    "news",
    "podcast",
    "public",
    "rss",
    "rss2",
    "section",
    "subscribe",
    "tag",
    "tags",
    "topic",
    "topics",
    "xml",
];

/// The title in one line, else the words of the address.
pub fn name(title: Option<&str>, url: &Url) -> String {
    title.map(one_line).filter(|title| !title.is_empty()).unwrap_or_else(|| words_of(url))
}

/// Without line breaks and what else cannot be seen, and cut between two words.
pub fn one_line(title: &str) -> String {
    let mut line = String::new();
    for word in title.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if line.is_empty() {
            line.extend(word.chars().take(LONGEST_NAME));
        } else if line.chars().count() + 1 + word.chars().count() <= LONGEST_NAME {
            line = format!("{line} {word}");
        } else {
            break;
        }
    }
    line
}

/// A slug that nobody has yet, of the name or else the address; with a number behind it where it must be.
pub fn untaken(name: &str, url: &Url, taken: &mut BTreeSet<Slug>) -> anyhow::Result<Slug> {
    let of_address = slug(&words_of(url)).map_or_else(|| "news".to_owned(), String::from);
    untaken_or(name, &of_address, taken)
}

/// The same of a name that may have no letter a slug can have: then of `other`.
pub fn untaken_or(name: &str, other: &str, taken: &mut BTreeSet<Slug>) -> anyhow::Result<Slug> {
    let wanted = slug(name).map_or_else(|| other.to_owned(), String::from);
    let mut free = wanted.clone();
    let mut number = 1;
    loop {
        let slug: Slug = free.try_into()?;
        if taken.insert(slug.clone()) {
            return Ok(slug);
        }
        number += 1;
        free = format!("{wanted}-{number}");
    }
}

/// Words as a slug; None when there is no letter or digit in them that a slug can have.
pub fn slug(words: &str) -> Option<Slug> {
    let plain: String =
        words.nfkd().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).collect::<String>().to_lowercase();
    let mut slug = String::new();
    for word in plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if slug.is_empty() {
            slug.extend(word.chars().take(LONGEST));
        } else if slug.len() + 1 + word.len() <= LONGEST {
            slug = format!("{slug}-{word}");
        } else {
            break;
        }
    }
    slug.parse().ok()
}

/// The words in an address that tell it from others: the last part of its path that says something, else its host.
pub fn words_of(url: &Url) -> String {
    let parts = url.path_segments().into_iter().flatten();
    let telling = parts.map(without_ending).rfind(|part| {
        let is_code = part.len() <= 2 || part.bytes().all(|b| b.is_ascii_digit());
        !is_code && !SAID_BY_MANY.contains(&part.to_ascii_lowercase().as_str()) && slug(part).is_some()
    });
    let words = telling.map_or_else(|| host_words(url), |part| part.replace(['-', '_', '.', '+'], " "));
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn without_ending(part: &str) -> &str {
    match part.rsplit_once('.') {
        Some((stem, "xml" | "rss" | "atom" | "json" | "rdf" | "php" | "html")) => stem,
        _ => part,
    }
}

/// `www.news.example.org` → `news example`.
fn host_words(url: &Url) -> String {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.strip_prefix("www.").unwrap_or(name);
            name.rsplit_once('.').map_or(name, |(words, _)| words).replace('.', " ")
        }
        _ => "News".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_keeps_the_letters_it_can_have() {
        let of = |words: &str| slug(words).map(String::from);
        assert_eq!(of("Health News").as_deref(), Some("health-news"));
        assert_eq!(of("Santé — à l’étranger").as_deref(), Some("sante-a-l-etranger"));
        assert_eq!(
            of("UN News - Global perspective, human stories, every day").as_deref(),
            Some("un-news-global-perspective-human-stories")
        );
        assert_eq!(of(&"a".repeat(90)).map(|slug| slug.len()), Some(LONGEST));
        assert_eq!(of("الصحة"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn an_address_is_known_by_what_is_its_own() {
        let of = |url: &str| words_of(&url.parse().unwrap());
        assert_eq!(of("https://news.un.org/feed/subscribe/en/news/topic/health/feed/rss.xml"), "Health");
        assert_eq!(of("https://example.org/climate-change.xml"), "Climate change");
        assert_eq!(of("https://www.harbour.example.org/feed/"), "Harbour example");
        assert_eq!(of("http://127.0.0.1:8000/feed.xml"), "News");
    }
}
