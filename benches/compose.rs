//! Composing one run for many readers: how long it takes, how much memory, and how long another writer waits meanwhile.
//!
//! Every reader has 3 of 40 topics. The first run serves readers who have just come (so each of them is written), the
//! second 200 articles to readers who are all steady, the third 200 more after one reader in twenty exchanged a topic.
//! Usage: `scripts/bench-compose [sqlite | postgres] [READERS…]`.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use tidings::app::{App, AtWork};
use tidings::clock::{Chance, Clock};
use tidings::config::Config;
use tidings::model::delivery::Key;
use tidings::model::edition::Format;
use tidings::model::holdings::{Settings, StartReason, StopReason, Wanted};
use tidings::pipeline::{collect, compose};
use tidings::store::subscription::{self, Wish};
use tidings::store::{self, Place, Store, declared, setting};

#[path = "../src/tests/engine.rs"]
#[expect(unused_imports, unused_macros, dead_code, reason = "the library's tests use the rest")]
mod engine;
use engine::{Engine, TestDatabase};
mod newsroom;
use newsroom::{Dice, Newsroom, TOPICS, configuration};

const EACH: usize = 3;
const ARTICLES: usize = 200;
/// One reader in so many has changed.
const CHANGED: usize = 20;
const BATCH: usize = 1000;

fn main() {
    let wanted: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let wanted = if wanted.is_empty() { vec![10_000] } else { wanted };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!(
        "{:<10} {:>9}  {:<8} {:>8} {:>9} {:>8} {:>9} {:>11} {:>11}",
        "engine", "readers", "run", "seconds", "µs/reader", "editions", "MB at most", "waits here", "elsewhere"
    );
    let named = |word: &str| std::env::args().any(|argument| argument == word);
    for (engine, word, other) in [(Engine::Sqlite, "sqlite", "postgres"), (Engine::Postgres, "postgres", "sqlite")] {
        for &readers in wanted.iter().filter(|_| named(word) || !named(other)) {
            runtime.block_on(measure(engine, readers));
        }
    }
}

struct Bench {
    work: AtWork,
    app: App,
    clock: Clock,
    /// As another process has it.
    elsewhere: Store,
    newsroom: Newsroom,
    database: TestDatabase,
    topics: Vec<i64>,
    daily: i64,
    readers: usize,
}

async fn measure(engine: Engine, readers: usize) {
    let Some(database) = engine.database() else {
        println!("{engine:?}: not on this machine");
        return;
    };
    let bench = Bench::open(database, readers).await;
    let name = if engine == Engine::Sqlite { "SQLite" } else { "PostgreSQL" };
    bench.subscribe().await;
    compose::plan_ahead(&bench.app.store, bench.clock.now()).await.unwrap();
    for (day, run) in ["first", "steady", "5% moved"].into_iter().enumerate() {
        if day == 2 {
            bench.change().await;
        }
        bench.newsroom.publish(ARTICLES);
        bench.next_hour(7).await;
        collect::run(&bench.work.line, bench.clock.now()).await.unwrap();
        bench.next_hour(8).await;
        let done = bench.compose().await;
        println!(
            "{name:<10} {readers:>9}  {run:<8} {:>8.2} {:>9.2} {:>8} {:>10.0} {:>8.0} ms {:>8.0} ms",
            done.took.as_secs_f64(),
            done.took.as_secs_f64() * 1e6 / readers as f64,
            done.composed.editions,
            done.megabytes,
            done.waited_here.as_secs_f64() * 1e3,
            done.waited_elsewhere.as_secs_f64() * 1e3,
        );
        assert!(done.composed.deliveries > readers / 2, "{:?}", done.composed);
        bench.send_all().await;
    }
    drop(bench.work);
    bench.elsewhere.close().await;
    bench.app.store.close().await;
}

struct Done {
    took: Duration,
    composed: compose::Composed,
    megabytes: f64,
    waited_here: Duration,
    waited_elsewhere: Duration,
}

impl Bench {
    async fn open(database: TestDatabase, readers: usize) -> Self {
        let newsroom = Newsroom::open("What is known of it so far.");
        let folder = database.folder.path();
        let storage = match &database.place {
            Place::File(_) => "sqlite:tidings.db".to_owned(),
            Place::Server { url, .. } => url.clone(),
        };
        let file = folder.join("tidings.toml");
        std::fs::write(&file, configuration(&newsroom, &storage)).unwrap();
        let clock = Clock::by_hand("2026-03-02T06:00:00Z".parse().unwrap());
        let app = App::open(Config::load(Some(&file), []).unwrap(), clock.clone(), Chance::seeded(7)).await.unwrap();
        let line = app.line().await.unwrap();
        let work = app.at_work(line, "a measurement").await.unwrap();
        let topics = declared::topics(&app.store).await.unwrap().iter().map(|topic| topic.id).collect();
        let frequencies = declared::frequencies(&app.store).await.unwrap();
        let daily = frequencies.iter().find(|frequency| frequency.slug.as_str() == "daily").unwrap().id;
        let elsewhere = Store::open(&database.place).await.unwrap();
        collect::run(&work.line, clock.now()).await.unwrap();
        Self { work, app, clock, elsewhere, newsroom, database, topics, daily, readers }
    }

