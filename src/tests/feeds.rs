//! Feeds that misbehave, and feeds that change their minds.

use super::app::{TestApp, time};
use super::engine::on_both_engines;
use super::newsstand::Manner;

on_both_engines! {
    async fn a_feed_that_is_down_is_recorded_and_the_others_go_on(engine: Engine) {
        let options = [("COLLECT__FETCH_TIMEOUT", "300ms"), ("COLLECT__CONNECT_TIMEOUT", "300ms")];
        let app = TestApp::with(engine, "2026-03-02 12:00", &options).await;
        app.subscribe("alice@example.org", &["health", "climate", "sport"]).await;
        app.behave("health", Manner::Status(500));
        app.behave("climate", Manner::Hang);
        app.publish("sport", "The game goes on");
        app.fetch().await;

        let (down, hangs, well) = (app.feed("health").await, app.feed("climate").await, app.feed("sport").await);
        assert!(down.error.as_ref().is_some_and(|words| words.contains("answered 500")), "{:?}", down.error);
        assert!(hangs.error.as_ref().is_some_and(|words| words.contains("within 300ms")), "{:?}", hangs.error);
        for feed in [&down, &hangs] {
            assert_eq!((feed.failures, feed.error_since), (1, Some(time("2026-03-02 12:00"))));
            assert!(feed.next_check_at > time("2026-03-02 20:00"), "it is asked less often: {}", feed.next_check_at);
        }
        assert_eq!((well.error, well.failures), (None, 0));

        app.behave("climate", Manner::Well);
        app.behave("health", Manner::Well);
        app.publish("health", "Up again");
        app.run_until("2026-03-03 08:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("The game goes on") && mail.says("Up again"), "{}", mail.text());
        let back = app.feed("health").await;
        assert_eq!((back.error, back.error_since, back.failures), (None, None, 0));
    }

    async fn a_feed_that_is_gone_is_not_asked_again(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.behave("health", Manner::Status(410));
        app.fetch().await;
        let gone = app.feed("health").await;
        assert_eq!(gone.gone_at, Some(time("2026-03-02 12:00")));
        assert!(gone.error.is_some_and(|words| words.contains("410 Gone")));
        let asked = app.newsstand.asked("health").len();
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(app.newsstand.asked("health").len(), asked);
        assert!(app.newsstand.asked("climate").len() > 5);
    }

    /// A page that says "maintenance" with a 200 is no feed, and nothing that was known is forgotten for it.
    async fn a_page_in_the_place_of_a_feed_is_an_error_and_forgets_nothing(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Once");
        app.run_until("2026-03-03 08:00").await;
        app.behave("health", Manner::Body(b"<!doctype html><title>Maintenance</title><p>Back soon".to_vec()));
        app.fetch().await;
        assert!(app.feed("health").await.error.is_some());
        app.behave("health", Manner::Well);
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(app.feed("health").await.error, None);
        assert_eq!(app.mail_to("alice@example.org").len(), 1, "what comes back is not new");
    }

    async fn what_has_not_changed_is_not_sent_for_again(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.publish("health", "One");
        app.fetch().await;
        app.fetch().await;
        app.behave("health", Manner::Status(500));
        app.fetch().await;
        app.behave("health", Manner::Well);
        app.fetch().await;
        let asked = app.newsstand.asked("health");
        let answers: Vec<u16> = asked.iter().map(|asked| asked.status).collect();
        assert_eq!(answers, [200, 200, 304, 500, 200]);
        assert_eq!(asked[2].if_none_match, asked[4].if_none_match, "an error takes no validator away");
        assert!(asked[2].if_none_match.is_some());
    }

    async fn a_title_that_changes_before_it_is_mailed_is_mailed_as_it_is_then(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Mayor arested");
        app.fetch().await;
        app.newsstand.edit("health", "Mayor arested", |item| item.title = "Mayor arrested".into());
        app.run_until("2026-03-03 08:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("Mayor arrested") && !mail.says("Mayor arested"), "{}", mail.text());
        assert_eq!(mail.subject(), "Mayor arrested");
    }

    async fn a_title_that_changes_after_it_was_mailed_is_shown_on_the_page_only(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Mayor arrested");
        app.run_until("2026-03-03 08:00").await;
        app.newsstand.edit("health", "Mayor arrested", |item| item.title = "Mayor released".into());
        app.run_until("2026-03-05 12:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("Mayor arrested"));
        let page = mail.text().lines().find(|line| line.contains("/edition/")).unwrap().trim().to_owned();
        let (status, page) = app.visit(&page).await;
        assert_eq!(status, 200);
        assert!(page.contains("Mayor released") && !page.contains("Mayor arrested"), "{page}");
    }

    async fn what_is_held_back_can_still_be_put_right(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 07:45", &[("COLLECT__HOLD_BACK", "30m")]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Too fast");
        app.fetch().await;
        app.run_until("2026-03-02 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 0, "at eight it was not ripe");
        app.run_until("2026-03-03 08:00").await;
        assert!(app.only_mail_to("alice@example.org").says("Too fast"));
    }
}
