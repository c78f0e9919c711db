//! The newsroom changes its mind about what it offers: a topic, a region or a frequency is given up, a choice of hour
//! comes or goes. Its readers move with all that they are due, and nothing comes twice.

use super::app::{NEWSROOM, Reader, TestApp, time};
use super::engine::on_both_engines;
use super::withdrawals::{begin_at, plan};
use crate::app::{App, AppError};
use crate::model::holdings::StopReason;
use crate::pipeline::{self, Error};
use crate::store::adoption::{self, Adoption, Begun, Progress};
use crate::store::subscription;

/// Health goes over into climate, which takes its feed.
fn without_health() -> String {
    NEWSROOM
        .replace("name = { en = \"Health\" }\n    feeds = [\"health\"]", "replaced_by = \"climate\"")
        .replace("feeds = [\"climate\"]", "feeds = [\"climate\", \"health\"]")
}

fn with_health_ended() -> String {
    NEWSROOM.replace("feeds = [\"health\"]", "end_subscriptions = true")
}

/// With two regions, which are words in titles.
fn with_regions(more: &str) -> String {
    format!(
        "{NEWSROOM}
    [[region]]
    slug = \"asia\"
    name = {{ en = \"Asia\" }}
    any_word = [\"Asia\"]
    [[region]]
    slug = \"africa\"
    name = {{ en = \"Africa\" }}
    any_word = [\"Africa\"]
    {more}"
    )
}

/// With these frequencies and no others: slug, cron, and what else there is to say.
fn with_frequencies(all: &[(&str, &str, &str)]) -> String {
    let frequency = |(slug, cron, more): &(&str, &str, &str)| {
        format!("[[frequency]]\nslug = \"{slug}\"\nname = {{ en = \"{slug}\" }}\ncron = \"{cron}\"\n{more}\n")
    };
    format!("{NEWSROOM}\n{}", all.iter().map(frequency).collect::<String>())
}

/// What a reader was told, mail by mail: the date, and what was new.
fn told(app: &TestApp, address: &str) -> Vec<(String, Vec<String>)> {
    app.mail_to(address).iter().map(|mail| (mail.date(), mail.headlines())).collect()
}

fn mail(date: &str, headlines: &[&str]) -> (String, Vec<String>) {
    (date.to_owned(), headlines.iter().map(ToString::to_string).collect())
}

async fn publish_at(app: &TestApp, at: &str, feed: &str, title: &str) {
    app.run_until(at).await;
    app.publish(feed, title);
    app.fetch().await;
}

/// Readers of health and of climate, daily and weekly; an article of Monday, of which the daily ones know, and one of
/// Tuesday, of which nobody does yet.
async fn with_two_days_of_health(engine: super::engine::Engine) -> TestApp {
    let app = TestApp::at(engine, "2026-03-02 12:00").await;
    app.subscribe("daily@example.org", &["health"]).await;
    app.add(Reader { frequency: "weekly", ..Reader::of("weekly@example.org", &["health"]) }).await;
    app.subscribe("both@example.org", &["health", "climate"]).await;
    app.subscribe("climate@example.org", &["climate"]).await;
    publish_at(&app, "2026-03-02 13:00", "health", "Of Monday").await;
    publish_at(&app, "2026-03-03 12:00", "health", "Of Tuesday").await;
    app.subscribe("late@example.org", &["health"]).await;
    app.run_until("2026-03-03 13:00").await;
    app
}

async fn assert_that_climate_took_over(app: &TestApp) {
    publish_at(app, "2026-03-03 14:00", "health", "Afterwards").await;
    app.run_until("2026-03-10 12:00").await;
    let tomorrow = mail("2026-03-04 08:00", &["Afterwards", "Of Tuesday"]);
    for reader in ["daily@example.org", "both@example.org"] {
        assert_eq!(told(app, reader), [mail("2026-03-03 08:00", &["Of Monday"]), tomorrow.clone()], "{reader}");
    }
    let all = ["Afterwards", "Of Tuesday", "Of Monday"];
    assert_eq!(told(app, "weekly@example.org"), [mail("2026-03-09 08:00", &all)]);
    assert_eq!(told(app, "late@example.org"), [mail("2026-03-04 08:00", &["Afterwards"])], "it came before they did");
    assert_eq!(
        told(app, "climate@example.org"),
        [mail("2026-03-04 08:00", &all)],
        "new to climate, what was due there"
    );
    assert_eq!(
        app.ask(
            "SELECT t.slug FROM subscription s JOIN topic t ON t.id = s.topic WHERE s.state = 'active' ORDER BY s.id"
        )
        .await,
        ["climate"; 5]
    );
}

on_both_engines! {
    async fn a_topic_hands_its_readers_on_with_all_that_they_are_due(engine: Engine) {
        let mut app = with_two_days_of_health(engine).await;
        app.restart_as(&without_health()).await;
        let both = app.subscriptions("both@example.org").await;
        let held = |topic: &str, state: &str, why: Option<&str>| (topic.to_owned(), state.to_owned(), why.map(str::to_owned));
        assert_eq!(both, [held("health", "ended", Some("retired")), held("climate", "active", None)]);
        assert_that_climate_took_over(&app).await;
    }

    /// Climate had it on Monday, health only on Tuesday: to whoever read health alone it is news.
    async fn what_both_had_comes_to_whom_it_has_not_come_yet(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        for (reader, topics) in [("health", &["health"][..]), ("climate", &["climate"]), ("both", &["health", "climate"])] {
            app.subscribe(&format!("{reader}@example.org"), topics).await;
        }
        publish_at(&app, "2026-03-02 13:00", "climate", "A story").await;
        publish_at(&app, "2026-03-03 12:00", "health", "A story").await;
        app.restart_as(&without_health()).await;
        app.run_until("2026-03-10 12:00").await;
        for reader in ["climate@example.org", "both@example.org"] {
            assert_eq!(told(&app, reader), [mail("2026-03-03 08:00", &["A story"])], "{reader}");
        }
        assert_eq!(told(&app, "health@example.org"), [mail("2026-03-04 08:00", &["A story"])]);
    }

    /// With a batch for each reader, and a kill after every number of steps that there can be.
    async fn whoever_is_killed_while_readers_move_goes_on_where_it_was(engine: Engine) {
        for steps in [1, 3, 5] {
            let mut app = with_two_days_of_health(engine).await;
            app.leaves().await;
            let other = app.beside(&without_health(), &[]).await.unwrap();
            let text = other.config.declaration();
            let begun = Adoption::begin(&other.store, &text, app.clock.now()).await.unwrap();
            let Begun::UnderWay(mut adoption) = begun else { panic!("{begun:?}") };
            adoption.at_once = 1;
            for _ in 0..steps {
                assert_eq!(adoption.go_on().await.unwrap(), Progress::Going, "{steps}");
            }
            let line = app.app.line().await.unwrap();
            let stale = pipeline::compose::run(&line, app.clock.now()).await;
            assert!(matches!(stale, Err(Error::StaleConfiguration)), "{stale:?}");
            app.restart_as(&without_health()).await;
            assert_that_climate_took_over(&app).await;
        }
    }

    /// What was composed before goes out as it is, under the name it had, and its link stops what the topic is now.
    async fn a_mail_that_waits_keeps_its_topic_and_its_link_stops_the_successor(engine: Engine) {
        let mut app = with_two_days_of_health(engine).await;
        app.clock.set(time("2026-03-04 08:00"));
        pipeline::compose::run(app.line(), app.clock.now()).await.unwrap();
        app.restart_as(&without_health()).await;
        app.run_until("2026-03-04 09:00").await;
        let waited = app.mail_to("daily@example.org").remove(1);
        assert_eq!(waited.headlines(), ["Of Tuesday"]);

        let (status, page) = app.post(&waited.link("topic=health"), "").await;
        assert!(status == 200 && page.contains("Climate"), "{status} {page}");
        publish_at(&app, "2026-03-04 14:00", "health", "Afterwards").await;
        app.run_until("2026-03-10 12:00").await;
        assert_eq!(app.mail_to("daily@example.org").len(), 2);
        assert_eq!(told(&app, "both@example.org")[2], mail("2026-03-05 08:00", &["Afterwards"]));
    }

    async fn a_topic_that_comes_to_its_end_takes_its_subscriptions_along(engine: Engine) {
        let mut app = with_two_days_of_health(engine).await;
        app.restart_as(&with_health_ended()).await;
        publish_at(&app, "2026-03-03 14:00", "climate", "Of climate").await;
        app.run_until("2026-03-10 12:00").await;
        let ended = [("health".to_owned(), "ended".to_owned(), Some("retired".to_owned()))];
        assert_eq!(app.subscriptions("daily@example.org").await, ended);
        assert_eq!(told(&app, "daily@example.org").len(), 1);
        assert_eq!(told(&app, "weekly@example.org"), []);
        assert_eq!(told(&app, "both@example.org")[1..], [mail("2026-03-04 08:00", &["Of climate"])]);
    }

    /// The old text again, after a kill: who had moved stays, and nobody is lost between the two.
    async fn a_text_that_is_taken_back_half_way_leaves_nobody_without_news(engine: Engine) {
        let mut app = with_two_days_of_health(engine).await;
        app.leaves().await;
        let other = app.beside(&without_health(), &[]).await.unwrap();
        let text = other.config.declaration();
        let Begun::UnderWay(mut adoption) = Adoption::begin(&other.store, &text, app.clock.now()).await.unwrap() else {
            panic!("it is another text")
        };
        adoption.at_once = 1;
        for _ in 0..4 {
            adoption.go_on().await.unwrap();
        }
        app.restart_as(NEWSROOM).await;
        app.run_until("2026-03-10 12:00").await;
        for reader in ["daily@example.org", "both@example.org"] {
            assert_eq!(told(&app, reader)[1..], [mail("2026-03-04 08:00", &["Of Tuesday"])], "{reader}");
        }
        assert_eq!(told(&app, "weekly@example.org"), [mail("2026-03-09 08:00", &["Of Tuesday", "Of Monday"])]);
    }

    /// Two people at two machines, each with a text of their own and no daemon.
    async fn of_two_texts_at_once_the_one_that_began_last_stands(engine: Engine) {
        let mut app = with_two_days_of_health(engine).await;
        app.leaves().await;
        let one = app.beside(&without_health(), &[]).await.unwrap();
        let text = one.config.declaration();
        let Begun::UnderWay(mut first) = Adoption::begin(&one.store, &text, app.clock.now()).await.unwrap() else {
            panic!("it is another text")
        };
        let other = app.beside(&with_health_ended(), &[]).await.unwrap();
        other.adopt().await.unwrap();
        let end = loop {
            match first.go_on().await.unwrap() {
                Progress::Going => {}
                end => break end,
            }
        };
        assert_eq!(end, Progress::Overtaken);
        let in_force = |app: &App| app.config.fingerprint();
        assert_eq!(adoption::is_in_force(&one.store, &in_force(&other)).await.unwrap(), Some(true));
    }

    /// It was filed under health before the first of them came to climate, and after the other: what the one is due says
    /// nothing of the other, though they hold the same.
    async fn what_a_topic_inherits_comes_to_those_who_held_it_before(engine: Engine) {
        let text = |newsroom: String| with_frequencies(&[("daily", "0 8 * * *", ""), ("weekly", "0 8 * * MON", "")]).replace(NEWSROOM, &newsroom);
        let mut app = TestApp::of(engine, "2026-03-02 08:30", &text(NEWSROOM.to_owned()), &[]).await;
        app.subscribe("came-later@example.org", &["sport"]).await;
        app.subscribe("came-before@example.org", &["climate"]).await;
        // Up to their next digest, health is handed on.
        app.add(Reader { frequency: "weekly", ..Reader::of("weekly@example.org", &["health"]) }).await;
        publish_at(&app, "2026-03-02 09:00", "health", "A clinic by the sea").await;
        app.run_until("2026-03-02 10:00").await;
        app.change("came-later@example.org", |holdings, ground| holdings.stop(None, StopReason::Reader, ground)).await;
        app.subscribe("came-later@example.org", &["climate"]).await;
        app.run_until("2026-03-03 12:00").await;
        app.restart_as(&text(without_health())).await;

        begin_at(&app, "2026-03-04 08:00").await;
        let mut plan = plan(&app).await;
        while plan.page(app.clock.now()).await.unwrap().is_some() {}
        app.run().await;
        assert_eq!(told(&app, "came-later@example.org"), []);
        assert_eq!(told(&app, "came-before@example.org"), [mail("2026-03-04 08:00", &["A clinic by the sea"])]);
    }

    async fn a_feed_that_gets_another_name_goes_on_where_it_was(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("ana@example.org", &["health"]).await;
        publish_at(&app, "2026-03-02 13:00", "health", "Of Monday").await;
        app.run_until("2026-03-03 12:00").await;
        app.publish("health", "Of Tuesday");
        let renamed = NEWSROOM
            .replace("slug = \"health\"\n    url", "slug = \"who\"\n    url")
            .replace("feeds = [\"health\"]", "feeds = [\"who\"]");
        app.restart_as(&renamed).await;
        app.run_until("2026-03-04 12:00").await;
        assert_eq!(
            told(&app, "ana@example.org"),
            [mail("2026-03-03 08:00", &["Of Monday"]), mail("2026-03-04 08:00", &["Of Tuesday"])]
        );
        assert_eq!(app.ask("SELECT slug FROM feed WHERE url LIKE '%health'").await, ["who"]);
        // And back again, though somebody may know it by the old name.
        app.restart_as(NEWSROOM).await;
        assert_eq!(app.ask("SELECT slug FROM feed WHERE url LIKE '%health'").await, ["health"]);
    }

    async fn a_frequency_that_readers_hold_is_not_dropped_without_a_word(engine: Engine) {
        let mut app = with_two_days_of_health(engine).await;
        app.leaves().await;
        let other = app.beside(&with_frequencies(&[("daily", "0 8 * * *", "hour_choice = true")]), &[]).await.unwrap();
        let refused = other.adopt().await.expect_err("a reader has weekly");
        assert!(matches!(refused, AppError::StillHeld(_)));
        assert!(refused.to_string().contains("frequency `weekly`: 1 reader has it"), "{refused}");
        app.start_work().await;
        app.run_until("2026-03-09 12:00").await;
        assert_eq!(told(&app, "weekly@example.org"), [mail("2026-03-09 08:00", &["Of Tuesday", "Of Monday"])]);
    }

    async fn a_frequency_hands_its_readers_on_with_all_that_they_are_due(engine: Engine) {
        let mut app = with_two_days_of_health(engine).await;
        let daily = ("daily", "0 8 * * *", "hour_choice = true");
        app.restart_as(&with_frequencies(&[daily, ("weekly", "0 8 * * MON", "replaced_by = \"daily\"")])).await;
        app.run_until("2026-03-10 12:00").await;
        assert_eq!(told(&app, "weekly@example.org"), [mail("2026-03-04 08:00", &["Of Tuesday", "Of Monday"])]);
        assert_eq!(told(&app, "daily@example.org")[1..], [mail("2026-03-04 08:00", &["Of Tuesday"])]);

        app.restart_as(&with_frequencies(&[daily])).await;
        assert_eq!(app.ask("SELECT slug FROM frequency WHERE retired_at IS NULL").await, ["daily"], "nobody holds it any more");
    }

    async fn a_frequency_that_comes_to_its_end_takes_its_subscriptions_along(engine: Engine) {
        let mut app = with_two_days_of_health(engine).await;
        let daily = ("daily", "0 8 * * *", "hour_choice = true");
        app.restart_as(&with_frequencies(&[daily, ("weekly", "0 8 * * MON", "end_subscriptions = true")])).await;
        app.run_until("2026-03-10 12:00").await;
        assert_eq!(told(&app, "weekly@example.org"), []);
        let ended = [("health".to_owned(), "ended".to_owned(), Some("retired".to_owned()))];
        assert_eq!(app.subscriptions("weekly@example.org").await, ended);
    }

    async fn where_no_hour_can_be_chosen_any_more_all_come_at_the_same_and_back(engine: Engine) {
        let text = |more| with_frequencies(&[("daily", "0 8 * * *", more)]);
        let mut app = TestApp::of(engine, "2026-03-02 12:00", &text("hour_choice = true"), &[]).await;
        app.subscribe("morning@example.org", &["health"]).await;
        app.add(Reader { hour: 18, ..Reader::of("evening@example.org", &["health"]) }).await;
        publish_at(&app, "2026-03-02 13:00", "health", "Of Monday").await;
        publish_at(&app, "2026-03-03 12:00", "health", "Of Tuesday").await;
        app.run_until("2026-03-03 13:00").await;

        app.restart_as(&text("")).await;
        publish_at(&app, "2026-03-04 12:00", "health", "Of Wednesday").await;
        app.run_until("2026-03-05 08:30").await;
        assert_eq!(told(&app, "morning@example.org"), [
            mail("2026-03-03 08:00", &["Of Monday"]),
            mail("2026-03-04 08:00", &["Of Tuesday"]),
            mail("2026-03-05 08:00", &["Of Wednesday"]),
        ]);
        let evening = told(&app, "evening@example.org");
        assert_eq!(evening, [
            mail("2026-03-02 18:00", &["Of Monday"]),
            mail("2026-03-04 08:00", &["Of Tuesday"]),
            mail("2026-03-05 08:00", &["Of Wednesday"]),
        ]);

        publish_at(&app, "2026-03-05 12:00", "health", "Of Thursday").await;
        app.restart_as(&text("hour_choice = true")).await;
        app.run_until("2026-03-06 12:00").await;
        assert_eq!(told(&app, "evening@example.org")[3..], [mail("2026-03-05 18:00", &["Of Thursday"])], "the hour they had chosen");
        assert_eq!(told(&app, "morning@example.org")[3..], [mail("2026-03-06 08:00", &["Of Thursday"])]);
    }

    async fn whose_last_region_ends_is_paused_and_never_sent_everything(engine: Engine) {
        let mut app = TestApp::of(engine, "2026-03-02 12:00", &with_regions(""), &[]).await;
        app.add(Reader { regions: &["asia"], ..Reader::of("asia@example.org", &["health"]) }).await;
        app.add(Reader { regions: &["asia", "africa"], ..Reader::of("two@example.org", &["health"]) }).await;
        app.subscribe("all@example.org", &["health"]).await;
        let ended = with_regions("").replace("any_word = [\"Asia\"]", "end_subscriptions = true");
        app.restart_as(&ended).await;
        for (hour, title) in [("13", "In Asia"), ("14", "In Africa"), ("15", "At home")] {
            publish_at(&app, &format!("2026-03-02 {hour}:00"), "health", title).await;
        }
        app.run_until("2026-03-10 12:00").await;
        assert_eq!(told(&app, "asia@example.org"), []);
        assert_eq!(told(&app, "two@example.org"), [mail("2026-03-03 08:00", &["In Africa"])]);
        assert_eq!(told(&app, "all@example.org").len(), 1);
        let reasons = "SELECT coalesce(pause_reason, state) FROM subscription ORDER BY id";
        assert_eq!(app.ask(reasons).await, ["region", "active", "active"], "there is somebody to be asked");
        assert_eq!(subscription::without_a_region(&app.app.store).await.unwrap(), 1);
    }

    async fn a_region_is_chosen_under_its_new_name_with_what_was_filed_under_the_old(engine: Engine) {
        let mut app = TestApp::of(engine, "2026-03-02 12:00", &with_regions(""), &[]).await;
        app.add(Reader { regions: &["asia"], ..Reader::of("asia@example.org", &["health"]) }).await;
        publish_at(&app, "2026-03-02 13:00", "health", "In Asia").await;
        publish_at(&app, "2026-03-02 14:00", "health", "In Africa").await;
        let renamed = with_regions("[[region]]\nslug = \"east\"\nname = { en = \"The East\" }\nany_word = [\"Asia\"]")
            .replace("name = { en = \"Asia\" }\n    any_word = [\"Asia\"]", "replaced_by = \"east\"");
        app.restart_as(&renamed).await;
        publish_at(&app, "2026-03-02 15:00", "health", "More of Asia").await;
        app.run_until("2026-03-10 12:00").await;
        assert_eq!(told(&app, "asia@example.org"), [mail("2026-03-03 08:00", &["More of Asia", "In Asia"])]);
    }
}
