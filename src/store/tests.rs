//! What stands in for compile-time checks: every statement is prepared on both engines, the two schemas are held
//! against each other, and the plans of the hot statements are read.

use sqlx::{Column, Executor, Row as _, SqlSafeStr, Statement, TypeInfo};

use super::db::Db;
use super::sql::{Sql, args, same, two};
use super::{Store, *};
use crate::tests::engine::{Engine, TestDatabase};
use crate::tests::rows::{Rows, tables};

const FILES: &[(&str, &[(&str, &Sql)])] = &[
    ("adoption", adoption::ALL),
    ("ahead", ahead::ALL),
    ("article", article::ALL),
    ("audience", audience::ALL),
    ("backup", backup::ALL),
    ("captured_mail", captured_mail::ALL),
    ("claim", claim::ALL),
    ("consent", consent::ALL),
    ("copy", copy::ALL),
    ("declared", declared::ALL),
    ("delivery", delivery::ALL),
    ("edition", edition::ALL),
    ("feed", feed::ALL),
    ("filing", filing::ALL),
    ("flood", flood::ALL),
    ("former", former::ALL),
    ("habit", habit::ALL),
    ("health", health::ALL),
    ("hold", hold::ALL),
    ("holdings", holdings::ALL),
    ("lease", lease::ALL),
    ("ledger", ledger::ALL),
    ("letter", letter::ALL),
    ("mark", mark::ALL),
    ("nudge", nudge::ALL),
    ("page", page::ALL),
    ("queue", queue::ALL),
    ("request", request::ALL),
    ("restored", restored::ALL),
    ("retention", retention::ALL),
    ("revision", revision::ALL),
    ("run", run::ALL),
    ("setting", setting::ALL),
    ("sighting", sighting::ALL),
    ("slot", slot::ALL),
    ("subscriber", subscriber::ALL),
    ("subscription", subscription::ALL),
    ("suppression", suppression::ALL),
    ("tables", tables::ALL),
    ("withdrawal", withdrawal::ALL),
];

/// Statements that run for every reader, delivery or minute: none may scan a table that grows.
const HOT: &[(&str, &[&str])] = &[
    ("ahead", &["READY", "DEFERRED", "HELD_BACK"]),
    ("article", &["TEXTS", "WITHDRAWN", "MARKED_AFTER"]),
    ("sighting", &["SIGHTED", "BY_LINK", "SEEN_AGAIN"]),
    ("claim", &["TAKE", "TAKEN"]),
    ("delivery", &["DEFERRED", "ENDED", "RELEASED", "NEXT", "RESEND", "CONFIRMATION"]),
    ("edition", &["FIND", "BY_ID", "BY_IDS", "BY_KEY"]),
    ("mark", &["WRITE", "MARKED"]),
    ("feed", &["DUE"]),
    ("filing", &["WINDOW", "RIPE", "OF_ARTICLE", "SEEN_AFTER", "HELD"]),
    ("flood", &["STANDING", "FIND"]),
    (
        "page",
        &[
            "ENROLMENTS",
            "HOLD_FLAGS",
            "FOLD",
            "FOLDED_INTO",
            "FIRST_TO_TELL",
            "UNSETTLED",
            "DELIVERIES",
            "TOLD",
            "OWING",
            "WANT_FOLDING",
            "SERVED",
            "SERVE",
        ],
    ),
    ("request", &["COUNT_OF_DAY"]),
    ("hold", &["CANCELLED", "WAITING", "COUNT_WAITING", "CANCEL", "WANT_FOLDING", "SWEPT"]),
    ("revision", &["WAITING"]),
    ("withdrawal", &["SWEEPING", "WITH_ARTICLE", "WAITING_WITH", "REVISE", "CANCEL", "SWEPT", "REACH"]),
    ("run", &["PLANNING", "PLANNING_OF"]),
    ("slot", &["DUE", "NEXT", "WAKE"]),
    ("suppression", &["FIND", "AMONG"]),
    ("subscriber", &["BY_ADDRESS", "BY_ADDRESSES", "BY_KEY"]),
    (
        "holdings",
        &[
            "SUBSCRIBERS",
            "SUBSCRIPTIONS",
            "REGIONS",
            "ENROLMENTS",
            "SLOTS",
            "WAKING",
            "LOCK_SUBSCRIBERS",
            "PUT_SUBSCRIBERS",
            "PUT",
            "LEAVE",
            "CANCEL_WAITING",
        ],
    ),
];

async fn open(engine: Engine) -> Option<(Store, TestDatabase)> {
    let database = engine.database()?;
    Some((Store::open(&database.place).await.expect("a fresh database opens"), database))
}

#[tokio::test]
async fn every_file_of_statements_is_in_the_list() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let declares = text.contains("\nstatements! {");
        assert_eq!(declares, FILES.iter().any(|(file, _)| *file == name), "{name}");
    }
}

