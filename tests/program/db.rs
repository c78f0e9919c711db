//! The database itself: looked at, brought up to date, moved to the other engine.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::{Value, json};
use tidings::store::known_schema;

use tidings::store::{Place, Store};

use crate::commands::{configuration, house};
use crate::engine::{Engine, TestDatabase};
use crate::house::{House, free_port};
use crate::kill::{AFTER_EIGHT, Story};
use crate::newsroom::Newsroom;

fn url(place: &Place) -> String {
    match place {
        Place::File(file) => format!("sqlite:{}", file.display()),
        Place::Server { url, .. } => url.clone(),
    }
}

/// How many rows each table has.
fn rows(status: &Value) -> BTreeMap<String, i64> {
    let tables = status["tables"].as_array().unwrap().iter();
    tables.map(|table| (table["name"].as_str().unwrap().to_owned(), table["rows"].as_i64().unwrap())).collect()
}

#[test]
fn the_status_of_a_database_says_where_it_is_and_what_is_in_it() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    assert_snapshot!(house.tidings(&["db", "status"]).ended(4).err, @"
    error: there is no database tidings.db yet
      try:  storage.url in the configuration names it; the first command that needs it makes it
    ");
    assert!(!house.folder().join("tidings.db").exists(), "looking makes none");
    house.tidings(&["subscriber", "add", "a@example.org", "--topic", "health"]).ended(0);

    let status = house.tidings(&["db", "status", "--json"]).json();
    assert_eq!((&status["engine"], &status["place"]), (&json!("SQLite"), &json!("tidings.db")));
    assert_eq!((&status["schema"], &status["known_schema"]), (&json!(known_schema()), &json!(known_schema())));
    assert!(status["bytes"].as_i64().unwrap() > 100_000, "{status}");
    assert_eq!(rows(&status)["subscriber"], 1);
    let text = house.tidings(&["db", "status"]).ended(0).out;
    let first = format!("engine   SQLite\nplace    tidings.db\nschema   {}, this program's\nsize ", known_schema());
    assert!(text.starts_with(&first), "{text}");
    assert!(text.contains("\n  subscriber         1\n"), "{text}");
}

#[tokio::test]
async fn an_older_database_is_brought_up_to_date_when_one_says_so() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let file = house.folder().join("tidings.db");
    let older = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file.display())).await.unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let mut step = sqlx::migrate::Migrator::new(folder).await.unwrap();
    step.migrations = step.migrations.iter().filter(|m| m.version <= 2).cloned().collect();
    step.run(&older).await.unwrap();
    older.close().await;

    let status = house.tidings(&["db", "status"]).ended(0).out;
    let newest = known_schema().to_string();
    let told = format!("schema   2; this program's is {newest}, `tidings db migrate` brings it there");
    assert!(status.contains(&told), "{status}");
    let migrate = |more: &[&str]| {
        let command: Vec<&str> = ["db", "migrate"].iter().chain(more).copied().collect();
        house.tidings(&command).ended(0).out.replace(&newest, "[newest]")
    };
    assert_snapshot!(migrate(&["-n"]), @"the schema would be brought from 2 to [newest]; a copy as before would be written to tidings.db.before-3");
    assert_eq!(house.tidings(&["db", "status", "--json"]).json()["schema"], 2);
    assert_snapshot!(migrate(&[]), @"the schema was brought from 2 to [newest]; a copy as before was written to tidings.db.before-3");
    assert_snapshot!(migrate(&[]), @"the schema is up to date: [newest]");
    let before = house.tidings(&["backup", "verify", "tidings.db.before-3"]).ended(0).out;
    assert!(before.contains(&format!("older than this program's ({newest})")), "{before}");
}

/// Digests wait in the one database, and are sent from the other, each once.
/// As when a service and somebody who looks at it begin at once.
#[test]
fn commands_that_come_at_once_to_a_new_house_make_its_database_once() {
    for _ in 0..3 {
        let house = House::on(Engine::Sqlite).unwrap();
        house.configure("");
        let mut at_once: Vec<_> = (0..4).map(|_| house.start(&["status"])).collect();
        for command in &mut at_once {
            assert_eq!(command.end_within(Duration::from_secs(60)), 0, "{}", command.said());
        }
    }
}

