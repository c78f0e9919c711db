//! What machines that watch over Tidings are told.

use super::app::{NEWSROOM, Reader, TestApp, time};
use super::engine::on_both_engines;
use super::mail::assert_told;
use super::newsstand::Manner;
use crate::model::trouble::{News, RelayLook, Seen};
use crate::pipeline::deliver::{Delivered, alert};
use crate::pipeline::{collect, troubles};
use crate::store::feed;
use crate::web::{self, Pages};

/// What is answered where the metrics are served.
async fn asked(pages: Pages, path: &str) -> (u16, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let serving = tokio::spawn(web::serve_metrics(pages, listener, std::future::pending()));
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    let answered = (answer.status().as_u16(), answer.text().await.unwrap());
    serving.abort();
    answered
}

fn refuses() -> RelayLook {
    RelayLook::Refuses("554 5.7.1 go away".to_owned())
}

/// What somebody is told now.
async fn news(app: &TestApp, relay: RelayLook) -> Vec<String> {
    see(app, Seen { relay, ..Seen::default() }).await
}

async fn see(app: &TestApp, seen: Seen) -> Vec<String> {
    let news = troubles::run(app.line(), &seen, app.clock.now()).await.unwrap();
    let word = |one: &News| if one.has_ended { "ended" } else { "begins" };
    news.iter().map(|one| format!("{} {}: {}", word(one), one.name, one.trouble.words)).collect()
}

