//! The links in our mails: what each of them does, and what it does not.

use super::app::{Reader, TestApp, time};
use super::engine::on_both_engines;
use super::mail::assert_told;

const ONE_CLICK: &str = "List-Unsubscribe=One-Click";

fn state(topic: &str, state: &str, reason: Option<&str>) -> (String, String, Option<String>) {
    (topic.to_owned(), state.to_owned(), reason.map(str::to_owned))
}

/// Alice reads two topics and has had one digest.
async fn with_a_digest(engine: super::engine::Engine) -> TestApp {
    let app = TestApp::at(engine, "2026-03-02 12:00").await;
    app.subscribe("alice@example.org", &["health", "climate"]).await;
    app.publish("health", "First of health");
    app.publish("climate", "First of climate");
    app.run_until("2026-03-03 12:00").await;
    app
}

on_both_engines! {
    async fn looking_at_a_link_changes_nothing(engine: Engine) {
        let app = with_a_digest(engine).await;
        let mail = app.only_mail_to("alice@example.org");
        let links = [mail.one_click(), mail.link("?topic=health"), mail.link("?topic=climate")];
        for link in links {
            let (status, page) = app.visit(&link).await;
            assert_eq!(status, 200);
            assert!(page.contains("<button"), "{page}");
        }
        let still = [state("health", "active", None), state("climate", "active", None)];
        assert_eq!(app.subscriptions("alice@example.org").await, still);
    }

    async fn one_click_ends_everything_and_what_waits(engine: Engine) {
        let mut app = with_a_digest(engine).await;
        let link = app.only_mail_to("alice@example.org").one_click();
        app.publish("health", "Second");
        app.fetch().await;
        app.restart(&[("RELAY__PORT", "1")]).await;
        app.run_until("2026-03-04 08:10").await;
        assert_eq!(app.digests().await, ["sent", "ready"]);

        let (status, _) = app.post(&link, ONE_CLICK).await;
        assert_eq!(status, 200);
        let ended = [state("health", "ended", Some("one-click")), state("climate", "ended", Some("one-click"))];
        assert_eq!(app.subscriptions("alice@example.org").await, ended);
        assert_eq!(app.digests().await, ["sent", "cancelled"]);
        assert_eq!(app.post(&link, ONE_CLICK).await.0, 200, "a second one changes nothing");
        assert_eq!(app.subscriptions("alice@example.org").await, ended);

        app.publish("health", "Third");
        let port = app.relay.addr.port().to_string();
        app.restart(&[("RELAY__PORT", &port)]).await;
        app.run_until("2026-03-06 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1);
    }

    async fn from_another_site_only_the_one_click_is_taken(engine: Engine) {
        let app = with_a_digest(engine).await;
        let mail = app.only_mail_to("alice@example.org");
        let (stop, preferences) = (mail.one_click(), mail.link("#pause").replace("#pause", ""));
        let (_, page) = app.visit(&preferences).await;
        let form = crate::tests::form::Form::find(&page, "value=\"pause\"").unwrap();
        let (status, page) = app.post_from_elsewhere(&form.action, &form.filled(&[("until", "")])).await;
        assert_eq!(status, 403);
        assert!(page.contains("load the page again"), "{page}");
        let still = [state("health", "active", None), state("climate", "active", None)];
        assert_eq!(app.subscriptions("alice@example.org").await, still);
        // A mail program may well be a page in a browser.
        assert_eq!(app.post_from_elsewhere(&stop, ONE_CLICK).await.0, 200);
        let ended = [state("health", "ended", Some("one-click")), state("climate", "ended", Some("one-click"))];
        assert_eq!(app.subscriptions("alice@example.org").await, ended);
    }

    async fn long_after_the_last_stop_the_link_says_that_it_is_done(engine: Engine) {
        let app = with_a_digest(engine).await;
        let stop = app.only_mail_to("alice@example.org").one_click();
        app.post(&stop, ONE_CLICK).await;
        app.sleep_until("2026-04-02 12:00");
        let (_, page) = app.visit(&stop).await;
        assert!(page.contains("All emails are stopped") && !page.contains("<button"), "{page}");
    }

    async fn who_presses_start_again_twice_has_started_again(engine: Engine) {
        let app = with_a_digest(engine).await;
        let stop = app.only_mail_to("alice@example.org").one_click();
        app.post(&stop, ONE_CLICK).await;
        let (_, page) = app.visit(&stop).await;
        let form = crate::tests::form::Form::find(&page, "/again/").unwrap();
        for press in ["once", "twice"] {
            let (status, page) = app.post(&form.action, &form.filled(&[("how", "missed")])).await;
            assert_eq!(status, 200, "{press}");
            assert!(page.contains("Your emails have started again") && page.contains("Health"), "{press}: {page}");
        }
        let all = app.subscriptions("alice@example.org").await;
        assert_eq!(all.iter().filter(|(_, state, _)| state == "active").count(), 2);
        app.post(&stop, ONE_CLICK).await;
        app.sleep_until("2026-04-02 12:00");
        assert_eq!(app.post(&form.action, &form.filled(&[("how", "missed")])).await.0, 410, "nothing comes any more");
    }

    async fn whatever_is_asked_for_the_answer_is_a_page(engine: Engine) {
        let app = with_a_digest(engine).await;
        let stop = app.only_mail_to("alice@example.org").one_click();
        let (status, page) = app.visit(&format!("{stop}?topic=health&topic=climate")).await;
        assert_eq!(status, 200);
        assert!(page.contains("Stop emails about Health?"), "the first of them: {page}");
        for path in ["/stop/%ff", "/again/%ff", "/edition/%ff", "/en/topic/%ff", "/en/nothing", "/en/nothing/", "//en/x/"] {
            let (status, page) = app.visit(path).await;
            assert_eq!(status, 404, "{path}");
            assert!(page.contains("Page not found"), "{path}: {page}");
        }
        for path in ["/confirm/%ff", "/preferences/%ff"] {
            let (status, page) = app.visit(path).await;
            assert!(status == 404 && page.contains("Page not found"), "{path}: {page}");
        }
        for (typed, ours) in [("/en", "/en/"), ("/en/subscribe/?topic=sport", "/en/subscribe?topic=sport")] {
            let answer = app.ask_for(typed, &[]).await;
            assert_eq!((answer.status().as_u16(), answer.url().as_str()), (200, format!("{}{ours}", app.here()).as_str()));
        }
        let answer = app.answer_to("/en/", "x=1").await;
        assert_eq!(answer.status().as_u16(), 405);
        assert_eq!(answer.headers()["allow"], "GET,HEAD");
        assert!(answer.text().await.unwrap().contains("Page not found"));
        assert_eq!(app.post("/xx/", "x=1").await.0, 404);
    }

    async fn what_is_too_large_is_refused_with_our_headers(engine: Engine) {
        let app = with_a_digest(engine).await;
        let answer = app.answer_to("/en/subscribe", &"x".repeat(65 * 1024)).await;
        assert_eq!(answer.status().as_u16(), 413);
        for header in ["content-security-policy", "x-content-type-options", "referrer-policy", "cache-control"] {
            assert!(answer.headers().contains_key(header), "{header}");
        }
    }

    async fn one_topic_can_be_stopped_alone(engine: Engine) {
        let app = with_a_digest(engine).await;
        let link = app.only_mail_to("alice@example.org").link("?topic=health");
        let (status, page) = app.post(&link, "").await;
        assert_eq!(status, 200);
        assert!(page.contains("Climate"), "it says what is left: {page}");
        let left = [state("health", "ended", Some("reader")), state("climate", "active", None)];
        assert_eq!(app.subscriptions("alice@example.org").await, left);

        app.publish("health", "Second of health");
        app.publish("climate", "Second of climate");
        app.run_until("2026-03-04 12:00").await;
        let mail = app.mail_to("alice@example.org").remove(1);
        assert_eq!(mail.headlines(), ["Second of climate"]);
        assert!(!mail.says("Stop Health"));
    }

    async fn a_link_that_is_not_ours_does_nothing(engine: Engine) {
        let app = with_a_digest(engine).await;
        let link = app.only_mail_to("alice@example.org").one_click();
        let (start, token) = link.rsplit_once('/').unwrap();
        let other = |c: char| if c == 'a' { 'b' } else { 'a' };
        let last: String = token.chars().enumerate().map(|(i, c)| if i == 40 { other(c) } else { c }).collect();
        let first: String = token.chars().enumerate().map(|(i, c)| if i == 3 { other(c) } else { c }).collect();
        for forged in [last.as_str(), first.as_str(), "", "x", &token[..40], &"a".repeat(4000)] {
            let forged = format!("{start}/{forged}");
            assert_eq!(app.visit(&forged).await.0, 404, "{forged}");
            assert_eq!(app.post(&forged, ONE_CLICK).await.0, 404, "{forged}");
        }
        let confirm = link.replace("/stop/", "/confirm/");
        assert_eq!(app.post(&confirm, "").await.0, 410, "a token is good for its purpose only");
        let mangled = format!("{link}?topic=healt");
        assert_eq!(app.visit(&mangled).await.0, 404);
        assert_eq!(app.post(&mangled, "").await.0, 404, "it must not stop more than it said");
        let still = [state("health", "active", None), state("climate", "active", None)];
        assert_eq!(app.subscriptions("alice@example.org").await, still);
    }

    async fn who_has_not_confirmed_gets_nothing_but_the_question(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { pending: true, ..Reader::of("alice@example.org", &["health"]) }).await;
        app.publish("health", "Before");
        app.run_until("2026-03-03 12:00").await;
        let question = app.only_mail_to("alice@example.org");
        assert_eq!(question.subject(), "Please confirm your subscription to The Paper");
        assert_told("a_confirmation", &question);

        let link = question.link("/confirm/");
        assert_eq!(app.visit(&link).await.0, 200);
        assert_eq!(app.subscriptions("alice@example.org").await, [state("health", "pending", None)], "a look is no press");
        assert_eq!(app.post(&link, "").await.0, 403, "not from our page");
        let (status, page) = app.submit(&link, "yes", &[]).await;
        assert_eq!(status, 200);
        assert!(page.contains("Your subscription is confirmed"), "{page}");
        assert_eq!(app.subscriptions("alice@example.org").await, [state("health", "active", None)]);

        app.publish("health", "After");
        app.run_until("2026-03-04 12:00").await;
        let mails = app.mail_to("alice@example.org");
        assert_eq!(mails.len(), 2);
        assert_eq!(mails[1].headlines(), ["After"]);

        for answer in [app.visit(&link).await, app.submit(&link, "yes", &[]).await] {
            assert_eq!(answer.0, 200);
            assert!(answer.1.contains("Your subscription is confirmed"), "{}", answer.1);
        }
        assert_eq!(app.subscriptions("alice@example.org").await, [state("health", "active", None)]);
    }

    async fn a_confirmation_link_works_for_seven_days(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { pending: true, ..Reader::of("alice@example.org", &["health"]) }).await;
        app.run().await;
        let link = app.only_mail_to("alice@example.org").link("/confirm/");
        app.clock.set(time("2026-03-09 12:01"));
        assert_eq!(app.visit(&link).await.0, 410);
        assert_eq!(app.post(&link, "").await.0, 410);
        assert_eq!(app.subscriptions("alice@example.org").await, [state("health", "pending", None)]);

        app.clock.set(time("2026-03-09 12:00"));
        assert_eq!(app.submit(&link, "yes", &[]).await.0, 200);
    }

    /// Whoever has stopped since is not started again by an old mail.
    async fn an_old_confirmation_does_not_undo_a_stop(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { pending: true, ..Reader::of("alice@example.org", &["health"]) }).await;
        app.run().await;
        let confirm = app.only_mail_to("alice@example.org").link("/confirm/");
        app.submit(&confirm, "yes", &[]).await;
        app.publish("health", "First");
        app.run_until("2026-03-03 12:00").await;
        let stop = app.mail_to("alice@example.org").remove(1).one_click();
        app.post(&stop, ONE_CLICK).await;
        assert_eq!(app.submit(&confirm, "yes", &[]).await.0, 410);
        assert_eq!(app.subscriptions("alice@example.org").await, [state("health", "ended", Some("one-click"))]);
    }

    async fn the_page_of_an_edition_is_everybodys_and_shows_no_reader(engine: Engine) {
        let app = with_a_digest(engine).await;
        let mail = app.only_mail_to("alice@example.org");
        let link = mail.text().lines().find(|line| line.contains("/edition/")).unwrap().trim().to_owned();
        let (status, page) = app.visit(&link).await;
        assert_eq!(status, 200);
        assert!(page.contains("First of health") && page.contains("First of climate"));
        assert!(!page.contains("alice") && !page.contains("/stop/"), "{page}");
        assert_eq!(app.visit("https://digest.example.org/edition/aaaaaaaaaaaaaaaaaaaaaaaaaa").await.0, 404);
    }
}
