//! Connections to the relay do not last for ever, and end as SMTP wants it.

use std::time::Duration;

use super::app::{NEWSROOM, Setup, TestApp, time};
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

    /// The first is at its dot when all mail is stopped. What the others have begun by then is broken off, one by one.
    async fn one_that_is_given_up_is_gone_before_another_takes_its_place(engine: Engine) {
        let script = Script { pause: Duration::from_millis(300), ..Script::default() };
        let setup = Setup { text: NEWSROOM, options: &[("RELAY__CONNECTIONS", "1")], script, ..Setup::default() };
        let app = TestApp::set_up(engine, "2026-03-02 12:00", setup).await;
        app.run().await;
        for n in 0..READERS {
            app.subscribe(&format!("r{n}@example.org"), &["health"]).await;
        }
        app.publish("health", "Stop");
        app.run_until("2026-03-03 07:59").await;
        app.clock.set(time("2026-03-03 08:00"));
        let stop = async {
            assert!(app.relay.arrives(1).await);
            app.meddle("INSERT INTO setting (name, value) VALUES ('hold', 'to look at it')").await;
        };
        tokio::join!(app.run(), stop);
        assert!(app.relay.connections() > 10, "each takes a connection with it: {}", app.relay.connections());
        assert_eq!(app.relay.most_open(), 1);

        app.meddle("DELETE FROM setting WHERE name = 'hold'").await;
        app.relay.becomes(Script::default());
        app.run_until("2026-03-03 08:01").await;
        assert_eq!(app.relay.accepted(), READERS);
    }
}
