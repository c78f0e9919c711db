//! An upgrade that is killed at any moment: the next start goes on where it was, and every row is there.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use sqlx::AssertSqlSafe;
use sqlx::migrate::Migrator;
use tidings::store::Place;

use crate::commands::configuration;
use crate::db;
use crate::dice::Dice;
use crate::engine::Engine;
use crate::house::{House, free_port};
use crate::newsroom::Newsroom;

const OLDEST: i64 = 1;

fn in_the_project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(path)
}

/// A house as the first version left it, with a row of every kind.
async fn old_house(newsroom: &Newsroom, engine: Engine) -> Option<House> {
    let house = House::on(engine)?;
    house.configure(&configuration(newsroom, free_port()));
    let rows = fs::read_to_string(in_the_project("rows/0001_start.sql")).unwrap();
    match house.place() {
        Place::File(file) => {
            let old = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file.display())).await.unwrap();
            first_step("sqlite").await.run(&old).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(rows)).execute(&old).await.unwrap();
            old.close().await;
        }
        Place::Server { url, .. } => {
            let old = sqlx::PgPool::connect(url).await.unwrap();
            first_step("postgres").await.run(&old).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(rows.replace("x'", "'\\x"))).execute(&old).await.unwrap();
            old.close().await;
        }
    }
    Some(house)
}

async fn first_step(engine: &str) -> Migrator {
    let mut all = Migrator::new(in_the_project(engine)).await.unwrap();
    all.migrations = all.migrations.iter().filter(|step| step.version <= OLDEST).cloned().collect();
    all
}

/// All that is in it, as text.
async fn dump(house: &House) -> Vec<String> {
    let Place::Server { url, .. } = house.place() else { return db::dump(house, "tidings.db").await };
    let told = Command::new("pg_dump").args(["--inserts", "--no-owner", "-d", url]).output().expect("pg_dump");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let mut lines: Vec<String> = String::from_utf8(told.stdout).unwrap().lines().map(str::to_owned).collect();
    // When each step ran, and a word that differs each time.
    lines.retain(|line| !line.contains("_sqlx_migrations") && !line.contains("restrict "));
    lines.sort();
    assert!(lines.len() > 100, "{lines:?}");
    lines
}

async fn killed_and_begun_again(engine: Engine, kills: u32) {
    let newsroom = Newsroom::open();
    let Some(whole) = old_house(&newsroom, engine).await else { return };
    let began = Instant::now();
    whole.tidings(&["db", "migrate"]).ended(0);
    let mut took = began.elapsed();
    let expected = dump(&whole).await;

    let (mut dice, mut in_the_middle) = (Dice::thrown(), 0);
    // A kill that came too late counts for nothing, and shows that an upgrade takes less than was thought: so of these
    // the last would come at once.
    for _ in 0..4 * kills {
        if in_the_middle == kills {
            break;
        }
        let house = old_house(&newsroom, engine).await.unwrap();
        let upgrade = house.start(&["db", "migrate"]);
        // From the first moment to the last, with a little chance.
        let moment = took * in_the_middle / kills + Duration::from_micros(dice.up_to(2_000) as u64);
        thread::sleep(moment);
        if upgrade.kill() {
            in_the_middle += 1;
        } else {
            took = took * 3 / 4;
        }
        let status = house.tidings(&["db", "status", "--json"]).ended(0).json();
        let reached = status["schema"].as_i64().unwrap();
        assert!((OLDEST..=status["known_schema"].as_i64().unwrap()).contains(&reached), "{status}");
        house.tidings(&["db", "migrate"]).ended(0);
        assert_eq!(dump(&house).await, expected, "killed after {moment:?}, when the schema was {reached}");
        let copy = house.folder().join("tidings.db.before-2");
        if engine == Engine::Sqlite && reached == OLDEST {
            house.tidings(&["backup", "verify", copy.to_str().unwrap()]).ended(0);
        }
    }
    assert_eq!(in_the_middle, kills, "too few kills found an upgrade under way");
}

#[tokio::test]
async fn twenty_kills_during_an_upgrade_lose_nothing_on_sqlite() {
    killed_and_begun_again(Engine::Sqlite, 20).await;
}

#[tokio::test]
async fn ten_kills_during_an_upgrade_lose_nothing_on_postgres() {
    killed_and_begun_again(Engine::Postgres, 10).await;
}

#[tokio::test]
#[ignore = "long: 300 kills"]
async fn three_hundred_kills_during_an_upgrade_lose_nothing_on_sqlite() {
    killed_and_begun_again(Engine::Sqlite, 300).await;
}

#[tokio::test]
#[ignore = "long: 100 kills"]
async fn a_hundred_kills_during_an_upgrade_lose_nothing_on_postgres() {
    killed_and_begun_again(Engine::Postgres, 100).await;
}
