//! A clock that is set, ahead and back: nothing is lost, nothing comes twice, and nobody waits for a time that was never
//! meant.

use super::app::{Reader, TestApp, time};
use super::engine::on_both_engines;
use crate::pipeline::ahead;
use crate::store::{delivery, feed, filing};

on_both_engines! {
    async fn set_back_by_a_month_feeds_and_mail_do_not_wait_for_a_month(engine: Engine) {
        let app = TestApp::with(engine, "2026-04-02 12:00", &[("COLLECT__HOLD_BACK", "30m")]).await;
        app.subscribe("dot-451@example.org", &["health"]).await;
        app.publish("health", "While the clock was ahead");
        app.fetch().await;
        app.run_until("2026-04-03 08:00").await;
        assert_eq!(app.digests().await, ["deferred"]);
        app.publish("climate", "Held back");
        app.fetch().await;
        // Nobody was at work when these two were asked for.
        app.add(Reader { pending: true, ..Reader::of("ana@example.org", &["climate"]) }).await;

        app.clock.set(time("2026-03-03 12:00"));
        assert_eq!(ahead::run(app.line(), app.clock.now()).await.unwrap(), 3 + 1 + 2, "feeds, a filing, mails");
        let (store, now) = (&app.app.store, Some(app.clock.now()));
        assert_eq!((feed::next_check(store).await.unwrap(), delivery::next_attempt(store).await.unwrap()), (now, now));
        assert_eq!(filing::next_ripe(store).await.unwrap(), Some(time("2026-03-03 12:30")));
        assert_eq!(ahead::run(app.line(), app.clock.now()).await.unwrap(), 0);
        app.run().await;
        assert_eq!(app.mail_to("ana@example.org").len(), 1, "the question goes at once");
        assert_eq!(app.relay.turned_away().len(), 2, "and the digest is tried again");
    }

    /// What waits as our own settings have it goes on waiting.
    async fn what_was_put_off_in_its_time_is_left_alone(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("COLLECT__HOLD_BACK", "30m")]).await;
        app.subscribe("later-451@example.org", &["health"]).await;
        app.publish("health", "A story");
        app.fetch().await;
        app.run_until("2026-03-03 16:00").await;
        app.publish("climate", "Held back");
        app.fetch().await;
        assert_eq!(ahead::run(app.line(), app.clock.now()).await.unwrap(), 0);
    }

    async fn set_ahead_by_a_month_one_digest_comes_and_set_right_again_no_day_is_lost(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("ana@example.org", &["health"]).await;
        app.publish("health", "First");
        app.fetch().await;
        app.clock.set(time("2026-04-02 12:00"));
        app.run().await;
        assert_eq!(app.mail_to("ana@example.org").len(), 1, "what fell due meanwhile comes at once, in one digest");

        app.clock.set(time("2026-03-02 12:10"));
        app.publish("health", "Second");
        app.fetch().await;
        app.run_until("2026-03-03 12:00").await;
        app.publish("health", "Third");
        app.fetch().await;
        // On the day to which the clock had gone ahead there is a run already; the next has its articles.
        app.run_until("2026-04-01 12:00").await;
        app.publish("health", "Fourth");
        app.fetch().await;
        app.run_until("2026-04-03 12:00").await;
        let mails = app.mail_to("ana@example.org");
        let told = |title: &str| mails.iter().filter(|mail| mail.says(title)).count();
        assert_eq!(["First", "Second", "Third", "Fourth"].map(told), [1, 1, 1, 1]);
    }
}
