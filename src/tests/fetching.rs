//! How feeds are asked: politely, within limits, and with a memory for what they said.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;

use super::app::{Setup, TestApp, time};
use super::engine::{Engine, on_both_engines};
use super::newsstand::{Item, Manner, Newsstand};
use crate::model::trouble::{RelayLook, Seen};
use crate::pipeline::{collect, troubles};
use crate::store::feed;

/// An answer without a feed.
fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Manner {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Manner::Answer(status, headers, body.into())
}

fn redirect(app: &TestApp, status: u16, to: &str) -> Manner {
    answer(status, &[("location", &format!("{}/{to}", app.newsstand.url()))], "")
}

/// How long a feed is left alone from now on, in hours.
async fn pause(app: &TestApp, feed: &str) -> f64 {
    let pause: TimeDelta = app.feed(feed).await.next_check_at - app.clock.now();
    pause.as_seconds_f64() / 3600.0
}

/// The names of what is wrong.
async fn known_troubles(app: &TestApp) -> Vec<String> {
    troubles::run(app.line(), &Seen { relay: RelayLook::Takes, ..Seen::default() }, app.clock.now()).await.unwrap();
    crate::store::trouble::known(&app.app.store).await.unwrap().into_keys().collect()
}

#[track_caller]
fn about(hours: f64, expected: f64) {
    assert!((hours / expected - 1.0).abs() <= 0.11, "{hours} is not about {expected}");
}

