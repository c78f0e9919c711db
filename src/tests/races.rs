//! Several daemons, and several readers, at one instant on one PostgreSQL.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::app::App;
use crate::clock::{Chance, Clock};
use crate::config::Config;
use crate::model::article::Story;
use crate::model::edition::Format;
use crate::model::holdings::{Ground, Holdings, Settings, StartReason, StopReason, Wanted};
use crate::pipeline::{Line, compose};
use crate::store::filing::Numbering;
use crate::store::sighting::{Keeping, Sighting};
use crate::store::subscription::{self, Wish};
use crate::store::{Db, Place, Store, captured_mail, declared, delivery, flood, holdings, letter};
use crate::tests::engine::{Engine, TestDatabase};

fn at() -> DateTime<Utc> {
    "2026-03-02T07:00:00Z".parse().unwrap()
}

async fn app(database: &TestDatabase, clock: &Clock) -> (App, Line) {
    let Place::Server { url, .. } = &database.place else { panic!("a database server") };
    let text = format!(
        r#"
[site]
timezone = "UTC"
[storage]
url = "{url}"
[[feed]]
slug = "f"
url = "http://127.0.0.1:1/f"
[[feed]]
slug = "g"
url = "http://127.0.0.1:1/g"
[[topic]]
slug = "health"
name = {{ en = "Health" }}
feeds = ["f"]
[[topic]]
slug = "climate"
name = {{ en = "Climate" }}
feeds = ["f"]
"#
    );
    let config =
        Config::from_text(&text, "tidings.toml", database.folder.path(), []).unwrap_or_else(|e| panic!("{e:?}"));
    let app = App::open(config, clock.clone(), Chance::system()).await.unwrap();
    app.adopt().await.unwrap();
    let line = app.line().await.unwrap();
    (app, line)
}

async fn ids(app: &App) -> (Vec<i64>, i64) {
    let topics = declared::topics(&app.store).await.unwrap().into_iter().map(|t| t.id).collect();
    let f = declared::frequencies(&app.store).await.unwrap();
    (topics, f.iter().find(|f| f.slug.as_str() == "daily").unwrap().id)
}

async fn reader(app: &App, n: usize, topics: &[i64], frequency: i64) -> i64 {
    let wish = Wish {
        address: format!("r{n}@example.org").parse().unwrap(),
        key: app.chance.key(),
        settings: Settings { language: "en".parse().unwrap(), zone: chrono_tz::UTC, hour: 8, format: Format::Full },
        set: false,
        regions: None,
        wanted: Wanted {
            topics: topics.to_vec(),
            frequency,
            reason: StartReason::Operator,
            pending: false,
            respects_stops: false,
        },
    };
    let mut tx = app.store.begin().await.unwrap();
    let g = subscription::grant(&mut tx, &wish, app.clock.now()).await.unwrap();
    tx.commit().await.unwrap();
    g.subscriber
}

fn sighting(n: usize, topics: &[i64]) -> Sighting {
    let story = Story {
        title: format!("t{n}"),
        link: Some(format!("https://e.org/{n}")),
        summary: "s".into(),
        image: None,
        language: None,
        author: None,
        categories: vec![],
        published_at: None,
    };
    Sighting {
        identity: format!("i{n}"),
        former: None,
        canonical_link: story.link.clone(),
        story,
        text_hash: vec![n as u8; 16],
        topics: topics.to_vec(),
    }
}

/// How many filings got a position.
async fn keep(store: &Store, feed: i64, sightings: &[Sighting]) -> usize {
    let mut tx = store.begin().await.unwrap();
    flood::standing(&mut tx, feed).await.unwrap();
    let keeping = Keeping::begin(&mut tx, feed, sightings).await.unwrap();
    let kept = keeping.end(&mut tx, |_| Numbering::Now, at()).await.unwrap();
    tx.commit().await.unwrap();
    kept.numbered
}

async fn file(app: &App, n: usize, topics: &[i64]) {
    keep(&app.store, 1, &[sighting(n, topics)]).await;
}

