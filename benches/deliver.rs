//! Handing over the digests of one run to a server that does nothing with them, by the whole program, with every mark on
//! the disk; and beside it, in turns, as many messages of the same size by Postfix's `smtp-source`.
//!
//! Every reader has 4 of 40 topics, twenty readers have the same. What it takes is what the kernel counted for the process
//! from its start to its end. Usage: `scripts/bench-deliver [sqlite | postgres] [readers=N] [rounds=N] [connections=N,N]
//! [signed | unsigned]`; with `trips`, how many round trips a message takes instead, over a line of 20 ms; with `cores`, what
//! a second core is worth to signed ones.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use chrono::TimeDelta;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use tidings::app::App;
use tidings::clock::{Chance, Clock};
use tidings::config::Config;
use tidings::model::delivery::Key;
use tidings::model::edition::Format;
use tidings::model::holdings::{Settings, StartReason, Wanted};
use tidings::pipeline::{collect, compose};
use tidings::store::subscription::{self, Wish};
use tidings::store::{self, Place, declared, delivery};

#[path = "../src/tests/engine.rs"]
#[expect(unused_imports, unused_macros, dead_code, reason = "the library's tests use the rest")]
mod engine;
use engine::{Engine, TestDatabase};
mod newsroom;
use newsroom::{Dice, Newsroom, TOPICS, configuration};

/// Of a digest of 30 KB.
const ARTICLES: usize = 200;
const EACH: usize = 4;
const ALIKE: usize = 20;
const BATCH: usize = 1000;
const AT: &str = "2026-03-02T08:00:30Z";
/// The kernel counts what a process takes in hundredths of a second.
const TICK: f64 = 0.01;

fn main() {
    let asked = Asked::from_arguments();
    let is_asked = |word: &str| std::env::args().any(|argument| argument == word);
    if is_asked("trips") {
        return trips();
    }
    if is_asked("cores") {
        return cores(&asked);
    }
    for (engine, word) in [(Engine::Sqlite, "sqlite"), (Engine::Postgres, "postgres")] {
        if asked.engine.as_deref().is_none_or(|asked| asked == word) {
            measure(engine, word, &asked);
        }
    }
}

struct Asked {
    engine: Option<String>,
    readers: usize,
    rounds: usize,
    connections: Vec<usize>,
    signed: Vec<bool>,
}

impl Asked {
    fn from_arguments() -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let named =
            |name: &str| arguments.iter().find_map(|a| a.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
        let number = |name, default| named(name).map_or(default, |n| n.parse().expect("a number"));
        let list = named("connections").unwrap_or_else(|| "16,64,1".to_owned());
        let is = |word: &str| arguments.iter().any(|a| a == word);
        Self {
            engine: ["sqlite", "postgres"].into_iter().find(|word| is(word)).map(str::to_owned),
            readers: number("readers", 20_000),
            rounds: number("rounds", 5),
            connections: list.split(',').map(|n| n.parse().expect("a number")).collect(),
            signed: [false, true]
                .into_iter()
                .filter(|signed| !is(if *signed { "unsigned" } else { "signed" }))
                .collect(),
        }
    }
}

/// What a process took.
#[derive(Clone, Copy)]
struct Took {
    seconds: f64,
    /// Of all cores.
    cpu: f64,
    megabytes: f64,
}

fn measure(engine: Engine, word: &str, asked: &Asked) {
    let Some(bench) = Bench::prepare(engine, asked.readers) else {
        return println!("{word}: not on this machine");
    };
    println!(
        "{word}: {} digests of {} bytes, the middle of {} rounds in turns",
        asked.readers, bench.bytes, asked.rounds
    );
    println!(
        "{:<24} {:>9} {:>9} {:>7} {:>9} {:>9} {:>7} {:>6}",
        "", "ours/s", "source/s", "ratio", "ours CPU", "source", "ratio", "MB"
    );
    for &connections in &asked.connections {
        // In turns, too, as far as they are asked for: unsigned, signed, theirs, and the bare operation of a signature.
        let (mut ours, mut theirs, mut bare) = ([Vec::new(), Vec::new()], Vec::new(), Vec::new());
        for _ in 0..asked.rounds {
            for &signed in &asked.signed {
                ours[usize::from(signed)].push(bench.ours(connections, signed));
            }
            theirs.push(bench.theirs(connections));
            if asked.signed.contains(&true) {
                bare.push(bench.bare_signature());
            }
        }
        for &signed in &asked.signed {
            bench.say(connections, signed, &ours[usize::from(signed)], &theirs);
        }
        if let [false, true] = asked.signed[..] {
            let cpu = |took: &[Took]| middle(took.iter().map(|took| took.cpu * 1e6 / asked.readers as f64));
            let (more, bare) = (cpu(&ours[1]) - cpu(&ours[0]), middle(bare.into_iter()));
            println!("  signing: {more:.0} µs, {:.2} × RSA alone on both cores ({bare:.0} µs)", more / bare);
        }
    }
}