on_both_engines! {
    async fn validators_come_from_the_last_feed_that_could_be_read_and_from_nothing_else(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.publish("health", "One");
        app.fetch().await;
        app.fetch().await;
        app.behave("health", answer(500, &[("etag", "\"of an error\"")], "broken"));
        app.fetch().await;
        app.behave("health", answer(200, &[("etag", "\"of a page\""), ("content-type", "text/html")], "<html>Back soon"));
        app.fetch().await;
        app.behave("health", Manner::Well);
        app.fetch().await;
        let asked = app.newsstand.asked("health");
        let answers: Vec<u16> = asked.iter().map(|asked| asked.status).collect();
        assert_eq!(answers, [200, 200, 304, 500, 200, 200]);
        let last_read = asked[2].if_none_match.clone().unwrap();
        for later in &asked[3..] {
            assert_eq!(later.if_none_match.as_ref(), Some(&last_read));
        }
    }

    /// A server that gives the same text a new mark (each of its machines has its own) is told that mark from then on.
    async fn the_same_text_with_a_new_validator_is_unchanged_and_the_validator_is_kept(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.publish("health", "One");
        app.fetch().await;
        app.newsstand.sends("health", &[("etag", "\"another machine\""), ("last-modified", "noonish")]);
        assert_eq!(app.fetch().await.collected.unchanged, 3);
        app.fetch().await;
        assert_eq!(app.newsstand.asked("health").last().unwrap().if_none_match.as_deref(), Some("\"another machine\""));
    }

    async fn the_same_mark_is_unchanged_whatever_comes_with_it(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.newsstand.sends("health", &[("etag", "\"for ever\"")]);
        app.publish("health", "One");
        app.fetch().await;
        app.publish("health", "Two");
        assert_eq!(app.fetch().await.collected.unchanged, 3);
    }

    async fn a_feed_says_how_often_it_is_asked_also_when_it_has_nothing_new(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        about(pause(&app, "health").await, 6.0);
        app.newsstand.says_of_itself("health", "<ttl>600</ttl>");
        app.newsstand.sends("climate", &[("cache-control", "max-age=32400"), ("age", "3600")]);
        app.newsstand.sends("sport", &[("retry-after", "43200")]);
        app.fetch().await;
        for answers in [200, 304] {
            assert_eq!(app.newsstand.asked("health").last().unwrap().status, answers);
            about(pause(&app, "health").await, 10.0);
            about(pause(&app, "climate").await, 8.0);
            let sport = pause(&app, "sport").await;
            assert!((12.0..13.3).contains(&sport), "{sport}");
            app.fetch().await;
        }
        app.newsstand.says_of_itself("health", "<ttl>99999</ttl>");
        app.fetch().await;
        about(pause(&app, "health").await, 24.0);
    }

    async fn each_failure_doubles_the_pause_up_to_a_day(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.behave("health", Manner::Status(500));
        for expected in [12.0, 24.0, 24.0] {
            app.fetch().await;
            about(pause(&app, "health").await, expected);
        }
        app.behave("health", answer(500, &[("retry-after", "90000000")], ""));
        app.fetch().await;
        let longest = pause(&app, "health").await;
        assert!((24.0..26.5).contains(&longest), "{longest}");
        // Also a page that says when the feed is back.
        app.behave("climate", answer(200, &[("content-type", "text/html"), ("retry-after", "72000")], "<html>Maintenance"));
        app.fetch().await;
        let asked = pause(&app, "climate").await;
        assert!((20.0..22.1).contains(&asked), "{asked}");
    }

    async fn a_host_that_asks_for_quiet_gets_it_from_all_its_feeds(engine: Engine) {
        let mut app = TestApp::at(engine, "2026-03-02 12:00").await;
        // Only one of the three is due when the host says it.
        app.meddle("UPDATE feed SET next_check_at = next_check_at + 3600000 WHERE slug <> 'health'").await;
        app.behave("health", answer(429, &[("retry-after", "64800")], ""));
        app.sleep_until("2026-03-02 18:45");
        app.meddle("UPDATE feed SET next_check_at = 0 WHERE slug = 'health'").await;
        assert_eq!(app.run().await.collected.failed, 1);
        for feed in ["health", "climate", "sport"] {
            let quiet = pause(&app, feed).await;
            assert!((18.0..19.9).contains(&quiet), "{feed}: {quiet}");
        }
        let health = app.feed("health").await;
        assert_eq!(health.failures, 0, "it is no failure of the feed");
        assert!(health.error.unwrap().contains("429"), "it is shown why the feed waits");
        assert_eq!(app.feed("climate").await.error, None);

        app.restart(&[]).await;
        let asked = || ["health", "climate", "sport"].map(|feed| app.newsstand.asked(feed).len());
        let before = asked();
        app.run_until("2026-03-03 12:00").await;
        assert_eq!(asked(), before);
        app.behave("health", Manner::Well);
        app.run_until("2026-03-04 12:00").await;
        assert!(asked().iter().zip(before).all(|(now, before)| *now > before));
        assert_eq!(app.feed("health").await.error, None);
    }

    /// In one run the others are not even asked.
    async fn whoever_comes_after_a_503_in_the_same_run_waits(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        for feed in ["health", "climate", "sport"] {
            app.behave(feed, Manner::Status(503));
        }
        assert_eq!(app.fetch().await.collected.feeds, 1);
    }

    async fn a_host_that_is_silent_is_left_for_the_run_and_all_its_feeds_are_asked_in_the_end(engine: Engine) {
        let options = [("COLLECT__FETCH_TIMEOUT", "100ms"), ("COLLECT__CONNECT_TIMEOUT", "100ms")];
        let app = TestApp::with(engine, "2026-03-02 12:00", &options).await;
        let feeds = ["health", "climate", "sport"];
        let before = feeds.map(|feed| app.newsstand.asked(feed).len());
        feeds.iter().for_each(|feed| app.behave(feed, Manner::Hang));
        app.clock.advance(TimeDelta::days(2));
        assert_eq!(collect::run(app.line(), app.clock.now()).await.unwrap().failed, 2);
        assert!(feed::next_check(&app.app.store).await.unwrap().unwrap() <= app.clock.now(), "the third is still due");
        assert_eq!(collect::run(app.line(), app.clock.now()).await.unwrap().failed, 1);
        assert_eq!(feeds.map(|feed| app.newsstand.asked(feed).len()), before.map(|times| times + 1));
    }

    async fn a_feed_that_has_moved_for_good_is_asked_there_after_a_week(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.publish("new-health", "Here");
        app.behave("health", redirect(&app, 301, "new-health"));
        app.run_until("2026-03-09 05:00").await;
        assert_eq!(app.feed("health").await.adopted_url, None, "not yet");
        assert!(app.newsstand.asked("new-health").last().unwrap().status == 304, "most answers have nothing new");
        app.run_until("2026-03-10 12:00").await;
        let feed = app.feed("health").await;
        assert_eq!(feed.adopted_url, Some(format!("{}/new-health", app.newsstand.url())));
        assert_eq!(feed.url, format!("{}/health", app.newsstand.url()), "the configuration keeps its text");
        let old = app.newsstand.asked("health").len();
        app.run_until("2026-03-12 12:00").await;
        assert_eq!(app.newsstand.asked("health").len(), old);
    }

    async fn a_move_that_is_taken_back_or_not_for_good_is_not_adopted(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.publish("new-health", "Here");
        app.publish("new-climate", "There");
        app.behave("climate", redirect(&app, 302, "new-climate"));
        app.behave("health", redirect(&app, 308, "new-health"));
        app.run_until("2026-03-08 12:00").await;
        app.behave("health", Manner::Well);
        app.run_until("2026-03-09 12:00").await;
        app.behave("health", redirect(&app, 308, "new-health"));
        app.run_until("2026-03-14 12:00").await;
        for feed in ["health", "climate"] {
            assert_eq!(app.feed(feed).await.adopted_url, None, "{feed}");
        }
    }

    async fn a_feed_that_is_not_found_is_reported_after_three_days(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.behave("health", Manner::Status(404));
        app.fetch().await;
        app.run_until("2026-03-05 11:00").await;
        assert_eq!(known_troubles(&app).await, [""; 0]);
        assert!(app.feed("health").await.failures >= 3, "it is asked less and less often");
        app.run_until("2026-03-05 12:00").await;
        assert_eq!(known_troubles(&app).await, ["feed-missing:health"]);
        app.behave("health", Manner::Well);
        app.run_until("2026-03-07 12:00").await;
        assert_eq!(known_troubles(&app).await, [""; 0]);
        assert_eq!(app.feed("health").await.missing_since, None);
    }

    async fn an_error_is_told_once_when_it_begins_and_a_404_not_before_it_lasts(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        let told = || app.ask("SELECT slug || ' ' || coalesce(CAST(told_at AS TEXT), 'never') FROM feed WHERE error IS NOT NULL ORDER BY slug");
        let at = |text: &str| time(text).timestamp_millis();
        app.behave("climate", Manner::Status(429));
        app.behave("health", Manner::Status(404));
        app.fetch().await;
        app.fetch().await;
        app.behave("climate", Manner::Status(500));
        app.sleep_until("2026-03-02 18:00");
        app.fetch().await;
        assert_eq!(told().await, [format!("climate {}", at("2026-03-02 12:00")), "health never".to_owned()]);
        app.sleep_until("2026-03-05 12:00");
        app.fetch().await;
        app.sleep_until("2026-03-05 18:00");
        app.fetch().await;
        let both = [("climate", "2026-03-02 12:00"), ("health", "2026-03-05 12:00")];
        assert_eq!(told().await, both.map(|(feed, since)| format!("{feed} {}", at(since))));
    }

    /// What comes in the place of a feed is an error that says what it was, and the feed is asked again.
    async fn what_is_no_feed_or_too_much_of_one_is_an_error_in_the_feeds_own_row(engine: Engine) {
        let app = TestApp::with(engine, "2026-03-02 12:00", &[("COLLECT__MAX_BODY", "20 kB")]).await;
        let page = "<!doctype html><title>Sign in</title>";
        let cases = [
            (answer(200, &[("content-type", "text/html; charset=utf-8")], page), "an HTML page (content type: text/html; charset=utf-8)"),
            (answer(200, &[("content-type", "application/rss+xml")], ""), "an empty body (content type: application/rss+xml)"),
            (answer(200, &[("content-type", "text/plain")], "hello"), "plain text (content type: text/plain)"),
            (answer(202, &[("content-type", "text/html")], page), "answered 202 Accepted (content type: text/html)"),
            (answer(200, &[("content-type", "application/rss+xml")], &"<rss> ".repeat(4000)), "sent more than 20000 bytes"),
        ];
        for (manner, words) in cases {
            app.behave("health", manner);
            app.fetch().await;
            let error = app.feed("health").await.error.unwrap_or_default();
            assert!(error.contains(words), "{error}");
            assert!(pause(&app, "health").await > 10.0);
        }
        app.behave("health", Manner::Well);
        app.newsstand.clear("health");
        app.fetch().await;
        let empty = app.feed("health").await;
        assert_eq!((empty.error, empty.last_success_at), (None, Some(time("2026-03-02 12:00"))), "an empty feed is none");
    }

    /// The row of the feed cannot be written, so its articles are not kept either; nothing is lost by it, and the other feeds
    /// are asked as ever.
    async fn articles_and_validators_are_stored_together_or_not_at_all(engine: Engine) {
        let app = TestApp::at(engine, "2026-03-02 12:00").await;
        app.subscribe("alice@example.org", &["health", "climate"]).await;
        let before = app.feed("health").await;
        app.publish("health", "One");
        let (forbid, allow): (&[&str], &str) = if app.is_on_file() {
            (&["CREATE TRIGGER no BEFORE UPDATE OF body_hash ON feed WHEN NEW.slug = 'health' BEGIN SELECT RAISE(ABORT, 'no'); END"], "DROP TRIGGER no")
        } else {
            (
                &[
                    "CREATE FUNCTION no() RETURNS trigger AS 'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''check_violation''; END' LANGUAGE plpgsql",
                    "CREATE TRIGGER no BEFORE UPDATE OF body_hash ON feed FOR EACH ROW WHEN (NEW.slug = 'health') EXECUTE FUNCTION no()",
                ],
                "DROP TRIGGER no ON feed",
            )
        };
        for sql in forbid {
            app.meddle(sql).await;
        }
        app.clock.set(before.next_check_at + TimeDelta::hours(2));
        app.publish("climate", "Two");
        let collected = collect::run(app.line(), app.clock.now()).await.expect("the others are asked");
        assert_eq!((collected.failed, collected.new), (1, 1));
        let after = app.feed("health").await;
        assert_eq!((after.failures, after.last_success_at), (1, before.last_success_at));
        let said = after.error.unwrap();
        assert!(said.starts_with("what it has could not be kept: the database failed: ") && said.contains("no"), "{said}");
        assert_eq!(app.ask("SELECT title FROM article").await, ["Two"]);

        app.meddle(allow).await;
        app.run_until("2026-03-03 08:00").await;
        let mail = app.only_mail_to("alice@example.org");
        assert!(mail.says("One") && mail.says("Two"));
    }

    async fn many_feeds_of_one_host_are_fetched_over_one_connection(engine: Engine) {
        let newsstand = Newsstand::open();
        let names: Vec<String> = (0..170).map(|n| format!("feed-{n}")).collect();
        let mut text = String::new();
        for name in &names {
            newsstand.publish(name, Item::titled(name));
            text += &format!("[[feed]]\nslug = \"{name}\"\nurl = \"FEEDS/{name}\"\nallow_private = true\n");
        }
        text += "[[topic]]\nslug = \"all\"\nname = { en = \"All\" }\nfeeds = [\"feed-0\"]\n";
        // A moment, for the connection to be free again.
        let options = &[("COLLECT__PER_HOST_DELAY", "2ms")];
        let app = TestApp::set_up(engine, "2026-03-02 12:00", Setup { text: &text, options, newsstand, ..Setup::default() }).await;
        let collected = app.run().await.collected;
        assert_eq!((collected.feeds, collected.failed, collected.new), (170, 0, 170));
        assert_eq!(app.newsstand.connections(), 1);
    }
}

