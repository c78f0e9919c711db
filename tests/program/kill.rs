//! Killed at any moment, the program loses no message, and repeats at most those whose answer it was waiting for.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tidings::app::App;
use tidings::clock::{Chance, Clock};
use tidings::config::Config;
use tidings::model::delivery::Key;
use tidings::model::edition::Format;
use tidings::model::holdings::{Settings, StartReason, Wanted};
use tidings::pipeline::{collect, compose};
use tidings::store::declared;
use tidings::store::lease;
use tidings::store::subscription::{self, Wish};

use crate::daemon::Daemon;
use crate::dice::Dice;
use crate::engine::{Engine, postgres_is_here};
use crate::house::{House, States};
use crate::newsroom::Newsroom;
use crate::relay::{Received, Relay, Script};

pub const CONNECTIONS: usize = 8;
/// Long enough that a kill often finds a message between the relay's keeping it and our knowing.
const PAUSE: Duration = Duration::from_millis(2);
/// A minute after the digests of the story fell due.
pub const AFTER_EIGHT: &str = "2026-03-02T08:01:00Z";
pub const A_WHILE: Duration = Duration::from_secs(30);
/// How long what a dead daemon held stays its own.
pub const LEASE: Duration = Duration::from_millis(1_500);

#[test]
fn a_hundred_kills_lose_nothing_on_sqlite() {
    Story::of(Engine::Sqlite, 3_000).unwrap().kill_and_check(100);
}

#[test]
fn sixty_kills_amid_32_connections_lose_nothing_on_sqlite() {
    Story::with(Engine::Sqlite, 4_000, 32).unwrap().kill_and_check(60);
}

#[test]
fn forty_kills_lose_nothing_on_postgres() {
    if postgres_is_here() {
        Story::of(Engine::Postgres, 2_000).unwrap().kill_and_check(40);
    }
}

#[test]
#[ignore = "long: a thousand kills"]
fn a_thousand_kills_lose_nothing_on_sqlite() {
    Story::of(Engine::Sqlite, 30_000).unwrap().kill_and_check(1_000);
}

#[test]
#[ignore = "long: a thousand kills"]
fn a_thousand_kills_amid_32_connections_lose_nothing_on_sqlite() {
    Story::with(Engine::Sqlite, 60_000, 32).unwrap().kill_and_check(1_000);
}

#[test]
fn sigterm_while_sending_leaves_nothing_in_doubt_on_sqlite() {
    Story::of(Engine::Sqlite, 400).unwrap().terminate_and_check(&["run", "--at", AFTER_EIGHT], 0);
}

#[test]
fn sigterm_while_sending_leaves_nothing_in_doubt_on_postgres() {
    if postgres_is_here() {
        Story::of(Engine::Postgres, 400).unwrap().terminate_and_check(&["run", "--at", AFTER_EIGHT], 0);
    }
}

#[test]
fn sigterm_during_a_single_run_leaves_nothing_in_doubt() {
    Story::of(Engine::Sqlite, 400).unwrap().terminate_and_check(&["run", "--once", "--at", AFTER_EIGHT], 130);
}

/// Digests that are ready, and a relay that waits for them.
pub struct Story {
    pub house: House,
    pub relay: Relay,
    readers: usize,
    connections: usize,
    pub newsroom: Newsroom,
}

impl Story {
    /// None: this machine has no such engine.
    pub fn of(engine: Engine, readers: usize) -> Option<Self> {
        Self::with(engine, readers, CONNECTIONS)
    }

    pub fn with(engine: Engine, readers: usize, connections: usize) -> Option<Self> {
        Some(Self::in_house(House::on(engine)?, readers, connections))
    }

    pub fn in_house(house: House, readers: usize, connections: usize) -> Self {
        let relay = Relay::with(Script { pause: PAUSE, ..Script::default() });
        let newsroom = Newsroom::open();
        house.configure(&configuration(relay.addr.port(), &newsroom, connections));
        house.make_secret();
        runtime().block_on(make_ready(&house, &newsroom, readers));
        Self { house, relay, readers, connections, newsroom }
    }