/// Signed, on one core and on both. The server has what is left of them.
fn cores(asked: &Asked) {
    let bench = Bench::prepare(Engine::Sqlite, asked.readers).expect("SQLite is always there");
    let (mut on_one, mut on_two) = (Vec::new(), Vec::new());
    for _ in 0..asked.rounds {
        for (cores, rounds) in [("0", &mut on_one), ("0-1", &mut on_two)] {
            bench.again();
            let sink = Sink::start(&bench, &[]);
            bench.configure(sink.port, asked.connections[0], true);
            let mut command = Command::new("taskset");
            command.args(["-c", cores, env!("CARGO_BIN_EXE_tidings"), "run", "--once", "--at", AT]);
            command.current_dir(bench.folder()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            let (idle, began) = (idle_seconds(), Instant::now());
            let took = took(&mut command);
            let cores = thread::available_parallelism().unwrap().get() as f64;
            let busy = 1.0 - (idle_seconds() - idle) / (began.elapsed().as_secs_f64() * cores);
            rounds.push((asked.readers as f64 / took.cpu, asked.readers as f64 / took.seconds, busy));
        }
    }
    let say = |name: &str, rounds: &[(f64, f64, f64)]| {
        let of = |which: fn(&(f64, f64, f64)) -> f64| middle(rounds.iter().map(which));
        let (each, all, busy) = (of(|r| r.0), of(|r| r.1), of(|r| r.2));
        println!("{name}: {all:.0} a second, {each:.0} a second of CPU; all cores {:.0} % busy", busy * 100.0);
        each
    };
    let (one, two) = (say("on one core ", &on_one), say("on two cores", &on_two));
    println!("a second of CPU is worth {:.2} of what it is on one core", two / one);
}

/// What all cores together had nothing to do, since the machine was started.
fn idle_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let all: Vec<f64> = stat.lines().next().unwrap().split_whitespace().skip(1).map(|n| n.parse().unwrap()).collect();
    (all[3] + all[4]) * TICK
}

/// Over one connection, for a hundred messages: what the line takes is far more than everything else.
fn trips() {
    const MESSAGES: usize = 100;
    let bench = Bench::prepare(Engine::Sqlite, MESSAGES).expect("SQLite is always there");
    bench.again();
    let sink = Sink::start(&bench, &[]);
    bench.configure(Line::open(sink.port), 1, false);
    let took = took(bench.command(&["run", "--once", "--at", AT]).stdout(Stdio::null()).stderr(Stdio::null()));
    let each = took.seconds / MESSAGES as f64;
    println!("{MESSAGES} messages over a line of 20 ms: {:.1} ms each, {:.2} round trips", each * 1e3, each / 0.02);
}

/// A line on which everything takes 10 ms each way.
struct Line;

impl Line {
    /// The port of its near end.
    fn open(far: u16) -> u16 {
        let near = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = near.local_addr().unwrap().port();
        thread::spawn(move || {
            for here in near.incoming().flatten() {
                let there = TcpStream::connect(("127.0.0.1", far)).unwrap();
                let back = (there.try_clone().unwrap(), here.try_clone().unwrap());
                Self::carries(here, there);
                Self::carries(back.0, back.1);
            }
        });
        port
    }