/// The pause is the operator's to set.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_is_asked_with_the_pause_that_is_configured() {
    let options = [("COLLECT__PER_HOST_DELAY", "300ms")];
    let app = TestApp::with(Engine::Sqlite, "2026-03-02 12:00", &options).await;
    let began = std::time::Instant::now();
    app.fetch().await;
    // The first may have waited already, while the story went on.
    assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
}

/// How many of its visitors were there at once, each staying a while.
async fn busy_house() -> (u16, Arc<AtomicUsize>) {
    let (here, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let visit = move || {
        let (here, most) = (Arc::clone(&here), Arc::clone(&most));
        async move {
            most.fetch_max(here.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(100)).await;
            here.fetch_sub(1, Ordering::SeqCst);
            "<rss version=\"2.0\"><channel/></rss>"
        }
    };
    let listener = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = axum::Router::new().fallback(visit);
    tokio::spawn(async move { axum::serve(listener, router).await });
    (port, seen)
}

/// Twelve hosts, all of them this machine, and three feeds on each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_feeds_are_asked_at_once_than_is_configured() {
    let mut text = "[[topic]]\nslug = \"all\"\nname = { en = \"All\" }\nfeeds = [\"feed-1-0\"]\n".to_owned();
    let (port, seen) = busy_house().await;
    for (host, feed) in (1..=12).flat_map(|host| (0..3).map(move |feed| (host, feed))) {
        let url = format!("http://127.0.0.{host}:{port}/{feed}");
        text += &format!("[[feed]]\nslug = \"feed-{host}-{feed}\"\nurl = \"{url}\"\nallow_private = true\n");
    }
    for (at_once, expected) in [("8", 8), ("3", 3)] {
        seen.store(0, Ordering::SeqCst);
        let options = [("COLLECT__AT_ONCE", at_once)];
        let app = TestApp::of(Engine::Sqlite, "2026-03-02 12:00", &text, &options).await;
        assert_eq!(seen.load(Ordering::SeqCst), expected);
        assert_eq!(app.fetch().await.collected.feeds, 36);
    }
}
