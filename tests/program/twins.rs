//! Two programs compose the same slots of one PostgreSQL at the same instants, and one of them is killed in the middle of
//! it: each run is made once, and each reader is in it once.

use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use sqlx::PgPool;
use tidings::app::{App, AtWork};
use tidings::clock::{Chance, Clock};
use tidings::config::Config;
use tidings::model::delivery::Key;
use tidings::model::edition::Format;
use tidings::model::holdings::{Settings, StartReason, Wanted};
use tidings::pipeline::{collect, compose};
use tidings::store::Place;
use tidings::store::declared;
use tidings::store::subscription::{self, Wish};

use crate::dice::Dice;
use crate::engine::{Engine, postgres_is_here};
use crate::house::House;
use crate::newsroom::Newsroom;

/// All at the same instant, all the year round.
const SLOTS: [(Tz, i64); 3] = [(Tz::UTC, 8), (Tz::Africa__Nairobi, 11), (Tz::Asia__Tokyo, 17)];
/// In each slot: three pages and a bit.
const READERS: usize = 1500;
/// Every so many rounds neither survives, and a third finds what they left.
const BOTH: usize = 7;
const A_WHILE: Duration = Duration::from_secs(60);

#[test]
fn eight_kills_of_one_of_two_leave_each_run_and_reader_once() {
    if postgres_is_here() {
        Twins::of(8).kill_and_check(8);
    }
}

#[test]
#[ignore = "long: a thousand kills"]
fn a_thousand_kills_of_one_of_two_leave_each_run_and_reader_once() {
    if postgres_is_here() {
        Twins::of(1_000).kill_and_check(1_000);
    }
}

struct Twins {
    house: House,
    newsroom: Newsroom,
    runtime: tokio::runtime::Runtime,
    clock: Clock,
    app: App,
    at_work: AtWork,
    pool: PgPool,
    readers: usize,
}

impl Twins {
    /// The more kills, the fewer readers: what is made has to be counted.
    fn of(kills: usize) -> Self {
        let readers = if kills > 100 { READERS / 3 } else { READERS };
        let house = House::on(Engine::Postgres).unwrap();
        let newsroom = Newsroom::open();
        house.configure(&configuration(&newsroom));
        house.make_secret();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let clock = Clock::by_hand("2026-03-02T06:00:00Z".parse().unwrap());
        let (app, at_work, pool) = runtime.block_on(async {
            let mut config = Config::load(Some(&house.file()), []).unwrap();
            // The short lease is for those who die.
            config.delivery.lease = Duration::from_secs(3600);
            let app = App::open(config, clock.clone(), Chance::seeded(7)).await.unwrap();
            let at_work = app.at_work(app.line().await.unwrap(), "a story").await.unwrap();
            newsroom.publish("An old story");
            collect::run(&at_work.line, clock.now()).await.unwrap();
            subscribe(&app, readers).await;
            compose::plan_ahead(&app.store, clock.now()).await.unwrap();
            let Place::Server { url, .. } = house.place() else { unreachable!("it is PostgreSQL") };
            (app, at_work, PgPool::connect(url).await.unwrap())
        });
        Self { house, newsroom, runtime, clock, app, at_work, pool, readers }
    }

    fn kill_and_check(self, kills: usize) {
        let mut dice = Dice::thrown();
        let (mut alive, mut in_the_middle) = (0, 0);
        let mut usual = self.round(0, None, false).took;
        for n in 1..=kills {
            let most = if n.is_multiple_of(2) { usual / 2 } else { usual };
            let after = most * u32::try_from(dice.up_to(1000)).unwrap() / 1000;
            let round = self.round(n, Some(after), n % BOTH == 0);
            alive += usize::from(round.was_alive);
            in_the_middle += usize::from(round.was_planning);
            if !round.was_alive {
                usual = (usual + round.took) / 2;
            }
            self.check_last_runs(n);
        }
        println!("{alive} of {kills} kills found it at work, {in_the_middle} with a run half planned");
        assert!(in_the_middle > 0, "no kill came in the middle of a run: the story proves nothing");
        self.check_all(kills);
        self.runtime.block_on(async {
            self.at_work.leave().await.unwrap();
            self.app.store.close().await;
        });
    }

