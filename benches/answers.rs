//! How long the sign-up page takes to answer, by what is known of the address: nobody must learn from it who reads us.
//!
//! Addresses of four kinds are entered in turn, over HTTP, with the forms as a browser has them. What is printed is the
//! middle (median) and the slowest twentieth of each, and their ratio to those of addresses that nobody knows.
//! Usage: `scripts/bench-answers [ADDRESSES OF EACH KIND]`.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use reqwest::Client;
use reqwest::redirect::Policy;
use tidings::app::App;
use tidings::clock::{Chance, Clock};
use tidings::config::Config;
use tidings::model::edition::Format;
use tidings::model::holdings::{Settings, StartReason, Wanted};
use tidings::store::subscription::{self, Wish};
use tidings::store::{self, Place, declared, suppression};
use tidings::web;

#[path = "../src/tests/engine.rs"]
#[expect(unused_imports, unused_macros, dead_code, reason = "the library's tests use the rest")]
mod engine;
use engine::Engine;

const KINDS: [&str; 4] = ["nobody", "reader", "never", "asked"];
const MEANING: [&str; 4] =
    ["that nobody knows", "of a reader", "that may not be written to", "that was asked an hour ago"];

fn main() {
    let each = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    println!("{:<10}  {:<28} {:>9} {:>7} {:>9} {:>7}", "engine", "an address", "median", "ratio", "95 %", "ratio");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        runtime.block_on(measure(engine, each));
    }
}

async fn measure(engine: Engine, each: usize) {
    let Some(database) = engine.database() else {
        println!("{engine:?}: not on this machine");
        return;
    };
    let storage = match &database.place {
        Place::File(_) => "sqlite:tidings.db".to_owned(),
        Place::Server { url, .. } => url.clone(),
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let file = database.folder.path().join("tidings.toml");
    let text = format!(
        "[site]\nname = \"Bench\"\nurl = \"{base}\"\n\n[storage]\nurl = \"{storage}\"\n\n\
         [[feed]]\nslug = \"all\"\nurl = \"http://127.0.0.1:9/\"\nallow_private = true\n\n\
         [[topic]]\nslug = \"health\"\nname = {{ en = \"Health\" }}\nfeeds = [\"all\"]\n"
    );
    std::fs::write(&file, text).unwrap();
    let clock = Clock::by_hand("2026-03-02T06:00:00Z".parse().unwrap());
    let app = App::open(Config::load(Some(&file), []).unwrap(), clock.clone(), Chance::seeded(7)).await.unwrap();
    let work = app.at_work(app.line().await.unwrap(), "a measurement").await.unwrap();
    let serving = tokio::spawn(web::serve(app.pages(), listener, std::future::pending()));

    know(&app, each).await;
    let visitor =
        Visitor { client: Client::builder().no_proxy().redirect(Policy::none()).build().unwrap(), base, clock };
    for n in 0..each {
        visitor.enter(&format!("asked{n}@example.org")).await;
    }
    visitor.clock.advance(TimeDelta::hours(1));
    let mut took: Vec<Vec<Duration>> = vec![vec![]; KINDS.len()];
    for n in 0..each {
        for turn in 0..KINDS.len() {
            // Each kind follows each other one.
            let kind = (turn + n) % KINDS.len();
            took[kind].push(visitor.enter(&format!("{}{n}@example.org", KINDS[kind])).await);
        }
    }
    let name = if engine == Engine::Sqlite { "SQLite" } else { "PostgreSQL" };
    let figures: Vec<(f64, f64)> = took.into_iter().map(middle_and_slowest).collect();
    for ((middle, slow), meaning) in figures.iter().zip(MEANING) {
        let (of_middle, of_slow) = (middle / figures[0].0, slow / figures[0].1);
        println!("{name:<10}  {meaning:<28} {middle:>6.2} ms {of_middle:>7.3} {slow:>6.2} ms {of_slow:>7.3}");
    }
    serving.abort();
    work.leave().await.unwrap();
    app.store.close().await;
}

/// Readers, and addresses that may not be written to.
async fn know(app: &App, each: usize) {
    let topics: Vec<i64> = declared::topics(&app.store).await.unwrap().iter().map(|topic| topic.id).collect();
    let frequency = declared::frequencies(&app.store).await.unwrap()[0].id;
    let settings = Settings { language: "en".parse().unwrap(), zone: chrono_tz::UTC, hour: 8, format: Format::Full };
    let now = app.clock.now();
    let mut tx: store::Tx = app.store.begin().await.unwrap();
    for n in 0..each {
        let wanted = Wanted {
            topics: topics.clone(),
            frequency,
            reason: StartReason::Import,
            pending: false,
            respects_stops: true,
        };
        let (address, key) = (format!("reader{n}@example.org").parse().unwrap(), app.chance.key());
        let wish = Wish { address, key, settings: settings.clone(), set: false, regions: None, wanted };
        subscription::grant(&mut tx, &wish, now).await.unwrap();
        let hash = app.keys.hash_of_address(&format!("never{n}@example.org").parse().unwrap());
        suppression::add_not_me(&mut tx, &hash, now).await.unwrap();
    }
    tx.commit().await.unwrap();
    app.store.look_again().await.unwrap();
}

struct Visitor {
    client: Client,
    base: String,
    clock: Clock,
}

impl Visitor {
    /// Signs up. How long the answer took.
    async fn enter(&self, address: &str) -> Duration {
        let link = format!("{}/en/subscribe?topic=health", self.base);
        let page = self.client.get(&link).send().await.unwrap().text().await.unwrap();
        let signature = page.split("name=\"form\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        self.clock.advance(TimeDelta::seconds(5));
        let form = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("form", signature), ("topic", "health"), ("frequency", "daily"), ("hour", "8")])
            .extend_pairs([("zone", "UTC"), ("address", address), ("website", "")])
            .finish();
        let request = self.client.post(format!("{}/en/subscribe", self.base)).body(form);
        let request = request.header("Content-Type", "application/x-www-form-urlencoded");
        let started = Instant::now();
        let answer = request.send().await.unwrap();
        let status = answer.status();
        answer.bytes().await.unwrap();
        let took = started.elapsed();
        assert_eq!(status, 303, "{address}");
        took
    }
}

/// In milliseconds.
fn middle_and_slowest(mut took: Vec<Duration>) -> (f64, f64) {
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    (at(0.5), at(0.95))
}
