//! The paper is in order, its documents say what it says, and what it expects follows from what it serves.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::Event;
use serde::Deserialize;
use unicode_normalization::is_nfc;

use super::*;
use crate::feed::fetch::{Answer, FetchError, Fetcher, Limits, Request};
use crate::model::slug::Slug;
use crate::model::topic::{Names, Rule};

const BASE: &str = "http://127.0.0.1:9";

fn noon() -> DateTime<Utc> {
    "2026-03-02T12:00:00Z".parse().unwrap()
}

fn language(tag: &str) -> Language {
    tag.parse().unwrap()
}

/// What a plain reader finds in an item: text by element, and categories.
#[derive(Debug, Default)]
struct Item {
    text: BTreeMap<String, String>,
    categories: Vec<String>,
}

/// A strict reading of RSS or Atom: every element closed, every reference known.
fn items(document: &str) -> Vec<Item> {
    let mut reader = Reader::from_str(document);
    let (mut items, mut path, mut text) = (Vec::<Item>::new(), Vec::<String>::new(), String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = String::from_utf8(start.name().as_ref().to_vec()).unwrap();
                if matches!(name.as_str(), "item" | "entry") {
                    items.push(Item::default());
                }
                path.push(name);
                text.clear();
            }
            Event::Empty(empty) => {
                let attribute = |name: &str| empty.try_get_attribute(name).unwrap();
                let value = |name: &str| {
                    attribute(name).map(|a| unescape(str::from_utf8(&a.value).unwrap()).unwrap().into_owned())
                };
                if let Some(item) = items.last_mut() {
                    item.categories.extend(value("term"));
                    item.text.extend(value("href").map(|href| ("link".to_owned(), href)));
                }
            }
            Event::Text(piece) => text.push_str(str::from_utf8(&piece).unwrap()),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", str::from_utf8(&name).unwrap());
                text.push_str(&unescape(&reference).unwrap());
            }
            Event::End(_) => {
                let name = path.pop().unwrap();
                if let Some(item) = items.last_mut().filter(|_| path.iter().any(|p| p == "item" || p == "entry")) {
                    match name.as_str() {
                        "category" => item.categories.push(text.clone()),
                        _ => drop(item.text.insert(name, text.clone())),
                    }
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty(), "{path:?} not closed");
    items
}

fn json_items(document: &str) -> Vec<Item> {
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    assert_eq!(document["version"], "https://jsonfeed.org/version/1.1");
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let item = |item: &serde_json::Value| Item {
        text: [("title", "title"), ("link", "url"), ("summary", "content_text")]
            .map(|(name, key)| (name.to_owned(), text(&item[key])))
            .into(),
        categories: item["tags"].as_array().unwrap().iter().map(text).collect(),
    };
    document["items"].as_array().unwrap().iter().map(item).collect()
}

fn read(newsroom: &Newsroom, feed: &Feed) -> Vec<Item> {
    let document = newsroom.document(feed, BASE).unwrap();
    match feed.format {
        Format::Json => json_items(&document.body),
        _ => items(&document.body),
    }
}

#[test]
fn the_paper_is_large_enough_and_hangs_together() {
    let newsroom = Newsroom::load(noon());
    let Newsroom { paper, articles, .. } = &newsroom;
    assert!(paper.topic.len() >= 8 && paper.region.len() >= 3 && articles.len() >= 60);

    let slugs = |places: &[paper::Place]| places.iter().map(|p| p.slug.clone()).collect::<HashSet<_>>();
    let (topics, regions) = (slugs(&paper.topic), slugs(&paper.region));
    let mut seen = HashSet::new();
    for article in articles {
        let Article { slug, title, summary, .. } = article;
        assert!(seen.insert(title) && slug.parse::<Slug>().is_ok(), "{slug}");
        assert!(!article.topics.is_empty() && article.topics.iter().all(|t| topics.contains(t)), "{slug}");
        assert!(article.regions.iter().all(|r| regions.contains(r)), "{slug}");
        for text in [title, summary] {
            // What a cleaning parser would change could not be found again.
            let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(!text.is_empty() && is_nfc(text) && *text == folded, "{slug}");
        }
        assert!(title.chars().count() <= 300);
    }
    for place in paper.topic.iter().chain(&paper.region) {
        assert_eq!(place.name.len(), 3, "{}", place.slug);
    }
}

