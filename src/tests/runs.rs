//! Runs that a person holds, releases or cancels, and the stop of all mail.

use super::app::{NEWSROOM, TestApp, time};
use super::engine::{Engine, on_both_engines};
use super::rows::Rows;
use crate::model::delivery::Mode;
use crate::model::schedule::Firing;
use crate::pipeline::compose::plan::Plan;
use crate::pipeline::compose::preview::{self, Mail, Pending};
use crate::pipeline::deliver::proof::{self, Proof};
use crate::pipeline::{self, compose};
use crate::store::claim::{self, Claimed, Lanes};
use crate::store::delivery;
use crate::store::hold::{self, Fate};
use crate::store::run::{self, Beginning, Listed};
use crate::store::slot;
use crate::store::subscriber;

async fn compose_at(app: &TestApp, at: &str) {
    app.clock.set(time(at));
    compose::run(app.line(), app.clock.now()).await.unwrap();
}

/// Two readers of health, and a digest of each in the queue, on 3 March at 8.
async fn with_digests_that_wait(engine: Engine) -> TestApp {
    let app = TestApp::at(engine, "2026-03-02 12:00").await;
    app.subscribe("alice@example.org", &["health"]).await;
    app.subscribe("bob@example.org", &["health"]).await;
    app.publish("health", "First");
    app.fetch().await;
    compose_at(&app, "2026-03-03 08:00").await;
    assert_eq!(app.digests().await, ["ready", "ready"]);
    app
}

async fn latest(app: &TestApp) -> Listed {
    run::latest(&app.app.store, 1).await.unwrap().remove(0)
}

