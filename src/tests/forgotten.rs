//! What is kept of readers who have gone, and for how long.

use super::app::{Reader, TestApp, time};
use super::engine::on_both_engines;
use super::rows::Rows;
use crate::model::holdings::{Pause, PauseReason, Return, StopReason};
use crate::pipeline::retain::{self, Retained};
use crate::store::former::{self, Goes};
use crate::store::{request, suppression};

const ANA: &str = "ana@example.net";

async fn all_that_is_kept(app: &TestApp) -> String {
    format!("{:?}", Rows::all(app.app.store.db()).await)
}

async fn retain(app: &TestApp) -> Retained {
    retain::run(app.line(), app.clock.now()).await.unwrap()
}

async fn stop(app: &TestApp, address: &str) {
    app.change(address, |holdings, ground| holdings.stop(None, StopReason::Reader, ground)).await;
}

on_both_engines! {
    async fn an_address_is_forgotten_four_weeks_after_the_last_stop(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ANA, &["health", "climate"]).await;
        app.subscribe("bo@example.net", &["health"]).await;
        app.publish("health", "First");
        app.run_until("2026-03-03 12:00").await;
        stop(&app, ANA).await;

        app.sleep_until("2026-03-31 11:00");
        assert_eq!(retain(&app).await.addresses, 0, "one can still start again");
        app.sleep_until("2026-04-01 11:00");
        assert_eq!(retain(&app).await.addresses, 1);
        assert_eq!(retain(&app).await, Retained::default(), "once a day");
        let kept = all_that_is_kept(&app).await;
        assert!(!kept.contains(ANA) && kept.contains("bo@example.net"), "{kept}");
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM delivery WHERE state = 'sent'").await, ["2"], "the ledger stays");

        app.publish("health", "Second");
        app.fetch().await;
        app.run_until("2026-04-02 12:00").await;
        assert_eq!(app.mail_to(ANA).len(), 1);
        assert_eq!(app.mail_to("bo@example.net").len(), 2);
    }

    async fn who_is_erased_is_nowhere_and_what_waited_is_not_sent(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ANA, &["health"]).await;
        app.restart(&[("RELAY__PORT", "1")]).await;
        app.publish("health", "First");
        app.fetch().await;
        app.run_until("2026-03-03 08:10").await;
        assert_eq!(app.digests().await, ["ready"]);

        let (id, address) = (app.reader(ANA).await, ANA.parse().unwrap());
        let hash = app.app.keys.hash_of_address(&address);
        let mut tx = app.app.store.begin().await.unwrap();
        former::forget(&mut tx, Goes { id, address: &address, hash: &hash }, app.clock.now()).await.unwrap();
        assert_eq!(former::among(&mut tx, &[hash.clone(), vec![1]]).await.unwrap().len(), 1);
        tx.commit().await.unwrap();
        assert_eq!(app.digests().await, ["cancelled"]);
        assert!(!all_that_is_kept(&app).await.contains(ANA));
        let port = app.relay.addr.port().to_string();
        app.restart(&[("RELAY__PORT", &port)]).await;
        app.run_until("2026-03-05 12:00").await;
        assert!(app.mail_to(ANA).is_empty());

        // They sign up again, as anybody may.
        let entered = [("topic", "health"), ("frequency", "daily"), ("hour", "8"), ("zone", "UTC"), ("address", ANA)];
        app.submit("/en/subscribe", "name=\"address\"", &entered).await;
        app.run().await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        app.submit(&link, "yes", &[]).await;
        assert_eq!(app.subscriptions(ANA).await.len(), 1);
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM former_reader").await, ["0"]);
    }

    async fn a_sign_up_under_way_outlives_the_forgetting_of_who_they_were(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ANA, &["health"]).await;
        stop(&app, ANA).await;
        app.sleep_until("2026-03-31 12:00");
        let entered = [("topic", "climate"), ("frequency", "daily"), ("hour", "8"), ("zone", "UTC"), ("address", ANA)];
        app.submit("/en/subscribe", "name=\"address\"", &entered).await;
        assert_eq!(app.run().await.retained.addresses, 1);
        let link = app.only_mail_to(ANA).link("/confirm/");
        app.submit(&link, "yes", &[]).await;
        assert_eq!(app.subscriptions(ANA).await.len(), 1);
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM subscriber").await, ["2"], "another reader than before");
    }

    async fn what_the_relay_says_of_an_address_is_kept_without_it(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("refuse-550-echo@example.org", &["health"]).await;
        app.publish("health", "First");
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.ask("SELECT reply FROM delivery").await, ["550 5.1.1 <…>: no such user"]);
        assert_eq!(app.ask("SELECT detail FROM suppression").await, ["550 5.1.1 <…>: no such user"]);
    }

    async fn what_an_operator_suppresses_its_reader_does_not_take_back(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let (hash, now) = (app.app.keys.hash_of_address(&ANA.parse().unwrap()), app.clock.now());
        let mut tx = app.app.store.begin().await.unwrap();
        suppression::add_not_me(&mut tx, &hash, now).await.unwrap();
        assert!(suppression::add_by_operator(&mut tx, &hash, now).await.unwrap());
        assert!(!suppression::add_by_operator(&mut tx, &hash, now).await.unwrap(), "it is already");
        suppression::add_not_me(&mut tx, &hash, now).await.unwrap();
        suppression::take_back_not_me(&mut tx, &hash).await.unwrap();
        tx.commit().await.unwrap();
        let (reason, _) = suppression::find(&app.app.store, &hash).await.unwrap().unwrap();
        assert_eq!(reason, "operator");
    }

    async fn who_never_confirms_is_forgotten(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { pending: true, ..Reader::of(ANA, &["health"]) }).await;
        app.run().await;
        app.sleep_until("2026-03-31 12:00");
        retain(&app).await;
        let state = app.subscriptions(ANA).await.remove(0);
        assert_eq!((state.1.as_str(), state.2.as_deref()), ("ended", Some("unconfirmed")));
        app.sleep_until("2026-04-30 12:00");
        assert_eq!(retain(&app).await.addresses, 1);
        assert!(!all_that_is_kept(&app).await.contains(ANA));
    }

    async fn the_ledger_is_kept_for_thirteen_months_and_longer_where_somebody_is_owed(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ANA, &["health"]).await;
        app.subscribe("bo@example.net", &["climate"]).await;
        app.publish("health", "First");
        app.publish("climate", "Of climate");
        app.run_until("2026-03-03 12:00").await;
        let bo = app.reader("bo@example.net").await;
        let deliveries = "SELECT CAST(count(*) AS TEXT) FROM delivery WHERE kind = 'digest'";
        assert_eq!(app.ask(deliveries).await, ["2"]);
        app.change("bo@example.net", |holdings, ground| {
            holdings.pause(None, Pause { until: None, reason: PauseReason::Reader }, ground)
        }).await;
        app.run_until("2026-03-05 12:00").await;

        app.clock.set(time("2027-04-02 12:00"));
        assert_eq!(retain(&app).await.deliveries, 0, "not yet thirteen months");
        app.clock.set(time("2027-04-20 12:00"));
        let gone = retain(&app).await.deliveries;
        assert_eq!(gone, 2, "what bo was told lies before what they are owed");
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM edition").await, ["0"]);
        app.publish("climate", "Of climate again");
        app.fetch().await;
        app.change("bo@example.net", |holdings, ground| {
            holdings.resume(None, Return::CatchUp, ground)
        }).await;
        app.run_until("2027-04-21 12:00").await;
        assert_eq!(bo, app.reader("bo@example.net").await);
        let mails = app.mail_to("bo@example.net");
        assert_eq!(mails.last().unwrap().headlines(), ["Of climate again"]);
    }

    /// The run that a digest was cancelled in stays, for something else in doubt; the one that told it after all goes.
    async fn what_was_owed_and_told_is_not_owed_again_when_the_ledger_forgets(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        for address in [ANA, "bo@example.net"] {
            app.subscribe(address, &["health"]).await;
        }
        app.publish("health", "First");
        app.meddle("INSERT INTO setting (name, value) VALUES ('hold', 'a story')").await;
        app.run_until("2026-03-03 08:00").await;
        // Bo's was being handed over when the power went, and Bo has gone since.
        app.meddle(
            "UPDATE delivery SET state = 'uncertain', doubts = 1 WHERE subscriber = (SELECT id FROM subscriber WHERE address = 'bo@example.net')",
        )
        .await;
        stop(&app, "bo@example.net").await;
        app.run_until("2026-03-04 07:59").await;
        app.meddle("DELETE FROM setting WHERE name = 'hold'").await;
        app.clock.set(time("2026-03-04 08:00"));
        app.publish("health", "Second");
        app.fetch().await;
        assert_eq!(app.ask("SELECT state FROM delivery WHERE kind = 'digest' ORDER BY run, subscriber").await[..2], ["expired", "uncertain"]);
        app.run_until("2026-03-04 09:00").await;
        assert!(app.only_mail_to(ANA).says("First"), "it went with the second run");

        app.sleep_until("2027-05-01 07:00");
        app.publish("health", "Much later");
        app.run_until("2027-05-02 09:00").await;
        assert_eq!(app.mail_to(ANA).last().unwrap().headlines(), ["Much later"]);
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM run WHERE begun_at < 1790000000000").await, ["1"], "Bo's stays");
        // Whoever comes back has the ledger asked.
        app.change(ANA, |holdings, ground| holdings.pause(None, Pause { until: None, reason: PauseReason::Reader }, ground)).await;
        app.change(ANA, |holdings, ground| holdings.resume(None, Return::CatchUp, ground)).await;
        app.publish("health", "Later still");
        app.run_until("2027-05-03 09:00").await;
        assert_eq!(app.mail_to(ANA).last().unwrap().headlines(), ["Later still"]);
    }

    async fn digests_on_request_are_forgotten_when_a_run_has_served_their_readers(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 07:00").await;
        app.sleep_until("2026-03-02 09:00");
        app.publish("health", "First");
        app.fetch().await;
        app.subscribe(ANA, &["health"]).await;
        let mut tx = app.line().store.begin().await.unwrap();
        request::ask(&mut tx, app.reader(ANA).await, app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        app.run().await;
        assert_eq!(app.only_mail_to(ANA).headlines(), ["First"]);
        let on_request = "SELECT CAST(count(*) AS TEXT) FROM delivery WHERE run IS NULL AND kind = 'digest'";

        // Nobody has told them anything since: it is what keeps this article from coming again.
        app.clock.set(time("2027-05-01 07:00"));
        retain(&app).await;
        assert_eq!(app.ask(on_request).await, ["1"]);
        app.publish("health", "Much later");
        app.run_until("2027-05-02 09:00").await;
        assert_eq!(app.mail_to(ANA).last().unwrap().headlines(), ["Much later"]);
        app.run_until("2027-05-03 09:00").await;
        assert_eq!(app.ask(on_request).await, ["0"]);
    }
}
