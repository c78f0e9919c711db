//! Collecting a thousand feeds, some forty of them hostile: how long it takes, with how much memory, and when each of the
//! hostile ones ends. It ends with an error where a promise is not held.
//!
//! The feeds are served by this process; the program that collects them is another, so that what it takes is its own.
//! There the thousand are collected as the defaults say, then, into another database, the hostile ones alone and all at
//! once, to see each by itself. Usage: `scripts/bench-collect [sqlite | postgres] [FEEDS]`.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tidings::app::App;
use tidings::clock::{Chance, Clock};
use tidings::config::Config;
use tidings::pipeline::collect;
use tidings::store::{self, Place, article, feed};

#[path = "../src/tests/engine.rs"]
#[expect(unused_imports, unused_macros, dead_code, reason = "the library's tests use the rest")]
mod engine;
#[path = "../src/tests/hostile.rs"]
mod hostile;
use engine::{Engine, TestDatabase};
use hostile::{Host, KINDS};

/// Bytes of a good feed.
const BYTES: usize = 100_000;
/// Above what the program takes before it begins.
const MEGABYTES: f64 = 150.0;
const CONNECT: Duration = Duration::from_secs(10);
const FETCH: Duration = Duration::from_secs(30);
/// What the end of a wait may come late, on a machine that does forty things at once.
const LATE: Duration = Duration::from_secs(5);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let [_, child, folder, good, ..] = arguments.as_slice()
        && child == "child"
    {
        return runtime.block_on(program(Path::new(folder), good.parse().unwrap()));
    }
    let feeds: usize = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1000);
    let good = feeds.saturating_sub(KINDS.len());
    let host = runtime.block_on(Host::open(BYTES));
    let named = |word: &str| arguments.iter().any(|argument| argument == word);
    for (engine, word, other) in [(Engine::Sqlite, "sqlite", "postgres"), (Engine::Postgres, "postgres", "sqlite")] {
        if named(word) || !named(other) {
            measure(engine, word, &host, good);
        }
    }
}

/// Has the program collect, first everything, then what is hostile.
fn measure(engine: Engine, word: &str, host: &Host, good: usize) {
    println!("{word}: {good} good feeds of {} kB, {} hostile ones", BYTES / 1000, KINDS.len());
    for (text, good) in [(host.declared(good), good), (host.hostile(), 0)] {
        let Some(database) = engine.database() else {
            println!("not on this machine");
            return;
        };
        configure(&database, &text);
        let this = std::env::current_exe().unwrap();
        let ended = Command::new(this).arg("child").arg(database.folder.path()).arg(good.to_string()).status().unwrap();
        assert!(ended.success(), "a promise was not held");
    }
}

fn configure(database: &TestDatabase, feeds: &str) {
    let storage = match &database.place {
        Place::File(_) => "sqlite:tidings.db".to_owned(),
        Place::Server { url, .. } => url.clone(),
    };
    let at_once = if feeds.contains("good-") { 8 } else { 100 };
    let text = format!(
        "[site]\nname = \"Bench\"\nurl = \"https://digest.example.org\"\n\n[storage]\nurl = \"{storage}\"\n\n\
         [collect]\nconnect_timeout = \"{}s\"\nfetch_timeout = \"{}s\"\nat_once = {at_once}\n\n{feeds}\
         [[topic]]\nslug = \"all\"\nname = {{ en = \"All\" }}\nany_category = [\"c1\", \"c2\", \"c3\"]\n",
        CONNECT.as_secs(),
        FETCH.as_secs()
    );
    std::fs::write(database.folder.path().join("tidings.toml"), text).unwrap();
}

/// The other process: collects all that is declared, and looks whether it went as it must.
async fn program(folder: &Path, good: usize) {
    let config = Config::load(Some(&folder.join("tidings.toml")), []).unwrap();
    let clock = Clock::by_hand("2026-03-02T06:00:00Z".parse().unwrap());
    let app = App::open(config, clock.clone(), Chance::seeded(7)).await.unwrap();
    let work = app.at_work(app.line().await.unwrap(), "a measurement").await.unwrap();
    let idle = peak();
    let started = Instant::now();
    let over = tokio_util::sync::CancellationToken::new();
    let watching = (good == 0).then(|| tokio::spawn(watch(app.store.clone(), started, over.clone())));
    let collected = collect::run(&work.line, clock.now()).await.unwrap();
    let took = started.elapsed();
    let megabytes = peak() - idle;
    over.cancel();

    let mut broken = words_not_said(&app.store).await;
    if let Some(watching) = watching {
        broken.extend(told(&watching.await.unwrap()));
    }
    let articles = usize::try_from(article::count(&app.store).await.unwrap()).unwrap();
    println!(
        "  {:>5} feeds, {:>3} failed, {articles:>6} articles kept: {:>6.1} s, {:>5.0} articles/s, {megabytes:>4.0} MB above the {idle:.0} MB before",
        collected.feeds,
        collected.failed,
        took.as_secs_f64(),
        articles as f64 / took.as_secs_f64()
    );
    if articles < good * Host::entries(BYTES) {
        broken.push(format!("{articles} articles are kept of {}", good * Host::entries(BYTES)));
    }
    if good > 0 && megabytes > MEGABYTES {
        broken.push(format!("it took {megabytes:.0} MB, and may take {MEGABYTES}"));
    }
    work.leave().await.unwrap();
    app.store.close().await;
    broken.iter().for_each(|promise| println!("  NOT HELD: {promise}"));
    if !broken.is_empty() {
        std::process::exit(1);
    }
}

/// Feeds whose row says something else than it must.
async fn words_not_said(store: &store::Store) -> Vec<String> {
    let feeds = feed::list(store).await.unwrap();
    let wrong = feeds.iter().filter_map(|feed| {
        let error = feed.error.as_deref().unwrap_or_default();
        let says = KINDS.iter().find(|kind| kind.name == feed.slug.as_str()).map(|kind| kind.says);
        let right = match says {
            Some("") => error.is_empty() || error.contains("no feed"),
            Some(says) => error.contains(says),
            None => error.is_empty() && feed.last_success_at.is_some(),
        };
        (!right).then(|| format!("{}: {error:?}", feed.slug))
    });
    wrong.collect()
}

/// When each feed's row was written.
async fn watch(
    store: store::Store,
    started: Instant,
    over: tokio_util::sync::CancellationToken,
) -> Vec<(String, Duration)> {
    let mut ended: Vec<(String, Duration)> = Vec::new();
    loop {
        let last = over.is_cancelled();
        for feed in feed::list(&store).await.unwrap() {
            let is_over = feed.error.is_some() || feed.last_success_at.is_some();
            if is_over && !ended.iter().any(|(slug, _)| *slug == feed.slug.as_str()) {
                ended.push((feed.slug.to_string(), started.elapsed()));
            }
        }
        if last {
            return ended;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Prints when each ended. Those that end too late.
fn told(ended: &[(String, Duration)]) -> Vec<String> {
    let mut late = Vec::new();
    for kind in KINDS {
        let Some((_, took)) = ended.iter().find(|(slug, _)| slug == kind.name) else {
            late.push(format!("{} has not ended", kind.name));
            continue;
        };
        let limit = if kind.name == "no-connection" { CONNECT } else { FETCH };
        println!("  {:<16} {:>6.2} s  {}", kind.name, took.as_secs_f64(), kind.says);
        if *took > limit + LATE {
            late.push(format!("{} ended after {took:?}, and may take {limit:?}", kind.name));
        }
    }
    late
}

/// The kernel's high-water mark of our memory.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
