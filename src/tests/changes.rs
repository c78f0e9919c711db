//! Whoever changes their mind loses nothing and gets nothing twice.

use super::app::{Reader, TestApp};
use super::engine::on_both_engines;
use crate::model::holdings::{Pause, PauseReason, Return, Settings, StopReason};
use crate::store::declared;

const ALICE: &str = "alice@example.org";

async fn frequency(app: &TestApp, slug: &str) -> i64 {
    let all = declared::frequencies(&app.app.store).await.unwrap();
    all.into_iter().find(|frequency| frequency.slug.as_str() == slug).unwrap().id
}

async fn moves_to(app: &TestApp, slug: &str) {
    let frequency = frequency(app, slug).await;
    app.change(ALICE, |holdings, ground| holdings.set_frequency(None, frequency, ground)).await;
}

async fn sets(app: &TestApp, how: impl Fn(&mut Settings)) {
    app.change(ALICE, |holdings, ground| {
        let mut settings = holdings.settings.clone();
        how(&mut settings);
        holdings.set(&settings, ground)
    })
    .await;
}

async fn news(app: &TestApp, at: &str, title: &str) {
    app.run_until(at).await;
    app.publish("health", title);
    app.fetch().await;
}

/// What came, and when.
fn told(app: &TestApp) -> Vec<(String, Vec<String>)> {
    app.mail_to(ALICE).iter().map(|mail| (mail.date(), mail.headlines())).collect()
}

fn mail(date: &str, headlines: &[&str]) -> (String, Vec<String>) {
    (date.to_owned(), headlines.iter().map(|&headline| headline.to_owned()).collect())
}

on_both_engines! {
    /// 6 March 2026 is a Friday.
    async fn from_weekly_to_daily_on_a_friday_brings_the_week_on_saturday(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.add(Reader { frequency: "weekly", ..Reader::of(ALICE, &["health"]) }).await;
        news(&app, "2026-03-03 12:00", "On Tuesday").await;
        news(&app, "2026-03-05 12:00", "On Thursday").await;
        app.run_until("2026-03-06 12:00").await;
        moves_to(&app, "daily").await;
        news(&app, "2026-03-06 13:00", "On Friday").await;
        app.run_until("2026-03-10 12:00").await;
        assert_eq!(told(&app), [mail("2026-03-07 08:00", &["On Friday", "On Thursday", "On Tuesday"])]);
    }

    async fn from_daily_to_weekly_and_back_before_any_run_is_as_if_nothing_had_been(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ALICE, &["health"]).await;
        news(&app, "2026-03-02 13:00", "Before the digest").await;
        news(&app, "2026-03-03 12:00", "After it").await;
        moves_to(&app, "weekly").await;
        moves_to(&app, "daily").await;
        app.run_until("2026-03-11 12:00").await;
        assert_eq!(told(&app), [mail("2026-03-03 08:00", &["Before the digest"]), mail("2026-03-04 08:00", &["After it"])]);
    }

    async fn an_earlier_hour_today_brings_what_is_new_tomorrow_and_a_later_one_today(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ALICE, &["health"]).await;
        news(&app, "2026-03-03 07:00", "At seven").await;
        sets(&app, |settings| settings.hour = 6).await;
        app.run_until("2026-03-04 05:00").await;
        assert_eq!(told(&app), [], "eight o'clock is not their hour any more, and six is over");
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(told(&app), [mail("2026-03-04 06:00", &["At seven"])]);
        news(&app, "2026-03-04 13:00", "In the afternoon").await;
        sets(&app, |settings| settings.hour = 18).await;
        app.run_until("2026-03-06 12:00").await;
        assert_eq!(told(&app)[1..], [mail("2026-03-04 18:00", &["In the afternoon"])]);
    }

    async fn a_reader_who_moves_to_nairobi_gets_the_day_once(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ALICE, &["health"]).await;
        news(&app, "2026-03-02 13:00", "On Monday").await;
        app.run_until("2026-03-03 09:00").await;
        sets(&app, |settings| settings.zone = chrono_tz::Africa::Nairobi).await;
        news(&app, "2026-03-03 10:00", "On Tuesday").await;
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(told(&app), [mail("2026-03-03 08:00", &["On Monday"]), mail("2026-03-04 05:00", &["On Tuesday"])]);
    }

    async fn a_pause_at_noon_does_not_lose_the_morning(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ALICE, &["health"]).await;
        news(&app, "2026-03-03 09:00", "In the morning").await;
        app.run_until("2026-03-03 12:00").await;
        let pause = Pause { until: None, reason: PauseReason::Reader };
        app.change(ALICE, |holdings, ground| holdings.pause(None, pause, ground)).await;
        news(&app, "2026-03-04 12:00", "In the pause").await;
        app.run_until("2026-03-06 12:00").await;
        app.change(ALICE, |holdings, ground| holdings.resume(None, Return::CatchUp, ground)).await;
        app.run_until("2026-03-08 12:00").await;
        assert_eq!(told(&app), [mail("2026-03-07 08:00", &["In the pause", "In the morning"])]);
    }

    async fn who_stops_and_starts_again_chooses_whether_to_catch_up(engine: Engine) {
        for (how, comes) in [(Return::CatchUp, &["After", "Meanwhile"][..]), (Return::FromNow, &["After"][..])] {
            let app = TestApp::at(engine, "2026-03-02 12:00").await;
            app.subscribe(ALICE, &["health"]).await;
            app.change(ALICE, |holdings, ground| holdings.stop(None, StopReason::OneClick, ground)).await;
            news(&app, "2026-03-04 12:00", "Meanwhile").await;
            app.run_until("2026-03-05 12:00").await;
            assert_eq!(told(&app), []);
            app.change(ALICE, |holdings, ground| holdings.start_again(None, how, ground)).await;
            news(&app, "2026-03-05 13:00", "After").await;
            app.run_until("2026-03-07 12:00").await;
            assert_eq!(told(&app), [mail("2026-03-06 08:00", comes)], "{how:?}");
        }
    }

    /// The slot has no other reader: it slept meanwhile, and its clock must not.
    async fn a_slot_that_slept_wakes_to_its_next_hour(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe(ALICE, &["health"]).await;
        app.run_until("2026-03-03 12:00").await;
        app.change(ALICE, |holdings, ground| holdings.stop(None, StopReason::Reader, ground)).await;
        news(&app, "2026-03-20 12:00", "Long after").await;
        app.change(ALICE, |holdings, ground| holdings.start_again(None, Return::CatchUp, ground)).await;
        app.run_until("2026-03-20 23:00").await;
        assert_eq!(told(&app), [], "not at once, by a firing of long ago");
        app.run_until("2026-03-21 12:00").await;
        assert_eq!(told(&app), [mail("2026-03-21 08:00", &["Long after"])]);
    }
}
