//! Connections to the relay do not last for ever, and end as SMTP wants it.

use super::app::{NEWSROOM, Setup, TestApp};
use super::engine::{Engine, on_both_engines};
use super::relay::Script;

const CONNECTIONS: u64 = 2;
const MESSAGES: usize = 3;
const READERS: usize = 20;

/// A digest for each of the readers, over connections that carry three messages each.
async fn with_short_connections(engine: Engine, script: Script) {
    let connections = CONNECTIONS.to_string();
    let messages = MESSAGES.to_string();
    let app = TestApp::set_up(
        engine,
        "2026-03-02 12:00",
        Setup {
            text: NEWSROOM,
            options: &[("RELAY__CONNECTIONS", &connections), ("RELAY__RENEW_AFTER_MESSAGES", &messages)],
            script,
            ..Setup::default()
        },
    )
    .await;
    app.run().await;
    for n in 0..READERS {
        app.subscribe(&format!("r{n}@example.org"), &["health"]).await;
    }
    app.publish("health", "In threes");
    app.run_until("2026-03-03 12:00").await;

    assert_eq!(app.relay.accepted(), READERS);
    let said = app.relay.commands();
    let times = |verb: &str| said.iter().filter(|said| *said == verb).count();
    assert!(times("EHLO") >= READERS.div_ceil(MESSAGES), "{said:?}");
    assert_eq!(times("QUIT"), times("EHLO"), "each of them says goodbye (RFC 5321 §4.1.1.10): {said:?}");
    assert!(app.relay.most_open() <= CONNECTIONS, "the old one is gone before the new one comes");
}

on_both_engines! {
    async fn a_connection_that_has_carried_enough_says_goodbye(engine: Engine) {
        with_short_connections(engine, Script::default()).await;
    }

    async fn and_so_does_one_on_which_nothing_goes_ahead(engine: Engine) {
        with_short_connections(engine, Script { pipelining: false, ..Script::default() }).await;
    }
}