    fn wanted(&self, topics: Vec<i64>) -> Wanted {
        Wanted { topics, frequency: self.daily, reason: StartReason::Import, pending: false, respects_stops: true }
    }

    /// Three topics each, as chance has it.
    async fn subscribe(&self) {
        let mut dice = Dice(11);
        let now = self.clock.now();
        let settings =
            Settings { language: "en".parse().unwrap(), zone: chrono_tz::UTC, hour: 8, format: Format::Full };
        for from in (0..self.readers).step_by(BATCH) {
            let wish = |n: usize| {
                let mut topics = BTreeSet::new();
                while topics.len() < EACH {
                    topics.insert(self.topics[dice.below(TOPICS)]);
                }
                Wish {
                    address: format!("r{n}@example.org").parse().unwrap(),
                    key: Key(self.app.chance.bytes()),
                    settings: settings.clone(),
                    set: false,
                    regions: None,
                    wanted: self.wanted(topics.into_iter().collect()),
                }
            };
            let wishes: Vec<Wish> = (from..self.readers.min(from + BATCH)).map(wish).collect();
            let mut tx = self.app.store.begin().await.unwrap();
            subscription::grant_all(&mut tx, &wishes, now).await.unwrap();
            tx.commit().await.unwrap();
        }
        self.app.store.look_again().await.unwrap();
    }

    /// One in twenty gives up a topic and takes another.
    async fn change(&self) {
        let now = self.clock.now();
        for reader in (1..=self.readers).step_by(CHANGED) {
            let reader = i64::try_from(reader).unwrap();
            let mut tx = self.app.store.begin().await.unwrap();
            store::holdings::change(&mut tx, &[reader], now, |holdings, ground| {
                let held: Vec<i64> = holdings.live().map(|s| s.topic).collect();
                let other = self.topics.iter().copied().find(|topic| !held.contains(topic));
                holdings.stop(Some(&held[..1]), StopReason::Reader, ground);
                holdings.grant(&self.wanted(other.into_iter().collect()), ground);
            })
            .await
            .unwrap();
            tx.commit().await.unwrap();
        }
    }

    async fn next_hour(&self, hour: u32) {
        let now = self.clock.now();
        let today = now.date_naive().and_hms_opt(hour, 0, 0).unwrap().and_utc();
        let then = if today > now { today } else { today + TimeDelta::days(1) };
        self.clock.set(then);
    }

    /// The run that is due, while two others write: a task of this process, and another process.
    async fn compose(&self) -> Done {
        let now = self.clock.now();
        let over = Arc::new(AtomicBool::new(false));
        let here = tokio::spawn(write_meanwhile(self.app.store.clone(), "here", Arc::clone(&over)));
        let elsewhere = tokio::spawn(write_meanwhile(self.elsewhere.clone(), "elsewhere", Arc::clone(&over)));
        forget_peak();
        let started = Instant::now();
        let composed = compose::run(&self.work.line, now).await.unwrap();
        let took = started.elapsed();
        let megabytes = peak();
        over.store(true, Ordering::Relaxed);
        let (waited_here, waited_elsewhere) = (here.await.unwrap(), elsewhere.await.unwrap());
        Done { took, composed, megabytes, waited_here, waited_elsewhere }
    }

    /// As if all had been handed over.
    async fn send_all(&self) {
        let sent = "UPDATE delivery SET state = 'sent', settled_at = created_at WHERE state = 'ready'";
        match &self.database.place {
            Place::File(file) => {
                let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
                sqlx::query(sent).execute(&pool).await.unwrap();
                pool.close().await;
            }
            Place::Server { url, .. } => {
                let pool = sqlx::PgPool::connect(url).await.unwrap();
                sqlx::query(sent).execute(&pool).await.unwrap();
                sqlx::query("VACUUM ANALYZE").execute(&pool).await.unwrap();
                pool.close().await;
            }
        }
    }
}

/// Writes a row every two milliseconds, as marks, pages and commands do. The longest that one took.
async fn write_meanwhile(store: Store, name: &'static str, over: Arc<AtomicBool>) -> Duration {
    let mut longest = Duration::ZERO;
    let mut n = 0;
    while !over.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(2)).await;
        n += 1;
        let started = Instant::now();
        let mut tx = store.begin().await.unwrap();
        setting::put(&mut tx, name, &n.to_string()).await.unwrap();
        tx.commit().await.unwrap();
        longest = longest.max(started.elapsed());
    }
    longest
}

/// The kernel's high-water mark of our memory, from now on.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
