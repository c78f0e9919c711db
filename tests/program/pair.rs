//! Two programs do all that is due on one PostgreSQL at the same instants, hour after hour, and one of them is killed at
//! any moment of it: whatever folds into whatever, each reader gets each article once. (`twins` looks at composing alone.)

use std::collections::{HashMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgPool;
use tidings::app::App;
use tidings::clock::{Chance, Clock};
use tidings::config::Config;
use tidings::model::delivery::Key;
use tidings::model::edition::Format;
use tidings::model::holdings::{Settings, StartReason, Wanted};
use tidings::pipeline::{collect, compose};
use tidings::store::subscription::{self, Wish};
use tidings::store::{Place, Store, captured_mail, declared};

use crate::dice::Dice;
use crate::engine::Engine;
use crate::house::House;
use crate::newsroom::Newsroom;

/// Zones, and so slots, that fall due in every full hour.
const SLOTS: usize = 8;
/// In each slot: some with one topic, some with the other, some with both.
const READERS: usize = 3;
const A_ROUND: Duration = Duration::from_secs(60);

#[test]
fn one_of_two_daemons_is_killed_ten_times_and_each_reader_gets_each_article_once() {
    kill_and_check(10);
}

/// `TIDINGS_TEST_KILLS` sets another number.
#[test]
#[ignore = "long: a thousand kills"]
fn one_of_two_daemons_is_killed_a_thousand_times_and_each_reader_gets_each_article_once() {
    kill_and_check(std::env::var("TIDINGS_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(1_000));
}

fn kill_and_check(kills: usize) {
    let Some(house) = House::on(Engine::Postgres) else { return };
    let newsroom = Newsroom::open();
    house.configure(&configuration(&newsroom));
    house.make_secret();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let newsdesk = runtime.block_on(Newsdesk::open(&house, &newsroom));
    let pool = runtime.block_on(connect(&house));

    let mut arrived = Arrived::default();
    let mut dice = Dice::thrown();
    let (mut found, mut amid, mut rounds, mut takes) = (0, 0, 0, Duration::from_millis(200));
    let begun = Instant::now();
    while found < kills {
        assert!(rounds < 3 * kills + 20, "only {found} of {rounds} kills found a daemon at work");
        rounds += 1;
        let hour = runtime.block_on(newsdesk.publish(&newsroom, rounds));
        let round = Instant::now();
        let mut twins = [start(&house, hour), start(&house, hour)];
        // Which of the two is left to chance, too: they start in turn.
        if dice.up_to(2) == 1 {
            twins.reverse();
        }
        let [unlucky, mut lucky] = twins;
        thread::sleep(Duration::from_micros(dice.up_to(usize::try_from(takes.as_micros()).unwrap()) as u64));
        found += usize::from(unlucky.kill());
        amid += usize::from(runtime.block_on(is_composing(&pool)));
        assert_eq!(lucky.end_within(A_ROUND), 0, "{}", lucky.said());
        runtime.block_on(arrived.look(&newsdesk.app.store));
        takes = (takes * 7 + round.elapsed()) / 8;
    }
    println!("{found} kills in {rounds} rounds, {amid} of them amid composing, {:?}", begun.elapsed());
    assert!(amid > 0 || kills < 100, "no kill came amid composing: the story proves nothing");
    runtime.block_on(settle(&house, &newsdesk, rounds));
    runtime.block_on(arrived.look(&newsdesk.app.store));
    runtime.block_on(check(&arrived, &pool, rounds));
}

fn start(house: &House, hour: DateTime<Utc>) -> crate::daemon::Daemon {
    house.start(&["run", "--once", "--at", &hour.to_rfc3339()])
}

/// What came into the mailbox, which keeps it for eight days only; a thousand hours are more.
#[derive(Default)]
struct Arrived {
    /// By recipient and Message-ID, how often.
    copies: HashMap<(String, String), i64>,
    seen: HashSet<i64>,
    last: i64,
}

impl Arrived {
    async fn look(&mut self, store: &Store) {
        // Whoever was killed while a mail of theirs was being kept may have an older number on it than others.
        const EARLIER: i64 = 500;
        for mail in captured_mail::after(store, (self.last - EARLIER).max(0), i64::MAX).await.unwrap() {
            self.last = self.last.max(mail.id);
            if self.seen.insert(mail.id) {
                let text = String::from_utf8_lossy(&mail.bytes).into_owned();
                let id = text.lines().find(|line| line.starts_with("Message-ID: ")).expect("a Message-ID").to_owned();
                *self.copies.entry((mail.envelope_to, id)).or_default() += 1;
            }
        }
    }
}

/// Whoever files the articles, beside the daemons.
struct Newsdesk {
    app: App,
    clock: Clock,
}

impl Newsdesk {
    async fn open(house: &House, newsroom: &Newsroom) -> Self {
        let clock = Clock::by_hand("2026-03-02T07:30:00Z".parse().unwrap());
        let config = Config::load(Some(&house.file()), []).unwrap();
        let app = App::open(config, clock.clone(), Chance::seeded(7)).await.unwrap();
        app.adopt().await.unwrap();
        newsroom.publish("An old story");
        let desk = Self { app, clock };
        desk.collect().await;
        desk.subscribe().await;
        compose::plan_ahead(&desk.app.store, desk.clock.now()).await.unwrap();
        desk
    }

    async fn collect(&self) {
        let line = self.app.line().await.unwrap();
        collect::run(&line, self.clock.now()).await.unwrap();
    }

    /// Files an article at half past; the hour after it.
    async fn publish(&self, newsroom: &Newsroom, round: usize) -> DateTime<Utc> {
        newsroom.publish(&format!("Story {round}"));
        self.collect().await;
        self.clock.advance(TimeDelta::hours(1));
        self.clock.now() - TimeDelta::minutes(30)
    }

    async fn subscribe(&self) {
        let store = &self.app.store;
        let topics: Vec<i64> = declared::topics(store).await.unwrap().iter().map(|topic| topic.id).collect();
        let frequencies = declared::frequencies(store).await.unwrap();
        let hourly = frequencies.iter().find(|frequency| frequency.slug.as_str() == "as-it-happens").unwrap().id;
        let mut tx = store.begin().await.unwrap();
        for (slot, n) in (0..SLOTS).flat_map(|slot| (0..READERS).map(move |n| (slot, n))) {
            let wish = Wish {
                address: format!("reader{slot}-{n}@example.org").parse().unwrap(),
                key: Key(self.app.chance.bytes()),
                settings: Settings {
                    language: self.app.config.site.language.clone(),
                    zone: format!("Etc/GMT-{}", slot + 1).parse().unwrap(),
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
                    frequency: hourly,
                    reason: StartReason::Operator,
                    pending: false,
                    respects_stops: false,
                },
            };
            subscription::grant(&mut tx, &wish, self.clock.now()).await.unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// What the last kills left behind comes to its end, once the leases of the dead are over.
async fn settle(house: &House, newsdesk: &Newsdesk, rounds: usize) {
    let hour = newsdesk.clock.now() - TimeDelta::minutes(25);
    let deadline = Instant::now() + A_ROUND;
    loop {
        let done = house.tidings(&["run", "--once", "--at", &hour.to_rfc3339()]);
        assert_eq!(done.code, 0, "{}", done.err);
        let states = house.states().await;
        if states.0.iter().all(|(state, _)| state == "sent" || state == "expired") {
            return;
        }
        assert!(Instant::now() < deadline, "after {rounds} rounds this is never sent: {states:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn connect(house: &House) -> PgPool {
    let Place::Server { url, .. } = house.place() else { unreachable!("it is on PostgreSQL") };
    PgPool::connect(url).await.unwrap()
}

/// Whether some of the hour's runs are there, and not all of them planned.
async fn is_composing(pool: &PgPool) -> bool {
    let text = "SELECT count(*), count(CASE WHEN state = 'planned' THEN 1 END) FROM run";
    let (begun, planned): (i64, i64) = sqlx::query_as(text).fetch_one(pool).await.unwrap();
    let slots = i64::try_from(SLOTS).unwrap();
    begun % slots != 0 || planned < begun
}

async fn check(arrived: &Arrived, pool: &PgPool, rounds: usize) {
    let one = |text: &'static str| sqlx::query_scalar::<_, i64>(text).fetch_one(pool);

    let all = i64::try_from(rounds * SLOTS).unwrap();
    assert_eq!(one("SELECT count(*) FROM run WHERE state = 'planned'").await.unwrap(), all, "each slot ran each hour");
    assert_eq!(one("SELECT count(*) FROM run WHERE state <> 'planned'").await.unwrap(), 0);
    let windows = "SELECT count(*) FROM run r JOIN run n ON n.slot = r.slot AND n.period =
        (SELECT min(p.period) FROM run p WHERE p.slot = r.slot AND p.period > r.period) WHERE n.lower <> r.upper";
    assert_eq!(one(windows).await.unwrap(), 0, "a run begins where the last one ended");

    let told = "SELECT count(*) FROM (SELECT d.subscriber, e.article FROM delivery d JOIN edition_article e ON e.edition = d.edition
        WHERE d.state = 'sent' GROUP BY d.subscriber, e.article HAVING count(*) = 1) x";
    let all = i64::try_from(rounds * SLOTS * READERS).unwrap();
    assert_eq!(one(told).await.unwrap(), all, "each reader was told of each article once");
    let twice = "SELECT count(*) FROM (SELECT d.subscriber, e.article FROM delivery d JOIN edition_article e ON e.edition = d.edition
        WHERE d.state = 'sent' GROUP BY d.subscriber, e.article HAVING count(*) > 1) x";
    assert_eq!(one(twice).await.unwrap(), 0, "nobody was told twice");

    let sent = one("SELECT count(*) FROM delivery WHERE state = 'sent'").await.unwrap();
    let doubts = one("SELECT coalesce(sum(doubts), 0)::bigint FROM delivery").await.unwrap();
    assert_eq!(i64::try_from(arrived.copies.len()).unwrap(), sent, "what was sent is what arrived");
    let repeated: i64 = arrived.copies.values().map(|copies| copies - 1).sum();
    println!("{sent} mails; {doubts} were in doubt, {repeated} of them arrived once more");
    assert!(repeated <= doubts, "{repeated} repeated, but only {doubts} were in doubt");
}

fn configuration(newsroom: &Newsroom) -> String {
    format!(
        r#"
[web]
listen = "127.0.0.1:0"

[collect]
per_host_delay = "1ms"

[delivery]
# One message may be in doubt after many kills.
resend_at_most = 1000
# So that what a dead one held is free again soon.
lease = "1500ms"

[relay]
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
slug = "stories"
name = {{ en = "Stories" }}
any_word = ["story"]
"#,
        url = newsroom.url(),
    )
}
