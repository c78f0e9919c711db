//! What Tidings promises: one digest at the reader's hour, with each new article once, and nothing twice.

use super::app::{Reader, Setup, TestApp};
use super::engine::on_both_engines;
use super::mail::assert_told;
use super::newsstand::{Item, Newsstand};

on_both_engines! {
    /// The first promise of all.
    async fn a_reader_of_two_topics_gets_one_digest_at_their_hour_with_each_article_once(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { zone: "Africa/Nairobi", ..Reader::of("alice@example.org", &["health", "climate"]) }).await;
        app.newsstand.publish("health", Item::titled("A vaccine for all").summary("It costs less than a loaf of bread."));
        app.publish("climate", "The river is back");
        app.publish("sport", "Nobody asked for this");

        app.run_until("2026-03-03 04:59").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 0, "it is not eight in Nairobi yet");

        app.run_until("2026-03-03 05:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert_eq!(mail.headlines(), ["A vaccine for all", "The river is back"]);
        assert!(!mail.says("Nobody asked for this") && !mail.html().contains("Nobody asked for this"));
        assert_told("a_daily_digest", &mail);

        app.run_until("2026-03-05 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1, "nothing new, no mail");
        assert_eq!(app.digests().await, ["sent"]);
    }

    async fn what_a_new_feed_already_holds_is_old_news(engine: Engine) {
        let newsstand = Newsstand::open();
        newsstand.publish("health", Item::titled("From last year"));
        let app = TestApp::set_up(engine, "2026-03-02 12:00", Setup { newsstand, ..Setup::default() }).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 0);

        app.publish("health", "From today");
        app.run_until("2026-03-04 12:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("From today") && !mail.says("From last year"));
    }

    async fn the_newest_of_a_new_feed_are_mailed_if_the_newsroom_wants_that(engine: Engine) {
        let newsstand = Newsstand::open();
        for title in ["Oldest", "Middle", "Newest"] {
            newsstand.publish("health", Item::titled(title));
        }
        let options = &[("COLLECT__FIRST_FETCH", "newest 2")];
        let app = TestApp::set_up(engine, "2026-03-02 12:00", Setup { newsstand, options, ..Setup::default() }).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.run_until("2026-03-03 12:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("Newest") && mail.says("Middle") && !mail.says("Oldest"), "{}", mail.text());
    }

    async fn a_title_and_a_teaser_run_as_they_are_written(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        let item = Item::titled("لقاح للجميع!").summary("WHO: it costs less than a loaf of bread.");
        app.newsstand.publish("health", item);
        app.run_until("2026-03-03 12:00").await;
        let html = app.only_mail_to("alice@example.org").html();
        assert!(html.contains("<bdi dir=\"rtl\">لقاح للجميع!</bdi>"), "{html}");
        assert!(html.contains("<bdi dir=\"ltr\">WHO: it costs less than a loaf of bread.</bdi>"), "{html}");
        let (_, page) = app.visit("/en/topic/health").await;
        assert!(page.contains("<bdi dir=\"rtl\">لقاح للجميع!</bdi>"), "{page}");
    }

    async fn the_newest_stands_first_and_names_the_mail(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        for title in ["In the morning", "At noon", "At night"] {
            app.publish("health", title);
        }
        app.run_until("2026-03-03 12:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert_eq!(mail.headlines(), ["At night", "At noon", "In the morning"]);
        assert!(mail.subject().starts_with("At night"), "{}", mail.subject());
    }

    async fn every_day_brings_what_is_new_on_that_day(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.subscribe("bob@example.org", &["health", "climate"]).await;
        for (day, title) in [(3, "Tuesday's"), (4, "Wednesday's"), (5, "Thursday's")] {
            app.publish("health", title);
            app.run_until(&format!("2026-03-0{day} 12:00")).await;
        }
        for reader in ["alice@example.org", "bob@example.org"] {
            let subjects: Vec<String> = app.mail_to(reader).iter().map(|mail| mail.subject().to_owned()).collect();
            assert_eq!(subjects, ["Tuesday's", "Wednesday's", "Thursday's"]);
        }
    }

    /// What comes before a reader subscribes was not promised to them.
    async fn a_new_reader_hears_what_comes_from_now_on(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Before bob");
        app.fetch().await;
        app.subscribe("bob@example.org", &["health"]).await;
        app.publish("health", "After bob");
        app.run_until("2026-03-03 12:00").await;
        let (alice, bob) = (app.only_mail_to("alice@example.org"), app.only_mail_to("bob@example.org"));
        assert!(alice.says("Before bob") && alice.says("After bob"));
        assert!(!bob.says("Before bob") && bob.says("After bob"));
    }
}
