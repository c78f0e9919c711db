//! `tidings backup`

use std::fs;

use insta::assert_snapshot;

use super::{Refusals, with_a_reader, write};
use crate::house::House;
use crate::newsroom::Newsroom;

const TEXT: &str = "This is no database, but a text that somebody has put there.\n";

#[tokio::test]
async fn backups_that_are_not_made_or_not_put_back() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    write(&house, "text.db", TEXT.repeat(20));
    write(&house, "taken/file", "");
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("backup verify none.db")
        .refuses("backup restore none.db --yes")
        .refuses("backup restore text.db --yes")
        .does("backup create -o copy.db")
        .refuses("backup create -o copy.db")
        .refuses("backup create -o taken/file/copy.db")
        .refuses("backup restore copy.db");
    let newer =
        sqlx::SqlitePool::connect(&format!("sqlite:{}", house.folder().join("copy.db").display())).await.unwrap();
    let step = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'later', TRUE, x'00', 0)";
    sqlx::query(step).execute(&newer).await.unwrap();
    newer.close().await;
    page.refuses("backup restore copy.db --yes");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn databases_of_which_no_backup_can_be_made() {
    let house = House::new();
    house.configure("");
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("backup create");
    write(&house, "tidings.db", TEXT.repeat(20));
    page.refuses("backup create").refuses("backup create -n");
    write(&house, "tidings.db", "");
    page.refuses("backup create").refuses("backup create -n");
    let storage = "[storage]\nurl = \"postgres://digest:hunter2@db.example.org/tidings\"\n";
    fs::write(house.file(), storage).unwrap();
    page.refuses("backup create").refuses("backup restore copy.dump --yes");
    let told = page.told();
    assert_snapshot!(told);
}

/// What cannot be read cannot be kept.
#[test]
fn a_secret_that_is_no_file() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    fs::remove_file(house.folder().join("secrets/site")).unwrap();
    fs::create_dir(house.folder().join("secrets/site")).unwrap();
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("backup create -o copy.db").refuses("status");
    let told = page.told();
    assert_snapshot!(told);
}
