//! What people changed their minds about, when some of it is on its way already: an article is withdrawn or pinned, a
//! topic is stopped.

use chrono::DateTime;

use super::app::{Reader, TestApp, time};
use super::engine::{Engine, on_both_engines};
use crate::model::delivery::Mode;
use crate::model::holdings::{Return, StopReason};
use crate::model::schedule::Firing;
use crate::pipeline::compose::{self, plan::Plan};
use crate::store::claim::{self, Lanes};
use crate::store::run::Beginning;
use crate::store::withdrawal::{self, Reach};
use crate::store::{article, edition, run, slot};

/// Three readers and a digest of each in the queue, on 3 March at 8: of health and climate, of health, of climate.
async fn with_digests_that_wait(engine: Engine) -> TestApp {
    let app = TestApp::at(engine, "2026-03-02 12:00").await;
    app.subscribe("both@example.org", &["health", "climate"]).await;
    app.subscribe("health@example.org", &["health"]).await;
    app.subscribe("climate@example.org", &["climate"]).await;
    app.publish("health", "Of health");
    for feed in ["health", "climate"] {
        app.publish(feed, "Of both");
    }
    app.publish("climate", "Of climate");
    app.fetch().await;
    compose_at(&app, "2026-03-03 08:00").await;
    assert_eq!(app.digests().await, ["ready", "ready", "ready"]);
    app
}

async fn compose_at(app: &TestApp, at: &str) {
    app.clock.set(time(at));
    compose::run(app.line(), app.clock.now()).await.unwrap();
}

async fn id(app: &TestApp, title: &str) -> i64 {
    let all = article::list(&app.app.store, None, DateTime::UNIX_EPOCH, 100).await.unwrap();
    all.into_iter().find(|article| article.title == title).expect("such an article").id
}

async fn mark(app: &TestApp, title: &str) {
    let article = id(app, title).await;
    let mut tx = app.app.store.begin().await.unwrap();
    assert!(withdrawal::withdraw(&mut tx, article, app.clock.now()).await.unwrap());
    tx.commit().await.unwrap();
}

/// As the command does it.
async fn withdraw(app: &TestApp, title: &str) -> Reach {
    let article = id(app, title).await;
    let foreseen = withdrawal::reach_if_withdrawn(&app.app.store, article).await.unwrap();
    mark(app, title).await;
    withdrawal::sweep(&app.app.store, app.clock.now()).await.unwrap();
    let reach = withdrawal::reach(&app.app.store, article).await.unwrap();
    assert_eq!(reach, foreseen, "what -n says is what is done");
    reach
}

async fn pin(app: &TestApp, title: &str) {
    let article = id(app, title).await;
    let mut tx = app.app.store.begin().await.unwrap();
    article::pin(&mut tx, article, Some(app.clock.now())).await.unwrap();
    tx.commit().await.unwrap();
}

async fn stop(app: &TestApp, address: &str, slug: &str) {
    let topic = app.topic(slug).await;
    let stopped = app.change(address, |holdings, ground| holdings.stop(Some(&[topic]), StopReason::Reader, ground));
    assert_eq!(stopped.await, [topic]);
}

async fn start_again(app: &TestApp, address: &str, slug: &str) {
    let topic = app.topic(slug).await;
    let started = app.change(address, |holdings, ground| holdings.start_again(Some(&[topic]), Return::CatchUp, ground));
    assert_eq!(started.await, [topic]);
}

fn headlines(app: &TestApp, address: &str) -> Vec<Vec<String>> {
    app.mail_to(address).iter().map(|mail| mail.headlines()).collect()
}

/// The run that is being planned, one reader a page.
pub(super) async fn plan(app: &TestApp) -> Plan<'_> {
    let run = run::planning(&app.app.store).await.unwrap().remove(0);
    let slot = slot::by_id(&app.app.store, run.slot).await.unwrap().unwrap();
    let mut plan = Plan::open(app.line(), run, slot).await.unwrap();
    plan.at_once = 1;
    plan
}

/// Begins the run of the only slot, and plans nothing of it.
pub(super) async fn begin_at(app: &TestApp, at: &str) {
    app.clock.set(time(at));
    let now = app.clock.now();
    let slot = slot::due(&app.app.store, now).await.unwrap().remove(0);
    let firing = Firing { period: now.naive_utc(), at: now };
    let beginning = Beginning { slot: slot.id, firing, late: false, mode: Mode::Live, held: None };
    let mut tx = app.app.store.begin().await.unwrap();
    run::begin(&mut tx, &beginning, now).await.unwrap().expect("a new period");
    tx.commit().await.unwrap();
}

