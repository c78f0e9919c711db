//! A relay that is at fault: it is left alone, one message at a time tries it, and nobody is the worse for it.

use std::time::{Duration, Instant};

use chrono::TimeDelta;

use super::app::{TestApp, time};
use super::engine::on_both_engines;
use super::relay::{Relay, Script};
use crate::model::trouble::{RelayLook, Seen};
use crate::pipeline::troubles;

const CONNECTIONS: usize = 8;

async fn subscribe_many(app: &TestApp, name: &str, n: usize) {
    for i in 0..n {
        app.subscribe(&format!("{name}+{i}@example.org"), &["health"]).await;
    }
}

fn unwilling() -> Script {
    Script { greeting: Some("554 5.3.2 not now"), ..Script::default() }
}

/// How often the relay was come to since.
async fn visits(app: &TestApp, relay: &Relay, after: TimeDelta) -> u64 {
    let before = relay.connections();
    app.clock.advance(after);
    app.run().await;
    relay.connections() - before
}

on_both_engines! {
    async fn one_message_a_minute_tries_a_relay_at_fault_and_then_all_go(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        subscribe_many(&app, "reader", 20).await;
        app.publish("health", "Patience");
        app.run_until("2026-03-03 07:59").await;
        app.relay.becomes(unwilling());
        app.clock.set(time("2026-03-03 08:00"));
        let fault = app.run().await.delivered.relay_fault.unwrap();
        assert!(fault.contains("554 5.3.2 not now"), "{fault}");

        assert_eq!(visits(&app, &app.relay, TimeDelta::seconds(30)).await, 0, "it is left alone");
        assert_eq!(visits(&app, &app.relay, TimeDelta::seconds(30)).await, 1, "one of twenty");
        assert_eq!(visits(&app, &app.relay, TimeDelta::minutes(1)).await, 1);
        visits(&app, &app.relay, TimeDelta::hours(2)).await;
        assert_eq!(visits(&app, &app.relay, TimeDelta::minutes(4)).await, 0, "after hours it is tried every five minutes");
        assert_eq!(visits(&app, &app.relay, TimeDelta::minutes(1)).await, 1);
        assert_eq!(app.digests().await, ["ready"; 20]);
        assert_eq!(app.ask("SELECT CAST(sum(attempts) AS TEXT) FROM delivery").await, ["0"], "nobody is charged");

        app.relay.becomes(Script::default());
        app.clock.advance(TimeDelta::minutes(5));
        assert_eq!(app.run().await.delivered.sent, 20);
        assert_eq!(app.digests().await, ["sent"; 20]);
        assert!(app.relay.most_open() <= CONNECTIONS as u64);
    }

    /// An hour is how long a message may wait here. The three of the outage are not its own.
    async fn what_waits_for_a_relay_at_fault_is_not_older_for_it(engine: Engine) {
        let mut app = TestApp::with(engine, "2026-03-02 12:00", &[("DELIVERY__GIVE_UP_AFTER", "1h")]).await;
        app.subscribe("dot-451@example.org", &["health"]).await;
        app.subscribe("reader@example.org", &["health"]).await;
        app.publish("health", "Patience");
        app.run_until("2026-03-03 08:00").await;
        assert_eq!(app.digests().await, ["deferred", "sent"]);
        app.relay.becomes(unwilling());
        app.run_until("2026-03-03 09:30").await;
        // It is known to whoever starts in the middle of it.
        app.restart(&[]).await;
        app.run_until("2026-03-03 11:00").await;
        assert_eq!(app.digests().await, ["ready", "sent"]);

        app.relay.becomes(Script::default());
        app.run_until("2026-03-03 11:19").await;
        assert_eq!(app.digests().await, ["deferred", "sent"], "it was tried again, and an hour is not over");
        assert_eq!(app.ask("SELECT CAST(attempts AS TEXT) FROM delivery ORDER BY id").await, ["2", "1"]);
        app.run_until("2026-03-03 11:30").await;
        assert_eq!(app.digests().await, ["expired", "sent"]);
    }

    /// It takes every message and never says so. Each of them may have arrived, so they are few.
    async fn a_relay_that_answers_nobody_is_at_fault(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        subscribe_many(&app, "drop-at-dot", 40).await;
        app.publish("health", "Did you get this?");
        app.run_until("2026-03-03 07:59").await;
        app.clock.set(time("2026-03-03 08:00"));
        let delivered = app.run().await.delivered;
        let fault = delivered.relay_fault.unwrap();
        assert!(fault.contains("in a row were handed over and not answered"), "{fault}");
        assert!((CONNECTIONS + 1..=2 * CONNECTIONS).contains(&delivered.uncertain), "{}", delivered.uncertain);

        app.clock.advance(TimeDelta::minutes(1));
        assert_eq!(app.run().await.delivered.uncertain, 1, "and from here on one by one");
    }

    /// Three connections of four wait for an answer that does not come. The fourth carries everything else meanwhile.
    async fn a_relay_that_falls_silent_at_one_message_holds_up_no_other(engine: Engine) {
        let patience = "4s";
        let app = TestApp::with(engine, "2026-03-02 12:00", &[
            ("RELAY__CONNECTIONS", "4"),
            ("RELAY__COMMAND_TIMEOUT", patience),
            ("RELAY__DATA_TIMEOUT", patience),
            ("RELAY__FINAL_ANSWER_TIMEOUT", patience),
        ])
        .await;
        // Before them the relay answers at once, and behind them somebody waits.
        subscribe_many(&app, "reader", 20).await;
        for slow in ["slow-rcpt", "slow-data", "slow-dot"] {
            app.subscribe(&format!("{slow}@example.org"), &["health"]).await;
        }
        subscribe_many(&app, "another", 20).await;
        app.publish("health", "Everybody else");
        app.run_until("2026-03-03 07:59").await;
        app.clock.set(time("2026-03-03 08:00"));
        let began = Instant::now();
        let others = async {
            // `slow-dot` is kept, and not answered.
            assert!(app.relay.arrives(41).await);
            began.elapsed()
        };
        let (tally, took) = tokio::join!(app.run(), others);
        assert!(took < Duration::from_secs(4), "they waited: {took:?}");
        assert!((Duration::from_secs(4)..Duration::from_secs(12)).contains(&began.elapsed()), "it ends at its deadline");
        assert_eq!((tally.delivered.sent, tally.delivered.deferred, tally.delivered.uncertain), (40, 2, 1));
    }

    async fn a_full_mailbox_is_tried_again(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("refuse-552-5.2.2@example.org", &["health"]).await;
        app.publish("health", "Full");
        app.run_until("2026-03-03 08:00").await;
        assert_eq!(app.digests().await, ["deferred"]);
        assert!(app.ask("SELECT reason FROM suppression").await.is_empty());
    }

    /// A process has one message on each connection in the air. More than that was not left by a crash.
    async fn more_in_doubt_than_a_crash_can_leave_holds_all_mail(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        subscribe_many(&app, "reader", CONNECTIONS + 1).await;
        app.relay.becomes(unwilling());
        app.publish("health", "Did you get this?");
        app.run_until("2026-03-03 08:00").await;
        app.meddle("UPDATE delivery SET state = 'sending', sending_at = 0, token = (SELECT token FROM lease)").await;
        app.meddle("UPDATE lease SET expires_at = 0").await;
        app.dies();
        app.relay.becomes(Script::default());
        app.restart(&[]).await;
        app.run_until("2026-03-03 09:00").await;
        assert_eq!(app.relay.received().len(), 0);
        let why = app.ask("SELECT value FROM setting WHERE name = 'hold'").await.remove(0);
        assert!(why.contains("9 deliveries of a process that has ended are in doubt, and it had 8 connections"), "{why}");
        let seen = Seen { relay: RelayLook::Unknown, ..Seen::default() };
        let news = troubles::run(app.line(), &seen, app.clock.now()).await.unwrap();
        assert!(news.iter().any(|news| news.name == "mail-held" && news.trouble.words.contains(&why)), "{news:?}");

        app.meddle("DELETE FROM setting WHERE name = 'hold'").await;
        app.run_until("2026-03-03 09:01").await;
        assert_eq!(app.digests().await, ["sent"; CONNECTIONS + 1]);
    }
}