#[tokio::test]
async fn every_statement_is_understood_by_both_engines_and_means_the_same() {
    let (lite, _lite_database) = open(Engine::Sqlite).await.unwrap();
    let Db::Lite { write, .. } = lite.db() else { unreachable!() };
    let pg = open(Engine::Postgres).await;

    for (file, statements) in FILES {
        for (name, sql) in *statements {
            let on_lite = write.acquire().await.unwrap().prepare(sql.lite.into_sql_str()).await;
            let on_lite = on_lite.unwrap_or_else(|e| panic!("{file}::{name} on SQLite: {e}"));
            let places = on_lite.parameters().map(|p| p.right().unwrap_or(0)).unwrap_or(0);
            assert_eq!(places, sql.places, "{file}::{name}: places on SQLite");

            let Some((pg, _)) = &pg else { continue };
            let Db::Pg { pool, .. } = pg.db() else { unreachable!() };
            let on_pg = pool.acquire().await.unwrap().prepare(sql.pg.into_sql_str()).await;
            let on_pg = on_pg.unwrap_or_else(|e| panic!("{file}::{name} on PostgreSQL: {e}"));
            assert_eq!(on_pg.columns().len(), on_lite.columns().len(), "{file}::{name}: columns");
            let types: Vec<String> =
                on_pg.parameters().unwrap().left().unwrap().iter().map(|t| t.name().to_owned()).collect();
            assert_eq!(types.len(), sql.places, "{file}::{name}: places on PostgreSQL");
            for t in types.iter().map(String::as_str).chain(on_pg.columns().iter().map(|c| c.type_info().name())) {
                let ours = ["BOOL", "INT8", "TEXT", "BYTEA", "INT8[]", "BYTEA[]", "JSON"];
                assert!(ours.contains(&t), "{file}::{name} has a value of type {t} on PostgreSQL: cast it");
            }
        }
    }
}

#[tokio::test]
async fn a_statement_by_itself_is_written_whole_or_not_at_all() {
    const PUT: Sql = same("INSERT INTO setting (name, value) VALUES ('a', $1), ('b', $1)");
    const CHANGE: Sql = same("UPDATE setting SET name = CASE name WHEN 'a' THEN 'c' ELSE $1 END");
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some((store, _database)) = open(engine).await else { continue };
        assert_eq!(store.db().exec(&PUT, args!["1"]).await.unwrap(), 2, "{engine:?}");
        assert!(store.db().exec(&CHANGE, args!["c"]).await.is_err(), "{engine:?}: there would be two of a name");
        assert_eq!(setting::get(&store, "a").await.unwrap().as_deref(), Some("1"), "{engine:?}: nothing of it is left");
        assert_eq!(store.db().exec(&CHANGE, args!["d"]).await.unwrap(), 2, "{engine:?}");
    }
}

#[test]
fn every_lane_is_named_where_all_are() {
    let all: Vec<String> = (0..=claim::LAST_LANE).map(|lane| lane.to_string()).collect();
    assert_eq!(claim::lanes!(), all.join(", "));
}

#[tokio::test]
async fn a_commit_waits_for_the_disk_unless_it_is_said_not_to() {
    const NOTE: Sql = two(
        "INSERT INTO setting (name, value) SELECT $1, CASE synchronous WHEN 2 THEN 'waits' WHEN 1 THEN 'does not' END FROM pragma_synchronous",
        "INSERT INTO setting (name, value) SELECT $1, CASE current_setting('synchronous_commit') WHEN 'on' THEN 'waits' WHEN 'off' THEN 'does not' END",
    );
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some((store, _database)) = open(engine).await else { continue };
        let by_itself = async |name: &str| store.db().exec(&NOTE, args![name]).await.unwrap();
        by_itself("first").await;
        for (name, relaxed) in [("relaxed", true), ("forced", false), ("relaxed again", true)] {
            let begun = if relaxed { store.begin_relaxed().await } else { store.begin().await };
            let mut tx = begun.unwrap();
            tx.exec(&NOTE, args![name]).await.unwrap();
            tx.commit().await.unwrap();
        }
        by_itself("after a relaxed one").await;
        // What is taken back leaves nothing behind either.
        store.begin_relaxed().await.unwrap().rollback().await.unwrap();
        by_itself("after another").await;

        // A process that outlives its server must not go on with what the server has lost.
        let of_relaxed = if engine == Engine::Sqlite { "does not" } else { "waits" };
        for (name, expected) in [
            ("first", "waits"),
            ("relaxed", of_relaxed),
            ("forced", "waits"),
            ("relaxed again", of_relaxed),
            ("after a relaxed one", "waits"),
            ("after another", "waits"),
        ] {
            assert_eq!(setting::get(&store, name).await.unwrap().as_deref(), Some(expected), "{name} on {engine:?}");
        }
        if let Db::Lite { write, .. } = store.db() {
            drop(store.begin_relaxed().await.unwrap());
            let mut connection = write.acquire().await.unwrap();
            let level: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut *connection).await.unwrap();
            assert_eq!(level, 2, "whoever asks for the connection itself");
        }
    }
}