    fn carries(mut from: TcpStream, mut to: TcpStream) {
        let _ = to.set_nodelay(true);
        let (sender, receiver) = std::sync::mpsc::channel::<(Instant, Vec<u8>)>();
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(n @ 1..) = from.read(&mut buffer) {
                let _ = sender.send((Instant::now() + Duration::from_millis(10), buffer[..n].to_vec()));
            }
        });
        thread::spawn(move || {
            for (at, bytes) in receiver {
                thread::sleep(at.saturating_duration_since(Instant::now()));
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(std::net::Shutdown::Write);
        });
    }
}

struct Bench {
    database: TestDatabase,
    /// As it is when everything is ready.
    ready: Option<PathBuf>,
    text: String,
    readers: usize,
    bytes: usize,
    postfix: PathBuf,
    /// Its feed may be asked.
    _newsroom: Newsroom,
}

impl Bench {
    fn prepare(engine: Engine, readers: usize) -> Option<Self> {
        let database = engine.database()?;
        let summary = "What is known of it so far, and what is said by those who were there when it began. ".repeat(4);
        let newsroom = Newsroom::open(&summary);
        let storage = match &database.place {
            Place::File(_) => "sqlite:tidings.db".to_owned(),
            Place::Server { url, .. } => url.clone(),
        };
        let text = configuration(&newsroom, &storage);
        let postfix = PathBuf::from(std::env::var("TIDINGS_BENCH_POSTFIX").expect("scripts/bench-deliver runs this"));
        let mut bench = Self { database, ready: None, text, readers, bytes: 0, postfix, _newsroom: newsroom };
        fs::create_dir_all(bench.folder().join("secrets")).unwrap();
        fs::write(bench.folder().join("secrets/site"), format!("{}\n", "a".repeat(52))).unwrap();
        bench.configure(1, 1, false);
        tokio::runtime::Runtime::new().unwrap().block_on(bench.make_ready());
        bench.bytes = bench.message();
        if let Place::File(file) = &bench.database.place {
            let ready = bench.folder().join("ready.db");
            fs::copy(file, &ready).unwrap();
            bench.ready = Some(ready);
        }
        let made =
            bench.tidings(&["dkim", "generate", "--selector", "d1", "--domain", "example.org", "--out", "d1.pem"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(bench)
    }

    fn folder(&self) -> &Path {
        self.database.folder.path()
    }

    fn configure(&self, port: u16, connections: usize, signed: bool) {
        let mut text = format!(
            "{}\n[delivery]\nmode = \"live\"\nfrom = \"Bench <digest@example.org>\"\n\n[relay]\nhost = \"127.0.0.1\"\n\
             port = {port}\ntls = \"none\"\nconnections = {connections}\n",
            self.text
        );
        if signed {
            text.push_str(
                "\n[dkim]\nmode = \"rsa\"\nselector = \"d1\"\ndomain = \"example.org\"\nkey_file = \"d1.pem\"\n",
            );
        }
        fs::write(self.folder().join("tidings.toml"), text).unwrap();
    }

    async fn make_ready(&self) {
        let clock = Clock::by_hand("2026-03-02T06:00:00Z".parse().unwrap());
        let config = Config::load(Some(&self.folder().join("tidings.toml")), []).unwrap();
        let app = App::open(config, clock.clone(), Chance::seeded(7)).await.unwrap();
        let line = app.line().await.unwrap();
        let work = app.at_work(line, "a measurement").await.unwrap();
        collect::run(&work.line, clock.now()).await.unwrap();
        self.subscribe(&app, &clock).await;
        compose::plan_ahead(&app.store, clock.now()).await.unwrap();
        self._newsroom.publish(ARTICLES);
        clock.advance(TimeDelta::hours(1));
        collect::run(&work.line, clock.now()).await.unwrap();
        clock.advance(TimeDelta::hours(1));
        let composed = compose::run(&work.line, clock.now()).await.unwrap();
        assert_eq!(composed.deliveries, self.readers, "{composed:?}");
        work.leave().await.unwrap();
        app.store.close().await;
    }

    async fn subscribe(&self, app: &App, clock: &Clock) {
        let topics: Vec<i64> = declared::topics(&app.store).await.unwrap().iter().map(|topic| topic.id).collect();
        let frequencies = declared::frequencies(&app.store).await.unwrap();
        let daily = frequencies.iter().find(|frequency| frequency.slug.as_str() == "daily").unwrap().id;
        let settings =
            Settings { language: "en".parse().unwrap(), zone: chrono_tz::UTC, hour: 8, format: Format::Full };
        let mut dice = Dice(11);
        let mut chosen = BTreeSet::new();
        for from in (0..self.readers).step_by(BATCH) {
            let wish = |n: usize| {
                if n.is_multiple_of(ALIKE) {
                    chosen.clear();
                    while chosen.len() < EACH {
                        chosen.insert(topics[dice.below(TOPICS)]);
                    }
                }
                Wish {
                    address: format!("r{n}@example.org").parse().unwrap(),
                    key: Key(app.chance.bytes()),
                    settings: settings.clone(),
                    set: false,
                    regions: None,
                    wanted: Wanted {
                        topics: chosen.iter().copied().collect(),
                        frequency: daily,
                        reason: StartReason::Import,
                        pending: false,
                        respects_stops: true,
                    },
                }
            };
            let wishes: Vec<Wish> = (from..self.readers.min(from + BATCH)).map(wish).collect();
            let mut tx = app.store.begin().await.unwrap();
            subscription::grant_all(&mut tx, &wishes, clock.now()).await.unwrap();
            tx.commit().await.unwrap();
        }
        app.store.look_again().await.unwrap();
    }

    /// How long the first message is, as it is handed over.
    fn message(&self) -> usize {
        let sink = Sink::start(self, &["-d", "message"]);
        self.configure(sink.port, 1, false);
        let mut test = vec!["digest", "test", "r0@example.org"];
        for topic in ["topic-1", "topic-2", "topic-3", "topic-4", "topic-5"] {
            test.extend(["--topic", topic]);
        }
        let sent = self.tidings(&test);
        assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
        drop(sink);
        let dumped = fs::read_dir(self.folder()).unwrap().flatten().map(|entry| entry.path());
        let dumped: Vec<PathBuf> = dumped.filter(|path| path.to_string_lossy().contains("message")).collect();
        fs::read(&dumped[0]).unwrap().len()
    }

    /// Puts everything back to where it was.
    fn again(&self) {
        match (&self.database.place, &self.ready) {
            (Place::File(file), Some(ready)) => {
                for beside in ["-wal", "-shm"] {
                    let _ = fs::remove_file(format!("{}{beside}", file.display()));
                }
                fs::copy(ready, file).unwrap();
            }
            (Place::Server { url, .. }, _) => tokio::runtime::Runtime::new().unwrap().block_on(async {
                let pool = sqlx::PgPool::connect(url).await.unwrap();
                for sql in [
                    "UPDATE delivery SET state = 'ready', token = NULL, reply = NULL, settled_at = NULL, attempts = 0 WHERE kind = 'digest'",
                    "VACUUM FULL ANALYZE delivery",
                    "CHECKPOINT",
                ] {
                    sqlx::query(sql).execute(&pool).await.unwrap();
                }
                pool.close().await;
            }),
            _ => unreachable!("a file has its copy"),
        }
    }

    fn ours(&self, connections: usize, signed: bool) -> Took {
        self.again();
        let sink = Sink::start(self, &[]);
        self.configure(sink.port, connections, signed);
        let mut command = self.command(&["run", "--once", "--at", AT]);
        let took = took(command.stdout(Stdio::null()).stderr(Stdio::null()));
        let states = tokio::runtime::Runtime::new().unwrap().block_on(async {
            let store = store::Store::open(&self.database.place).await.unwrap();
            let states = delivery::by_state(&store).await.unwrap();
            store.close().await;
            states
        });
        let sent = states.iter().find(|(state, _)| state == "sent").map_or(0, |(_, n)| *n);
        assert!(usize::try_from(sent).unwrap() >= self.readers, "{states:?}");
        took
    }

    /// What the bare RSA operation takes, in microseconds, while all cores do nothing else.
    fn bare_signature(&self) -> f64 {
        const OPERATIONS: usize = 1000;
        let pem = fs::read(self.folder().join("d1.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
        let cores = thread::available_parallelism().unwrap().get();
        let began = Instant::now();
        thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| {
                    let key = KeyPair::from_pkcs8(key.secret_der()).unwrap();
                    for n in 0..OPERATIONS {
                        let mut signature = [0; 256];
                        let header = [n.to_le_bytes()[0]; 1500];
                        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), &header, &mut signature).unwrap();
                        std::hint::black_box(signature);
                    }
                });
            }
        });
        began.elapsed().as_secs_f64() * 1e6 / OPERATIONS as f64
    }

    fn theirs(&self, sessions: usize) -> Took {
        let sink = Sink::start(self, &[]);
        let mut command = self.postfix("smtp-source");
        command.args([
            "-d",
            "-s",
            &sessions.to_string(),
            "-m",
            &self.readers.to_string(),
            "-l",
            &self.bytes.to_string(),
        ]);
        command.args(["-f", "digest@example.org", "-t", "reader@example.org", &format!("127.0.0.1:{}", sink.port)]);
        took(&mut command)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        command.args(arguments).current_dir(self.folder()).stdin(Stdio::null());
        command
    }

    fn tidings(&self, arguments: &[&str]) -> std::process::Output {
        self.command(arguments).output().unwrap()
    }

    /// A program of Postfix's package, unpacked and not configured.
    fn postfix(&self, name: &str) -> Command {
        let mut command = Command::new(self.postfix.join("usr/sbin").join(name));
        command.env("LD_LIBRARY_PATH", self.postfix.join("usr/lib/postfix")).current_dir(self.folder());
        command
    }

    fn say(&self, connections: usize, signed: bool, ours: &[Took], theirs: &[Took]) {
        let n = self.readers as f64;
        let rate = |took: &[Took]| middle(took.iter().map(|took| n / took.seconds));
        let cpu = |took: &[Took]| middle(took.iter().map(|took| took.cpu * 1e6 / n));
        println!(
            "{:<24} {:>9.0} {:>9.0} {:>5.2} × {:>6.0} µs {:>6.0} µs {:>5.2} × {:>6.0}",
            format!("{connections} connections{}", if signed { ", signed" } else { "" }),
            rate(ours),
            rate(theirs),
            rate(ours) / rate(theirs),
            cpu(ours),
            cpu(theirs),
            cpu(ours) / cpu(theirs),
            middle(ours.iter().map(|took| took.megabytes)),
        );
    }
}