on_both_engines! {
    async fn what_is_withdrawn_before_its_run_is_in_no_digest(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.subscribe("bob@example.org", &["climate"]).await;
        app.publish("health", "Stays");
        app.publish("health", "Goes");
        app.publish("climate", "Goes, too");
        app.fetch().await;
        assert_eq!(withdraw(&app, "Goes").await, Reach::default());
        assert_eq!(withdraw(&app, "Goes, too").await, Reach::default());
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(headlines(&app, "alice@example.org"), [["Stays"]]);
        assert_eq!(app.mail_to("bob@example.org").len(), 0, "nothing new, no mail");
    }

    async fn what_is_withdrawn_between_planning_and_sending_leaves_what_waits(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        let reach = withdraw(&app, "Of health").await;
        assert_eq!(reach, Reach { changed: 2, ..Reach::default() });
        app.run().await;
        assert_eq!(headlines(&app, "both@example.org"), [["Of both", "Of climate"]]);
        assert_eq!(headlines(&app, "health@example.org"), [["Of both"]]);
        assert_eq!(headlines(&app, "climate@example.org"), [["Of climate", "Of both"]]);
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(app.mail_to("health@example.org").len(), 1, "it is not owed");
        assert_eq!(app.ask("SELECT CAST(sweeping AS TEXT) FROM article WHERE sweeping").await.len(), 0, "swept");
    }

    /// An article under two topics leaves both, and a digest of nothing else does not go.
    async fn a_digest_of_nothing_else_is_cancelled_and_owes_nothing(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        withdraw(&app, "Of health").await;
        let reach = withdraw(&app, "Of both").await;
        assert_eq!(reach, Reach { changed: 2, cancelled: 1, ..Reach::default() });
        assert_eq!(app.digests().await, ["ready", "cancelled", "ready"]);
        let reasons = app.ask("SELECT reason FROM delivery WHERE state = 'cancelled'").await;
        assert_eq!(reasons, ["withdrawn"]);
        app.run().await;
        assert_eq!(headlines(&app, "both@example.org"), [["Of climate"]]);
        assert_eq!(headlines(&app, "climate@example.org"), [["Of climate"]]);

        app.publish("health", "The next day");
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(headlines(&app, "health@example.org"), [["The next day"]]);
    }

    async fn what_has_gone_is_counted_and_its_page_shows_it_no_more(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        app.run().await;
        let mail = app.only_mail_to("health@example.org");
        let link = mail.text().lines().find(|line| line.contains("/edition/")).unwrap().trim().to_owned();
        assert!(app.visit(&link).await.1.contains("Of both"));

        let reach = withdraw(&app, "Of both").await;
        assert_eq!(reach, Reach { sent: 3, ..Reach::default() });
        let (status, page) = app.visit(&link).await;
        assert_eq!(status, 200);
        assert!(page.contains("Of health") && page.contains("This article has been withdrawn."), "{page}");
        assert!(!page.contains("Of both") && page.contains("1 new article in 1 topic"), "{page}");
    }

    /// The mark comes between two pages: who was planned before it is swept, who comes after it is not planned with it.
    async fn what_is_withdrawn_in_mid_planning_goes_to_nobody(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let readers = ["one@example.org", "two@example.org", "three@example.org"];
        for reader in readers {
            app.subscribe(reader, &["health"]).await;
        }
        app.publish("health", "First");
        app.publish("health", "Second");
        app.publish("health", "Third");
        app.fetch().await;
        begin_at(&app, "2026-03-03 08:00").await;

        let mut plan = plan(&app).await;
        assert_eq!(plan.page(app.clock.now()).await.unwrap(), Some(1));
        mark(&app, "Second").await;
        assert_eq!(plan.page(app.clock.now()).await.unwrap(), Some(1));
        pin(&app, "First").await;
        while plan.page(app.clock.now()).await.unwrap().is_some() {}
        // Composing begins with what whoever withdrew left undone.
        app.run().await;
        assert_eq!(headlines(&app, "one@example.org"), [["Third", "First"]]);
        assert_eq!(headlines(&app, "two@example.org"), [["Third", "First"]]);
        assert_eq!(headlines(&app, "three@example.org"), [["First", "Third"]]);
    }

    async fn what_is_pinned_stands_first_until_it_is_let_go(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { hour: 9, ..Reader::of("nine@example.org", &["health"]) }).await;
        app.subscribe("alice@example.org", &["health"]).await;
        for title in ["First", "Second", "Third"] {
            app.publish("health", title);
        }
        app.fetch().await;
        pin(&app, "First").await;
        app.run_until("2026-03-03 08:30").await;
        assert_eq!(headlines(&app, "alice@example.org"), [["First", "Third", "Second"]]);

        let article = id(&app, "First").await;
        let mut tx = app.app.store.begin().await.unwrap();
        article::pin(&mut tx, article, None).await.unwrap();
        tx.commit().await.unwrap();
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(headlines(&app, "nine@example.org"), [["Third", "Second", "First"]]);
    }

    /// The message is on the wire with the old edition, and its mark is refused: the new one leaves.
    async fn a_digest_that_a_connection_has_in_hand_does_not_leave_with_it(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        let token = app.line().token;
        let mut tx = app.app.store.begin().await.unwrap();
        let taken = claim::take(&mut tx, &token, 10, Lanes::All, app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        let claimed = claim::taken(&app.app.store, &taken).await.unwrap();
        assert_eq!(app.digests().await, ["claimed", "claimed", "claimed"]);
        withdraw(&app, "Of health").await;

        let mut tx = app.app.store.begin().await.unwrap();
        for delivery in &claimed {
            let address = delivery.address.as_ref().unwrap();
            let granted = app.marks(&mut tx, &token, delivery).await;
            assert_eq!(granted, address.to_string() == "climate@example.org", "{address}");
        }
        tx.rollback().await.unwrap();
        app.run().await;
        assert_eq!(headlines(&app, "health@example.org"), [["Of both"]]);
        assert_eq!(headlines(&app, "both@example.org"), [["Of both", "Of climate"]]);
        assert_eq!(headlines(&app, "climate@example.org"), [["Of climate", "Of both"]]);
    }

    /// Handed over and deferred, it comes back to wait, after the sweep.
    async fn what_was_being_handed_over_is_swept_when_it_comes_back(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        app.meddle("UPDATE delivery SET state = 'sending'").await;
        let reach = withdraw_in_hand(&app, "Of both").await;
        assert_eq!(reach, Reach { in_doubt: 3, ..Reach::default() });
        app.meddle("UPDATE delivery SET state = 'deferred', token = NULL").await;
        app.run().await;
        assert_eq!(headlines(&app, "health@example.org"), [["Of health"]]);
        assert_eq!(app.ask("SELECT CAST(sweeping AS TEXT) FROM article WHERE sweeping").await.len(), 0, "swept");
    }

    /// What may have arrived is sent again as it was, or not at all.
    async fn what_was_ever_in_doubt_stays_as_it_is(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        app.meddle("UPDATE delivery SET doubts = 1").await;
        assert_eq!(withdraw(&app, "Of both").await, Reach { in_doubt: 3, ..Reach::default() });
        stop(&app, "both@example.org", "health").await;
        app.run().await;
        assert_eq!(headlines(&app, "both@example.org"), [["Of both", "Of health", "Of climate"]]);
    }

    /// Of a run over a million readers.
    async fn what_waits_in_the_last_lane_goes_without_it_too(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        app.meddle("UPDATE delivery SET lane = 16").await;
        assert_eq!(claim::LAST_LANE, 16);
        assert_eq!(withdraw(&app, "Of health").await.changed, 2);
        app.run().await;
        assert_eq!(headlines(&app, "health@example.org"), [["Of both"]]);
        assert_eq!(app.ask("SELECT title FROM article WHERE sweeping").await, [""; 0]);
    }

    /// What an edition was set aside for may have been this article.
    async fn a_digest_that_was_set_aside_goes_on_without_it(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        let editions = app.ask("SELECT CAST(edition AS TEXT) FROM delivery ORDER BY id").await;
        let mut tx = app.app.store.begin().await.unwrap();
        edition::quarantine(&mut tx, editions[1].parse().unwrap(), "cannot be rendered", app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(app.digests().await, ["ready", "quarantined", "ready"]);
        withdraw(&app, "Of health").await;
        assert_eq!(app.digests().await, ["ready", "ready", "ready"]);
        app.run().await;
        assert_eq!(headlines(&app, "health@example.org"), [["Of both"]]);
    }

    async fn a_topic_that_is_stopped_leaves_what_waits_and_is_owed_to_who_returns(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        stop(&app, "both@example.org", "health").await;
        app.run().await;
        let mail = app.only_mail_to("both@example.org");
        assert_eq!(mail.headlines(), ["Of climate", "Of both"], "what is also of climate moves there");
        assert!(!mail.says("Also in") && !mail.says("Stop Health"), "{}", mail.text());
        assert!(mail.says("because you asked The Paper for news about: Climate."), "{}", mail.text());

        start_again(&app, "both@example.org", "health").await;
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(headlines(&app, "both@example.org")[1..], [["Of health"]]);
    }

    /// Two changes of mind meet in one digest.
    async fn what_a_stop_took_out_is_owed_though_the_rest_was_withdrawn(engine: Engine) {
        let app = with_digests_that_wait(engine).await;
        withdraw(&app, "Of both").await;
        stop(&app, "both@example.org", "health").await;
        let reach = withdraw(&app, "Of climate").await;
        assert_eq!(reach, Reach { cancelled: 2, ..Reach::default() });
        start_again(&app, "both@example.org", "health").await;
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(headlines(&app, "both@example.org"), [["Of health"]]);
    }

    async fn a_stop_of_the_last_topic_with_something_cancels_what_waits(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health", "sport"]).await;
        app.publish("health", "Of health");
        app.fetch().await;
        compose_at(&app, "2026-03-03 08:00").await;
        stop(&app, "alice@example.org", "health").await;
        assert_eq!(app.ask("SELECT state || ': ' || reason FROM delivery").await, ["cancelled: stopped"]);
        start_again(&app, "alice@example.org", "health").await;
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(headlines(&app, "alice@example.org"), [["Of health"]]);
    }
}

/// The same beside a process that has it in hand: nothing foretells what becomes of that.
async fn withdraw_in_hand(app: &TestApp, title: &str) -> Reach {
    let article = id(app, title).await;
    mark(app, title).await;
    withdrawal::sweep(&app.app.store, app.clock.now()).await.unwrap();
    withdrawal::reach(&app.app.store, article).await.unwrap()
}
