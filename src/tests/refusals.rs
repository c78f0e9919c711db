//! What becomes of mail that the relay does not take: who is charged, who is not, and that nothing is lost.

use chrono::TimeDelta;

use super::app::{Reader, Setup, TestApp, time};
use super::engine::{Engine, on_both_engines};
use super::mail::Mail;
use super::relay::{Relay, Script};
use crate::store::delivery;

/// Where nobody listens.
const NOWHERE: &[(&str, &str)] = &[("RELAY__PORT", "1")];

async fn attempts(app: &TestApp) -> Vec<String> {
    app.ask("SELECT CAST(attempts AS TEXT) FROM delivery ORDER BY id").await
}

/// From here on another relay is configured.
async fn move_to(app: &mut TestApp, relay: &Relay) {
    let port = relay.addr.port().to_string();
    app.restart(&[("RELAY__PORT", &port)]).await;
}

fn ended(reason: &str) -> (String, String, Option<String>) {
    ("health".into(), "ended".into(), Some(reason.into()))
}

on_both_engines! {
    async fn an_address_that_does_not_exist_is_not_written_to_again(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.subscribe("refuse-550-5.1.1@example.org", &["health"]).await;
        app.subscribe("bob@example.org", &["health"]).await;
        app.publish("health", "First");
        app.run_until("2026-03-03 12:00").await;
        app.publish("health", "Second");
        app.run_until("2026-03-04 12:00").await;

        assert_eq!(app.mail_to("alice@example.org").len(), 2);
        assert_eq!(app.mail_to("bob@example.org").len(), 2);
        assert_eq!(app.digests().await, ["sent", "refused", "sent", "sent", "sent"]);
        assert_eq!(app.subscriptions("refuse-550-5.1.1@example.org").await, [ended("suppressed")]);
        assert_eq!(app.ask("SELECT reason FROM suppression").await, ["hard"]);
        let replies = app.ask("SELECT reply FROM delivery WHERE state = 'refused'").await;
        assert!(replies[0].contains("5.1.1"), "{replies:?}");
    }

    /// Refused for what it is, not for where it goes: the address stays good.
    async fn a_message_that_is_refused_does_not_end_a_subscription(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("dot-550-5.6.0@example.org", &["health"]).await;
        app.publish("health", "First");
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.digests().await, ["refused"]);
        assert_eq!(app.subscriptions("dot-550-5.6.0@example.org").await, [("health".into(), "active".into(), None)]);
        assert!(app.ask("SELECT reason FROM suppression").await.is_empty());
    }

    async fn what_is_refused_for_now_is_tried_again_with_the_same_bytes(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("dot-451@example.org", &["health"]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Later, perhaps");
        app.run_until("2026-03-03 08:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1, "one that waits holds up nobody");

        let mut expected = time("2026-03-03 08:00");
        for minutes in [5, 15, 60, 120, 240, 240] {
            assert_eq!(app.digests().await, ["deferred", "sent"]);
            expected += TimeDelta::minutes(minutes);
            let next = delivery::next_attempt(&app.app.store).await.unwrap().unwrap();
            assert_eq!(next, expected);
            app.clock.set(next);
            app.run().await;
        }
        let tries = app.relay.turned_away();
        assert_eq!(tries.len(), 7);
        assert!(tries.iter().all(|mail| mail.bytes == tries[0].bytes && mail.from == tries[0].from));
        assert_eq!(attempts(&app).await, ["7", "1"]);
    }

    async fn when_the_relay_is_down_nobody_is_charged_and_the_mail_goes_later(engine: Engine) {
        let mut app = TestApp::with(engine, "2026-03-02 12:00", NOWHERE).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.subscribe("bob@example.org", &["health"]).await;
        app.publish("health", "Patience");
        app.run_until("2026-03-03 08:10").await;
        assert_eq!(app.digests().await, ["ready", "ready"]);
        assert_eq!(attempts(&app).await, ["0", "0"]);

        let up = Relay::start();
        move_to(&mut app, &up).await;
        app.run_until("2026-03-03 08:15").await;
        assert_eq!(app.digests().await, ["sent", "sent"]);
        assert_eq!((up.mail_to("alice@example.org").len(), up.mail_to("bob@example.org").len()), (1, 1));
    }

    /// 5.7.26 at the sender's name: it is we who are refused, whoever the reader is.
    async fn when_the_relay_refuses_us_nobody_is_charged(engine: Engine) {
        let script = Script { mail_answer: Some("550 5.7.26 sender not authenticated"), ..Script::default() };
        let mut app = TestApp::set_up(engine, "2026-03-02 12:00", Setup { script, ..Setup::default() }).await;
        app.run().await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.subscribe("bob@example.org", &["health"]).await;
        app.publish("health", "Not our day");
        app.run_until("2026-03-03 07:59").await;
        app.clock.set(time("2026-03-03 08:00"));
        let tally = app.run().await;
        assert!(tally.delivered.relay_fault.is_some_and(|why| why.contains("5.7.26")));
        assert_eq!(app.digests().await, ["ready", "ready"]);
        assert_eq!(attempts(&app).await, ["0", "0"]);
        assert!(app.ask("SELECT reason FROM suppression").await.is_empty());
        assert_eq!(app.subscriptions("alice@example.org").await, [("health".into(), "active".into(), None)]);

        let kind = Relay::start();
        move_to(&mut app, &kind).await;
        app.run_until("2026-03-03 09:00").await;
        assert_eq!((kind.mail_to("alice@example.org").len(), kind.mail_to("bob@example.org").len()), (1, 1));
    }

    /// The same words about one recipient of a run.
    async fn a_refusal_of_us_at_the_recipient_suppresses_nobody(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("refuse-550-5.7.515@example.org", &["health"]).await;
        app.publish("health", "Not our day");
        app.run_until("2026-03-03 08:00").await;
        assert_eq!(app.digests().await, ["ready"]);
        assert_eq!(attempts(&app).await, ["0"]);
        assert!(app.ask("SELECT reason FROM suppression").await.is_empty());
    }

    async fn a_digest_that_could_not_be_sent_is_in_the_next_one(engine: Engine) {
        let mut app = TestApp::with(engine, "2026-03-02 12:05", NOWHERE).await;
        let topics = ["health", "climate"];
        app.add(Reader { frequency: "as-it-happens", ..Reader::of("alice@example.org", &topics) }).await;
        app.publish("health", "Before one");
        app.fetch().await;
        app.run_until("2026-03-02 13:10").await;
        app.publish("climate", "Before two");
        app.fetch().await;
        app.run_until("2026-03-02 14:00").await;
        assert_eq!(app.digests().await, ["expired", "ready"]);

        let up = Relay::start();
        move_to(&mut app, &up).await;
        app.run_until("2026-03-03 12:00").await;
        let mails: Vec<Mail> = up.mail_to("alice@example.org").into_iter().map(Mail::sent).collect();
        assert_eq!(mails.len(), 1);
        assert_eq!(mails[0].headlines(), ["Before one", "Before two"]);
        assert_eq!(app.ask("SELECT CAST(folded_into AS TEXT) FROM delivery WHERE state = 'expired'").await, ["2"]);
    }

    async fn what_was_given_up_comes_with_the_next_digest(engine: Engine) {
        let mut app = TestApp::with(engine, "2026-03-02 12:00", &[("DELIVERY__GIVE_UP_AFTER", "1h")]).await;
        app.subscribe("later-451@example.org", &["health"]).await;
        app.publish("health", "Given up");
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.digests().await, ["expired"]);
        assert_eq!(attempts(&app).await, ["3"]);

        // Nothing new is needed: what is owed is a digest of its own.
        app.meddle("UPDATE subscriber SET address = 'alice@example.org', address_key = 'alice@example.org'").await;
        app.restart(&[]).await;
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(app.only_mail_to("alice@example.org").headlines(), ["Given up"]);
        assert_eq!(app.digests().await, ["expired", "sent"]);
    }

    /// The relay keeps the message and says nothing: nobody knows, so it is sent again, the same, but not for ever.
    async fn a_message_in_doubt_is_sent_again_at_most_three_times(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("drop-at-dot@example.org", &["health"]).await;
        app.publish("health", "Did you get this?");
        app.run_until("2026-03-03 07:59").await;
        app.run_until("2026-03-03 09:00").await;
        for _ in 0..5 {
            app.run().await;
        }
        let copies = app.mail_to("drop-at-dot@example.org");
        assert_eq!(copies.len(), 4, "once, and three times more");
        assert!(copies.iter().all(|copy| copy.bytes == copies[0].bytes && copy.envelope_from == copies[0].envelope_from));
        assert_eq!(app.digests().await, ["held"]);

        app.publish("health", "The next one");
        app.run_until("2026-03-04 08:00").await;
        let next = app.mail_to("drop-at-dot@example.org").remove(4);
        assert_eq!(next.headlines(), ["The next one"], "what is held counts as told");
    }

    async fn a_message_in_doubt_is_held_where_the_newsroom_prefers_that(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("DELIVERY__UNCERTAIN", "hold")]).await;
        app.subscribe("drop-at-dot@example.org", &["health"]).await;
        app.publish("health", "Did you get this?");
        app.run_until("2026-03-03 09:00").await;
        app.run().await;
        assert_eq!(app.mail_to("drop-at-dot@example.org").len(), 1);
        assert_eq!(app.digests().await, ["held"]);
    }
}

