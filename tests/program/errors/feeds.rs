//! Feeds that are not there, not read, not let go.

use std::fs;

use insta::assert_snapshot;

use super::Refusals;
use crate::commands::house;
use crate::house::House;
use crate::newsroom::Newsroom;

#[test]
fn feeds_and_lists_of_them() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    fs::write(house.folder().join("page.html"), "<!DOCTYPE html><html><body>Not found</body></html>").unwrap();
    let mut page = Refusals::at(&house, "2026-03-02 07:00");
    page.does("feed fetch");
    for command in [
        "feed fetch nws",
        "feed release nws",
        "feed parse none.xml",
        "feed parse page.html",
        "feed import none.opml",
        "feed import page.html",
        "feed export -o nowhere/feeds.opml",
        "feed test http://127.0.0.1:1/rss.xml",
        "feed test http://127.0.0.1:1/rss.xml --allow-private",
        "feed test ftp://news.example.org",
    ] {
        page.refuses(command);
    }
    assert_snapshot!(page.told());
}

#[test]
fn a_list_without_a_configuration_to_append_to() {
    let house = House::new();
    let list = "<opml version=\"2.0\"><body><outline xmlUrl=\"https://a.example/rss\" text=\"A\"/></body></opml>";
    fs::write(house.folder().join("feeds.opml"), list).unwrap();
    let mut page = Refusals::at(&house, "2026-03-02 07:00");
    page.refuses("feed import feeds.opml --write");
    assert_snapshot!(page.told());
}