    /// The day of a round: a story is published, two programs compose it, and one is killed after so long, or both are.
    fn round(&self, n: usize, kill_after: Option<Duration>, both: bool) -> Round {
        let eight =
            "2026-03-02T08:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(i64::try_from(n).unwrap());
        self.clock.set(eight - TimeDelta::hours(1));
        self.newsroom.publish(&format!("Story {n}"));
        self.runtime.block_on(async {
            let collected = collect::run(&self.at_work.line, self.clock.now()).await.unwrap();
            assert_eq!(collected.new, 1, "{collected:?}");
        });
        let at = eight.to_rfc3339();
        let command = ["run", "--once", "--at", at.as_str()];
        let started = Instant::now();
        let start = || self.house.start(&command);
        let mut twins = vec![start(), start()];
        let mut round = Round { took: Duration::ZERO, was_alive: false, was_planning: false };
        if let Some(after) = kill_after {
            thread::sleep(after);
            let mut killed = twins.remove(0);
            // Chance hits the middle of a run too rarely.
            while n.is_multiple_of(2) && killed.is_alive() && !self.is_planning() {}
            round.was_alive = killed.is_alive();
            killed.kill();
            round.was_planning = self.is_planning();
            if both {
                twins.remove(0).kill();
                twins = vec![start(), start()];
            }
        }
        for twin in &mut twins {
            let code = twin.end_within(A_WHILE);
            assert_eq!(code, 0, "round {n}: {}", twin.said());
        }
        round.took = started.elapsed();
        round
    }

    fn is_planning(&self) -> bool {
        self.number("SELECT count(*) FROM run WHERE state = 'planning' AND through > 0") > 0
    }

    fn check_last_runs(&self, n: usize) {
        let runs = i64::try_from(SLOTS.len() * (n + 1)).unwrap();
        assert_eq!(self.number("SELECT count(*) FROM run WHERE state = 'planned'"), runs, "round {n}: runs");
        assert_eq!(self.number("SELECT count(*) FROM run"), runs, "round {n}: runs that are not planned to their end");
        let last = "SELECT count(*) FROM delivery WHERE run IN (SELECT id FROM run ORDER BY id DESC LIMIT 3)";
        let readers = i64::try_from(SLOTS.len() * self.readers).unwrap();
        assert_eq!(self.number(last), readers, "round {n}: deliveries");
    }

    /// Each reader was given each story, once.
    fn check_all(&self, kills: usize) {
        let given = "FROM delivery d JOIN edition_article e ON e.edition = d.edition";
        let all = i64::try_from(SLOTS.len() * self.readers * (kills + 1)).unwrap();
        assert_eq!(self.number(&format!("SELECT count(*) {given}")), all, "stories given");
        let different = format!("SELECT count(*) FROM (SELECT DISTINCT d.subscriber, e.article {given}) x");
        assert_eq!(self.number(&different), all, "a reader was given a story twice");
        assert_eq!(
            self.number("SELECT count(*) FROM (SELECT DISTINCT slot, period FROM run) x"),
            self.number("SELECT count(*) FROM run")
        );
    }

    fn number(&self, sql: &str) -> i64 {
        let query = sqlx::query_scalar(sqlx::AssertSqlSafe(sql.to_owned()));
        self.runtime.block_on(query.fetch_one(&self.pool)).unwrap()
    }
}

struct Round {
    took: Duration,
    was_alive: bool,
    was_planning: bool,
}

/// The same number of readers in each slot.
async fn subscribe(app: &App, readers: usize) {
    let topic = declared::topics(&app.store).await.unwrap()[0].id;
    let frequencies = declared::frequencies(&app.store).await.unwrap();
    let daily = frequencies.iter().find(|frequency| frequency.slug.as_str() == "daily").unwrap().id;
    for (zone, hour) in SLOTS {
        let wish = |n: usize| Wish {
            address: format!("r{n}.{hour}@example.org").parse().unwrap(),
            key: Key(app.chance.bytes()),
            settings: Settings { language: app.config.site.language.clone(), zone, hour, format: Format::default() },
            set: false,
            regions: None,
            wanted: Wanted {
                topics: vec![topic],
                frequency: daily,
                reason: StartReason::Operator,
                pending: false,
                respects_stops: false,
            },
        };
        let wishes: Vec<Wish> = (0..readers).map(wish).collect();
        let mut tx = app.store.begin().await.unwrap();
        subscription::grant_all(&mut tx, &wishes, app.clock.now()).await.unwrap();
        tx.commit().await.unwrap();
    }
}

/// Each run waits for approval, so that nothing is sent: this story is about composing.
fn configuration(newsroom: &Newsroom) -> String {
    format!(
        r#"
[site]
url = "https://digest.example.org"
postal_address = "1 Press Road"

[web]
listen = "127.0.0.1:0"

[delivery]
lease = "1500ms"

[[feed]]
slug = "news"
url = "{url}"
allow_private = true

[[topic]]
slug = "health"
name = {{ en = "Health" }}
feeds = ["news"]

[[frequency]]
slug = "daily"
cron = "0 8 * * *"
hour_choice = true
approve = true
name = {{ en = "Daily" }}
"#,
        url = newsroom.url()
    )
}