on_both_engines! {
    async fn it_is_ready_while_the_database_answers_and_the_scheduler_looks(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        assert_eq!(app.visit("/healthz").await, (200, "ok\n".to_owned()));
        assert_eq!(app.visit("/readyz").await, (503, "the scheduler has not looked yet\n".to_owned()));
        app.pulse().beats(app.clock.now());
        assert_eq!(app.visit("/readyz").await, (200, "ready\n".to_owned()));
        app.sleep_until("2026-03-02 12:03");
        let (status, why) = app.visit("/readyz").await;
        assert_eq!((status, why.as_str()), (503, "the scheduler has not looked since 2026-03-02 12:00:00 UTC\n"));

        let lost = app.beside(NEWSROOM, &[]).await.unwrap();
        lost.store.close().await;
        let pages = lost.pages();
        pages.pulse.beats(app.clock.now());
        assert_eq!(asked(pages.clone(), "/readyz").await, (503, "the database fails; the log says how\n".to_owned()));
        assert_eq!(asked(pages, "/healthz").await.0, 200, "the process itself is well");
    }

    async fn who_runs_once_mends_what_a_daemon_that_is_gone_has_seen(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let (store, now) = (&app.app.store, app.clock.now());
        news(&app, refuses()).await;
        let refused = [("relay".to_owned(), "the relay takes no mail from us: 554 5.7.1 go away".to_owned())];
        assert_eq!(troubles::unattended(store, now).await.unwrap(), refused);
        troubles::seen_once(app.line(), &Delivered::default(), now).await.unwrap();
        assert_eq!(troubles::unattended(store, now).await.unwrap(), refused, "nothing was offered");
        let sent = Delivered { sent: 1, ..Delivered::default() };
        troubles::seen_once(app.line(), &sent, now).await.unwrap();
        assert_eq!(troubles::unattended(store, now).await.unwrap(), []);
        troubles::sees_for_itself(store).await.unwrap();
        assert_eq!(troubles::unattended(store, now).await.unwrap(), refused, "a daemon has come, and saw nothing yet");
        assert_eq!(news(&app, RelayLook::Takes).await, ["ended relay: the relay takes no mail from us: 554 5.7.1 go away"]);
    }

    async fn trouble_is_told_once_when_it_begins_and_once_when_it_has_ended(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("ana@example.net", &["health"]).await;
        app.run().await;
        assert_eq!(news(&app, RelayLook::Takes).await, [""; 0]);

        // Nobody was at work when the run was due.
        app.sleep_until("2026-03-03 10:01");
        assert_eq!(news(&app, RelayLook::Takes).await, ["begins run-late: a run has been due since 2026-03-03 08:00 UTC and is not made"]);
        assert_eq!(news(&app, refuses()).await, ["begins relay: the relay takes no mail from us: 554 5.7.1 go away"]);
        assert_eq!(news(&app, refuses()).await, [""; 0], "it goes on");
        assert_eq!(news(&app, RelayLook::Unknown).await, [""; 0], "nobody has offered it anything since");
        app.behave("sport", Manner::Status(410));
        app.fetch().await;
        assert_eq!(
            news(&app, RelayLook::Takes).await,
            [
                "begins feed-gone:sport: the feed `sport` is gone for good; take it out, or give it another address",
                "ended relay: the relay takes no mail from us: 554 5.7.1 go away",
                "ended run-late: a run has been due since 2026-03-03 08:00 UTC and is not made",
            ]
        );
    }

    async fn a_question_that_is_not_sent_is_trouble(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.restart(&[("RELAY__PORT", "1")]).await;
        app.add(Reader { pending: true, ..Reader::of("ana@example.net", &["health"]) }).await;
        app.run_until("2026-03-02 12:14").await;
        assert_eq!(news(&app, RelayLook::Takes).await, [""; 0]);
        app.run_until("2026-03-02 12:16").await;
        assert_eq!(news(&app, RelayLook::Takes).await, ["begins confirmation-late: a confirmation has waited since 2026-03-02 12:00 UTC to be sent"]);
        let port = app.relay.addr.port().to_string();
        app.restart(&[("RELAY__PORT", &port)]).await;
        app.run_until("2026-03-02 12:20").await;
        assert_eq!(news(&app, RelayLook::Takes).await.len(), 1, "it has ended");
    }

    async fn mail_that_nobody_accepts_for_half_an_hour_is_trouble(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        for n in 0..4 {
            app.subscribe(&format!("later-451+{n}@example.org"), &["health"]).await;
        }
        app.subscribe("ana@example.net", &["climate"]).await;
        assert_eq!(news(&app, RelayLook::Unknown).await, [""; 0], "none was ever accepted, and none waits");
        app.publish("health", "Not today");
        app.run_until("2026-03-03 08:29").await;
        assert_eq!(news(&app, RelayLook::Takes).await, [""; 0]);
        app.run_until("2026-03-03 08:31").await;
        let stands = "mail waits, and none was accepted since 2026-03-02 12:00 UTC; `tidings mail queue` shows what was said";
        assert_eq!(news(&app, RelayLook::Takes).await, [format!("begins nothing-accepted: {stands}")]);
        app.publish("climate", "For Ana");
        app.run_until("2026-03-04 08:01").await;
        assert_eq!(app.mail_to("ana@example.net").len(), 1);
        let accepted = Seen { relay: RelayLook::Takes, accepted: true, ..Seen::default() };
        assert_eq!(see(&app, accepted).await, [format!("ended nothing-accepted: {stands}")]);
    }

    /// A full mailbox or two are nobody's trouble but their owners'.
    async fn a_few_readers_whose_mail_is_put_off_are_no_trouble(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("later-452@example.org", &["health"]).await;
        for n in 0..5 {
            app.subscribe(&format!("reader-{n}@example.net"), &["health"]).await;
        }
        app.publish("health", "For all");
        app.run_until("2026-03-03 08:01").await;
        assert_eq!(see(&app, Seen { accepted: true, ..Seen::default() }).await, [""; 0]);
        app.run_until("2026-03-03 16:00").await;
        assert_eq!(news(&app, RelayLook::Takes).await, [""; 0]);
    }

    async fn mail_that_was_due_long_ago_is_trouble_unless_a_person_holds_it(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.restart(&[("RELAY__PORT", "1")]).await;
        app.subscribe("ana@example.net", &["health"]).await;
        assert_eq!(news(&app, RelayLook::Unknown).await, [""; 0]);
        app.publish("health", "Kept");
        app.run_until("2026-03-03 08:00").await;
        app.sleep_until("2026-03-03 08:32");
        app.meddle("INSERT INTO setting (name, value) VALUES ('hold', 'by the operator')").await;
        assert_eq!(news(&app, RelayLook::Unknown).await, [""; 0]);
        app.meddle("DELETE FROM setting WHERE name = 'hold'").await;
        assert_eq!(news(&app, RelayLook::Unknown).await.len(), 1);
    }

    async fn a_scheduler_that_does_not_look_is_trouble(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let silent = Seen { scheduler: Some(app.clock.now()), ..Seen::default() };
        assert_eq!(see(&app, silent.clone()).await, [""; 0]);
        app.sleep_until("2026-03-02 12:11");
        assert_eq!(see(&app, silent).await, ["begins scheduler-silent: nobody has looked for what is due since 2026-03-02 12:00 UTC"]);
    }

    async fn operators_are_told_by_mail_when_it_begins_and_when_it_has_ended(engine: Engine) {
        let text = format!("{NEWSROOM}\n[alerts]\nmail = [\"night@example.org\", \"desk@example.org\"]\n");
        let app = TestApp::of(engine, "2026-03-02 12:00", &text, &[]).await;
        app.subscribe("ana@example.net", &["health"]).await;
        app.run().await;
        app.sleep_until("2026-03-03 10:01");
        app.behave("sport", Manner::Status(410));
        let mut tx = app.app.store.begin().await.unwrap();
        feed::make_all_due(&mut tx, app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
        collect::run(app.line(), app.clock.now()).await.unwrap();
        news(&app, RelayLook::Takes).await;
        assert_eq!(alert::send(app.line(), app.clock.now()).await.unwrap(), None);
        let mail = app.only_mail_to("night@example.org");
        assert_eq!(mail.subject(), "[The Paper] what is wrong: 2 new, 0 over");
        assert_told("an_alert", &mail);
        assert_eq!(app.mail_to("desk@example.org").len(), 1);
        let raw = String::from_utf8_lossy(&mail.bytes);
        assert!(!raw.contains("List-Unsubscribe"), "nobody stops it by a mail program: {raw}");

        // A person's stop of all mail is not for this.
        app.meddle("INSERT INTO setting (name, value) VALUES ('hold', 'by the operator')").await;
        app.run().await;
        news(&app, RelayLook::Takes).await;
        alert::send(app.line(), app.clock.now()).await.unwrap();
        alert::send(app.line(), app.clock.now()).await.unwrap();
        let mails = app.mail_to("night@example.org");
        assert_eq!(mails.len(), 2, "once when it begins, once when it has ended");
        assert_eq!(mails[1].subject(), "[The Paper] over: a run has been due since 2026-03-03 08:00 UTC and is not made");
    }

    async fn what_cannot_be_mailed_is_told_when_it_can(engine: Engine) {
        let text = format!("{NEWSROOM}\n[alerts]\nmail = [\"night@example.org\", \"dot-451@example.org\"]\n");
        let mut app = TestApp::of(engine, "2026-03-02 12:00", &text, &[("RELAY__PORT", "1")]).await;
        assert_eq!(news(&app, refuses()).await.len(), 1);
        assert!(alert::send(app.line(), app.clock.now()).await.unwrap().is_some_and(|why| why.contains("refused")));
        assert_eq!(alert::send(app.line(), app.clock.now()).await.unwrap(), None, "it rests for a minute");

        let port = app.relay.addr.port().to_string();
        app.restart(&[("RELAY__PORT", &port)]).await;
        app.clock.set(time("2026-03-02 12:05"));
        assert_eq!(news(&app, RelayLook::Takes).await.len(), 1);
        let failed = alert::send(app.line(), app.clock.now()).await.unwrap();
        assert!(failed.is_some_and(|why| why.contains("451")));
        let mail = app.only_mail_to("night@example.org");
        assert!(mail.says("This is wrong:") && mail.says("This is over:"), "{}", mail.text());

        app.clock.set(time("2026-03-02 12:07"));
        alert::send(app.line(), app.clock.now()).await.unwrap();
        assert_eq!(app.mail_to("night@example.org").len(), 1, "who was told is not told again");
        assert_eq!(app.relay.turned_away().len(), 2);
    }

    async fn it_is_measured_without_an_address(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("ana@example.net", &["health", "climate"]).await;
        app.publish("health", "First");
        app.run_until("2026-03-03 12:00").await;
        app.pulse().beats(app.clock.now());
        assert_eq!(app.visit("/metrics").await.0, 404, "not for readers");

        let (status, text) = asked(Pages { pulse: app.pulse().clone(), ..app.app.pages() }, "/metrics").await;
        assert_eq!(status, 200);
        for line in [
            "tidings_readers 1", "tidings_subscriptions 2", "tidings_feeds 3", "tidings_feeds_failing 0",
            "tidings_articles_total 1", "tidings_deliveries{state=\"sent\"} 1", "tidings_run_late_seconds 0",
            "# TYPE tidings_deliveries gauge", "tidings_scheduler_looked_seconds 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} in:\n{text}");
        }
        assert!(!text.contains('@'), "{text}");
        let form = |line: &str| line.starts_with("# ") || line.rsplit_once(' ').is_some_and(|(name, value)| name.starts_with("tidings_") && value.parse::<f64>().is_ok());
        assert!(text.lines().all(form), "{text}");
    }
}
