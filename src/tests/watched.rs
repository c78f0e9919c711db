//! What machines that watch over Tidings are told.

use super::app::{NEWSROOM, TestApp};
use super::engine::on_both_engines;
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
