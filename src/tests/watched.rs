//! What machines that watch over Tidings are told.

use super::app::{NEWSROOM, Reader, TestApp};
use super::engine::on_both_engines;
use super::newsstand::Manner;
use crate::model::trouble::{News, RelayLook};
use crate::pipeline::troubles;
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
    let news = troubles::run(app.line(), &relay, app.clock.now()).await.unwrap();
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