/// None, in words, where there is no PostgreSQL.
fn postgres() -> Option<TestDatabase> {
    Engine::Postgres.database()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_readers_of_one_slot_stop_at_one_instant() {
    let Some(database) = postgres() else { return };
    let clock = Clock::by_hand(at());
    let (app, _) = app(&database, &clock).await;
    let (topics, daily) = ids(&app).await;
    let mut stops = tokio::task::JoinSet::new();
    for n in 0..40 {
        let id = reader(&app, n, &topics, daily).await;
        let (store, topic) = (app.store.clone(), topics[0]);
        stops.spawn(async move {
            let mut tx = store.begin().await?;
            let ended = subscription::stop(&mut tx, id, Some(&[topic]), StopReason::Reader, at()).await?;
            tx.commit().await.map(|()| ended)
        });
    }
    while let Some(stopped) = stops.join_next().await {
        assert_eq!(stopped.unwrap().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_daemons_that_plan_one_run_plan_it_once() {
    let Some(database) = postgres() else { return };
    let clock = Clock::by_hand(at());
    let (one, first) = app(&database, &clock).await;
    let (_two, second) = app(&database, &clock).await;
    let (topics, daily) = ids(&one).await;
    for n in 0..1100 {
        reader(&one, n, &topics, daily).await;
    }
    compose::run(&first, at()).await.unwrap();
    for n in 0..3 {
        file(&one, n, &topics[..1]).await;
    }
    let due = at() + TimeDelta::hours(1);
    clock.set(due);
    let other = tokio::spawn(async move { compose::run(&second, due).await });
    let here = compose::run(&first, due).await.unwrap();
    let there = other.await.unwrap().unwrap();

    assert_eq!(here.runs + there.runs, 1);
    assert_eq!(here.deliveries + there.deliveries, 1100);
    assert_eq!(delivery::by_state(&one.store).await.unwrap(), [("ready".to_owned(), 1100)]);
}

/// An expiry says that there is something to fold in, while a page that has read an older such word plans the reader.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_that_is_being_set_is_not_taken_back() {
    let Some(database) = Engine::Postgres.database() else { return };
    let clock = Clock::by_hand(at());
    let (app, line) = app(&database, &clock).await;
    let (topics, daily) = ids(&app).await;
    reader(&app, 0, &topics, daily).await;
    compose::plan_ahead(&app.store, clock.now()).await.unwrap();
    let Db::Pg { pool, .. } = app.store.db() else { unreachable!("it is PostgreSQL") };
    let flag = || async { sqlx::query_scalar::<_, bool>("SELECT fold FROM enrolment").fetch_one(pool).await.unwrap() };

    sqlx::query("UPDATE enrolment SET fold = TRUE").execute(pool).await.unwrap();
    let mut expiry = pool.begin().await.unwrap();
    sqlx::query("UPDATE enrolment SET fold = TRUE").execute(&mut *expiry).await.unwrap();
    clock.set(at() + TimeDelta::hours(1));
    let planned = compose::run(&line, clock.now());
    // The page writes the row after the expiry, so it waits for it at last.
    let (planned, _) = tokio::join!(planned, async {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(pool).await.unwrap() == 0 {}
        expiry.commit().await.unwrap();
    });
    assert_eq!(planned.unwrap().runs, 1);
    assert!(flag().await, "what expired meanwhile is for the next run");

    clock.set(at() + TimeDelta::hours(25));
    assert_eq!(compose::run(&line, clock.now()).await.unwrap().runs, 1);
    assert!(!flag().await);
}

/// A digest expires while its reader changes something: what was in it is owed all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flag_that_is_set_while_its_reader_changes_something_stays() {
    let Some(database) = Engine::Postgres.database() else { return };
    let (one, _line) = app(&database, &Clock::by_hand(at())).await;
    let (topics, daily) = ids(&one).await;
    let id = reader(&one, 1, &topics, daily).await;
    let Db::Pg { pool, .. } = one.store.db() else { unreachable!("it is PostgreSQL") };
    let mut expires = pool.begin().await.unwrap();
    sqlx::query("UPDATE enrolment SET fold = TRUE").execute(&mut *expires).await.unwrap();

    let changes = tokio::spawn({
        let store = one.store.clone();
        async move {
            let mut tx = store.begin().await.unwrap();
            let to_text = |holdings: &mut Holdings, ground: &Ground| {
                let settings = Settings { format: Format::Text, ..holdings.settings.clone() };
                holdings.set(&settings, ground)
            };
            assert_eq!(holdings::change(&mut tx, &[id], at(), to_text).await.unwrap(), [true]);
            tx.commit().await.unwrap();
        }
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(pool).await.unwrap() == 0 && !changes.is_finished() {
        tokio::task::yield_now().await;
    }
    expires.commit().await.unwrap();
    changes.await.unwrap();
    let fold: Vec<bool> = sqlx::query_scalar("SELECT fold FROM enrolment").fetch_all(pool).await.unwrap();
    assert_eq!(fold, [true]);
}

/// Each feed has them in its own order, and each daemon one of the feeds; a third releases what a feed holds meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_feeds_with_the_same_articles_neither_deadlock_nor_number_twice() {
    let Some(database) = Engine::Postgres.database() else { return };
    let clock = Clock::by_hand(at());
    let (one, _line) = app(&database, &clock).await;
    let (two, _other) = app(&database, &clock).await;
    let (topics, _) = ids(&one).await;
    for round in 0..20 {
        let forward: Vec<Sighting> = (0..10).map(|n| sighting(round * 10 + n, &topics)).collect();
        let backward: Vec<Sighting> = forward.iter().rev().cloned().collect();
        let there = tokio::spawn({
            let store = two.store.clone();
            async move { keep(&store, 2, &backward).await }
        });
        let here = keep(&one.store, 1, &forward).await;
        flood::release(&one.store, 2, flood::Release::News).await.unwrap();
        assert_eq!(here + there.await.unwrap(), 20, "each article once under each topic");
    }
    let Db::Pg { pool, .. } = one.store.db() else { unreachable!("it is PostgreSQL") };
    let numbers = "SELECT array[count(*), count(DISTINCT position), min(position), max(position), (SELECT value FROM counter WHERE name = 'position')] FROM filing";
    let numbers: Vec<i64> = sqlx::query_scalar(numbers).fetch_one(pool).await.unwrap();
    assert_eq!(numbers, [400, 400, 1, 400, 400]);
}

/// What is old is thrown away by whoever comes first; the other goes on with its work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_daemons_that_tidy_up_do_not_wait_for_each_other() {
    let Some(database) = Engine::Postgres.database() else { return };
    let (one, _line) = app(&database, &Clock::by_hand(at())).await;
    let (two, _other) = app(&database, &Clock::by_hand(at())).await;
    let Db::Pg { pool, .. } = one.store.db() else { unreachable!("it is PostgreSQL") };
    // One that only has an address to be forgotten, and one that is old.
    for (name, asked_at) in [("gone", at()), ("old", at() - TimeDelta::days(9))] {
        sqlx::query(
            "INSERT INTO letter (key, hash, sealed, topics, language, zone, hour, origin, asked_at)
             VALUES (convert_to($1, 'UTF8'), 'h', 's', '[]', 'en', 'UTC', 8, 'a test', $2)",
        )
        .bind(name)
        .bind(asked_at.timestamp_millis())
        .execute(pool)
        .await
        .unwrap();
    }
    let gone = "INSERT INTO delivery (key, kind, lane, mode, state, created_at, next_attempt_at) VALUES ('gone', 'confirm', 0, 'live', 'sent', 0, 0)";
    sqlx::query(gone).execute(pool).await.unwrap();
    let mut tx = one.store.begin().await.unwrap();
    captured_mail::add(&mut tx, "from@example.org", "to@example.org", b"", at() - TimeDelta::days(9)).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = one.store.begin().await.unwrap();
    letter::tidy(&mut tx, at()).await.unwrap();
    captured_mail::tidy(&mut tx, at()).await.unwrap();
    let other = async {
        let mut tx = two.store.begin().await.unwrap();
        letter::tidy(&mut tx, at()).await.unwrap();
        captured_mail::tidy(&mut tx, at()).await.unwrap();
        tx.commit().await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(20), other).await.expect("it waits for nobody");
    tx.commit().await.unwrap();

    let left: Vec<String> = sqlx::query_scalar(
        "SELECT convert_from(key, 'UTF8') || coalesce(sealed::text, ' without an address') FROM letter",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(left, ["gone without an address"]);
    assert_eq!(captured_mail::count(&one.store).await.unwrap(), 0);
}
