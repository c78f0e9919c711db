//! Safe by default: what leaves the house and what does not; and mail that cannot be made.

use super::app::TestApp;
use super::engine::on_both_engines;

const BODY: &str = include_str!("../../templates/mail/digest/body.txt");

on_both_engines! {
    async fn a_new_installation_captures_everything(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("DELIVERY__MODE", "capture")]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "To be looked at");
        app.run_until("2026-03-03 08:00").await;
        let captured = app.captured_to("alice@example.org").await;
        assert_eq!(captured.len(), 1);
        assert_eq!(captured[0].headlines(), ["To be looked at"]);
        assert!(app.relay.received().is_empty());
        assert_eq!(app.digests().await, ["sent"]);
    }

    async fn only_the_listed_get_mail_for_real(engine: Engine) {
        let options = [("DELIVERY__MODE", "allowlist"), ("DELIVERY__ALLOWLIST", "[\"Alice@Example.org\"]")];
        let app = TestApp::with(engine, "2026-03-02 12:00", &options).await;
        for reader in ["alice@example.org", "bob@example.org"] {
            app.subscribe(reader, &["health"]).await;
        }
        app.publish("health", "A careful start");
        app.run_until("2026-03-03 08:00").await;
        assert_eq!((app.mail_to("alice@example.org").len(), app.captured_to("alice@example.org").await.len()), (1, 0));
        assert_eq!((app.mail_to("bob@example.org").len(), app.captured_to("bob@example.org").await.len()), (0, 1));
    }

    async fn going_live_does_not_send_what_was_left_from_testing(engine: Engine) {
        let mut app = TestApp::with(engine, "2026-03-02 12:00", &[("DELIVERY__MODE", "capture")]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Only a test");
        app.meddle("INSERT INTO setting (name, value) VALUES ('hold', 'a story wants it so')").await;
        app.run_until("2026-03-03 08:00").await;
        assert_eq!(app.digests().await, ["ready"]);

        app.restart(&[("DELIVERY__MODE", "live")]).await;
        app.meddle("DELETE FROM setting WHERE name = 'hold'").await;
        app.run_until("2026-03-03 09:00").await;
        assert_eq!(app.digests().await, ["sent"]);
        assert_eq!(app.captured_to("alice@example.org").await.len(), 1);
        assert!(app.relay.received().is_empty());

        app.publish("health", "For real");
        app.run_until("2026-03-04 08:00").await;
        assert_eq!(app.only_mail_to("alice@example.org").headlines(), ["For real"]);
    }

    /// The newsroom's own template fails on digests of two topics; those of one go out all the same.
    async fn an_edition_that_cannot_be_rendered_stops_nobody_elses_mail(engine: Engine) {
        let templates = tempfile::tempdir().unwrap();
        let digest = templates.path().join("mail/digest");
        std::fs::create_dir_all(&digest).unwrap();
        let broken = format!("{{% if sections | length > 1 and not test %}}{{{{ 1 // 0 }}}}{{% endif %}}{BODY}");
        std::fs::write(digest.join("body.txt"), broken).unwrap();
        let options = [("SITE__TEMPLATES", templates.path().to_str().unwrap())];

        let app = TestApp::with(engine, "2026-03-02 12:00", &options).await;
        app.subscribe("both@example.org", &["health", "climate"]).await;
        app.subscribe("also-both@example.org", &["health", "climate"]).await;
        app.subscribe("one@example.org", &["health"]).await;
        app.publish("health", "Of health");
        app.publish("climate", "Of climate");
        app.run_until("2026-03-03 09:00").await;
        assert_eq!(app.digests().await, ["quarantined", "quarantined", "sent"]);
        assert_eq!(app.only_mail_to("one@example.org").headlines(), ["Of health"]);
        let why = app.ask("SELECT quarantine_reason FROM edition WHERE quarantined_at IS NOT NULL").await;
        assert_eq!(why.len(), 1);
        assert!(why[0].contains("mail/digest/body.txt"), "{why:?}");
    }
}
