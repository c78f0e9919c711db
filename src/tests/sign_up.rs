//! From the line under an article to the first digest, and back out: over HTTP and SMTP, as a reader goes.

use super::app::{Reader, TestApp, time};
use super::engine::{Engine, on_both_engines};
use crate::model::holdings::{Pause, PauseReason, StopReason};

const ANA: &str = "ana@example.net";

/// Fills in the form that the line under an article leads to.
async fn sign_up(app: &TestApp, address: &str, topics: &[&str]) -> (u16, String) {
    let link = "/en/subscribe?topic=health";
    let mut entered = vec![("frequency", "daily"), ("hour", "8"), ("zone", "Africa/Nairobi"), ("address", address)];
    entered.extend(topics.iter().map(|topic| ("topic", *topic)));
    let answer = app.submit(link, "name=\"address\"", &entered).await;
    app.run().await;
    answer
}

/// Signs up, follows the link in the mail, and presses the button.
async fn confirmed(app: &TestApp) -> String {
    sign_up(app, ANA, &["health", "climate"]).await;
    let link = app.only_mail_to(ANA).link("/confirm/");
    let (status, page) = app.submit(&link, "yes", &[]).await;
    assert_eq!(status, 200, "{page}");
    app.run().await;
    page
}

async fn states(app: &TestApp) -> Vec<(String, String)> {
    app.subscriptions(ANA).await.into_iter().map(|(topic, state, _)| (topic, state)).collect()
}

fn both(state: &str) -> Vec<(String, String)> {
    ["health", "climate"].map(|topic| (topic.to_owned(), state.to_owned())).into()
}

/// Everything in the database that is text or bytes, as one text.
async fn all_that_is_kept(app: &TestApp) -> String {
    format!("{:?}", crate::tests::rows::Rows::all(app.app.store.db()).await)
}

async fn at_noon(engine: Engine) -> TestApp {
    TestApp::at(engine, "2026-11-23 12:00").await
}

/// Presses it, is asked no more on the next day, and takes it back.
async fn it_was_not_me_until_undone(app: &TestApp, link: &str) {
    let (_, page) = app.submit(link, "not-me", &[]).await;
    assert!(page.contains("You will not be asked again"), "{page}");
    app.clock.set(time("2026-11-25 12:00"));
    sign_up(app, ANA, &["health"]).await;
    assert_eq!(app.mail_to(ANA).len(), 1);
    let (_, page) = app.submit(link, "undo", &[]).await;
    assert!(page.contains("Confirm subscription"), "the question stands again: {page}");
}