/// `smtp-sink`: accepts everything and keeps nothing.
struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    fn start(bench: &Bench, options: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = bench.postfix("smtp-sink");
        if !options.is_empty() {
            // It writes where it stands, as somebody else.
            Command::new("chmod").args(["a+rwx", &bench.folder().display().to_string()]).status().unwrap();
        }
        if rustix::process::geteuid().is_root() {
            command.args(["-u", "nobody"]);
        }
        let child = command.args(options).args([&format!("127.0.0.1:{port}"), "1000"]).spawn().unwrap();
        let deadline = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "smtp-sink does not listen");
            thread::sleep(Duration::from_millis(5));
        }
        Self { child, port }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs it to its end. What it took is read when it has ended and nobody has asked for its end yet.
fn took(command: &mut Command) -> Took {
    let began = Instant::now();
    let mut child = command.spawn().unwrap();
    let of = |file: &str| fs::read_to_string(format!("/proc/{}/{file}", child.id())).unwrap();
    let mut megabytes: f64 = 0.0;
    let (seconds, cpu) = loop {
        let stat = of("stat");
        let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
        if fields[0] == "Z" {
            let ticks: f64 = fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum();
            break (began.elapsed().as_secs_f64(), ticks * TICK);
        }
        let status = of("status");
        let peak =
            status.lines().find_map(|line| line.strip_prefix("VmHWM:")).and_then(|line| line.split_whitespace().next());
        megabytes = megabytes.max(peak.map_or(0.0, |kilobytes| kilobytes.parse::<f64>().unwrap() / 1024.0));
        thread::sleep(Duration::from_millis(5));
    };
    assert!(child.wait().unwrap().success());
    Took { seconds, cpu, megabytes }
}

fn middle(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}
