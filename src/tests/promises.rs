//! The stories of `model::oracle` through the real program, on both engines: real feeds, the store's own changes,
//! withdrawals and pages of planning, each from a plan opened anew, as after a kill. What the oracle's world holds of
//! each delivery, the ledger must hold, step by step; and at rest the oracle must be content.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::app::{Reader, TestApp};
use super::engine::{Engine, on_both_engines};
use crate::model::delivery::Mode;
use crate::model::holdings::SlotKey;
use crate::model::oracle::{Act, Fate, PAGE, READERS, REGIONS, TOPICS, World, seed};
use crate::model::schedule::Firing;
use crate::model::topic::Facet;
use crate::pipeline::collect;
use crate::pipeline::compose::plan::Plan;
use crate::store::run::{self, Beginning};
use crate::store::{Db, declared, feed, slot, withdrawal};

const STEPS: usize = 2_000;
/// Longer than in memory: to make one takes longer.
const STEPS_OF_A_WORLD: usize = 200;

/// A feed for each topic and region.
fn newsroom() -> String {
    let feed = |slug: String| format!("[[feed]]\nslug = \"{slug}\"\nurl = \"FEEDS/{slug}\"\nallow_private = true\n");
    let shelf = |kind: &str, id: i64| {
        format!("[[{kind}]]\nslug = \"of-{id}\"\nname = {{ en = \"{id}\" }}\nfeeds = [\"feed-{id}\"]\n")
    };
    let ids = TOPICS.iter().chain(&REGIONS);
    let feeds: String = ids.map(|id| feed(format!("feed-{id}"))).collect();
    let topics: String = TOPICS.iter().map(|id| shelf("topic", *id)).collect();
    let regions: String = REGIONS.iter().map(|id| shelf("region", *id)).collect();
    feeds + &topics + &regions
}

struct Real {
    app: TestApp,
    runs: i64,
}

impl Real {
    async fn open(engine: Engine) -> Self {
        let app = TestApp::of(engine, "2026-03-02 12:00", &newsroom(), &[]).await;
        for reader in 1..=READERS {
            let regions: &[&str] = if reader % 2 == 0 { &["of-5"] } else { &[] };
            let address = format!("r{reader}@example.org");
            app.add(Reader { regions, ..Reader::of(&address, &[]) }).await;
            assert_eq!(app.reader(&address).await, reader, "the world's numbers are the database's");
        }
        for (facet, ids) in [(Facet::Topic, &TOPICS[..]), (Facet::Region, &REGIONS)] {
            let declared = declared::topics(&app.app.store).await.unwrap().into_iter().filter(|t| t.facet == facet);
            assert_eq!(declared.map(|topic| topic.id).collect::<Vec<_>>(), ids);
        }
        let frequencies = declared::frequencies(&app.app.store).await.unwrap();
        let slugs: Vec<(i64, &str)> = frequencies.iter().map(|f| (f.id, f.slug.as_str())).collect();
        assert_eq!(slugs, [(1, "daily"), (2, "weekly"), (3, "as-it-happens")]);
        Self { app, runs: 0 }
    }

    async fn act(&mut self, act: &Act) {
        let (store, now) = (&self.app.app.store, self.app.clock.now());
        match act {
            Act::File(article, under) => self.file(*article, under).await,
            Act::Change(reader, change) => {
                let address = format!("r{reader}@example.org");
                self.app.change(&address, |holdings, ground| change.apply(holdings, ground)).await;
            }
            Act::Withdraw(article) => {
                let Some(id) = self.article(*article).await else { return };
                let mut tx = store.begin().await.unwrap();
                withdrawal::withdraw(&mut tx, id, now).await.unwrap();
                tx.commit().await.unwrap();
                withdrawal::sweep(store, now).await.unwrap();
            }
            Act::Begin(key) => self.begin(*key).await,
            Act::Page(key, has_ended) => self.page(*key, *has_ended).await,
            Act::Fate(delivery, fate, doubted) => self.settle(*delivery, *fate, *doubted).await,
        }
    }

    /// One filing after the other, each seen in a feed of its own.
    async fn file(&self, article: i64, under: &[i64]) {
        for id in under {
            self.app.publish(&format!("feed-{id}"), &title(article));
            let mut tx = self.app.app.store.begin().await.unwrap();
            feed::make_all_due(&mut tx, self.app.clock.now()).await.unwrap();
            tx.commit().await.unwrap();
            let collected = collect::run(self.app.line(), self.app.clock.now()).await.unwrap();
            assert_eq!(collected.filed, 1, "{collected:?}");
        }
    }

    /// None: it was filed nowhere yet.
    async fn article(&self, article: i64) -> Option<i64> {
        let sql = format!("SELECT CAST(id AS TEXT) FROM article WHERE title = '{}'", title(article));
        self.rows(&sql).await.first().map(|id| id.parse().unwrap())
    }

    async fn slot(&self, key: SlotKey) -> slot::Slot {
        let SlotKey { frequency, hour, .. } = key;
        let sql = format!("SELECT CAST(id AS TEXT) FROM slot WHERE frequency = {frequency} AND hour = {hour}");
        let id = self.rows(&sql).await.remove(0).parse().unwrap();
        slot::by_id(&self.app.app.store, id).await.unwrap().unwrap()
    }

