//! The newsroom's own templates and face: what they make of mail, and that one which fails for some stops nobody else's.

use super::app::{NEWSROOM, TestApp};
use super::engine::on_both_engines;

const BODY: &str = include_str!("../../templates/mail/digest/body.txt");

/// A folder in which the text of digests begins with `line`.
fn beginning(line: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let digest = folder.path().join("mail/digest");
    std::fs::create_dir_all(&digest).unwrap();
    std::fs::write(digest.join("body.txt"), format!("{line}{BODY}")).unwrap();
    folder
}

async fn three_readers(app: &TestApp) {
    for topic in ["health", "climate", "sport"] {
        app.subscribe(&format!("{topic}@example.org"), &[topic]).await;
        app.publish(topic, &format!("Of {topic}"));
    }
}

on_both_engines! {
    /// One topic's digests ask for what is not there, another's come to no end. The third goes out, day after day.
    async fn a_template_that_fails_for_some_lets_all_others_go(engine: Engine) {
        let folder = beginning(
            "{% for section in sections if not test %}{% if section.topic == 'climate' %}{{ nobody }}{% endif %}\
             {% if section.topic == 'sport' %}{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}{% endif %}\
             {% endfor %}",
        );
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("SITE__TEMPLATES", folder.path().to_str().unwrap())]).await;
        three_readers(&app).await;
        app.run_until("2026-03-03 09:00").await;
        assert_eq!(app.only_mail_to("health@example.org").headlines(), ["Of health"]);
        let mut states = app.digests().await;
        states.sort();
        assert_eq!(states, ["quarantined", "quarantined", "sent"]);
        let mut why = app.ask("SELECT quarantine_reason FROM edition WHERE quarantined_at IS NOT NULL").await;
        why.sort();
        assert!(why[0].contains("mail/digest/body.txt") && why[1].contains("mail/digest/body.txt"), "{why:?}");

        app.publish("health", "Of health again");
        app.run_until("2026-03-04 09:00").await;
        assert_eq!(app.mail_to("health@example.org").len(), 2);
    }

    /// However many readers it has: each of them would be one more beginning without an end, and the third would hide why.
    async fn what_cannot_be_rendered_is_tried_once_for_all_its_readers(engine: Engine) {
        let folder = beginning("{{ nobody }}");
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("SITE__TEMPLATES", folder.path().to_str().unwrap())]).await;
        for n in 0..5 {
            app.subscribe(&format!("r{n}@example.org"), &["health"]).await;
        }
        app.publish("health", "Of health");
        app.run_until("2026-03-03 09:00").await;
        assert_eq!(app.digests().await, ["quarantined"; 5]);
        let why = app.ask("SELECT quarantine_reason FROM edition").await.remove(0);
        assert!(why.contains("mail/digest/body.txt"), "{why}");
        let marks = app.ask("SELECT CAST(render_marks AS TEXT) FROM edition").await;
        assert_eq!(marks, ["2"], "with its batch, and by itself");
    }

    /// A mail with a place that nothing fills is not sent, and not lost: it is set aside.
    async fn a_place_that_nothing_fills_sets_its_edition_aside(engine: Engine) {
        let folder = beginning("{% if sections and sections[0].topic == 'climate' %}{{ hole('stopp') }}{% endif %}");
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("SITE__TEMPLATES", folder.path().to_str().unwrap())]).await;
        three_readers(&app).await;
        app.run_until("2026-03-03 09:00").await;
        assert_eq!(app.mail_to("health@example.org").len() + app.mail_to("sport@example.org").len(), 2);
        assert!(app.mail_to("climate@example.org").is_empty());
        let why = app.ask("SELECT quarantine_reason FROM edition WHERE quarantined_at IS NOT NULL").await;
        assert_eq!(why, ["nothing fills the place `stopp` of its template"]);
    }

    /// What was set aside goes when the newsroom has mended its text and Tidings has read it; not before.
    async fn what_was_set_aside_goes_once_the_template_is_mended(engine: Engine) {
        let folder = beginning("{% if sections and sections[0].topic == 'climate' %}{{ nobody }}{% endif %}");
        let options = [("SITE__TEMPLATES", folder.path().to_str().unwrap())];
        let mut app = TestApp::with(engine, "2026-03-02 12:00", &options).await;
        three_readers(&app).await;
        app.run_until("2026-03-03 09:00").await;
        app.restart(&[]).await;
        app.run_until("2026-03-03 10:00").await;
        assert!(app.mail_to("climate@example.org").is_empty(), "the same text");

        std::fs::write(folder.path().join("mail/digest/body.txt"), BODY).unwrap();
        app.restart(&[]).await;
        app.run().await;
        assert_eq!(app.only_mail_to("climate@example.org").headlines(), ["Of climate"]);
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM edition WHERE quarantined_at IS NOT NULL").await, ["0"]);
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(app.mail_to("climate@example.org").len(), 1);
    }

    /// A question that a template fails on is not lost either, nor the address that it waits for.
    async fn a_sign_up_waits_for_a_template_that_is_mended(engine: Engine) {
        let folder = tempfile::tempdir().unwrap();
        let confirm = folder.path().join("mail/confirm");
        std::fs::create_dir_all(&confirm).unwrap();
        std::fs::write(confirm.join("body.txt"), "{{ nobody }}").unwrap();
        let options = [("SITE__TEMPLATES", folder.path().to_str().unwrap())];
        let mut app = TestApp::with(engine, "2026-11-23 12:00", &options).await;
        let entered = [("topic", "health"), ("frequency", "daily"), ("hour", "8"), ("zone", "UTC"), ("address", "ana@example.net")];
        app.submit("/en/subscribe", "name=\"address\"", &entered).await;
        app.run_until("2026-11-23 13:00").await;
        assert_eq!(app.ask("SELECT state FROM delivery").await, ["quarantined"]);

        std::fs::remove_file(confirm.join("body.txt")).unwrap();
        app.restart(&[]).await;
        app.run().await;
        let link = app.only_mail_to("ana@example.net").link("/confirm/");
        app.submit(&link, "yes", &[]).await;
        assert_eq!(app.subscriptions("ana@example.net").await.len(), 1);
    }

    async fn mails_and_pages_have_the_sites_face(engine: Engine) {
        let face = "[site]\ncolour = \"#7a0019\"\nlogo = \"https://paper.example.org/logo.png\"\n\
                    footer = { en = \"Since 1911.\" }\n";
        let app = TestApp::of(engine, "2026-03-02 12:00", &format!("{face}{NEWSROOM}"), &[]).await;
        three_readers(&app).await;
        app.run_until("2026-03-03 09:00").await;
        let mail = app.only_mail_to("health@example.org");
        let html = mail.html();
        assert!(html.contains("src=\"https://paper.example.org/logo.png\" alt=\"") && html.contains("Since 1911."), "{html}");
        assert!(html.contains("solid #7a0019") && !html.contains("#1d70b8"), "{html}");
        assert!(mail.text().trim_end().ends_with("Since 1911."), "{}", mail.text());
    }
}
