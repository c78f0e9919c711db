//! The end of a run: a relay that says nothing to its last message keeps nobody waiting whose mail comes meanwhile.

use std::time::{Duration, Instant};

use super::app::{NEWSROOM, Reader, TestApp, time};
use super::engine::{Engine, on_both_engines};
use crate::pipeline::{compose, deliver};

/// How long an answer of the relay is waited for.
const PATIENCE: Duration = Duration::from_secs(8);
/// Whoever has written to us gets their mail within this time, whatever else is on its way.
const SOON: Duration = Duration::from_secs(5);

/// At eight, with a digest for each of these readers, at their hours.
async fn at_eight(engine: Engine, text: &str, readers: &[(&str, i64)]) -> TestApp {
    let patience = format!("{}s", PATIENCE.as_secs());
    let app = TestApp::of(engine, "2026-03-02 12:00", text, &[("RELAY__FINAL_ANSWER_TIMEOUT", &patience)]).await;
    for (address, hour) in readers {
        app.add(Reader { hour: *hour, ..Reader::of(address, &["health"]) }).await;
    }
    app.publish("health", "Did you get this?");
    app.run_until("2026-03-03 07:59").await;
    app.clock.set(time("2026-03-03 08:00"));
    app
}

/// Somebody signs up when `kept` messages are with the relay: how long until they have their mail.
async fn signs_up(app: &TestApp, kept: usize) -> Duration {
    assert!(app.relay.arrives(kept).await);
    app.add(Reader { pending: true, ..Reader::of("ana@example.org", &["health"]) }).await;
    let asked = Instant::now();
    assert!(app.relay.arrives(kept + 1).await);
    assert_eq!(app.mail_to("ana@example.org").len(), 1);
    asked.elapsed()
}

on_both_engines! {
    async fn who_signs_up_does_not_wait_for_its_answer(engine: Engine) {
        let app = at_eight(engine, NEWSROOM, &[("slow-dot@example.org", 8)]).await;
        let (tally, took) = tokio::join!(app.run(), signs_up(&app, 1));
        assert!(took < SOON, "{took:?}");
        assert_eq!((tally.delivered.sent, tally.delivered.uncertain), (1, 1));
    }

    /// The servers of that domain take one at a time, so another of its digests does wait.
    async fn nor_does_who_signs_up_while_a_digest_waits_for_it(engine: Engine) {
        let text = format!("{NEWSROOM}\n[[throttle]]\ndomains = [\"busy.example\"]\nconnections = 1");
        let app = at_eight(engine, &text, &[("slow-dot@busy.example", 8), ("bob@busy.example", 8)]).await;
        let (tally, took) = tokio::join!(app.run(), signs_up(&app, 1));
        assert!(took < SOON, "{took:?}");
        assert_eq!((tally.delivered.sent, tally.delivered.uncertain), (2, 1));
    }

    async fn nor_do_digests_that_fall_due(engine: Engine) {
        let addresses: Vec<String> = (0..20).map(|n| format!("r{n}@example.org")).collect();
        let mut readers: Vec<(&str, i64)> = addresses.iter().map(|address| (address.as_str(), 9)).collect();
        readers.push(("slow-dot@example.org", 8));
        let app = at_eight(engine, NEWSROOM, &readers).await;
        compose::run(app.line(), app.clock.now()).await.unwrap();
        let nine = time("2026-03-03 09:00");
        let at_nine = async {
            assert!(app.relay.arrives(1).await);
            app.clock.set(nine);
            compose::run(app.line(), nine).await.unwrap();
            let due = Instant::now();
            assert!(app.relay.arrives(21).await);
            due.elapsed()
        };
        let (delivered, took) = tokio::join!(deliver::run(app.line(), app.clock.now()), at_nine);
        assert!(took < SOON, "{took:?}");
        let delivered = delivered.unwrap();
        assert_eq!((delivered.sent, delivered.uncertain), (20, 1));
    }
}
