//! When digests come: by the reader's clock, whatever happens to it, and to ours.

use super::app::{NEWSROOM, Reader, TestApp, time};
use super::engine::on_both_engines;
use crate::model::holdings::{Pause, PauseReason};

fn dates(app: &TestApp, address: &str) -> Vec<String> {
    app.mail_to(address).iter().map(|mail| mail.date()).collect()
}

async fn pause_until(app: &TestApp, address: &str, day: &str) {
    let pause = Pause { until: Some(day.parse().unwrap()), reason: PauseReason::Reader };
    assert!(!app.change(address, |holdings, ground| holdings.pause(None, pause, ground)).await.is_empty());
}

on_both_engines! {
    async fn a_weekly_digest_comes_on_monday_with_the_whole_week(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-03 12:00").await;
        app.add(Reader { frequency: "weekly", ..Reader::of("alice@example.org", &["health"]) }).await;
        app.publish("health", "On Tuesday");
        app.run_until("2026-03-06 12:00").await;
        app.publish("health", "On Friday");
        app.run_until("2026-03-16 12:00").await;
        assert_eq!(dates(&app, "alice@example.org"), ["2026-03-09 08:00"]);
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("On Tuesday") && mail.says("On Friday"), "{}", mail.text());
    }

    async fn as_it_happens_means_at_the_next_full_hour(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-03 12:05").await;
        app.add(Reader { frequency: "as-it-happens", ..Reader::of("alice@example.org", &["health"]) }).await;
        app.publish("health", "First");
        app.fetch().await;
        app.run_until("2026-03-03 13:30").await;
        app.publish("health", "Second");
        app.fetch().await;
        app.run_until("2026-03-03 20:00").await;
        assert_eq!(dates(&app, "alice@example.org"), ["2026-03-03 13:00", "2026-03-03 14:00"]);
    }

    /// New York moves its clock on 8 March 2026.
    async fn eight_is_eight_everywhere_and_stays_so_when_the_clock_changes(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-07 00:00").await;
        for zone in ["Africa/Nairobi", "America/New_York", "Asia/Kathmandu"] {
            let address = format!("{}@example.org", zone.split_once('/').unwrap().1);
            app.add(Reader { zone, ..Reader::of(&address, &["health"]) }).await;
        }
        for day in ["07", "08", "09"] {
            app.publish("health", &format!("News of the {day}"));
            app.fetch().await;
            app.run_until(&format!("2026-03-{day} 23:59")).await;
        }
        assert_eq!(dates(&app, "Nairobi@example.org"), ["2026-03-07 05:00", "2026-03-08 05:00", "2026-03-09 05:00"]);
        assert_eq!(dates(&app, "New_York@example.org"), ["2026-03-07 13:00", "2026-03-08 12:00", "2026-03-09 12:00"]);
        assert_eq!(dates(&app, "Kathmandu@example.org"), ["2026-03-07 02:15", "2026-03-08 02:15", "2026-03-09 02:15"]);
    }

    /// At two in the night of 8 March there is no 02:00 in New York; on 1 November there are two of 01:00.
    async fn an_hour_that_is_missing_or_doubled_brings_one_digest(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-08 00:00").await;
        app.add(Reader { zone: "America/New_York", hour: 2, ..Reader::of("gap@example.org", &["health"]) }).await;
        app.publish("health", "In spring");
        app.fetch().await;
        app.run_until("2026-03-08 20:00").await;
        assert_eq!(dates(&app, "gap@example.org"), ["2026-03-08 07:00"]);

        let app = TestApp::at(engine, "2026-10-31 20:00").await;
        app.add(Reader { zone: "America/New_York", hour: 1, ..Reader::of("fold@example.org", &["health"]) }).await;
        app.publish("health", "Before the first");
        app.fetch().await;
        app.run_until("2026-11-01 05:30").await;
        app.publish("health", "Between the two");
        app.fetch().await;
        app.run_until("2026-11-01 12:00").await;
        assert_eq!(dates(&app, "fold@example.org"), ["2026-11-01 05:00"]);
        app.run_until("2026-11-02 12:00").await;
        assert_eq!(dates(&app, "fold@example.org"), ["2026-11-01 05:00", "2026-11-02 06:00"]);
    }

    async fn after_down_time_one_digest_says_that_it_is_late(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Before");
        app.fetch().await;
        app.sleep_until("2026-03-06 10:30");
        app.publish("health", "Meanwhile");
        app.run_until("2026-03-06 12:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("Before") && mail.says("Meanwhile"), "{}", mail.text());
        assert!(mail.says("This email is late. It was due on Friday 6 March 2026 at 08:00"), "{}", mail.text());
        assert!(mail.html().contains("This email is late."));

        app.publish("health", "On time");
        app.run_until("2026-03-07 12:00").await;
        let mail = app.mail_to("alice@example.org").remove(1);
        assert!(mail.says("On time") && !mail.says("late"), "{}", mail.text());
    }

    async fn a_firing_found_just_before_the_next_is_left_to_it(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Before");
        app.fetch().await;
        app.sleep_until("2026-03-05 06:30");
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(dates(&app, "alice@example.org"), ["2026-03-05 08:00"]);
        assert!(!app.only_mail_to("alice@example.org").says("late"));
        assert_eq!(app.ask("SELECT state FROM run ORDER BY id").await, ["skipped", "planned"]);
    }

    async fn a_clock_set_back_brings_nothing_again(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "Once");
        app.run_until("2026-03-03 09:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1);

        app.clock.set(time("2026-03-02 20:00"));
        app.publish("health", "In the meantime");
        app.fetch().await;
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1, "the period is on record");
        app.run_until("2026-03-04 12:00").await;
        let mails = app.mail_to("alice@example.org");
        assert_eq!(mails.len(), 2);
        assert!(mails[1].says("In the meantime") && !mails[1].says("Once"), "{}", mails[1].text());
    }

    /// The slot of somebody who is alone in it keeps its hours for them.
    async fn a_pause_with_a_last_day_ends_before_the_next_run_and_brings_what_was_missed(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "On the morning of the pause");
        app.fetch().await;
        pause_until(&app, "alice@example.org", "2026-03-05").await;
        app.publish("health", "In the pause");
        app.run_until("2026-03-05 23:00").await;
        assert!(dates(&app, "alice@example.org").is_empty());
        app.run_until("2026-03-06 12:00").await;
        assert_eq!(dates(&app, "alice@example.org"), ["2026-03-06 08:00"]);
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("On the morning of the pause") && mail.says("In the pause"), "{}", mail.text());
        assert_eq!(app.ask("SELECT state FROM subscription").await, ["active"]);
        assert_eq!(app.ask("SELECT CAST(count(*) AS TEXT) FROM enrolment WHERE wakes_after IS NOT NULL").await, ["0"]);
    }

    async fn a_run_after_down_time_ends_the_pauses_that_were_over(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        pause_until(&app, "alice@example.org", "2026-03-04").await;
        app.publish("health", "In the pause");
        app.sleep_until("2026-03-09 09:00");
        app.run().await;
        app.run_until("2026-03-10 12:00").await;
        assert!(app.only_mail_to("alice@example.org").says("In the pause"));
    }

    /// A clock that was a month ahead must not leave readers a month without mail.
    async fn a_clock_that_was_ahead_does_not_keep_readers_waiting(engine: Engine) {
        let app = TestApp::at(engine, "2026-04-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.run().await;
        app.clock.set(time("2026-03-02 12:00"));
        app.publish("health", "Now");
        app.fetch().await;
        app.run_until("2026-03-03 12:00").await;
        assert!(app.only_mail_to("alice@example.org").says("Now"));
    }

    async fn a_frequency_that_wants_approval_waits_for_it(engine: Engine) {
        let text = format!(
            "{}\n[[frequency]]\nslug = \"daily\"\ncron = \"0 8 * * *\"\nhour_choice = true\napprove = true\nname = {{ en = \"Daily\" }}\n",
            NEWSROOM
        );
        let app = TestApp::of(engine, "2026-03-02 12:00", &text, &[]).await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "To be approved");
        app.run_until("2026-03-03 09:00").await;
        assert_eq!(app.digests().await, ["ready"]);
        assert_eq!(app.mail_to("alice@example.org").len(), 0);
        app.meddle("UPDATE run SET held_at = NULL").await;
        app.run().await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1);
    }
}
