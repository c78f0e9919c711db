//! Which entry is which, and for how long that is known.

use aws_lc_rs::digest::{SHA256, digest};

use super::app::{NEWSROOM, Setup, TestApp};
use super::engine::on_both_engines;
use super::newsstand::{Item, Manner, Newsstand};

async fn titles(app: &TestApp) -> Vec<String> {
    app.ask("SELECT title FROM article ORDER BY id").await
}

/// With its own guid and link, or a link that it shares.
fn item(guid: &str, link: &str, title: &str) -> Item {
    Item { guid: guid.to_owned(), link: link.to_owned(), ..Item::titled(title) }
}

on_both_engines! {
    /// A feed that gives everything one guid is read by guid and link from then on, and knows what it had.
    async fn guids_that_repeat_are_not_trusted_and_nothing_comes_twice(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.newsstand.publish("health", item("news", "https://paper.example.org/1", "One"));
        app.run_until("2026-03-03 12:00").await;
        for (n, title) in [(2, "Two"), (3, "Three")] {
            app.newsstand.publish("health", item("news", &format!("https://paper.example.org/{n}"), title));
        }
        app.run_until("2026-03-04 12:00").await;
        let mails = app.mail_to("alice@example.org");
        assert_eq!(mails.iter().map(|mail| mail.headlines()).collect::<Vec<_>>(), [vec!["One"], vec!["Three", "Two"]]);
        app.newsstand.publish("health", item("fresh", "https://paper.example.org/4", "Four"));
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(app.mail_to("alice@example.org")[2].headlines(), ["Four"]);
        assert_eq!(app.ask("SELECT identity FROM feed WHERE slug = 'health'").await, ["guid+link"]);
    }

    /// As with those that count up a guid with each change of the headline.
    async fn an_entry_with_a_new_guid_is_known_by_its_link_and_its_text_is_the_newest(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        let link = "https://paper.example.org/quake";
        app.newsstand.publish("health", item("quake#0", link, "The ground shook"));
        app.fetch().await;
        app.newsstand.clear("health");
        app.newsstand.publish("health", item("quake#1", link, "The ground shook twice"));
        app.fetch().await;
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.only_mail_to("alice@example.org").headlines(), ["The ground shook twice"]);

        // From then on the mailed text stands, and the page has the other.
        app.newsstand.clear("health");
        app.newsstand.publish("health", item("quake#2", link, "Three times"));
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1);
        assert_eq!(app.ask("SELECT coalesce(corrected_title, title) FROM article").await, ["Three times"]);
    }

    async fn two_entries_that_are_exactly_equal_are_one(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        for _ in 0..2 {
            app.publish("health", "Once");
        }
        app.fetch().await;
        assert_eq!(titles(&app).await, ["Once"]);
        assert_eq!(app.ask("SELECT identity FROM feed WHERE slug = 'health'").await, ["guid"]);
    }

    /// Longer than an index of PostgreSQL takes.
    async fn a_link_of_four_thousand_characters_is_as_good_as_any(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health", "climate"]).await;
        // Such as compresses no better than a key of a content delivery network.
        let random: String = (0..62).map(|n| hex::encode(digest(&SHA256, &[n]))).collect();
        let link = format!("https://paper.example.org/{random}");
        for feed in ["health", "climate"] {
            app.newsstand.publish(feed, item(feed, &link, "Far away"));
        }
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(titles(&app).await, ["Far away"], "known by its link in the other feed");
        let mail = app.only_mail_to("alice@example.org");
        assert_eq!(mail.headlines(), ["Far away"]);
        assert!(mail.html().contains(&link), "the reader gets it whole");
    }

    async fn entries_with_neither_guid_nor_link_are_told_apart_by_all_their_words(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        for summary in ["It rains", "It pours"] {
            app.newsstand.publish("health", item("", "", "Weather").summary(summary));
        }
        app.fetch().await;
        app.newsstand.publish("health", item("", "", "Weather").summary("It is dry"));
        app.fetch().await;
        assert_eq!(titles(&app).await, ["Weather"; 3]);
    }

    /// A page where all news stands, and the front page, are no article's own.
    async fn entries_that_share_a_link_are_not_taken_for_one(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health", "climate"]).await;
        for n in 1..=2 {
            app.newsstand.publish("health", item(&n.to_string(), "https://paper.example.org/live", &format!("Live {n}")));
            app.newsstand.publish("climate", item(&n.to_string(), "https://paper.example.org/", &format!("Front {n}")));
            app.fetch().await;
        }
        app.run_until("2026-03-03 12:00").await;
        let mail = app.only_mail_to("alice@example.org");
        for title in ["Live 1", "Live 2", "Front 1", "Front 2"] {
            assert_eq!(mail.count(title), 1, "{title}\n{}", mail.text());
        }
    }

    async fn what_vanished_for_months_is_not_new_when_it_is_back(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "One");
        app.run_until("2026-03-03 12:00").await;
        app.newsstand.clear("health");
        app.publish("health", "Two");
        app.run_until("2026-03-04 12:00").await;
        app.behave("health", Manner::Status(500));
        app.run_until("2026-03-20 12:00").await;
        app.behave("health", Manner::Well);
        app.sleep_until("2026-08-01 12:00");
        app.publish("health", "One");
        app.run_until("2026-08-03 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 2, "both were told in March");
        assert_eq!(titles(&app).await, ["One", "Two"]);
    }

    /// The rule is applied when an entry is seen first.
    async fn a_wider_rule_does_not_bring_what_is_old(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("climate", "Heat and the heart");
        app.run_until("2026-03-03 12:00").await;
        app.restart_as(&NEWSROOM.replace("feeds = [\"health\"]", "feeds = [\"health\", \"climate\"]")).await;
        app.newsstand.edit("climate", "Heat and the heart", |item| item.summary = "Corrected".into());
        app.publish("climate", "The river is back");
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(app.only_mail_to("alice@example.org").headlines(), ["The river is back"]);
    }

    /// It was there before the first fetch of one feed; that another brings it makes it news, in both topics.
    async fn a_first_sighting_in_another_feed_makes_news_of_what_was_for_the_archive(engine: Engine) {
        let newsstand = Newsstand::open();
        newsstand.publish("health", Item::titled("Heat and the heart"));
        let setup = Setup { newsstand, ..Setup::default() };
        let app = TestApp::set_up(engine, "2026-03-02 12:00", setup).await;
        app.run().await;
        app.subscribe("health@example.org", &["health"]).await;
        app.subscribe("climate@example.org", &["climate"]).await;
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.mail_to("health@example.org").len(), 0);
        app.publish("climate", "Heat and the heart");
        app.run_until("2026-03-04 12:00").await;
        for reader in ["health@example.org", "climate@example.org"] {
            assert_eq!(app.only_mail_to(reader).headlines(), ["Heat and the heart"], "{reader}");
        }
    }
}