on_both_engines! {
    async fn a_reader_signs_up_confirms_reads_stops_and_starts_again(engine: Engine) {
        let app = at_noon(engine).await;
        let (status, page) = app.visit("/en/subscribe?topic=health").await;
        assert_eq!(status, 200);
        assert!(page.contains("value=\"health\" checked") && !page.contains("value=\"climate\" checked"), "only the linked one");

        let (status, page) = sign_up(&app, ANA, &["health", "climate"]).await;
        assert_eq!(status, 200);
        assert!(page.contains("Check your email"), "{page}");
        let question = app.only_mail_to(ANA);
        assert!(question.says("Health, Climate") && question.says("Daily"), "{}", question.text());
        let link = question.link("/confirm/");
        let (_, page) = app.visit(&link).await;
        assert!(page.contains("Tuesday 24 November 2026 at 08:00 (<bdi>Nairobi</bdi> time)"), "{page}");
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM subscriber").await, ["0"], "looking starts nothing");

        let (_, page) = app.submit(&link, "yes", &[]).await;
        assert!(page.contains("Your first email comes on Tuesday 24 November 2026 at 08:00"), "{page}");
        assert_eq!(states(&app).await, both("active"));
        assert_eq!(app.ask("SELECT origin || ' ' || language || ' ' || topics FROM consent").await, ["/en/subscribe en [\"health\",\"climate\"]"]);

        app.publish("health", "A vaccine for all");
        app.run_until("2026-11-24 12:00").await;
        let digest = app.mail_to(ANA).remove(1);
        assert_eq!(digest.headlines(), ["A vaccine for all"]);

        let stop = digest.one_click();
        let (_, page) = app.submit(&stop, "Stop all emails", &[]).await;
        assert!(page.contains("All emails are stopped") && page.contains("Changed your mind?"), "{page}");
        assert_eq!(states(&app).await, both("ended"));

        // Nothing has passed meanwhile: as if never stopped.
        app.publish("health", "While they were away");
        app.fetch().await;
        let (status, page) = app.submit(&stop, "/again/", &[("how", "missed")]).await;
        assert_eq!(status, 200);
        assert!(page.contains("Your emails have started again"), "{page}");
        app.run_until("2026-11-25 12:00").await;
        assert_eq!(app.mail_to(ANA).remove(2).headlines(), ["While they were away"]);
    }

    async fn who_comes_back_after_a_digest_chooses_between_what_was_missed_and_from_now_on(engine: Engine) {
        let app = at_noon(engine).await;
        confirmed(&app).await;
        app.subscribe_in("ben@example.net", "Africa/Nairobi", &["health"]).await;
        app.publish("health", "First");
        app.run_until("2026-11-24 12:00").await;
        let stop = app.mail_to(ANA).remove(1).one_click();
        app.post(&stop, "List-Unsubscribe=One-Click").await;
        app.publish("health", "Missed");
        app.run_until("2026-11-25 12:00").await;
        let (_, page) = app.visit(&stop).await;
        assert!(page.contains("with what I missed") && page.contains("Start again from now on"), "{page}");
        app.submit(&stop, "/again/", &[("how", "now")]).await;
        app.publish("health", "After");
        app.run_until("2026-11-26 12:00").await;
        assert_eq!(app.mail_to(ANA).remove(2).headlines(), ["After"]);

        app.post(&stop, "List-Unsubscribe=One-Click").await;
        app.sleep_until("2026-12-24 13:00");
        let (_, page) = app.visit(&stop).await;
        assert!(!page.contains("/again/"), "four weeks are over: {page}");
    }

    async fn before_the_word_nothing_of_an_address_can_be_read(engine: Engine) {
        let app = TestApp::with(engine, "2026-11-23 12:00", &[("RELAY__PORT", "1")]).await;
        sign_up(&app, ANA, &["health"]).await;
        assert_eq!(app.ask("SELECT CASE WHEN sealed IS NULL THEN 'gone' ELSE 'sealed' END FROM letter").await, ["sealed"]);
        let kept = all_that_is_kept(&app).await;
        let hex: String = ANA.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert!(!kept.to_lowercase().contains(ANA) && !kept.to_lowercase().contains(&hex), "{kept}");
    }

    async fn a_letter_that_has_gone_keeps_no_address_and_its_link_still_works(engine: Engine) {
        let app = at_noon(engine).await;
        sign_up(&app, ANA, &["health"]).await;
        app.run().await;
        assert_eq!(app.ask("SELECT CASE WHEN sealed IS NULL THEN 'gone' ELSE 'sealed' END FROM letter").await, ["gone"]);
        app.clock.set(time("2026-11-30 11:59"));
        let (status, _) = app.submit(&app.only_mail_to(ANA).link("/confirm/"), "yes", &[]).await;
        assert_eq!(status, 200);
        assert_eq!(app.subscriptions(ANA).await.len(), 1);
    }

    async fn after_a_week_the_link_is_over_and_the_letter_thrown_away(engine: Engine) {
        let app = at_noon(engine).await;
        sign_up(&app, ANA, &["health"]).await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        app.clock.set(time("2026-11-30 12:01"));
        assert_eq!(app.visit(&link).await.0, 410);
        app.clock.set(time("2026-12-02 12:01"));
        app.run().await;
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM letter").await, ["0"]);
    }

    async fn an_address_is_asked_once_a_day_and_one_word_is_for_all_that_was_asked(engine: Engine) {
        let app = at_noon(engine).await;
        sign_up(&app, ANA, &["health"]).await;
        sign_up(&app, ANA, &["climate"]).await;
        sign_up(&app, "Ana@Example.net", &["sport"]).await;
        let mails = app.mail_to(ANA);
        assert_eq!(mails.len(), 1);
        let (_, page) = app.submit(&mails[0].link("/confirm/"), "yes", &[]).await;
        assert!(page.contains("Health") && page.contains("Climate") && page.contains("Sport"), "{page}");
        assert_eq!(app.subscriptions(ANA).await.len(), 3);
    }

    async fn each_topic_comes_as_often_as_its_letter_said_and_the_one_that_was_mailed_says_when(engine: Engine) {
        let app = at_noon(engine).await;
        sign_up(&app, ANA, &["health"]).await;
        // Whoever it was: no mail has said it.
        let entered = [("frequency", "weekly"), ("hour", "3"), ("zone", "Asia/Tokyo"), ("address", ANA), ("topic", "climate")];
        app.submit("/en/subscribe", "name=\"address\"", &entered).await;
        app.run().await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        let named = ["<bdi>Health</bdi>", "<bdi>Daily</bdi>", "<bdi>Climate</bdi>", "<bdi>Weekly</bdi>"];
        let in_order = |page: &str| named.map(|name| page.find(name).unwrap_or_else(|| panic!("{name}: {page}"))).is_sorted();
        let (_, page) = app.visit(&link).await;
        assert!(in_order(&page), "{page}");
        assert!(page.contains("Tuesday 24 November 2026 at 08:00 (<bdi>Nairobi</bdi> time)"), "{page}");
        let (_, page) = app.submit(&link, "yes", &[]).await;
        assert!(in_order(&page), "{page}");
        assert!(page.contains("Tuesday 24 November 2026 at 08:00 (<bdi>Nairobi</bdi> time)"), "{page}");
        let row = "SELECT language || ' ' || zone || ' ' || CAST(hour AS TEXT) FROM subscriber";
        assert_eq!(app.ask(row).await, ["en Africa/Nairobi 8"]);
    }

    async fn after_three_questions_in_a_week_there_is_silence(engine: Engine) {
        let app = at_noon(engine).await;
        for day in 23..=28 {
            app.clock.set(time(&format!("2026-11-{day} 12:00")));
            sign_up(&app, ANA, &["health"]).await;
            app.clock.advance(chrono::TimeDelta::minutes(5));
        }
        assert_eq!(app.mail_to(ANA).len(), 3);
    }

    async fn whoever_the_address_belongs_to_the_answer_is_the_same(engine: Engine) {
        let app = at_noon(engine).await;
        app.subscribe("known@example.net", &["health"]).await;
        let mut answers = Vec::new();
        for address in ["unknown@example.net", "known@example.net", "unknown@example.net"] {
            answers.push(sign_up(&app, address, &["climate"]).await);
        }
        answers.push({
            let suppressed: crate::model::address::Address = "gone@example.net".parse().unwrap();
            let hash = app.app.keys.hash_of_address(&suppressed);
            let mut tx = app.app.store.begin().await.unwrap();
            crate::store::suppression::add_hard(&mut tx, &hash, "550", app.clock.now()).await.unwrap();
            tx.commit().await.unwrap();
            sign_up(&app, "gone@example.net", &["climate"]).await
        });
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        let rows = app.ask("SELECT state || ' ' || coalesce(reason, '') FROM delivery WHERE kind = 'confirm' ORDER BY id").await;
        assert_eq!(rows, ["sent ", "sent ", "cancelled asked within the last day", "cancelled suppressed"]);
        assert!(app.mail_to("gone@example.net").is_empty());
    }

    async fn a_reader_who_signs_up_again_gets_more_topics_and_keeps_their_settings(engine: Engine) {
        let app = at_noon(engine).await;
        app.subscribe(ANA, &["health"]).await;
        sign_up(&app, ANA, &["health", "climate"]).await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        let (_, page) = app.visit(&link).await;
        assert!(page.contains("Tuesday 24 November 2026 at 08:00 (<bdi>UTC</bdi> time)"), "as they have it: {page}");
        app.submit(&link, "yes", &[]).await;
        assert_eq!(states(&app).await, both("active"));
        assert_eq!(app.ask("SELECT zone FROM subscriber").await, ["UTC"]);
    }

    async fn a_topic_that_comes_already_is_shown_as_it_comes(engine: Engine) {
        let app = at_noon(engine).await;
        app.add(Reader { frequency: "weekly", ..Reader::of(ANA, &["health"]) }).await;
        sign_up(&app, ANA, &["health", "climate"]).await;
        let (_, page) = app.visit(&app.only_mail_to(ANA).link("/confirm/")).await;
        let named = ["<bdi>Health</bdi>", "<bdi>Weekly</bdi>", "<bdi>Climate</bdi>", "<bdi>Daily</bdi>"];
        assert!(named.map(|name| page.find(name).unwrap_or_else(|| panic!("{name}: {page}"))).is_sorted(), "{page}");
    }

    async fn who_signs_up_for_what_they_have_paused_finds_the_pause(engine: Engine) {
        let app = at_noon(engine).await;
        app.subscribe(ANA, &["health"]).await;
        let pause = Pause { until: None, reason: PauseReason::Reader };
        app.change(ANA, |holdings, ground| holdings.pause(None, pause, ground)).await;
        sign_up(&app, ANA, &["health"]).await;
        let (status, page) = app.visit(&app.only_mail_to(ANA).link("/confirm/")).await;
        assert!(status == 200 && page.contains("Your emails are paused."), "{page}");
    }

    async fn it_was_not_me_stops_further_questions_until_it_is_undone(engine: Engine) {
        let app = at_noon(engine).await;
        sign_up(&app, ANA, &["health"]).await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        it_was_not_me_until_undone(&app, &link).await;
        app.clock.set(time("2026-11-26 13:00"));
        sign_up(&app, ANA, &["climate"]).await;
        assert_eq!(app.mail_to(ANA).len(), 2);
        app.submit(&link, "yes", &[]).await;
        assert_eq!(states(&app).await, both("active"));
    }

    async fn it_was_not_me_can_be_undone_when_the_letter_is_long_gone(engine: Engine) {
        let app = at_noon(engine).await;
        sign_up(&app, ANA, &["health"]).await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        app.submit(&link, "not-me", &[]).await;
        for (day, letters) in [("2026-12-01 12:00", "1"), ("2027-03-01 12:00", "0")] {
            app.sleep_until(day);
            app.run().await;
            assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM letter").await, [letters]);
            let (status, page) = app.visit(&link).await;
            assert_eq!(status, 200, "{day}");
            assert!(page.contains("You will not be asked again") && page.contains("Undo"), "{page}");
        }
        let (status, page) = app.submit(&link, "undo", &[]).await;
        assert!(status == 410 && page.contains("sign up again"), "{page}");
        assert_eq!(app.visit(&link).await.0, 410, "nothing is refused any more");
        sign_up(&app, ANA, &["health"]).await;
        assert_eq!(app.mail_to(ANA).len(), 2);
    }

    async fn it_was_not_me_holds_for_whoever_has_stopped_too(engine: Engine) {
        let app = at_noon(engine).await;
        app.subscribe(ANA, &["health"]).await;
        app.change(ANA, |holdings, ground| holdings.stop(None, StopReason::Reader, ground)).await;
        sign_up(&app, ANA, &["climate"]).await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        it_was_not_me_until_undone(&app, &link).await;
    }

    async fn a_reader_is_not_promised_that_nobody_asks_them_and_their_digests_go_on(engine: Engine) {
        let app = at_noon(engine).await;
        sign_up(&app, ANA, &["climate"]).await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        // The page stood open while they became a reader.
        let (_, before) = app.visit(&link).await;
        app.subscribe(ANA, &["health"]).await;
        let stale = crate::tests::form::Form::find(&before, "not-me").unwrap();
        for (_, page) in [app.visit(&link).await, app.post(&stale.action, &stale.filled(&[])).await] {
            assert!(page.contains("Then do nothing") && page.contains("Confirm subscription"), "{page}");
            assert!(!page.contains("not-me") && !page.contains("You will not be asked again"), "{page}");
        }
        app.publish("health", "It goes on");
        app.run_until("2026-11-24 12:00").await;
        assert_eq!(app.mail_to(ANA).remove(1).headlines(), ["It goes on"]);
        assert_eq!(states(&app).await, [("health".to_owned(), "active".to_owned())]);
    }

    async fn what_is_missing_is_named_and_what_was_entered_stays(engine: Engine) {
        let app = at_noon(engine).await;
        let (status, page) = sign_up(&app, "ana@example", &[]).await;
        assert_eq!(status, 422);
        assert!(page.contains("<title>Error:"), "{page}");
        assert!(page.contains("href=\"#topics\"") && page.contains("href=\"#address\""), "{page}");
        assert!(page.contains("value=\"ana@example\"") && page.contains("Choose at least one topic"), "{page}");
        assert!(app.ask("SELECT 'letter' FROM letter").await.is_empty());
    }

    async fn a_form_from_elsewhere_leads_to_ours_filled_in(engine: Engine) {
        let app = at_noon(engine).await;
        let (status, page) = app.post("/en/subscribe", "topic=health&address=ana%40example.net").await;
        assert_eq!(status, 422);
        assert!(page.contains("value=\"ana@example.net\"") && page.contains("value=\"health\" checked"), "{page}");
        assert!(app.ask("SELECT 'letter' FROM letter").await.is_empty(), "nothing is sent before the press on our page");
    }

    async fn programs_are_told_nothing_and_mail_nobody(engine: Engine) {
        let app = at_noon(engine).await;
        let entered = [("topic", "health"), ("address", ANA), ("website", "https://spam.example")];
        let (status, page) = app.submit("/en/subscribe", "name=\"address\"", &entered).await;
        assert_eq!(status, 200);
        assert!(page.contains("Check your email"), "{page}");
        // Faster than anybody types.
        let (_, page) = app.visit("/en/subscribe").await;
        let form = crate::tests::form::Form::find(&page, "address").unwrap();
        let (status, _) = app.post(&form.action, &form.filled(&[("topic", "health"), ("address", ANA)])).await;
        assert_eq!(status, 422);
        assert!(app.ask("SELECT 'letter' FROM letter").await.is_empty());
    }

    async fn todays_comes_at_once_to_whoever_cannot_wait(engine: Engine) {
        let app = at_noon(engine).await;
        app.publish("health", "This morning");
        app.fetch().await;
        sign_up(&app, ANA, &["health"]).await;
        let link = app.only_mail_to(ANA).link("/confirm/");
        app.submit(&link, "yes", &[]).await;
        let (_, page) = app.submit(&link, "value=\"now\"", &[]).await;
        assert!(page.contains("on its way"), "{page}");
        app.run().await;
        app.run().await;
        assert_eq!(app.mail_to(ANA).remove(1).headlines(), ["This morning"]);
    }
}
