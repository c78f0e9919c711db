//! Nobody is written to faster than they take it, and nobody waits for that who is not meant.

use std::time::Duration;

use chrono::TimeDelta;

use super::app::{NEWSROOM, Reader, Setup, TestApp, time};
use super::engine::{Engine, on_both_engines};
use super::relay::Script;

async fn ready(engine: Engine, throttles: &str, readers: &[String]) -> TestApp {
    let text = format!("{NEWSROOM}\n{throttles}");
    let app = TestApp::set_up(engine, "2026-03-02 12:00", Setup { text: &text, ..Setup::default() }).await;
    app.run().await;
    for reader in readers {
        app.subscribe(reader, &["health"]).await;
    }
    app.publish("health", "One at a time");
    app.run_until("2026-03-03 07:59").await;
    app.clock.set(time("2026-03-03 08:00"));
    app
}

fn readers(n: usize, domain: &str) -> Vec<String> {
    (0..n).map(|i| format!("r+{i}@{domain}")).collect()
}

/// Of the messages that were accepted: the places of those to this domain, in the order of their coming.
fn places(app: &TestApp, domain: &str) -> Vec<usize> {
    let received = app.relay.received();
    received.iter().enumerate().filter(|(_, mail)| mail.to[0].ends_with(domain)).map(|(place, _)| place).collect()
}

/// Somebody signs up while so many digests are on their way, an eighth of a second each.
async fn asks_meanwhile(engine: Engine, throttle: &str, digests: usize) {
    let app = ready(engine, throttle, &readers(digests, "example.org")).await;
    let asked = async {
        assert!(app.relay.arrives(1).await);
        app.add(Reader { pending: true, ..Reader::of("ana@example.org", &["health"]) }).await;
    };
    let (tally, ()) = tokio::join!(app.run(), asked);
    assert_eq!(tally.delivered.sent, digests + 1);
    let confirmation = places(&app, "ana@example.org")[0];
    assert!(confirmation < digests - 2, "it came after {confirmation} digests");
}

on_both_engines! {
    async fn a_domain_that_takes_few_holds_up_nobody_else(engine: Engine) {
        let both = [readers(12, "few.example"), readers(12, "many.example")].concat();
        let app = ready(engine, "[[throttle]]\ndomains = [\"few.example\"]\nmessages_per_second = 4", &both).await;
        assert_eq!(app.run().await.delivered.sent, 24);
        let (few, many) = (places(&app, "few.example"), places(&app, "many.example"));
        assert_eq!((few.len(), many.len()), (12, 12));
        // Eleven of the twelve had to wait, a quarter of a second each.
        assert!(few[6] > many[11], "{few:?} {many:?}");
    }

    async fn who_waits_for_an_answer_does_not_wait_for_digests(engine: Engine) {
        asks_meanwhile(engine, "[relay]\nmessages_per_second = 8", 40).await;
    }

    async fn nor_for_those_to_their_own_domain(engine: Engine) {
        asks_meanwhile(engine, "[[throttle]]\ndomains = [\"example.org\"]\nmessages_per_second = 8", 22).await;
    }

    /// More than there is room for: those that find none wait for it, and are not taken in hand again and again.
    async fn many_who_sign_up_are_taken_in_hand_once(engine: Engine) {
        let script = Script { pause: Duration::from_millis(20), ..Script::default() };
        let setup = Setup { text: NEWSROOM, options: &[("RELAY__CONNECTIONS", "1")], script, ..Setup::default() };
        let app = TestApp::set_up(engine, "2026-03-02 12:00", setup).await;
        app.run().await;
        for n in 0..100 {
            app.add(Reader { pending: true, ..Reader::of(&format!("r{n}@example.org"), &["health"]) }).await;
        }
        app.meddle("CREATE TABLE taken (delivery BIGINT)").await;
        if engine == Engine::Sqlite {
            app.meddle(
                "CREATE TRIGGER taken AFTER UPDATE ON delivery WHEN NEW.state = 'claimed'
                 BEGIN INSERT INTO taken VALUES (NEW.id); END",
            )
            .await;
        } else {
            app.meddle(
                "CREATE FUNCTION taken() RETURNS trigger LANGUAGE plpgsql AS
                 'BEGIN INSERT INTO taken VALUES (NEW.id); RETURN NULL; END'",
            )
            .await;
            app.meddle(
                "CREATE TRIGGER taken AFTER UPDATE ON delivery FOR EACH ROW WHEN (NEW.state = 'claimed')
                 EXECUTE FUNCTION taken()",
            )
            .await;
        }
        assert_eq!(app.run().await.delivered.sent, 100);
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM taken").await, ["100"]);
    }

    /// Whoever says "later" gets the next one later, and no mail waits in hand for it.
    async fn a_domain_that_asks_for_less_gets_less(engine: Engine) {
        let late: Vec<String> = (0..30).map(|i| format!("later-451-4.7.1+{i}@busy.example")).collect();
        let both = [late, readers(12, "many.example")].concat();
        let app = ready(engine, "[relay]\nconnections = 1", &both).await;
        let delivered = app.run().await.delivered;
        assert_eq!(delivered.sent, 12, "{delivered:?}");
        assert!(delivered.deferred < 8, "one a second, and for three seconds: {delivered:?}");
        let waits = app.ask("SELECT CAST(count(*) AS TEXT) FROM delivery WHERE state = 'ready' AND attempts = 0").await;
        assert_eq!(waits, [(30 - delivered.deferred).to_string()], "the others come back, and nobody has charged them");
        let next = crate::store::delivery::next_attempt(&app.app.store).await.unwrap().unwrap();
        assert!(next - app.clock.now() <= TimeDelta::minutes(5), "{next}");
    }

    async fn a_relay_that_asks_for_less_gets_less(engine: Engine) {
        let script = Script { mail_answer: Some("451 4.3.2 too busy"), ..Script::default() };
        let app = ready(engine, "[relay]\nconnections = 1", &readers(2, "example.org")).await;
        app.relay.becomes(script);
        assert_eq!(app.run().await.delivered.deferred, 2);
        app.relay.becomes(Script::default());
        app.clock.set(time("2026-03-03 08:05"));
        let began = std::time::Instant::now();
        assert_eq!(app.run().await.delivered.sent, 2);
        assert!(began.elapsed().as_millis() > 800, "one a second");
    }
}
