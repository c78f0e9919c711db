//! `tidings topic match`: which topics an item goes to, why, and who would get it when.

use std::fs;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::commands::{configuration, house};
use crate::house::{Done, House, free_port};
use crate::newsroom::{Newsroom, rss};

fn at(house: &House, time: &str, command: &[&str]) -> Done {
    let time = format!("2026-03-02 {time}");
    let command: Vec<&str> = command.iter().copied().chain(["--at", &time]).collect();
    house.tidings(&command)
}

/// A house with two readers of health whose feed was fetched once.
fn with_readers(newsroom: &Newsroom) -> House {
    newsroom.publish("An old story");
    let house = house(newsroom);
    for reader in ["one@example.org", "two@example.org"] {
        at(&house, "07:00", &["subscriber", "add", reader, "--topic", "health"]).ended(0);
    }
    at(&house, "07:00", &["feed", "fetch"]).ended(0);
    house
}

/// A document that says it comes from there, with one item of these tags.
fn save(house: &House, host: &str, tags: &[&str]) {
    let tags: String = tags.iter().map(|tag| format!("<category>{tag}</category>")).collect();
    let text = format!(
        "<rss version=\"2.0\"><channel><title>News</title><link>http://{host}/</link><item><title>Rain at last</title>\
         <link>https://news.example.org/rain</link>{tags}</item></channel></rss>"
    );
    fs::write(house.folder().join("feed.xml"), text).unwrap();
}

#[test]
fn a_document_is_matched_and_its_readers_are_counted() {
    let newsroom = Newsroom::open();
    let house = with_readers(&newsroom);
    save(&house, "127.0.0.1", &["Health", "Africa"]);
    let told = at(&house, "05:30", &["topic", "match", "feed.xml"]).ended(0);
    assert_snapshot!(told.err, @"read as the document of the feed `news`");
    assert_snapshot!(told.out, @r#"
    Rain at last
      https://news.example.org/rain
      topic health: it has the category "Health"
      region africa: it has the category "Africa"
      2 readers, daily at 8 o'clock in UTC: 2026-03-02 08:00 UTC (in 2 hours)
    "#);
    save(&house, "127.0.0.1", &["Africa"]);
    let told = at(&house, "05:30", &["topic", "match", "feed.xml", "--feed", "news", "--json"]).json();
    let africa = json!({"slug": "africa", "why": "it has the category \"Africa\"", "filed": true});
    assert_eq!(
        told,
        json!({"feed": "news", "items": [{
            "title": "Rain at last", "link": "https://news.example.org/rain", "article": null, "state": null,
            "topics": [], "regions": [africa], "readers": 0, "runs": [],
        }]})
    );
    let told = at(&house, "05:30", &["topic", "match", "feed.xml", "-q"]).ended(0).out;
    assert!(told.ends_with("nobody gets it: no topic takes it, and a region only narrows\n"), "{told}");
    assert_eq!(house.tidings(&["status", "--json"]).json()["articles"], 1, "it collects nothing");
}

#[test]
fn what_was_collected_is_found_by_its_link_or_its_feed() {
    let newsroom = Newsroom::open();
    let house = with_readers(&newsroom);
    newsroom.publish("A clinic opens");
    at(&house, "07:30", &["feed", "fetch"]).ended(0);

    let told = at(&house, "05:30", &["topic", "match", "https://news.example.org/1/?utm_source=x"]).ended(0).out;
    assert_snapshot!(told, @r#"
    A clinic opens
      https://news.example.org/1
      article 2, new
      topic health: it has the category "Health"
      2 readers, daily at 8 o'clock in UTC: 2026-03-02 08:00 UTC (in 2 hours)
    "#);
    let told = at(&house, "05:30", &["topic", "match", &newsroom.url()]).ended(0).out;
    assert_snapshot!(told, @r#"
    A clinic opens
      https://news.example.org/1
      article 2, new
      topic health: it has the category "Health"
      2 readers, daily at 8 o'clock in UTC: 2026-03-02 08:00 UTC (in 2 hours)

    An old story
      https://news.example.org/0
      article 1, archive
      topic health: it has the category "Health"
      nobody gets it: it came for the archive only, as with the first fetch of its feed
    "#);
    let told = at(&house, "05:30", &["topic", "match", &newsroom.url(), "--json"]).json();
    let readers: Vec<&Value> = told["items"].as_array().unwrap().iter().map(|item| &item["readers"]).collect();
    assert_eq!(readers, [2, 0]);
    assert_eq!(told["items"][0]["runs"][0]["at"], "2026-03-02T08:00:00Z");
}

#[test]
fn a_rule_can_be_tried_before_it_is_in_force() {
    let newsroom = Newsroom::open();
    let house = with_readers(&newsroom);
    save(&house, "127.0.0.1", &["Health"]);
    let more = "\n[[topic]]\nslug = \"rain\"\nname = { en = \"Rain\" }\nany_word = [\"rain\"]\n";
    house.configure(&format!("{}{more}", configuration(&newsroom, free_port())));
    let told = at(&house, "05:30", &["topic", "match", "feed.xml"]).ended(0);
    assert!(told.err.contains("this configuration is not in force yet"), "{}", told.err);
    assert!(told.out.contains("  topic rain: it has the word \"rain\"\n  2 readers, daily"), "{}", told.out);
    assert_eq!(
        at(&house, "05:30", &["status", "--json"]).json()["needs_you"].as_array().unwrap().len(),
        1,
        "nor is it now"
    );
}

#[test]
fn what_cannot_be_matched_says_what_to_type() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let unknown = "https://elsewhere.example.org/rss.xml";
    assert_snapshot!(house.tidings(&["topic", "match", unknown]).ended(4).err, @r"
    error: https://elsewhere.example.org/rss.xml is neither a feed of the configuration nor the link of an article that was collected
      try:  save a feed's document to a file and say whose it is: `tidings topic match FILE --feed SLUG`
    ");
    assert_snapshot!(house.tidings(&["topic", "match", &newsroom.url()]).ended(4).err, @r"
    error: nothing was collected from the feed `news` yet
      try:  tidings feed fetch news
    ");
    house.tidings(&["topic", "match", unknown, "--feed", "news"]).ended(2);
    house.tidings(&["topic", "match", "nowhere.xml"]).ended(4);

    fs::write(house.folder().join("feed.xml"), rss(&["Heat".to_owned()])).unwrap();
    assert_snapshot!(house.tidings(&["topic", "match", "feed.xml"]).ended(2).err, @r"
    error: feed.xml comes from news.example.org, and no feed of the configuration does
      try:  say as whose it is read: --feed SLUG
    ");
    assert_snapshot!(house.tidings(&["topic", "match", "feed.xml", "--feed", "nws"]).ended(4).err, @r"
    error: there is no feed `nws`; did you mean `news`?
      try:  `tidings feed list` lists them
    ");
    let first = house.tidings(&["topic", "match", "feed.xml", "--feed", "news"]).ended(0).err;
    assert!(first.contains("was never fetched: nothing of its first fetch is mailed"), "{first}");
    fs::write(house.folder().join("page.html"), "<html><body>No feed</body></html>").unwrap();
    house.tidings(&["topic", "match", "page.html", "--feed", "news"]).ended(8);
}