/// A refusal costs a reset, not a connection, and nobody else.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: a hundred thousand messages"]
async fn one_recipient_in_a_thousand_is_refused_and_nobody_else() {
    const READERS: usize = 100_000;
    let options = [("RELAY__RENEW_AFTER_MESSAGES", "1000000"), ("RELAY__RENEW_AFTER", "1h")];
    let app = TestApp::with(Engine::Sqlite, "2026-03-02 12:00", &options).await;
    for n in 0..READERS {
        let name = if n % 1000 == 500 { "refuse-550" } else { "reader" };
        app.subscribe(&format!("{name}+{n}@example.org"), &["health"]).await;
    }
    app.publish("health", "For nearly everybody");
    app.run_until("2026-03-03 08:00").await;
    let states =
        app.ask("SELECT state || ' ' || CAST(count(*) AS TEXT) FROM delivery GROUP BY state ORDER BY state").await;
    assert_eq!(states, ["refused 100", "sent 99900"]);
    let refused = app.ask("SELECT DISTINCT substr(u.address, 1, 11) FROM delivery d JOIN subscriber u ON u.id = d.subscriber WHERE d.state = 'refused'").await;
    assert_eq!(refused, ["refuse-550+"]);
    let again = app.relay.connections() - 8;
    assert!(again <= 100 / 100, "{again} connections were made again");
}
