//! Why a reader got what they got, told from the rows.

use super::app::{Reader, TestApp};
use super::engine::on_both_engines;
use super::topics::WORLD;
use crate::model::explanation::Missing;
use crate::model::holdings::{Pause, PauseReason, StopReason};
use crate::pipeline::explaining::{Explained, Explaining, Place, Silence};

async fn explaining<'a>(app: &'a TestApp, address: &str) -> Explaining<'a> {
    let reader = app.reader(address).await;
    Explaining::of(&app.app.store, &app.app.config, reader).await.unwrap().expect("a reader")
}

/// The newest first: the day it was due, the state of the digest, why there was none.
async fn told(app: &TestApp, address: &str) -> Vec<(String, String, Option<Silence>)> {
    let day = |explained: &Explained| {
        let due = explained.run.as_ref().map(|run| run.due_at).or(explained.digest.as_ref().map(|d| d.created_at));
        due.unwrap().format("%m-%d").to_string()
    };
    let state = |explained: &Explained| explained.digest.as_ref().map_or("-".to_owned(), |digest| digest.state.clone());
    let all = explaining(app, address).await.newest(20).await.unwrap();
    all.iter().map(|explained| (day(explained), state(explained), explained.silence.clone())).collect()
}

fn row(day: &str, state: &str, silence: Option<Silence>) -> (String, String, Option<Silence>) {
    (day.to_owned(), state.to_owned(), silence)
}

/// The number of the newest run, and of each article of it where it went.
async fn places(app: &TestApp, address: &str) -> Vec<(String, Place)> {
    let explaining = explaining(app, address).await;
    let run = explaining.newest(1).await.unwrap().remove(0).run.expect("a run").id;
    let (_, lines) = explaining.run(run).await.unwrap().expect("it is there");
    lines.into_iter().map(|line| (line.title, line.place)).collect()
}

on_both_engines! {
    async fn a_week_of_mails_and_silences(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "On Monday");
        app.run_until("2026-03-03 12:00").await;
        app.run_until("2026-03-04 12:00").await;
        let pause = Pause { until: Some("2026-03-05".parse().unwrap()), reason: PauseReason::Reader };
        app.change("alice@example.org", |holdings, ground| holdings.pause(None, pause, ground)).await;
        app.publish("health", "In the pause");
        app.run_until("2026-03-05 12:00").await;
        let health = app.topic("health").await;
        assert_eq!(
            told(&app, "alice@example.org").await,
            [
                row("03-05", "-", Some(Silence::Paused(pause))),
                row("03-04", "-", Some(Silence::NothingNew(vec![app.topic("health").await]))),
                row("03-03", "sent", None),
            ],
            "a pause that came after a run is the cause of nothing in it"
        );
        let explained = explaining(&app, "alice@example.org").await.newest(20).await.unwrap();
        assert_eq!(explained.iter().map(|e| e.chosen_since).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(explained[2].sections, [(health, 1)]);

        app.run_until("2026-03-07 12:00").await;
        let told = told(&app, "alice@example.org").await;
        assert_eq!(told[0], row("03-07", "-", Some(Silence::NothingNew(vec![health]))));
        assert_eq!(told[1], row("03-06", "sent", None));
    }

    async fn a_digest_on_hold_a_stop_and_a_run_before_they_came(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.publish("health", "On Monday");
        app.run_until("2026-03-03 12:00").await;
        app.subscribe("late@example.org", &["health"]).await;
        assert_eq!(told(&app, "late@example.org").await, []);
        app.publish("health", "On Tuesday");
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(told(&app, "late@example.org").await, [row("03-04", "sent", None)]);

        app.change("alice@example.org", |holdings, ground| holdings.stop(None, StopReason::Reader, ground)).await;
        app.publish("health", "On Wednesday");
        app.run_until("2026-03-05 12:00").await;
        let told = told(&app, "alice@example.org").await;
        let Some(Silence::Ended(stop)) = &told[0].2 else { panic!("{told:?}") };
        assert_eq!((stop.reason, stop.at.format("%d %H:%M").to_string()), (StopReason::Reader, "04 12:00".to_owned()));
    }

    async fn a_stop_says_nothing_of_the_runs_before_it(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.run_until("2026-03-03 12:00").await;
        app.change("alice@example.org", |holdings, ground| holdings.stop(None, StopReason::Reader, ground)).await;
        let health = app.topic("health").await;
        assert_eq!(
            told(&app, "alice@example.org").await,
            [row("03-03", "-", Some(Silence::NothingNew(vec![health])))]
        );
    }

    async fn a_pause_before_a_run_is_found_by_what_it_kept_back(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health"]).await;
        app.subscribe("bob@example.org", &["health"]).await;
        app.publish("health", "On Monday");
        let pause = Pause { until: None, reason: PauseReason::Reader };
        // After the last article before the run: by the numbers alone it may as well have come after the run.
        app.run().await;
        app.change("alice@example.org", |holdings, ground| holdings.pause(None, pause, ground)).await;
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(told(&app, "alice@example.org").await, [row("03-03", "-", Some(Silence::Paused(pause)))]);
    }

    async fn each_article_of_a_run_has_its_reason(engine: Engine) {
        let app = TestApp::of(engine, "2026-03-02 12:00", WORLD, &[]).await;
        app.add(Reader { regions: &["africa"], ..Reader::of("alice@example.org", &["health"]) }).await;
        app.add(Reader { frequency: "weekly", ..Reader::of("alice@example.org", &["climate"]) }).await;
        app.publish("health-en", "For Africa");
        app.publish("africa-en", "For Africa");
        app.publish("health-en", "For Asia");
        app.publish("asia-en", "For Asia");
        app.publish("health-fr", "En Afrique");
        app.publish("africa-en", "En Afrique");
        app.publish("climate-en", "Not in this frequency");
        app.run_until("2026-03-03 12:00").await;
        let mut places = places(&app, "alice@example.org").await;
        places.sort_by(|a, b| a.0.cmp(&b.0));
        let why: Vec<(&str, Option<Missing>)> = places
            .iter()
            .map(|(title, place)| (title.as_str(), match place { Place::Missing(why) => Some(*why), _ => None }))
            .collect();
        assert_eq!(
            why,
            [("En Afrique", Some(Missing::OtherLanguage)), ("For Africa", None), ("For Asia", Some(Missing::OtherRegion))]
        );
    }

    async fn what_the_weekly_told_is_left_out_of_the_daily_and_says_where_it_is(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-08 12:00").await;
        app.add(Reader { frequency: "weekly", ..Reader::of("alice@example.org", &["health"]) }).await;
        app.add(Reader { hour: 9, ..Reader::of("alice@example.org", &["climate"]) }).await;
        for feed in ["health", "climate"] {
            app.publish(feed, "Heat and the heart");
        }
        app.run_until("2026-03-09 12:00").await;
        assert_eq!(app.mail_to("alice@example.org").len(), 1);
        let told = told(&app, "alice@example.org").await;
        let silences: Vec<&Silence> = told.iter().filter_map(|(.., silence)| silence.as_ref()).collect();
        let [Silence::NotForThem(reasons)] = silences.as_slice() else { panic!("{told:?}") };
        assert_eq!(reasons.keys().map(|(_, why)| *why).collect::<Vec<_>>(), [Missing::Told]);
    }
}