    fn kill_and_check(&self, kills: usize) {
        let mut dice = Dice::thrown();
        let mut doubtful = Vec::new();
        for n in 0..kills {
            // What the last kill left in doubt is settled before the next: so each kill counts for itself.
            self.wait_until_nobody_is_at_work();
            let mut daemon = self.run_since(n);
            if doubtful.last().is_some_and(|n| *n > 0) {
                daemon.wait_until_it_says("in doubt");
            }
            let next = self.relay.accepted() + dice.up_to(self.readers / kills);
            assert!(self.relay.wait_for(next, A_WHILE), "it sends no more:\n{}", daemon.said());
            thread::sleep(Duration::from_micros(dice.up_to(4_000) as u64));
            daemon.kill();

            let sending = self.states().count("sending");
            assert!(sending <= self.connections, "{sending} in `sending` after a kill");
            doubtful.push(sending);
        }
        // The last one is taken over from by a daemon that is at work already.
        let daemon = self.run_since(kills);
        self.wait_until_all_is_sent(&daemon);
        drop(daemon);
        println!("in doubt after each kill: {doubtful:?}");
        let in_doubt = doubtful.iter().sum();
        assert!(in_doubt > 0, "no kill found a message in the air: the story proves nothing");
        self.check_what_arrived(in_doubt);
    }

