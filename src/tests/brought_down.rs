//! An edition that brings the program down while it is rendered is set aside at last, and no other is.

use std::time::Duration;

use super::app::{NEWSROOM, Setup, TestApp};
use super::engine::{Engine, on_both_engines};
use super::relay::Script;
use crate::pipeline::deliver;

/// So many that the first batch is not taken off the claimer's hands at once.
const READERS: usize = 100;

const STATES: &str = "SELECT DISTINCT state FROM delivery WHERE kind = 'digest' ORDER BY state";
const MARKS: &str = "SELECT CAST(render_marks AS TEXT) FROM edition ORDER BY id";

/// Planned, and ready to go: a digest of health for each reader, and one of climate.
async fn with_two_editions(engine: Engine, pause: Duration) -> TestApp {
    // Between keeping a message and its 250.
    let script = Script { pause, ..Script::default() };
    let options = &[("RELAY__CONNECTIONS", "1")];
    let setup = Setup { text: NEWSROOM, options, script, ..Setup::default() };
    let app = TestApp::set_up(engine, "2026-03-02 12:00", setup).await;
    app.run().await;
    for n in 0..READERS {
        app.subscribe(&format!("r{n}@example.org"), &["health"]).await;
    }
    app.subscribe("ada@example.org", &["climate"]).await;
    app.publish("health", "A clinic opens");
    app.publish("climate", "A river rises");
    app.meddle("INSERT INTO setting (name, value) VALUES ('hold', 'to look at it')").await;
    app.run_until("2026-03-03 08:00").await;
    assert_eq!(app.ask(STATES).await, ["ready"]);
    app.meddle("DELETE FROM setting WHERE name = 'hold'").await;
    app
}

on_both_engines! {
    async fn after_three_renderings_without_an_end_there_is_no_fourth(engine: Engine) {
        let app = with_two_editions(engine, Duration::ZERO).await;
        // As three daemons leave it that went down while they rendered it.
        app.meddle(
            "UPDATE edition SET render_marks = 3
             WHERE id = (SELECT d.edition FROM delivery d JOIN subscriber s ON s.id = d.subscriber WHERE s.address = 'ada@example.org')",
        )
        .await;
        app.run().await;

        assert_eq!(app.ask("SELECT state FROM delivery WHERE state <> 'sent'").await, ["quarantined"]);
        let why = app.ask("SELECT quarantine_reason FROM edition WHERE quarantined_at IS NOT NULL").await;
        assert_eq!(why, ["three attempts to render it came to no end"]);
        assert_eq!(app.relay.accepted(), READERS, "all others have theirs");
        assert_eq!(app.mail_to("ada@example.org").len(), 0);
    }

    async fn two_are_forgiven_and_forgotten(engine: Engine) {
        let app = with_two_editions(engine, Duration::ZERO).await;
        app.meddle("UPDATE edition SET render_marks = 2").await;
        app.run().await;

        assert_eq!(app.ask(STATES).await, ["sent"]);
        assert_eq!(app.ask(MARKS).await, ["0", "0"]);
    }

    /// An error is not a kill: the database was away, say, while an edition was read.
    async fn what_could_not_be_read_is_not_held_against_an_edition(engine: Engine) {
        let app = with_two_editions(engine, Duration::ZERO).await;
        app.meddle("ALTER TABLE article RENAME TO article_elsewhere").await;
        for _ in 0..5 {
            let failed = deliver::run(app.line(), app.clock.now()).await;
            assert!(failed.is_err(), "{failed:?}");
            assert_eq!(app.ask(MARKS).await, ["0", "0"]);
        }
        app.meddle("ALTER TABLE article_elsewhere RENAME TO article").await;
        app.run().await;
        assert_eq!(app.ask(STATES).await, ["sent"]);
    }

    async fn nor_are_two_real_ones_forgiven_for_it(engine: Engine) {
        let app = with_two_editions(engine, Duration::ZERO).await;
        app.meddle("UPDATE edition SET render_marks = 2").await;
        app.meddle("ALTER TABLE article RENAME TO article_elsewhere").await;
        assert!(deliver::run(app.line(), app.clock.now()).await.is_err());
        assert_eq!(app.ask(MARKS).await, ["2", "2"]);
        app.meddle("ALTER TABLE article_elsewhere RENAME TO article").await;
        app.run().await;
    }

    /// That no other can be read either would stop all mail.
    async fn an_edition_that_nobody_can_read_is_set_aside(engine: Engine) {
        let app = with_two_editions(engine, Duration::ZERO).await;
        app.meddle(
            "UPDATE edition SET content = 'in another language'
             WHERE id = (SELECT d.edition FROM delivery d JOIN subscriber s ON s.id = d.subscriber WHERE s.address = 'ada@example.org')",
        )
        .await;
        app.run().await;
        assert_eq!(app.ask("SELECT state FROM delivery WHERE state <> 'sent'").await, ["quarantined"]);
        assert_eq!(app.relay.accepted(), READERS, "all others have theirs");
    }

    /// However long the handing over takes: a kill from now on says nothing of these editions.
    async fn what_is_rendered_has_no_mark_when_its_first_message_leaves(engine: Engine) {
        let app = with_two_editions(engine, Duration::from_millis(300)).await;
        let look_and_stop = async {
            assert!(app.relay.arrives(1).await);
            let marks = app.ask(MARKS).await;
            app.line().stopping.cancel();
            marks
        };
        let (_, marks) = tokio::join!(app.run(), look_and_stop);
        assert_eq!(marks, ["0", "0"]);
        assert!(app.relay.accepted() < 10, "it looked while most were on their way");
    }
}
