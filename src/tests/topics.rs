//! Which articles are whose: topics, regions and languages.

use super::app::{Reader, TestApp};
use super::engine::on_both_engines;
use super::newsstand::Item;

pub const WORLD: &str = r#"
    [site]
    languages = ["en", "fr"]

    [[feed]]
    slug = "health-en"
    url = "FEEDS/health-en"
    language = "en"
    allow_private = true
    [[feed]]
    slug = "health-fr"
    url = "FEEDS/health-fr"
    language = "fr"
    allow_private = true
    [[feed]]
    slug = "climate-en"
    url = "FEEDS/climate-en"
    language = "en"
    allow_private = true
    [[feed]]
    slug = "africa-en"
    url = "FEEDS/africa-en"
    language = "en"
    allow_private = true
    [[feed]]
    slug = "asia-en"
    url = "FEEDS/asia-en"
    language = "en"
    allow_private = true

    [[topic]]
    slug = "health"
    name = { en = "Health", fr = "Santé" }
    feeds = ["health-en", "health-fr"]
    [[topic]]
    slug = "climate"
    name = { en = "Climate", fr = "Climat" }
    feeds = ["climate-en"]

    [[region]]
    slug = "africa"
    name = { en = "Africa", fr = "Afrique" }
    feeds = ["africa-en"]
    [[region]]
    slug = "asia"
    name = { en = "Asia", fr = "Asie" }
    feeds = ["asia-en"]
"#;

on_both_engines! {
    async fn an_article_in_two_topics_comes_once_and_names_the_other(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("both@example.org", &["health", "climate"]).await;
        app.subscribe("second@example.org", &["climate"]).await;
        for feed in ["health", "climate"] {
            app.publish(feed, "Heat and the heart");
        }
        app.run_until("2026-03-03 08:00").await;
        let both = app.only_mail_to("both@example.org");
        assert_eq!(both.count("Heat and the heart"), 1, "{}", both.text());
        assert_eq!(both.count("Also in Climate"), 1, "{}", both.text());
        let second = app.only_mail_to("second@example.org");
        assert!(second.says("Heat and the heart") && !second.says("Also in"), "{}", second.text());
    }

    async fn an_article_found_later_in_another_feed_goes_to_who_reads_only_that(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("both@example.org", &["health", "climate"]).await;
        app.subscribe("second@example.org", &["climate"]).await;
        app.publish("health", "Heat and the heart");
        app.run_until("2026-03-03 08:00").await;
        assert_eq!(app.mail_to("both@example.org").len(), 1);
        assert_eq!(app.mail_to("second@example.org").len(), 0);

        app.publish("climate", "Heat and the heart");
        app.run_until("2026-03-05 08:00").await;
        assert_eq!(app.mail_to("both@example.org").len(), 1, "they know it");
        assert!(app.only_mail_to("second@example.org").says("Heat and the heart"));
        assert_eq!(app.ask("SELECT title FROM article").await.len(), 1, "it is one article");
    }

    /// The link tells that it is one, through what others put behind it.
    async fn one_article_with_two_addresses_is_one(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("both@example.org", &["health", "climate"]).await;
        app.publish("health", "Heat and the heart");
        let mut shared = Item::titled("Heat and the heart");
        shared.link.push_str("?utm_source=climate&utm_medium=rss#top");
        shared.guid = "climate-17".into();
        app.newsstand.publish("climate", shared);
        app.run_until("2026-03-03 08:00").await;
        assert_eq!(app.only_mail_to("both@example.org").count("Heat and the heart"), 1);
    }

    async fn readers_get_their_language_or_the_sites_where_a_topic_has_none(engine: Engine) {
        let app = TestApp::of(engine, "2026-03-02 12:00", WORLD, &[]).await;
        app.add(Reader { language: "fr", ..Reader::of("fr@example.org", &["health", "climate"]) }).await;
        app.add(Reader::of("en@example.org", &["health", "climate"])).await;
        app.publish("health-fr", "Un vaccin pour tous");
        app.publish("health-en", "A vaccine for all");
        app.publish("climate-en", "The river is back");
        app.run_until("2026-03-03 08:00").await;

        let fr = app.only_mail_to("fr@example.org");
        assert!(fr.says("Un vaccin pour tous") && !fr.says("A vaccine for all"), "{}", fr.text());
        assert!(fr.says("The river is back"), "the topic has nothing in French\n{}", fr.text());
        assert!(fr.says("Santé") && fr.says("Climat"), "the words around are French\n{}", fr.text());
        let en = app.only_mail_to("en@example.org");
        assert!(en.says("A vaccine for all") && en.says("The river is back") && !en.says("Un vaccin"), "{}", en.text());
    }

    async fn a_region_narrows_and_never_adds(engine: Engine) {
        let app = TestApp::of(engine, "2026-03-02 12:00", WORLD, &[]).await;
        app.add(Reader { regions: &["africa"], ..Reader::of("africa@example.org", &["health"]) }).await;
        app.add(Reader::of("world@example.org", &["health"])).await;
        for feed in ["health-en", "africa-en"] {
            app.publish(feed, "A clinic in Kisumu");
        }
        for feed in ["health-en", "asia-en"] {
            app.publish(feed, "A clinic in Pokhara");
        }
        app.publish("health-en", "A clinic nowhere");
        app.publish("africa-en", "A bridge in Mopti");
        app.run_until("2026-03-03 08:00").await;

        let africa = app.only_mail_to("africa@example.org");
        assert!(africa.says("Kisumu"), "{}", africa.text());
        assert!(!africa.says("Pokhara") && !africa.says("nowhere") && !africa.says("Mopti"), "{}", africa.text());
        let world = app.only_mail_to("world@example.org");
        assert!(world.says("Kisumu") && world.says("Pokhara") && world.says("nowhere"), "{}", world.text());
        assert!(!world.says("Mopti"), "a region is no topic\n{}", world.text());
    }

    /// Region feeds come late: the later of the two filings counts.
    async fn an_article_that_reaches_its_region_after_the_digest_is_in_the_next(engine: Engine) {
        let app = TestApp::of(engine, "2026-03-02 12:00", WORLD, &[]).await;
        app.add(Reader { regions: &["africa"], ..Reader::of("africa@example.org", &["health"]) }).await;
        app.add(Reader::of("world@example.org", &["health"])).await;
        app.publish("health-en", "A clinic in Kisumu");
        app.run_until("2026-03-03 08:00").await;
        assert_eq!((app.mail_to("africa@example.org").len(), app.mail_to("world@example.org").len()), (0, 1));

        app.publish("africa-en", "A clinic in Kisumu");
        app.run_until("2026-03-05 08:00").await;
        assert!(app.only_mail_to("africa@example.org").says("Kisumu"));
        assert_eq!(app.mail_to("world@example.org").len(), 1);
    }
}