#[test]
fn an_installation_moves_from_one_engine_to_the_other_and_back() {
    let Some(TestDatabase { place: server, folder: _server }) = Engine::Postgres.database() else { return };
    let story = Story::with(Engine::Sqlite, 6, 2).unwrap();
    let house = &story.house;
    let text = fs::read_to_string(house.file()).unwrap();
    let before = house.tidings(&["db", "status", "--json"]).json();

    let dry = house.tidings(&["db", "copy", &url(&server), "-n"]).ended(0).out;
    assert!(dry.starts_with("would be copied: "), "{dry}");
    let copied = house.tidings(&["db", "copy", &url(&server)]).ended(0);
    assert!(copied.out.starts_with("copied and counted on both sides: "), "{copied:?}");
    assert!(copied.err.contains("now write storage.url ="), "{copied:?}");
    let again = house.tidings(&["db", "copy", &url(&server)]).ended(5).err;
    assert!(again.contains("the target is not empty: there are rows in `"), "{again}");

    let on = |place: &Place| {
        fs::write(house.file(), text.replace("sqlite:tidings.db", &url(place))).unwrap();
    };
    on(&server);
    let there = house.tidings(&["db", "status", "--json"]).json();
    assert_eq!(there["engine"], "PostgreSQL");
    assert_eq!(rows(&there), rows(&before));
    house.tidings(&["run", "--once", "--at", AFTER_EIGHT]).ended(0);
    assert_eq!(story.relay.accepted(), 6);
    // Numbers go on where they were.
    let add = ["subscriber", "add", "late@example.org", "--topic", "health", "--at", AFTER_EIGHT];
    house.tidings(&add).ended(0);

    let back = Place::File(house.folder().join("back.db"));
    house.tidings(&["db", "copy", &url(&back)]).ended(0);
    let rows_there = rows(&house.tidings(&["db", "status", "--json"]).json());
    on(&back);
    let mut rows_back = rows(&house.tidings(&["db", "status", "--json"]).json());
    assert_eq!(rows_back, rows_there);
    house.tidings(&["backup", "verify", "back.db"]).ended(0);
    house.tidings(&["run", "--once", "--at", AFTER_EIGHT]).ended(0);
    assert_eq!(story.relay.accepted(), 6, "nobody got it twice");
    house.tidings(&["subscriber", "add", "later@example.org", "--topic", "health", "--at", AFTER_EIGHT]).ended(0);
    rows_back = rows(&house.tidings(&["db", "status", "--json"]).json());
    assert_eq!(rows_back["subscriber"], 8);
}

#[test]
fn a_copy_beside_a_daemon_is_refused() {
    let newsroom = Newsroom::open();
    let house = House::new();
    house.configure(&configuration(&newsroom, free_port()));
    let daemon = house.at_work();
    let refused = house.tidings(&["db", "copy", "sqlite:copy.db"]).ended(5).err;
    assert!(
        refused.contains(&format!("tidings.db is in use by `tidings run` with process id {}", daemon.pid())),
        "{refused}"
    );
    assert!(!house.folder().join("copy.db").exists());
    assert!(
        house.tidings(&["db", "copy", "sqlite:tidings.db"]).ended(5).err.contains("the target is the database itself")
    );
    house.tidings(&["db", "copy", "tidings.db"]).ended(2);
}

#[tokio::test]
async fn every_row_is_the_same_in_the_copy() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story \\ with \"quotes\", a \u{1F33B} and\ta tab");
    let house = house(&newsroom);
    let at = |time: &str, command: &[&str]| {
        let time = format!("2026-03-02 {time}");
        let command: Vec<&str> = command.iter().copied().chain(["--at", &time]).collect();
        house.tidings(&command).ended(0);
    };
    at("07:00", &["subscriber", "add", "a@example.org", "--topic", "health", "--region", "africa"]);
    at("07:00", &["subscriber", "add", "b@example.org", "--topic", "health"]);
    at("07:00", &["run", "--once"]);
    newsroom.publish("A clinic opens");
    at("07:30", &["run", "--once"]);
    at("08:00", &["run", "--once"]);
    house.tidings(&["db", "copy", "sqlite:copy.db"]).ended(0);
    assert_eq!(dump(&house, "tidings.db").await, dump(&house, "copy.db").await);
}

/// Every row of every table, as SQLite quotes it, and the numbers given so far.
pub async fn dump(house: &House, file: &str) -> Vec<String> {
    let place = Place::File(house.folder().join(file));
    let store = Store::open(&place).await.unwrap();
    let tables = tidings::store::tables::all(&store).await.unwrap();
    store.close().await;
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", house.folder().join(file).display())).await.unwrap();
    let mut lines = Vec::new();
    for table in tables.iter().filter(|table| table.name != "lease") {
        let columns: Vec<String> = table.columns.iter().map(|column| format!("quote(\"{}\")", column.name)).collect();
        let text =
            format!("SELECT '{0}:' || {1} AS one FROM \"{0}\" ORDER BY one", table.name, columns.join(" || ',' || "));
        let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_all(&pool).await.unwrap();
        lines.extend(rows);
    }
    let numbers = "SELECT name || ' ' || seq FROM sqlite_sequence WHERE seq > 0 ORDER BY name";
    lines.extend(sqlx::query_scalar::<_, String>(numbers).fetch_all(&pool).await.unwrap());
    pool.close().await;
    assert!(lines.len() > 20, "{lines:?}");
    lines
}
