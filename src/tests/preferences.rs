//! What readers change about their mails on their own page.

use super::app::{NEWSROOM, TestApp, time};
use super::engine::{Engine, on_both_engines};

const ALICE: &str = "alice@example.org";

/// Alice reads two topics, and has had a digest with the link to her page.
async fn with_a_link(engine: Engine) -> (TestApp, String) {
    let app = TestApp::at(engine, "2026-03-02 12:00").await;
    app.subscribe(ALICE, &["health", "climate"]).await;
    app.publish("health", "First");
    app.run_until("2026-03-03 12:00").await;
    let link = app.only_mail_to(ALICE).link("#pause");
    (app, link.split('#').next().unwrap().to_owned())
}

async fn said(app: &TestApp, link: &str, section: &str, entered: &[(&str, &str)], sentence: &str) {
    let mark = format!("name=\"section\" value=\"{section}\"");
    let (status, page) = app.submit(link, &mark, entered).await;
    assert_eq!(status, 200, "{page}");
    assert!(page.contains(&format!("role=\"status\" tabindex=\"-1\" autofocus>{sentence}</p>")), "{sentence}: {page}");
}

async fn states(app: &TestApp) -> Vec<String> {
    let all = app.subscriptions(ALICE).await;
    all.into_iter().map(|(topic, state, _)| format!("{topic} {state}")).collect()
}