#[test]
fn every_topic_has_old_and_new_in_each_language_that_its_feeds_have() {
    let newsroom = Newsroom::load(noon());
    for topic in &newsroom.paper.topic {
        for tag in ["en", "fr", "ar"] {
            let here =
                newsroom.articles.iter().filter(|a| a.language == language(tag) && a.topics.contains(&topic.slug));
            let (old, new): (Vec<_>, Vec<_>) = here.partition(|article| article.hours.is_some());
            let english_only = topic.slug == "science" && tag != "en";
            assert_eq!((old.is_empty(), new.is_empty()), (english_only, english_only), "{} {tag}", topic.slug);
        }
    }
}

#[test]
fn every_feed_carries_its_titles_links_texts_and_categories_unharmed() {
    let newsroom = Newsroom::load(noon());
    newsroom.publish(noon());
    let mut carried = HashSet::new();

    for feed in newsroom.paper.feed.iter().filter(|feed| feed.format != Format::Gone) {
        let (entries, items) = (newsroom.entries(feed), read(&newsroom, feed));
        assert!(!entries.is_empty(), "{}", feed.slug);
        assert_eq!(entries.len(), items.len(), "{}", feed.slug);
        for ((article, date), item) in entries.into_iter().zip(items) {
            assert!(date <= noon());
            assert_eq!(item.text["title"], article.title);
            assert_eq!(item.text["link"], format!("{BASE}/{}/{}", article.language, article.slug));
            let summary = item.text.get("summary").cloned();
            let html = || unescape(&item.text["description"]).unwrap().into_owned();
            assert_eq!(summary.unwrap_or_else(html), article.summary);
            assert_eq!(item.categories.len(), article.topics.len() + article.regions.len(), "{}", article.slug);
            carried.insert(article.title);
        }
    }
    assert_eq!(carried.len(), newsroom.articles.len(), "no article is left out");
}

#[test]
fn the_titles_that_break_things_are_there() {
    let newsroom = Newsroom::load(noon());
    let new = |tag| newsroom.expected(&language(tag), &["health", "climate", "science", "economy", "culture"], &[]);
    let (english, arabic) = (new("en").join("\n"), new("ar").join("\n"));
    for hard in ["&", "<", "\"", "🏮"] {
        assert!(english.contains(hard), "{hard}");
    }
    assert!(arabic.contains("«Calder Yard»"));
}

#[test]
fn new_articles_come_out_when_published_and_only_once() {
    let newsroom = Newsroom::load(noon());
    let before = newsroom.articles();
    newsroom.publish(noon() + TimeDelta::hours(2));
    newsroom.publish(noon() + TimeDelta::hours(9));
    assert!(newsroom.articles() >= before + 20);

    let newest = newsroom.articles.iter().filter_map(|article| newsroom.date(article)).max().unwrap();
    assert!(newest <= noon() + TimeDelta::hours(2));
}

#[test]
fn a_reader_expects_their_language_their_regions_and_each_article_once() {
    let newsroom = Newsroom::load(noon());
    let of = |tag, topics: &[&str], regions: &[&str]| newsroom.expected(&language(tag), topics, regions);

    assert_eq!(
        of("en", &["culture"], &[]),
        ["Pupils publish a dictionary of harbour slang", "Lantern night returns to the quay 🏮🌊"]
    );
    assert_eq!(of("en", &["culture", "education"], &["coast"]).len(), 2, "one is in both topics");
    assert_eq!(of("ar", &["climate"], &["islands"]), ["سكان جزر أورين يصوّتون لنقل المقبرة إلى أعلى التل"]);
    assert_eq!(of("fr", &["science"], &[]), of("en", &["science"], &[]), "no French feed has it");
    assert_eq!(of("fr", &["science", "climate"], &[]).len(), of("en", &["science"], &[]).len() + 1);
    assert!(of("en", &["culture"], &["plain"]).is_empty());
    assert!(of("en", &[], &[]).is_empty());
}

