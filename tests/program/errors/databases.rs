//! `tidings db`

use insta::assert_snapshot;

use super::{Refusals, with_a_reader, write};
use crate::house::House;
use crate::newsroom::Newsroom;

/// A database of a program that is not there yet.
async fn grow(house: &House, name: &str, version: i64) {
    let url = format!("sqlite:{}", house.folder().join(name).display());
    let newer = sqlx::SqlitePool::connect(&url).await.unwrap();
    let step = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (?, 'later', TRUE, x'00', 0)";
    sqlx::query(step).bind(version).execute(&newer).await.unwrap();
    newer.close().await;
}

#[tokio::test]
async fn databases_that_are_not_there_or_not_meant() {
    let newsroom = Newsroom::open();
    let house = House::new();
    house.configure("");
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("db status").refuses("db migrate").refuses("db copy sqlite:copy.db");
    let house = with_a_reader(&newsroom);
    let mut there = Refusals::at(&house, "2026-03-02 06:00");
    write(&house, "text.db", "This is no database, but a text that somebody has put there.\n".repeat(20));
    there
        .refuses("db copy sqlite:tidings.db")
        .refuses("db copy sqlite:none/copy.db")
        .refuses("db copy sqlite:text.db")
        .does("db copy sqlite:copy.db")
        .refuses("db copy sqlite:copy.db")
        .refuses("db copy sqlite:copy.db -n");
    grow(&house, "tidings.db", 999).await;
    there.refuses("status").refuses("db migrate").refuses("db copy sqlite:other.db");
    let told = [page.told(), there.told()].join("\n\n");
    assert_snapshot!(told);
}

#[tokio::test]
async fn a_database_of_an_older_program() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    let url = format!("sqlite:{}", house.folder().join("tidings.db").display());
    let older = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("DELETE FROM _sqlx_migrations WHERE version > 3").execute(&older).await.unwrap();
    older.close().await;
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("db copy sqlite:other.db");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn a_database_that_is_no_database() {
    let house = House::new();
    house.configure("");
    write(&house, "tidings.db", "This is no database, but a text that somebody has put there.\n".repeat(20));
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("status").refuses("db status").refuses("db migrate");
    let told = page.told();
    assert_snapshot!(told);
}