#[tokio::test]
async fn a_statement_by_itself_waits_for_whoever_else_writes() {
    const PUT: Sql = same("INSERT INTO setting (name, value) VALUES ($1, $2)");
    const ADD: Sql = same("UPDATE setting SET value = value || $2 WHERE name = $1");
    let (store, database) = open(Engine::Sqlite).await.unwrap();
    let other = Store::open(&database.place).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    tx.exec(&PUT, args!["a", "first"]).await.unwrap();
    let second = args!["a", ", second"].to_vec();
    let (written, ()) = tokio::join!(store.db().exec(&ADD, &second), async {
        tokio::task::yield_now().await;
        tx.commit().await.unwrap();
    });
    assert_eq!(written.unwrap(), 1);
    assert_eq!(setting::get(&store, "a").await.unwrap().as_deref(), Some("first, second"));
}

/// (table, column, kind of type, may be null)
type Columns = Vec<(String, String, String, bool)>;

async fn lite_columns(store: &Store) -> Columns {
    let Db::Lite { write, .. } = store.db() else { unreachable!() };
    let rows = sqlx::query(
        "SELECT m.name, c.name, c.type, c.\"notnull\" OR (c.pk > 0) FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY m.name, c.cid",
    );
    let rows = rows.fetch_all(&mut *write.acquire().await.unwrap()).await.unwrap();
    rows.iter().map(|r| (r.get(0), r.get(1), r.get::<String, _>(2), r.get::<i64, _>(3) == 0)).collect()
}

async fn pg_columns(store: &Store) -> Columns {
    let Db::Pg { pool, .. } = store.db() else { unreachable!() };
    let rows = sqlx::query(
        "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'YES' FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%' ORDER BY table_name, ordinal_position",
    );
    let kind = |t: String| match t.as_str() {
        "bigint" | "boolean" => "INTEGER".to_owned(),
        "bytea" => "BLOB".to_owned(),
        other => other.to_uppercase(),
    };
    let rows = rows.fetch_all(pool).await.unwrap();
    rows.iter().map(|r| (r.get(0), r.get(1), kind(r.get(2)), r.get(3))).collect()
}

#[tokio::test]
async fn the_two_schemas_are_one() {
    let (lite, _lite_database) = open(Engine::Sqlite).await.unwrap();
    let columns = lite_columns(&lite).await;
    assert!(columns.len() > 100, "the schema is there");
    if let Some((pg, _)) = open(Engine::Postgres).await {
        assert_eq!(columns, pg_columns(&pg).await);
    }
}

fn hot() -> impl Iterator<Item = (String, &'static Sql)> {
    HOT.iter().flat_map(|(file, names)| {
        let (_, all) = FILES.iter().find(|(f, _)| f == file).expect("a file of the list");
        names.iter().map(move |name| {
            let (_, sql) = all.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("{file} has no {name}"));
            (format!("{file}::{name}"), *sql)
        })
    })
}

#[tokio::test]
async fn no_hot_statement_scans_a_table() {
    let (lite, _lite_database) = open(Engine::Sqlite).await.unwrap();
    let Db::Lite { write, .. } = lite.db() else { unreachable!() };
    for (name, sql) in hot() {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", sql.lite));
        for row in sqlx::query(explain).fetch_all(&mut *write.acquire().await.unwrap()).await.unwrap() {
            let step: String = row.get(3);
            let scans = step.starts_with("SCAN")
                && !step.contains("VIRTUAL TABLE")
                && !step.contains("USING INDEX")
                && !step.contains("USING COVERING INDEX");
            assert!(!scans, "{name} on SQLite: {step}");
        }
    }
    let Some((pg, _database)) = open(Engine::Postgres).await else { return };
    let Db::Pg { pool, .. } = pg.db() else { unreachable!() };
    let mut connection = pool.acquire().await.unwrap();
    connection.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan").await.unwrap();
    for (name, sql) in hot() {
        let places = vec!["NULL"; sql.places].join(", ");
        let arguments = if places.is_empty() { String::new() } else { format!("({places})") };
        let text = format!("PREPARE hot AS {}; EXPLAIN EXECUTE hot{arguments}; DEALLOCATE hot", sql.pg);
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(text)).fetch_all(&mut *connection).await.unwrap();
        for row in rows {
            let step: String = row.get(0);
            assert!(!step.contains("Seq Scan"), "{name} on PostgreSQL: {step}");
        }
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused_with_a_sentence() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some((store, database)) = open(engine).await else { continue };
        Store::open(&database.place).await.expect("one that is up to date opens as it is").close().await;

        let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (999, 'later', TRUE, ";
        match store.db() {
            Db::Lite { write, .. } => {
                let text = sqlx::AssertSqlSafe(format!("{newer} x'00', 0)"));
                sqlx::query(text).execute(&mut *write.acquire().await.unwrap()).await.unwrap();
            }
            Db::Pg { pool, .. } => {
                let text = sqlx::AssertSqlSafe(format!("{newer} '\\x00', 0)"));
                sqlx::query(text).execute(pool).await.unwrap();
            }
        }
        store.close().await;
        let found = Store::open_as_it_is(&database.place).await.unwrap();
        assert_eq!(
            (found.schema().await.unwrap(), known_schema()),
            (999, schema::known()),
            "whoever only looks is let in"
        );
        found.close().await;
        let refused = Store::open(&database.place).await.expect_err("a newer schema");
        assert!(matches!(refused, Error::Newer { found: 999, known } if known == schema::known()), "{refused}");
        assert!(refused.to_string().contains("install that version or newer"));
    }
}

