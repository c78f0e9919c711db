//! Feeds whose answer ends in the middle, as when the server that makes them runs out of time.

use super::app::{NEWSROOM, Setup, TestApp};
use super::engine::{Engine, on_both_engines};
use super::newsstand::{Manner, Newsstand};

/// The feed as it is, cut in the middle of what it says of this one.
fn cut_at(newsstand: &Newsstand, feed: &str, title: &str) -> Manner {
    let whole = newsstand.document(feed);
    let item = whole.find(&format!("<title>{title}</title>")).expect("such an item");
    let in_its_link = item + whole[item..].find("<link>").expect("its link") + "<link>https://paper.exam".len();
    Manner::Body(whole.as_bytes()[..in_its_link].to_vec())
}

/// A feed with three old stories, whose first answer breaks off in the middle of them.
async fn fetched_in_part(engine: Engine) -> TestApp {
    let newsstand = Newsstand::open();
    for n in 1..=3 {
        newsstand.publish("health", super::newsstand::Item::titled(&format!("Old {n}")));
    }
    newsstand.behave("health", cut_at(&newsstand, "health", "Old 2"));
    let setup = Setup { text: NEWSROOM, newsstand, ..Setup::default() };
    let app = TestApp::set_up(engine, "2026-03-02 12:00", setup).await;
    app.run().await;
    app.subscribe("alice@example.org", &["health"]).await;
    let feed = app.feed("health").await;
    let damaged = feed.damaged.expect("it is seen");
    assert!(damaged.starts_with("it ends in the middle of <"), "{damaged}");
    app
}

on_both_engines! {
    async fn an_entry_that_breaks_off_comes_when_it_is_whole_and_once(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "One");
        app.publish("health", "Two");
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.only_mail_to("alice@example.org").headlines(), ["Two", "One"]);

        // In the middle of an old one, and of a new one.
        app.behave("health", cut_at(&app.newsstand, "health", "One"));
        app.fetch().await;
        app.publish("health", "Three");
        app.behave("health", cut_at(&app.newsstand, "health", "Three"));
        app.fetch().await;
        assert_eq!(app.ask("SELECT title FROM article ORDER BY id").await, ["One", "Two"]);
        assert_eq!(app.feed("health").await.error, None, "it is damaged, and read");

        app.behave("health", Manner::Well);
        app.run_until("2026-03-05 12:00").await;
        let mails = app.mail_to("alice@example.org");
        assert_eq!(mails.iter().map(|mail| mail.headlines()).collect::<Vec<_>>(), [vec!["Two", "One"], vec!["Three"]]);
        assert!(mails[1].html().contains("https://paper.example.org/"), "with its whole link");
    }

    async fn the_rest_of_an_archive_that_broke_off_is_no_news(engine: Engine) {
        let app = fetched_in_part(engine).await;
        app.behave("health", Manner::Well);
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.ask("SELECT title FROM article ORDER BY title").await, ["Old 1", "Old 2", "Old 3"]);
        assert_eq!(app.mail_to("alice@example.org").len(), 0);

        app.publish("health", "New");
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(app.only_mail_to("alice@example.org").headlines(), ["New"]);
    }

    /// What such a feed does not show is never known; what it does show is news like any other.
    async fn a_feed_that_always_breaks_off_brings_news_nevertheless(engine: Engine) {
        let app = fetched_in_part(engine).await;
        app.fetch().await;
        assert_eq!(app.newsstand.asked("health").last().unwrap().if_none_match, None, "it is sent for again");
        app.publish("health", "New");
        app.behave("health", cut_at(&app.newsstand, "health", "Old 1"));
        app.run_until("2026-03-03 12:00").await;
        assert!(app.only_mail_to("alice@example.org").says("New"));
    }
}
