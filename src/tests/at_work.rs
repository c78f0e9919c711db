//! One process works, others write; and what a process leaves behind that had no time to say goodbye.

use std::time::Duration;

use super::app::{NEWSROOM, Reader, TestApp, add, time};
use super::engine::{Engine, on_both_engines, postgres_is_here};
use crate::app::AppError;
use crate::pipeline::compose;
use crate::store::claim::{self, Claimed, Lanes};
use crate::store::delivery::Token;
use crate::store::lease;

/// Of the process that will die.
const DEAD: Token = [9; 16];

/// Without its first topic.
fn without_health() -> String {
    let topic = "[[topic]]\n    slug = \"health\"\n    name = { en = \"Health\" }\n    feeds = [\"health\"]\n";
    let text = NEWSROOM.replace(topic, "");
    assert_ne!(text, NEWSROOM);
    text
}

/// With one more.
fn with_health_for_all() -> String {
    format!("{NEWSROOM}\n[[topic]]\nslug = \"more\"\nname = {{ en = \"More\" }}\nfeeds = [\"health\"]\n")
}

/// Digests are composed, and the process at work dies with some of them in hand.
async fn claimed_by_a_dead_process(app: &mut TestApp) -> Vec<Claimed> {
    compose::run(app.line(), app.clock.now()).await.unwrap();
    app.dies();
    let mut tx = app.app.store.begin().await.unwrap();
    lease::take(&mut tx, &DEAD, "the one that dies", 600_000).await.unwrap();
    let taken = claim::take(&mut tx, &DEAD, 10, Lanes::All, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    claim::taken(&app.app.store, &taken).await.unwrap()
}

/// Of alice and of bob.
async fn two_claimed_by_a_dead_process(engine: Engine) -> (TestApp, Vec<Claimed>) {
    let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
    for reader in ["alice@example.org", "bob@example.org"] {
        app.subscribe(reader, &["health"]).await;
    }
    app.publish("health", "In hand");
    app.run_until("2026-03-03 07:59").await;
    app.clock.set(time("2026-03-03 08:00"));
    let claimed = claimed_by_a_dead_process(&mut app).await;
    (app, claimed)
}

async fn mark(app: &TestApp, claimed: &Claimed) {
    let mut tx = app.app.store.begin().await.unwrap();
    assert!(app.marks(&mut tx, &DEAD, claimed).await);
    tx.commit().await.unwrap();
}

/// On PostgreSQL it is the database's clock that ends leases; here it has run.
async fn all_leases_end(app: &TestApp) {
    app.meddle("UPDATE lease SET expires_at = 0").await;
}

on_both_engines! {
    async fn a_reader_who_is_added_beside_a_daemon_is_served_by_it(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let other = app.beside(NEWSROOM, &[]).await.unwrap();
        other.adopt().await.expect("it is the same configuration");
        add(&other, Reader::of("alice@example.org", &["health"])).await;
        app.publish("health", "For alice");
        app.run_until("2026-03-03 08:00").await;
        assert!(app.only_mail_to("alice@example.org").says("For alice"));
    }

    async fn a_second_daemon_on_the_same_file_is_refused_and_told_who_has_it(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let second = app.beside(NEWSROOM, &[]).await.unwrap();
        let line = second.line().await.unwrap();
        let at_work = second.at_work(line, "a second one").await;
        if app.is_on_file() {
            let refused = at_work.err().expect("one file, one process");
            assert!(matches!(refused, AppError::Lock(_)));
            assert!(refused.to_string().contains("is in use by the program under test"), "{refused}");
        } else {
            at_work.expect("on a server many can work").leave().await.unwrap();
        }
    }

    /// Where two may work, a digest is made once and sent once.
    async fn two_daemons_on_one_server_share_the_work(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        if app.is_on_file() {
            return;
        }
        let second = app.beside(NEWSROOM, &[]).await.unwrap();
        let line = second.line().await.unwrap();
        let second = second.at_work(line, "a second one").await.unwrap();
        let readers: Vec<String> = (0..20).map(|n| format!("reader{n}@example.org")).collect();
        for reader in &readers {
            app.subscribe(reader, &["health"]).await;
        }
        app.publish("health", "Once");
        app.run_until("2026-03-03 07:59").await;
        app.clock.set(time("2026-03-03 08:00"));
        let now = app.clock.now();
        let (one, other) = tokio::join!(
            crate::pipeline::run_due(app.line(), now),
            crate::pipeline::run_due(&second.line, now)
        );
        one.unwrap();
        other.unwrap();
        app.run_until("2026-03-03 09:00").await;
        for reader in &readers {
            assert_eq!(app.mail_to(reader).len(), 1, "{reader}");
        }
        second.leave().await.unwrap();
    }

    async fn another_configuration_beside_a_daemon_is_refused_with_its_name(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let other = app.beside(&with_health_for_all(), &[]).await.unwrap();
        let refused = other.adopt().await.expect_err("the daemon works with another");
        assert!(matches!(refused, AppError::OtherConfiguration { .. }));
        assert!(refused.to_string().contains("the program under test"), "{refused}");
        assert!(!app.ask("SELECT slug FROM topic").await.contains(&"more".to_owned()));
    }

    async fn with_nobody_at_work_a_changed_configuration_is_put_in_force(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.leaves().await;
        let other = app.beside(&with_health_for_all(), &[]).await.unwrap();
        other.adopt().await.unwrap();
        assert!(app.ask("SELECT slug FROM topic").await.contains(&"more".to_owned()));
    }

    /// A daemon that was killed leaves its lease behind; it must not keep the next configuration out for good.
    async fn the_lease_of_a_dead_daemon_keeps_nobody_out(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.dies();
        all_leases_end(&app).await;
        let other = app.beside(&with_health_for_all(), &[]).await.unwrap();
        let line = other.line().await.unwrap();
        other.at_work(line, "the next one").await.expect("nobody is at work").leave().await.unwrap();
        assert!(app.ask("SELECT slug FROM topic").await.contains(&"more".to_owned()));
    }

    async fn a_topic_that_readers_hold_is_not_dropped(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health", "climate"]).await;
        app.subscribe("bob@example.org", &["health"]).await;
        app.leaves().await;
        let other = app.beside(&without_health(), &[]).await.unwrap();
        let refused = other.adopt().await.expect_err("two readers hold it");
        assert!(refused.to_string().contains("topic `health`: 2 readers have it"), "{refused}");
        let line = other.line().await.unwrap();
        assert!(matches!(other.at_work(line, "the next one").await, Err(AppError::StillHeld(_))));

        app.start_work().await;
        app.publish("health", "Still here");
        app.run_until("2026-03-03 08:00").await;
        assert!(app.only_mail_to("bob@example.org").says("Still here"), "nothing was changed");
    }

    async fn what_a_dead_process_had_claimed_is_sent_once(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "In hand");
        app.run_until("2026-03-03 07:59").await;
        app.clock.set(time("2026-03-03 08:00"));
        assert_eq!(claimed_by_a_dead_process(&mut app).await.len(), 1);
        assert_eq!(app.digests().await, ["claimed"]);

        all_leases_end(&app).await;
        app.start_work().await;
        assert_eq!(app.digests().await, ["ready"]);
        app.run().await;
        assert!(app.only_mail_to("alice@example.org").says("In hand"));
        assert_eq!(app.ask("SELECT CAST(doubts AS TEXT) FROM delivery").await, ["0"]);
    }

    async fn what_a_dead_process_was_handing_over_is_in_doubt_and_sent_again(engine: Engine) {
        let (mut app, claimed) = two_claimed_by_a_dead_process(engine).await;
        mark(&app, &claimed[0]).await;
        assert_eq!(app.digests().await, ["sending", "claimed"]);

        // On a server it may only seem dead: until the relay's last answer must have come, nobody takes it up.
        all_leases_end(&app).await;
        if !app.is_on_file() {
            app.start_work().await;
            assert_eq!(app.digests().await, ["sending", "ready"]);
            app.leaves().await;
            app.meddle("UPDATE delivery SET sending_at = 0 WHERE state = 'sending'").await;
        }
        app.start_work().await;
        assert_eq!(app.digests().await, ["uncertain", "ready"]);
        app.run().await;
        assert_eq!(app.digests().await, ["sent", "sent"]);
        assert_eq!((app.mail_to("alice@example.org").len(), app.mail_to("bob@example.org").len()), (1, 1));
        assert_eq!(app.ask("SELECT CAST(doubts AS TEXT) FROM delivery ORDER BY id").await, ["1", "0"]);
    }

    /// Whoever has lost the lease must not let a dot leave.
    async fn a_process_that_lost_its_lease_marks_nothing(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "In hand");
        app.run_until("2026-03-03 07:59").await;
        app.clock.set(time("2026-03-03 08:00"));
        let claimed = claimed_by_a_dead_process(&mut app).await;
        all_leases_end(&app).await;
        app.start_work().await;

        let mut tx = app.app.store.begin().await.unwrap();
        assert!(!app.marks(&mut tx, &DEAD, &claimed[0]).await);
        tx.rollback().await.unwrap();
        app.run().await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1);
    }
}

/// Whoever only seems dead may be writing, and several others take over at one time: nobody waits for anybody, or two would
/// wait for each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_process_that_seems_dead_still_holds_keeps_no_other_waiting() {
    if !postgres_is_here() {
        return;
    }
    let (mut app, claimed) = two_claimed_by_a_dead_process(Engine::Postgres).await;
    let mut late = app.app.store.begin().await.unwrap();
    assert!(app.marks(&mut late, &DEAD, &claimed[0]).await);

    all_leases_end(&app).await;
    tokio::time::timeout(Duration::from_secs(10), app.start_work()).await.expect("it does not wait for the late mark");
    assert_eq!(app.digests().await, ["claimed", "ready"]);
    late.commit().await.unwrap();
    assert_eq!(app.digests().await, ["sending", "ready"]);

    app.leaves().await;
    app.meddle("UPDATE delivery SET sending_at = 0 WHERE state = 'sending'").await;
    app.start_work().await;
    assert_eq!(app.digests().await, ["uncertain", "ready"]);
}