async fn hold(app: &TestApp, run: i64) -> bool {
    let mut tx = app.app.store.begin().await.unwrap();
    let held = hold::hold(&mut tx, run, "a wrong picture", app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    held
}

async fn release(app: &TestApp, run: i64) -> bool {
    let mut tx = app.app.store.begin().await.unwrap();
    let released = hold::release(&mut tx, run).await.unwrap();
    tx.commit().await.unwrap();
    released
}

/// The first half of what the command does; it may be killed after it.
async fn mark_cancelled(app: &TestApp, run: &Listed, fate: Fate) -> bool {
    let mut tx = app.app.store.begin().await.unwrap();
    let cancelled = hold::cancel(&mut tx, run.id, run.slot, fate, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    cancelled
}

async fn cancel(app: &TestApp, fate: Fate) -> u64 {
    let run = latest(app).await;
    assert!(mark_cancelled(app, &run, fate).await);
    assert!(!mark_cancelled(app, &run, fate).await, "once");
    hold::sweep(&app.app.store, app.clock.now()).await.unwrap()
}

async fn claim(app: &TestApp) -> Vec<Claimed> {
    let mut tx = app.app.store.begin().await.unwrap();
    let taken = claim::take(&mut tx, &app.line().token, 10, Lanes::All, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    claim::taken(&app.app.store, &taken).await.unwrap()
}

/// Whether the dot may leave.
async fn may_leave(app: &TestApp, claimed: &Claimed) -> bool {
    let mut tx = app.app.store.begin().await.unwrap();
    let granted = app.marks(&mut tx, &app.line().token, claimed).await;
    tx.rollback().await.unwrap();
    granted
}

async fn preview(app: &TestApp, address: &str) -> (Pending, Option<Proof>) {
    let (line, now) = (app.line(), app.clock.now());
    let address = address.parse().unwrap();
    let reader = subscriber::by_address(&app.app.store, &address).await.unwrap().expect("a reader");
    let pending = preview::pending(line, reader.id, None, now).await.unwrap().expect("a slot");
    let proof = match &pending.mail {
        Some(Mail { content, topics }) => {
            Some(proof::pull(line, content, topics, &reader, &address, pending.due_at).await.unwrap().expect("a mail"))
        }
        None => None,
    };
    (pending, proof)
}

fn headlines(app: &TestApp, address: &str) -> Vec<Vec<String>> {
    app.mail_to(address).iter().map(|mail| mail.headlines()).collect()
}

/// The run of the only slot, begun, one reader a page.
async fn begin_at<'a>(app: &'a TestApp, at: &str) -> Plan<'a> {
    app.clock.set(time(at));
    let now = app.clock.now();
    let slot = slot::due(&app.app.store, now).await.unwrap().remove(0);
    let firing = Firing { period: now.naive_utc(), at: now };
    let beginning = Beginning { slot: slot.id, firing, late: false, mode: Mode::Live, held: None };
    let mut tx = app.app.store.begin().await.unwrap();
    run::begin(&mut tx, &beginning, now).await.unwrap().expect("a new period");
    tx.commit().await.unwrap();
    let run = run::planning(&app.app.store).await.unwrap().remove(0);
    let mut plan = Plan::open(app.line(), run, slot).await.unwrap();
    plan.at_once = 1;
    plan
}

on_both_engines! {
    async fn nothing_of_a_held_run_leaves_until_it_is_released(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        let run = latest(&app).await;
        assert!(hold(&app, run.id).await);
        assert!(!hold(&app, run.id).await, "it is held already");
        assert_eq!(latest(&app).await.stands(), "held");
        assert_eq!(delivery::next_attempt(&app.app.store).await.unwrap(), None, "nobody wakes for it");
        app.run_until("2026-03-03 20:00").await;
        assert_eq!(app.digests().await, ["ready", "ready"]);

        // The next run is not held, and leaves what is held alone.
        app.publish("health", "Second");
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(headlines(&app, "alice@example.org"), [["Second"]]);

        assert!(release(&app, run.id).await);
        assert!(!release(&app, run.id).await);
        app.run().await;
        assert_eq!(headlines(&app, "alice@example.org"), [["Second"], ["First"]]);
        assert_eq!(headlines(&app, "bob@example.org"), [["Second"], ["First"]]);
    }

    async fn a_hold_reaches_what_a_connection_has_in_hand(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        let claimed = claim(&app).await;
        assert_eq!(claimed.len(), 2);
        assert!(may_leave(&app, &claimed[0]).await);

        let run = latest(&app).await;
        hold(&app, run.id).await;
        assert!(!may_leave(&app, &claimed[0]).await, "the run is held");
        release(&app, run.id).await;
        assert!(may_leave(&app, &claimed[0]).await);

        let mut tx = app.app.store.begin().await.unwrap();
        hold::hold_all(&mut tx, "wait").await.unwrap();
        tx.commit().await.unwrap();
        assert!(!may_leave(&app, &claimed[0]).await, "all mail is held");
        let mut tx = app.app.store.begin().await.unwrap();
        assert!(hold::release_all(&mut tx).await.unwrap());
        assert!(!hold::release_all(&mut tx).await.unwrap());
        tx.commit().await.unwrap();
        assert!(may_leave(&app, &claimed[0]).await);

        cancel(&app, Fate::Owed).await;
        assert!(!may_leave(&app, &claimed[0]).await, "the run is cancelled");
        app.run().await;
        assert_eq!(app.mail_to("alice@example.org").len(), 0);
    }

    async fn a_stop_of_all_mail_survives_a_restart(engine: Engine) {
        let mut app = with_digests_that_wait(engine).await;
        let mut tx = app.app.store.begin().await.unwrap();
        hold::hold_all(&mut tx, "wait").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(delivery::next_attempt(&app.app.store).await.unwrap(), None, "nobody wakes for it");
        let tally = app.run().await;
        assert_eq!(tally.delivered.held.as_deref(), Some("wait"));
        app.restart(&[]).await;
        app.run_until("2026-03-03 20:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 0);

        let mut tx = app.app.store.begin().await.unwrap();
        hold::release_all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        app.run().await;
        assert_eq!(headlines(&app, "alice@example.org"), [["First"]]);
    }

    async fn a_run_that_wants_approval_waits_for_it(engine: Engine) {
        let frequency = "[[frequency]]\nslug = \"daily\"\nname = { en = \"Daily\" }\ncron = \"0 8 * * *\"\nhour_choice = true\napprove = true\n";
        let app = TestApp::of(engine, "2026-03-02 12:00", &format!("{NEWSROOM}\n{frequency}"), &[]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "First");
        app.fetch().await;
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 0);
        let run = latest(&app).await;
        assert_eq!((run.stands(), run.held_reason.as_deref()), ("held", Some("waits for approval")));
        let held = run::held(&app.app.store).await.unwrap();
        assert_eq!(held, [(run.id, "daily".to_owned(), Some("waits for approval".to_owned()))]);

        // Each of its runs.
        app.publish("health", "Second");
        app.fetch().await;
        app.run_until("2026-03-04 12:00").await;
        release(&app, run.id).await;
        app.run().await;
        assert_eq!(headlines(&app, "alice@example.org"), [["First"]]);
        let second = latest(&app).await;
        release(&app, second.id).await;
        app.run().await;
        assert_eq!(headlines(&app, "alice@example.org"), [["First"], ["Second"]]);
    }

    async fn the_articles_of_a_cancelled_run_come_with_the_next(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        assert_eq!(cancel(&app, Fate::Owed).await, 2);
        assert_eq!(app.ask("SELECT state FROM run").await, ["cancelled"]);
        assert_eq!(app.ask("SELECT reason FROM delivery ORDER BY id").await, ["operator", "operator"]);
        app.run_until("2026-03-03 20:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 0);

        app.publish("health", "Second");
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(headlines(&app, "alice@example.org"), [["Second", "First"]]);
        app.publish("health", "Third");
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(headlines(&app, "bob@example.org"), [vec!["Second", "First"], vec!["Third"]]);
    }

    async fn the_articles_of_a_dropped_run_come_no_more(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        assert_eq!(cancel(&app, Fate::Dropped).await, 2);
        app.publish("health", "Second");
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(headlines(&app, "alice@example.org"), [["Second"]]);
        assert_eq!(headlines(&app, "bob@example.org"), [["Second"]]);
    }

    async fn what_was_folded_into_a_dropped_run_is_still_owed(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        app.publish("health", "Second");
        pipeline::collect::run(app.line(), app.clock.now()).await.unwrap();
        compose_at(&app, "2026-03-04 08:00").await;
        assert_eq!(app.digests().await, ["expired", "expired", "ready", "ready"]);
        assert_eq!(cancel(&app, Fate::Dropped).await, 2);
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(headlines(&app, "alice@example.org"), [["First"]]);
    }

    async fn a_kill_in_the_middle_of_cancelling_is_made_good(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        let run = latest(&app).await;
        mark_cancelled(&app, &run, Fate::Owed).await;
        assert_eq!(delivery::next_attempt(&app.app.store).await.unwrap(), None, "what is marked does not leave");
        assert_eq!(claim(&app).await.len(), 0);
        assert_eq!(app.ask("SELECT state FROM run").await, ["planned"]);
        app.run().await;
        assert_eq!(app.digests().await, ["cancelled", "cancelled"]);
        assert_eq!(app.ask("SELECT state FROM run").await, ["cancelled"]);
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(headlines(&app, "alice@example.org"), [["First"]]);
    }

    async fn a_run_cancelled_while_it_is_being_planned_reaches_all_its_readers(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        for reader in ["a@example.org", "b@example.org", "c@example.org"] {
            app.subscribe(reader, &["health"]).await;
        }
        app.publish("health", "First");
        app.fetch().await;
        let mut plan = begin_at(&app, "2026-03-03 08:00").await;
        assert_eq!(plan.page(app.clock.now()).await.unwrap(), Some(1));
        let run = latest(&app).await;
        assert!(mark_cancelled(&app, &run, Fate::Owed).await);
        assert_eq!(hold::sweep(&app.app.store, app.clock.now()).await.unwrap(), 0, "its planning goes on");
        assert_eq!(plan.page(app.clock.now()).await.unwrap(), Some(1));
        assert_eq!(app.digests().await, ["ready", "cancelled"], "born cancelled");
        assert_eq!(claim(&app).await.len(), 0);

        // Another daemon ends the planning, and what was made before.
        app.run().await;
        assert_eq!(app.digests().await, ["cancelled", "cancelled", "cancelled"]);
        assert_eq!(app.ask("SELECT state FROM run").await, ["cancelled"]);
        assert_eq!(app.ask("SELECT reason FROM delivery ORDER BY id").await, ["operator", "operator", "operator"]);

        app.publish("health", "Second");
        app.run_until("2026-03-04 12:00").await;
        for reader in ["a@example.org", "b@example.org", "c@example.org"] {
            assert_eq!(headlines(&app, reader), [["Second", "First"]], "{reader}");
        }
    }

    async fn what_was_ever_in_doubt_stays_a_message_of_its_own(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        app.meddle("UPDATE delivery SET doubts = 1 WHERE id = (SELECT min(id) FROM delivery)").await;
        assert_eq!(cancel(&app, Fate::Owed).await, 1);
        assert_eq!(app.digests().await, ["ready", "cancelled"]);
        app.run().await;
        assert_eq!(app.digests().await, ["sent", "cancelled"]);
    }

    async fn a_preview_is_the_mail_that_comes_and_changes_nothing(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health", "climate"]).await;
        app.subscribe("bob@example.org", &["health"]).await;
        app.publish("health", "First");
        app.fetch().await;
        compose_at(&app, "2026-03-03 08:00").await;
        cancel(&app, Fate::Owed).await;
        app.publish("climate", "Second");
        app.fetch().await;

        let before = Rows::all(app.app.store.db()).await;
        let (pending, proof) = preview(&app, "alice@example.org").await;
        assert_eq!(pending.due_at, time("2026-03-04 08:00"));
        let proof = proof.expect("a mail");
        assert_eq!(Rows::all(app.app.store.db()).await, before, "a preview writes nothing");

        app.run_until("2026-03-04 12:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert_eq!(mail.headlines(), ["First", "Second"], "what was cancelled, and what is new");
        assert_eq!(proof.subject, mail.subject());
        assert_eq!(proof.text.trim(), mail.text().replace("\r\n", "\n").trim());
        assert_eq!(proof.html.unwrap().trim(), mail.html().replace("\r\n", "\n").trim());

        let (pending, proof) = preview(&app, "alice@example.org").await;
        assert_eq!((pending.due_at, proof), (time("2026-03-05 08:00"), None), "nothing is new");
    }

    async fn a_preview_amid_planning_is_of_the_run_that_comes_to_the_reader_next(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.subscribe("bob@example.org", &["health"]).await;
        app.publish("health", "First");
        app.fetch().await;
        let mut plan = begin_at(&app, "2026-03-03 08:00").await;
        plan.page(app.clock.now()).await.unwrap();
        app.publish("health", "Second");
        pipeline::collect::run(app.line(), app.clock.now()).await.unwrap();

        let before = Rows::all(app.app.store.db()).await;
        let (pending, proof) = preview(&app, "bob@example.org").await;
        assert_eq!(pending.due_at, time("2026-03-03 08:00"), "the run has not come to bob");
        assert!(proof.unwrap().text.contains("First"));
        let (pending, _) = preview(&app, "alice@example.org").await;
        assert_eq!(pending.due_at, time("2026-03-04 08:00"), "it has passed alice");
        assert_eq!(Rows::all(app.app.store.db()).await, before);
        app.run().await;
    }
}