/// The tables as the configuration will read them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    feed: Vec<Declared>,
    topic: Vec<Facet>,
    region: Vec<Facet>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Declared {
    slug: Slug,
    url: String,
    language: Language,
    allow_private: bool,
}

#[derive(Deserialize)]
struct Facet {
    slug: Slug,
    name: Names,
    #[serde(flatten)]
    rule: Rule,
}

#[test]
fn its_rules_file_every_entry_where_the_paper_puts_it() {
    let newsroom = Newsroom::load(noon());
    newsroom.publish(noon());
    let tables: Tables = toml::from_str(&newsroom.config(BASE)).unwrap();
    assert_eq!(tables.feed.len(), newsroom.feeds());
    assert!(tables.feed.iter().all(|feed| feed.allow_private && feed.url == format!("{BASE}/feeds/{}", feed.slug)));
    assert!(tables.topic.iter().chain(&tables.region).all(|facet| facet.name.len() == 3));
    assert!(tables.feed.iter().any(|feed| feed.language == language("ar")));

    let mut filed: BTreeMap<String, HashSet<&str>> = BTreeMap::new();
    for feed in newsroom.paper.feed.iter().filter(|feed| feed.format != Format::Gone) {
        for (article, _) in newsroom.entries(feed) {
            let categories = newsroom.categories(&article);
            for Facet { slug, rule, .. } in tables.topic.iter().chain(&tables.region) {
                let by_feed = rule.feeds.iter().any(|declared| declared.as_str() == feed.slug);
                let by_category = rule.any_category.iter().any(|name| categories.contains(name.as_str()));
                if by_feed || by_category {
                    filed.entry(article.title.clone()).or_default().insert(slug.as_str());
                }
            }
        }
    }
    for article in &newsroom.articles {
        let meant: HashSet<&str> = article.topics.iter().chain(&article.regions).map(String::as_str).collect();
        assert_eq!(filed[article.title.as_str()], meant, "{}", article.slug);
    }
}

#[tokio::test]
async fn over_http_the_first_fetch_sees_the_backlog_and_the_next_the_new_ones() {
    let newsroom = Arc::new(Newsroom::load(noon()));
    let (address, task) = Arc::clone(&newsroom).serve().await.unwrap();
    let fetcher =
        Fetcher::open("Tidings/test", Limits { pause: std::time::Duration::ZERO, ..Limits::default() }).unwrap();
    let fetch = async |path: &str, etag: Option<String>| {
        let url = format!("http://{address}{path}").parse().unwrap();
        fetcher.fetch(&Request { url, etag, last_modified: None, allow_private: true }).await
    };
    let entries = async |etag: Option<String>| match fetch("/feeds/city-en", etag).await.unwrap() {
        Answer::Document { body, etag, .. } => Some((items(str::from_utf8(&body).unwrap()).len(), etag)),
        Answer::Unchanged { .. } => None,
    };

    let (backlog, etag) = entries(None).await.unwrap();
    assert_eq!(entries(etag.clone()).await, None);
    newsroom.publish(noon());
    let (all, etag) = entries(etag).await.unwrap();
    assert!(all > backlog);

    assert!(newsroom.bring_out("A headline & mine", "economy", &language("en"), noon()));
    let (with_mine, _) = entries(etag).await.unwrap();
    assert_eq!(with_mine, all + 1);
    assert!(matches!(fetch("/en/your-story-1", None).await, Ok(Answer::Document { .. })));
    assert!(!newsroom.bring_out("Nobody carries this", "science", &language("fr"), noon()));

    assert!(matches!(fetch("/feeds/nothing", None).await, Err(FetchError::NotFound { .. })));
    assert!(matches!(fetch("/feeds/old-gazette", None).await, Err(FetchError::Gone { .. })));
    assert!(matches!(fetch("/en/lantern-night", None).await, Ok(Answer::Document { .. })));
    task.abort();
}