    /// A daemon whose clock starts so many minutes later.
    fn run_since(&self, minutes: usize) -> Daemon {
        let at = AFTER_EIGHT.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes.try_into().unwrap());
        self.house.start(&["run", "--at", &at.to_rfc3339()])
    }

    /// Every reader has their mail, and no more came twice than were in doubt, with the same bytes.
    pub fn check_what_arrived(&self, in_doubt: usize) {
        let mut arrived: HashMap<String, Vec<Received>> = HashMap::new();
        for mail in self.relay.received() {
            arrived.entry(mail.to.concat()).or_default().push(mail);
        }
        let lost: Vec<String> = (0..self.readers).map(reader).filter(|to| !arrived.contains_key(to)).collect();
        assert!(lost.is_empty(), "{} of {} lost: {lost:?}", lost.len(), self.readers);
        assert_eq!(arrived.len(), self.readers, "somebody got mail who is no reader");

        let repeated: usize = arrived.values().map(|copies| copies.len() - 1).sum();
        println!("{repeated} messages arrived once more");
        assert!(repeated <= in_doubt, "{repeated} repeated, but only {in_doubt} were in doubt");
        for (to, copies) in &arrived {
            let first = &copies[0];
            for copy in &copies[1..] {
                assert!(
                    message_id(first).is_some() && message_id(copy) == message_id(first),
                    "{to}: another Message-ID"
                );
                assert!(copy.bytes == first.bytes, "{to}: other bytes under the same Message-ID");
                assert_eq!(copy.from, first.from, "{to}: another envelope sender");
            }
        }
    }

    fn terminate_and_check(&self, command: &[&str], code: i32) {
        let mut daemon = self.house.start(command);
        assert!(self.relay.wait_for(self.readers / 4, A_WHILE), "{}", daemon.said());
        daemon.signal("-TERM");
        assert_eq!(daemon.end_within(Duration::from_secs(5)), code, "{}", daemon.said());

        let accepted = self.relay.accepted();
        let states = self.states();
        assert!(accepted < self.readers, "it had sent everything before the signal came");
        assert_eq!(states.count("sent"), accepted, "{states:?}");
        assert_eq!(states.count("ready"), self.readers - accepted, "{states:?}");

        let daemon = self.house.start(&["run", "--at", AFTER_EIGHT]);
        self.wait_until_all_is_sent(&daemon);
        assert_eq!(self.relay.accepted(), self.readers, "somebody got it twice");
    }

    pub fn wait_until_all_is_sent(&self, daemon: &Daemon) {
        let came = self.relay.wait_for(self.readers, A_WHILE);
        assert!(came, "it sends no more: {:?}\n{}", self.states(), daemon.said());
        let all = States(vec![("sent".to_owned(), i64::try_from(self.readers).unwrap())]);
        let deadline = Instant::now() + A_WHILE;
        loop {
            let states = self.states();
            if states == all {
                return;
            }
            assert!(Instant::now() < deadline, "not all was sent: {states:?}\n{}", daemon.said());
        }
    }

    fn wait_until_nobody_is_at_work(&self) {
        runtime().block_on(async {
            let store = self.house.store().await;
            let deadline = Instant::now() + A_WHILE;
            while !lease::holders(&store).await.unwrap().is_empty() {
                assert!(Instant::now() < deadline, "a dead daemon's lease never ends");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            store.close().await;
        });
    }

    fn states(&self) -> States {
        runtime().block_on(self.house.states())
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

fn reader(n: usize) -> String {
    format!("reader{n}@example.org")
}

fn message_id(mail: &Received) -> Option<String> {
    let text = String::from_utf8_lossy(&mail.bytes);
    text.lines().find_map(|line| line.strip_prefix("Message-ID: ").map(str::to_owned))
}

pub fn configuration(port: u16, newsroom: &Newsroom, connections: usize) -> String {
    format!(
        r#"
[site]
url = "https://digest.example.org"
postal_address = "1 Press Road"

[web]
listen = "127.0.0.1:0"

[delivery]
mode = "live"
from = "Newsroom <digest@news.example.org>"
# One message may be in doubt after many kills.
resend_at_most = 1000
# So that what a dead one held is free again soon.
lease = "{lease}ms"

[relay]
host = "127.0.0.1"
port = {port}
tls = "none"
connections = {connections}
# What a dead one was handing over is in doubt only when no answer can come any more: before its lease is over.
final_answer_timeout = "1s"

[[feed]]
slug = "news"
url = "{url}"
allow_private = true

[[topic]]
slug = "health"
name = {{ en = "Health" }}
feeds = ["news"]

[[topic]]
slug = "short"
name = {{ en = "Short news" }}
any_word = ["short"]
"#,
        url = newsroom.url(),
        lease = LEASE.as_millis(),
    )
}

/// From nothing to digests that are ready, through the stages themselves.
pub async fn make_ready(house: &House, newsroom: &Newsroom, readers: usize) {
    let seven = "2026-03-02T07:00:00Z".parse::<DateTime<Utc>>().unwrap();
    let clock = Clock::by_hand(seven);
    let mut config = Config::load(Some(&house.file()), []).unwrap();
    // The short lease is for those who die.
    config.delivery.lease = Duration::from_secs(300);
    let app = App::open(config, clock.clone(), Chance::seeded(7)).await.unwrap();
    let line = app.line().await.unwrap();
    let at_work = app.at_work(line, "a story").await.unwrap();
    let line = &at_work.line;

    newsroom.publish("An old story");
    collect::run(line, clock.now()).await.unwrap();
    subscribe(&app, readers).await;
    compose::run(line, clock.now()).await.unwrap();

    newsroom.publish("A clinic opens");
    newsroom.publish("A short story");
    clock.advance(TimeDelta::minutes(30));
    collect::run(line, clock.now()).await.unwrap();
    clock.advance(TimeDelta::minutes(31));
    let composed = compose::run(line, clock.now()).await.unwrap();
    assert_eq!(composed.deliveries, readers, "{composed:?}");
    at_work.leave().await.unwrap();
    app.store.close().await;
}

/// Readers of one topic, of the other, and of both: three editions.
async fn subscribe(app: &App, readers: usize) {
    let topics: Vec<i64> = declared::topics(&app.store).await.unwrap().iter().map(|topic| topic.id).collect();
    let frequencies = declared::frequencies(&app.store).await.unwrap();
    let daily = frequencies.iter().find(|frequency| frequency.slug.as_str() == "daily").unwrap().id;
    let mut tx = app.store.begin().await.unwrap();
    for n in 0..readers {
        let wish = Wish {
            address: reader(n).parse().unwrap(),
            key: Key(app.chance.bytes()),
            settings: Settings {
                language: app.config.site.language.clone(),
                zone: app.config.site.timezone,
                hour: 8,
                format: Format::default(),
            },
            set: false,
            regions: None,
            wanted: Wanted {
                topics: match n % 3 {
                    0 => topics[..1].to_vec(),
                    1 => topics[1..].to_vec(),
                    _ => topics.clone(),
                },
                frequency: daily,
                reason: StartReason::Operator,
                pending: false,
                respects_stops: false,
            },
        };
        subscription::grant(&mut tx, &wish, app.clock.now()).await.unwrap();
        // A server that has never looked at a table walks ever longer through what one transaction has put there.
        if n % 500 == 499 {
            tx.commit().await.unwrap();
            tx = app.store.begin().await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}