#[tokio::test]
async fn a_database_can_be_looked_at_as_it_is() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let Some(database) = engine.database() else { continue };
        for _ in ["empty", "left as it was"] {
            let empty = Store::open_as_it_is(&database.place).await.unwrap();
            assert_eq!(empty.schema().await.unwrap(), 0);
            empty.close().await;
        }

        let store = Store::open(&database.place).await.unwrap();
        assert!(health::size(&store).await.unwrap() > 10_000);
        health::try_to_write(&store).await.unwrap();
        assert_eq!(health::clock(&store).await.unwrap().is_some(), engine == Engine::Postgres);
    }
}

/// Rows for each step but the newest, which the next step finds: of the last data file up to there. A step that gives no
/// table another column needs none of its own.
#[tokio::test]
async fn every_migration_leaves_the_rows_it_finds_as_they_are() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/rows");
    let (newest, _) = schema::steps().last().unwrap();
    let mut text = None;
    for (version, name) in schema::steps().filter(|(version, _)| *version < newest) {
        text = std::fs::read_to_string(folder.join(format!("{name}.sql"))).ok().or(text);
        let text = text.clone().expect("a data file for the first migration");
        for engine in [Engine::Sqlite, Engine::Postgres] {
            let Some(database) = engine.database() else { continue };
            let db = Db::open(&database.place).await.unwrap();
            schema::migrate_to(&db, version).await.unwrap();
            match &db {
                Db::Lite { write, .. } => {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(text.clone()))
                        .execute(&mut *write.acquire().await.unwrap())
                        .await
                        .unwrap();
                }
                Db::Pg { pool, .. } => {
                    let text = sqlx::AssertSqlSafe(text.replace("x'", "'\\x"));
                    sqlx::raw_sql(text).execute(pool).await.unwrap();
                }
            }
            let tables = tables(&db).await;
            let before = Rows::of(&db, &tables).await;
            db.close().await;

            // As an upgrade leaves it that did not come to its end.
            let copy = database.folder.path().join(format!("tidings.db.before-{}", version + 1));
            std::fs::write(&copy, "half a copy").unwrap();
            let store = Store::open(&database.place).await.unwrap_or_else(|e| panic!("from {name} on {engine:?}: {e}"));
            let after = Rows::of(store.db(), &tables).await;
            for ((table, before), (_, after)) in before.0.iter().zip(&after.0) {
                assert!(!before.is_empty(), "{name} has no row of {table}");
                let lost: Vec<&String> = before.iter().filter(|row| !after.contains(row)).collect();
                assert!(lost.is_empty(), "{table} on {engine:?}, from {name}: {lost:?} became {after:?}");
                // Counters are the program's own; everything else is somebody's.
                assert!(table == "counter" || before.len() == after.len(), "{table} on {engine:?}: {after:?}");
            }
            if engine == Engine::Sqlite {
                let found = std::fs::read(&copy).unwrap();
                assert!(found.starts_with(b"SQLite format 3"), "the file is copied before it is changed");
                let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copy).unwrap().permissions());
                assert_eq!(mode & 0o777, 0o600, "for the same eyes");
            }
        }
    }
}

#[tokio::test]
async fn the_file_with_the_readers_addresses_is_for_our_eyes_only() {
    use std::os::unix::fs::PermissionsExt;
    let (_store, database) = open(Engine::Sqlite).await.unwrap();
    for name in ["tidings.db", "tidings.db-wal"] {
        let mode = std::fs::metadata(database.folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
