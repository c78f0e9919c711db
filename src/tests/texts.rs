//! What feeds write arrives as it was meant, whatever characters it is made of.

use super::app::TestApp;
use super::engine::on_both_engines;
use super::newsstand::{Item, Manner};

/// As a reader sees it: the marks that keep two directions apart are not seen.
fn seen(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}')).collect()
}

on_both_engines! {
    async fn titles_of_all_kinds_arrive_in_subject_text_and_html(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let titles = [
            ("health", "Salt & sugar: \"3 < 5\", she said; it's true"),
            ("climate", "Löwe, naïve, Ωmega — 🎉 and 👩‍🚀 celebrate “the day”"),
            ("sport", "عاجل: فوز الفريق & العودة إلى الديار (2–1)"),
        ];
        for (feed, title) in titles {
            app.newsstand.publish(feed, Item::titled(title).summary("What it says below."));
            app.subscribe(&format!("{feed}@example.org"), &[feed]).await;
        }
        app.run_until("2026-03-03 08:00").await;
        for (feed, title) in titles {
            let mail = app.only_mail_to(&format!("{feed}@example.org"));
            assert_eq!(seen(mail.subject()), title);
            assert_eq!(seen(&mail.text()).lines().filter(|line| *line == title).count(), 1, "{}", mail.text());
            assert_eq!(mail.headlines(), [title]);
            let html = mail.html();
            assert!(!html.contains("3 < 5") && !html.contains("sugar & ") && !html.contains("& العودة"), "{html}");
        }
    }

    /// No database takes U+0000, and PostgreSQL refuses the whole document for it.
    async fn a_null_character_comes_no_further_than_the_door(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health", "climate"]).await;
        let rss = "<rss version=\"2.0\"><channel><title>He\0alth</title><item><title>One\0 &#0;two</title><guid>a\0b</guid>\
                   <description>Th\0ree</description><category>fo\0ur</category></item></channel></rss>";
        let json = r#"{"version": "https://jsonfeed.org/version/1.1", "title": "C\u0000", "items": [{"id": "\u0000x",
                       "url": "https://paper.example.org/\u0000y", "title": "Fi\u0000ve", "content_text": "s\u0000ix"}]}"#;
        app.behave("health", Manner::Body(rss.into()));
        app.behave("climate", Manner::Body(json.into()));
        app.run_until("2026-03-03 08:00").await;
        assert_eq!(app.feed("health").await.error, None);
        assert_eq!(app.feed("climate").await.error, None);
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("One two") && mail.says("Three") && mail.says("Five") && mail.says("six"), "{}", mail.text());
        assert!(!mail.bytes.contains(&0));
    }
}
