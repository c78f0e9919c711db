//! "Send me today's now": what a reader who cannot wait gets, and that they do not get it again.

use super::app::{Reader, TestApp};
use super::engine::on_both_engines;
use crate::store::request;

async fn asks(app: &TestApp, address: &str) {
    let reader = app.reader(address).await;
    let mut tx = app.line().store.begin().await.unwrap();
    request::ask(&mut tx, reader, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    app.run().await;
}

on_both_engines! {
    async fn who_asks_gets_the_newest_of_a_day_and_in_the_morning_only_the_rest(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 07:00").await;
        app.publish("health", "The day before");
        app.fetch().await;
        app.sleep_until("2026-03-03 09:00");
        app.publish("health", "This morning");
        app.publish("africa", "Of a topic they do not have");
        app.fetch().await;
        app.subscribe("alice@example.org", &["health"]).await;
        asks(&app, "alice@example.org").await;
        let first = app.only_mail_to("alice@example.org");
        assert!(first.says("This morning") && !first.says("The day before") && !first.says("do not have"), "{}", first.text());

        app.publish("health", "In the afternoon");
        app.run_until("2026-03-04 12:00").await;
        let mails = app.mail_to("alice@example.org");
        assert_eq!(mails.len(), 2);
        assert!(mails[1].says("In the afternoon") && !mails[1].says("This morning"), "{}", mails[1].text());
    }

    async fn what_the_digest_of_the_morning_told_is_not_sent_on_request(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "In the digest");
        app.run_until("2026-03-03 09:00").await;
        asks(&app, "alice@example.org").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1, "there is nothing else");
        app.publish("health", "After it");
        app.fetch().await;
        asks(&app, "alice@example.org").await;
        let mails = app.mail_to("alice@example.org");
        assert!(mails[1].says("After it") && !mails[1].says("In the digest"), "{}", mails[1].text());
    }

    async fn one_comes_a_day_of_the_readers(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { zone: "Asia/Kathmandu", hour: 23, ..Reader::of("alice@example.org", &["health"]) }).await;
        app.publish("health", "First");
        app.fetch().await;
        asks(&app, "alice@example.org").await;
        app.publish("health", "Second");
        app.fetch().await;
        asks(&app, "alice@example.org").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1);
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM request").await, ["0"]);
        app.run_until("2026-03-02 18:10").await;
        app.publish("health", "Third");
        app.fetch().await;
        app.run_until("2026-03-02 18:20").await;
        asks(&app, "alice@example.org").await;
        let all: Vec<String> = app.mail_to("alice@example.org").iter().map(|mail| mail.date()).collect();
        assert_eq!(all, ["2026-03-02 12:00", "2026-03-02 17:15", "2026-03-02 18:20"], "a new day in Kathmandu");
    }
}