    async fn begin(&mut self, key: SlotKey) {
        self.runs += 1;
        let slot = self.slot(key).await;
        let at = self.app.clock.now() + TimeDelta::minutes(self.runs);
        let firing = Firing { period: at.naive_utc(), at };
        let beginning = Beginning { slot: slot.id, firing, late: false, mode: Mode::Live, held: None };
        let mut tx = self.app.app.store.begin().await.unwrap();
        assert!(run::begin(&mut tx, &beginning, self.app.clock.now()).await.unwrap().is_some());
        tx.commit().await.unwrap();
    }

    async fn page(&self, key: SlotKey, has_ended: bool) {
        let slot = self.slot(key).await;
        let planning = run::planning(&self.app.app.store).await.unwrap();
        let run = planning.into_iter().find(|run| run.slot == slot.id).expect("a run that is being planned");
        let mut plan = Plan::open(self.app.line(), run, slot).await.unwrap();
        plan.at_once = i64::try_from(PAGE).unwrap();
        let planned = plan.page(self.app.clock.now()).await.unwrap();
        if has_ended && planned.is_some() {
            assert_eq!(plan.page(self.app.clock.now()).await.unwrap(), None, "nobody is left");
        }
    }

    /// As delivering leaves its row, and its reader's enrolments.
    async fn settle(&self, delivery: usize, fate: Fate, doubted: bool) {
        let state = match fate {
            Fate::Ready => "ready",
            Fate::Claimed => "claimed",
            Fate::Uncertain => "uncertain",
            Fate::Sent => "sent",
            Fate::Unsent => "not sent",
            Fate::Withdrawn => unreachable!("the program does that itself"),
        };
        let id = self.rows("SELECT CAST(d.id AS TEXT) FROM delivery d ORDER BY d.id").await.remove(delivery);
        let doubts = i64::from(doubted);
        self.exec(&format!("UPDATE delivery SET state = '{state}', doubts = {doubts} WHERE id = {id}")).await;
        if fate == Fate::Unsent {
            let fold = "UPDATE enrolment SET fold = TRUE WHERE subscriber =";
            self.exec(&format!("{fold} (SELECT subscriber FROM delivery WHERE id = {id})")).await;
        }
    }

    /// Of each delivery ever made, whose it is, and the articles of its edition.
    async fn ledger(&self) -> Vec<(i64, BTreeSet<String>)> {
        let sql = "SELECT CAST(d.id AS TEXT) || ' ' || CAST(d.subscriber AS TEXT) || ' ' || a.title FROM delivery d
            JOIN edition_article e ON e.edition = d.edition JOIN article a ON a.id = e.article ORDER BY d.id";
        let mut all: Vec<(String, i64, BTreeSet<String>)> = Vec::new();
        for row in self.rows(sql).await {
            let mut words = row.splitn(3, ' ');
            let mut next = || words.next().unwrap().to_owned();
            let (id, reader, title) = (next(), next().parse().unwrap(), next());
            match all.last_mut().filter(|(last, ..)| *last == id) {
                Some((.., titles)) => drop(titles.insert(title)),
                None => all.push((id, reader, BTreeSet::from([title]))),
            }
        }
        all.into_iter().map(|(_, reader, titles)| (reader, titles)).collect()
    }

    async fn rows(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.app.app.store.db() {
            Db::Lite { read, .. } => sqlx::query_scalar(sql).fetch_all(read).await.unwrap(),
            Db::Pg { pool, .. } => sqlx::query_scalar(sql).fetch_all(pool).await.unwrap(),
        }
    }

    async fn exec(&self, sql: &str) {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.app.app.store.db() {
            Db::Lite { write, .. } => {
                let mut writer = write.acquire().await.unwrap();
                sqlx::query(sql).execute(&mut *writer).await.unwrap();
            }
            Db::Pg { pool, .. } => drop(sqlx::query(sql).execute(pool).await.unwrap()),
        }
    }
}

fn title(article: i64) -> String {
    format!("Story {article}")
}

/// How many digests it had.
async fn play_a_world(engine: Engine, seed: u64) -> usize {
    let mut world = World::open(seed, None);
    let mut real = Real::open(engine).await;
    for step in 0..=STEPS_OF_A_WORLD {
        if step < STEPS_OF_A_WORLD {
            world.step();
        } else {
            world.rest();
        }
        let acts = world.acts();
        for act in &acts {
            real.act(act).await;
        }
        let expected: Vec<(i64, BTreeSet<String>)> = world
            .ledger_of_all()
            .into_iter()
            .map(|(reader, all)| (reader, all.into_iter().map(title).collect()))
            .collect();
        let told = real.ledger().await;
        assert_eq!(told, expected, "step {step}, TIDINGS_SEED={seed}: {acts:#?}\n{}", world.said());
    }
    assert_eq!(world.wrong(), [], "TIDINGS_SEED={seed}\n{}", world.said());
    world.ledger_of_all().len()
}

on_both_engines! {
    async fn nothing_is_lost_and_nothing_comes_twice_in_2_000_steps(engine: Engine) {
        let mut digests = 0;
        for world in 0..STEPS.div_ceil(STEPS_OF_A_WORLD) {
            digests += play_a_world(engine, seed() + u64::try_from(world).unwrap()).await;
        }
        assert!(digests > 100, "{digests} digests prove nothing");
    }
}