on_both_engines! {
    async fn topics_are_ticked_and_unticked_and_each_has_its_own_frequency(engine: Engine) {
        let (app, link) = with_a_link(engine).await;
        let (_, page) = app.visit(&link).await;
        assert!(page.contains("value=\"health\" checked") && !page.contains("value=\"sport\" checked"), "{page}");
        let entered = [("topic", "climate"), ("frequency-climate", "weekly"), ("topic", "sport"), ("frequency-sport", "daily")];
        said(&app, &link, "topics", &entered, "Your topics are saved.").await;
        assert_eq!(states(&app).await, ["health ended", "climate active", "sport active"]);
        let frequencies = "SELECT f.slug FROM subscription s JOIN frequency f ON f.id = s.frequency WHERE s.state = 'active' ORDER BY s.id";
        assert_eq!(app.ask(frequencies).await, ["weekly", "daily"]);
        let consents = "SELECT origin || ' ' || language || ' ' || topics FROM consent";
        assert_eq!(app.ask(consents).await, ["/preferences en [\"sport\"]"], "to what was ticked");
        said(&app, &link, "topics", &entered, "Nothing was changed: it was like that already.").await;
    }

    async fn settings_are_saved_and_the_page_speaks_the_new_language(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("SITE__LANGUAGES", r#"["en", "ar"]"#)]).await;
        app.subscribe(ALICE, &["health"]).await;
        app.publish("health", "First");
        app.run_until("2026-03-03 12:00").await;
        let link = app.only_mail_to(ALICE).link("#pause");
        let link = link.split('#').next().unwrap();
        let entered = [("hour", "20"), ("zone", "Asia/Kathmandu"), ("language", "ar"), ("format", "text")];
        let (status, page) = app.submit(link, "value=\"settings\"", &entered).await;
        assert_eq!(status, 200);
        assert!(page.contains("dir=\"rtl\"") && page.contains("حُفظت إعداداتك."), "{page}");
        let row = "SELECT language || ' ' || zone || ' ' || CAST(hour AS TEXT) || ' ' || format FROM subscriber";
        assert_eq!(app.ask(row).await, ["ar Asia/Kathmandu 20 text"]);
    }

    async fn a_region_that_is_sent_three_times_is_one(engine: Engine) {
        let region = |slug| format!("[[region]]\nslug = \"{slug}\"\nname = {{ en = \"{slug}\" }}\nany_word = [\"{slug}\"]\n");
        let text = format!("{NEWSROOM}{}", ["coast", "hills", "desert"].map(region).concat());
        let app = TestApp::of(engine, "2026-03-02 12:00", &text, &[]).await;
        app.subscribe(ALICE, &["health"]).await;
        app.publish("health", "First");
        app.run_until("2026-03-03 12:00").await;
        let link = app.only_mail_to(ALICE).link("#pause");
        let thrice = [("region", "coast"); 3];
        said(&app, link.split('#').next().unwrap(), "regions", &thrice, "Your regions are saved.").await;
        let rows = "SELECT t.slug FROM subscriber_region r JOIN topic t ON t.id = r.region";
        assert_eq!(app.ask(rows).await, ["coast"]);
    }

    async fn a_pause_ends_by_itself_with_what_was_missed(engine: Engine) {
        let (app, link) = with_a_link(engine).await;
        let (status, page) = app.submit(&link, "value=\"pause\"", &[("until", "2026-03-02")]).await;
        assert_eq!(status, 422);
        assert!(page.contains("value=\"2026-03-02\"") && page.contains("href=\"#until\""), "{page}");
        said(&app, &link, "pause", &[("until", "2026-03-05")], "Your emails are paused.").await;
        app.publish("health", "Missed");
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(app.mail_to(ALICE).len(), 1);
        app.run_until("2026-03-06 12:00").await;
        assert_eq!(app.mail_to(ALICE).remove(1).headlines(), ["Missed"]);
    }

    async fn a_pause_without_an_end_is_ended_by_the_reader(engine: Engine) {
        let (app, link) = with_a_link(engine).await;
        said(&app, &link, "pause", &[("until", "")], "Your emails are paused.").await;
        app.publish("health", "Missed");
        app.run_until("2026-03-05 12:00").await;
        said(&app, &link, "resume", &[("how", "now")], "Your emails have started again.").await;
        app.publish("health", "After");
        app.run_until("2026-03-06 12:00").await;
        assert_eq!(app.mail_to(ALICE).remove(1).headlines(), ["After"]);
    }

    async fn what_is_added_during_a_pause_is_paused_and_comes_back_with_the_rest(engine: Engine) {
        let (app, link) = with_a_link(engine).await;
        said(&app, &link, "pause", &[("until", "2026-03-05")], "Your emails are paused.").await;
        app.publish("sport", "Before they asked for it");
        app.fetch().await;
        let entered = [("topic", "health"), ("topic", "climate"), ("topic", "sport"), ("frequency-sport", "daily")];
        said(&app, &link, "topics", &entered, "Your topics are saved.").await;
        assert_eq!(states(&app).await, ["health paused", "climate paused", "sport paused"]);
        let (_, page) = app.visit(&link).await;
        assert!(page.contains("up to and including Thursday 5 March 2026"), "{page}");
        app.publish("health", "Missed");
        app.publish("sport", "Won");
        app.run_until("2026-03-06 12:00").await;
        assert_eq!(app.mail_to(ALICE).remove(1).headlines(), ["Missed", "Won"]);
        app.run_until("2026-03-08 12:00").await;
        assert_eq!(app.mail_to(ALICE).len(), 2, "once");
    }

    async fn what_starts_beside_a_pause_does_not_hide_it(engine: Engine) {
        let (app, link) = with_a_link(engine).await;
        said(&app, &link, "pause", &[("until", "")], "Your emails are paused.").await;
        app.subscribe(ALICE, &["sport"]).await;
        assert_eq!(states(&app).await, ["health paused", "climate paused", "sport active"]);
        said(&app, &link, "resume", &[("how", "now")], "Your emails have started again.").await;
        assert_eq!(states(&app).await, ["health active", "climate active", "sport active"]);
    }

    async fn an_address_changes_by_a_fresh_link_and_both_addresses_know(engine: Engine) {
        let (app, link) = with_a_link(engine).await;
        let (_, page) = app.visit(&link).await;
        assert!(!page.contains("value=\"address\""), "not by the link in a digest: {page}");
        said(&app, &link, "link", &[], "A fresh link is on its way to you by email.").await;
        app.run().await;
        let fresh = app.mail_to(ALICE).remove(1).link("/preferences/");
        let new = "alice@new.example";
        said(&app, &fresh, "address", &[("address", new)], "Check the email at your new address, and press the button in it.").await;
        app.run().await;
        assert_eq!(app.ask("SELECT address FROM subscriber").await, [ALICE], "not before its word");
        app.clock.advance(chrono::TimeDelta::minutes(5));
        let (_, page) = app.submit(&app.only_mail_to(new).link("/confirm/"), "yes", &[]).await;
        assert!(page.contains("Your address is changed"), "{page}");
        assert_eq!(app.ask("SELECT address FROM subscriber").await, [new]);
        app.run().await;
        let told = app.mail_to(ALICE).remove(2);
        assert!(told.says("now go to another address") && !told.says(new), "{}", told.text());

        // Whoever reads the old mailbox has no business here any more, but may stop what came there.
        for old in [&link, &fresh] {
            let (status, page) = app.visit(old).await;
            assert!(status == 410 && !page.contains(new), "{old}: {page}");
            assert_eq!(app.post(old, "section=pause").await.0, 410);
        }
        assert_eq!(app.visit(&app.mail_to(ALICE)[0].one_click()).await.0, 200);

        app.publish("health", "Second");
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(app.visit(app.mail_to(new)[1].link("#pause").split('#').next().unwrap()).await.0, 200);
        assert_eq!(app.mail_to(new).remove(1).headlines(), ["Second"]);
        assert_eq!(app.mail_to(ALICE).len(), 3);
    }

    async fn the_link_is_mailed_to_readers_and_the_answer_is_the_same_for_all(engine: Engine) {
        let (app, _) = with_a_link(engine).await;
        let known = app.submit("/en/preferences", "address", &[("address", ALICE)]).await;
        let unknown = app.submit("/en/preferences", "address", &[("address", "nobody@example.org")]).await;
        assert_eq!(known, unknown);
        app.run().await;
        let link = app.mail_to(ALICE).remove(1).link("/preferences/");
        assert_eq!(app.visit(&link).await.0, 200);
        assert!(app.mail_to("nobody@example.org").is_empty());
        let rows = "SELECT state || ' ' || coalesce(reason, '') FROM delivery WHERE kind = 'preferences-link' ORDER BY id";
        assert_eq!(app.ask(rows).await, ["sent ", "cancelled no reader of ours"], "the same work for both");
    }

    async fn a_link_works_for_thirty_days_and_its_form_for_one(engine: Engine) {
        let (app, link) = with_a_link(engine).await;
        let (_, page) = app.visit(&link).await;
        let form = crate::tests::form::Form::find(&page, "value=\"pause\"").unwrap();
        app.clock.set(time("2026-03-04 12:01"));
        assert_eq!(app.post(&form.action, &form.filled(&[("until", "")])).await.0, 403);
        app.clock.set(time("2026-04-02 07:59"));
        assert_eq!(app.visit(&link).await.0, 200);
        app.clock.set(time("2026-04-02 08:02"));
        assert_eq!(app.visit(&link).await.0, 410);
        assert_eq!(states(&app).await, ["health active", "climate active"]);
    }

    async fn the_public_pages_say_what_there_is(engine: Engine) {
        let (app, _) = with_a_link(engine).await;
        for path in ["/en/", "/en/subscribe", "/en/sent", "/en/topic/health", "/en/topic/health/2026-03-02", "/en/preferences", "/en/privacy", "/en/embed"] {
            assert_eq!(app.visit(path).await.0, 200, "{path}");
        }
        for path in ["/xx/", "/en/topic/nothing", "/en/topic/health/yesterday", "/en/topic/health/+262142-12-31", "/fr/"] {
            assert_eq!(app.visit(path).await.0, 404, "{path}");
        }
        let (_, page) = app.visit("/en/subscribe?topic=sport").await;
        assert!(page.contains("href=\"/fr/subscribe?topic=sport\"") || !page.contains("hreflang"), "{page}");
        let (_, page) = app.visit("/en/topic/health").await;
        assert!(page.contains("First") && page.contains("/en/topic/health/2026-03-02"), "{page}");
        let (_, page) = app.visit("/en/embed").await;
        assert!(page.contains("♦ Receive daily updates directly in your inbox - Subscribe here to a topic."), "{page}");
        let (_, page) = app.visit("/en/").await;
        assert!(page.contains("about 1 story a day"), "{page}");
    }
}
