//! `tidings mail`: what waits, what failed, what is tried again, and to whom nothing is sent; `tidings subscriber erase`.

use std::fs;

use insta::assert_snapshot;

use crate::commands::house;
use crate::house::{Done, House};
use crate::newsroom::Newsroom;

fn at(house: &House, time: &str, command: &[&str]) -> Done {
    let time = format!("2026-03-{time}");
    let command: Vec<&str> = command.iter().copied().chain(["--at", &time]).collect();
    house.tidings(&command)
}

fn a_house(newsroom: &Newsroom) -> House {
    newsroom.publish("An old story");
    let house = house(newsroom);
    at(&house, "02 05:00", &["feed", "fetch"]).ended(0);
    at(&house, "02 05:00", &["subscriber", "add", "ana@example.org", "--topic", "health"]).ended(0);
    house
}

#[test]
fn nothing_waits_and_nothing_failed_in_a_quiet_house() {
    let newsroom = Newsroom::open();
    let house = a_house(&newsroom);
    assert_snapshot!(at(&house, "02 06:00", &["mail", "queue"]).ended(0).out, @"nothing waits to be sent");
    let failures = at(&house, "02 06:00", &["mail", "failures"]).ended(0);
    assert_eq!(failures.out, "");
    assert_snapshot!(failures.err, @"nothing has failed since 2026-02-23 06:00 UTC");
    assert_snapshot!(at(&house, "02 06:00", &["mail", "retry", "--all"]).ended(0).out, @"0 mails will be tried again now");
    assert_snapshot!(at(&house, "02 06:00", &["mail", "retry", "7"]).ended(4).err, @r"
    error: there is no mail 7
      try:  tidings mail failures
    ");
}

#[test]
fn a_test_says_what_the_server_said_and_with_v_all_of_it() {
    let newsroom = Newsroom::open();
    let house = a_house(&newsroom);
    let told = at(&house, "02 06:00", &["mail", "test", "me@example.org"]).ended(0);
    assert!(told.out.starts_with("a test was captured (mode capture): nothing left this machine; it would have gone to me@example.org\nthe server said: 250 "), "{}", told.out);
    assert_eq!(told.err, "");
    let told = at(&house, "02 06:00", &["mail", "test", "me@example.org", "-v"]).ended(0).err;
    let lines: Vec<&str> = told.lines().collect();
    assert!(
        lines[0].starts_with("< 220 ")
            && lines.contains(&"> EHLO localhost")
            && lines.contains(&"> RCPT TO:<me@example.org>"),
        "{told}"
    );
    assert!(told.contains("\n> (the message, ") && lines.contains(&"> ."), "{told}");
    let status = at(&house, "02 06:00", &["status", "--json"]).ended(0).json();
    assert_eq!(status["captured"], 2);
}

#[test]
fn an_address_is_suppressed_and_let_go() {
    let newsroom = Newsroom::open();
    let house = a_house(&newsroom);
    let suppressions = |command: &[&str], code: i32| {
        let command: Vec<&str> = ["mail", "suppressions"].into_iter().chain(command.iter().copied()).collect();
        at(&house, "02 06:00", &command).ended(code)
    };
    assert_eq!(suppressions(&["list"], 0).out, "");
    suppressions(&["add", "ana@example.org", "-n"], 0);
    assert_eq!(suppressions(&["list"], 0).out, "", "-n changes nothing");
    assert_snapshot!(suppressions(&["add", "ana@example.org"], 0).out, @"ana@example.org: nothing is sent to it any more");
    assert_snapshot!(suppressions(&["list"], 0).out, @"ana@example.org	operator	2026-03-02");
    let shown = at(&house, "02 06:00", &["subscriber", "show", "ana@example.org"]).ended(0).out;
    assert!(shown.contains("suppressed"), "{shown}");
    let added = at(&house, "02 06:00", &["subscriber", "add", "ana@example.org", "--topic", "climate"]).ended(5).err;
    assert!(added.contains("ana@example.org is suppressed since 2026-03-02 (operator)"), "{added}");
    suppressions(&["remove", "ana@example.org"], 0);
    assert_snapshot!(suppressions(&["remove", "ana@example.org"], 4).err, @r"
    error: ana@example.org is not suppressed
      try:  tidings mail suppressions list
    ");
    at(&house, "02 06:00", &["subscriber", "start-again", "ana@example.org"]).ended(0);
}

#[test]
fn a_reader_is_erased_and_no_import_brings_them_back() {
    let newsroom = Newsroom::open();
    let house = a_house(&newsroom);
    assert_snapshot!(at(&house, "02 06:00", &["subscriber", "erase", "ana@example.org"]).ended(5).err, @r"
    error: ana@example.org is there still: nobody said yes
      try:  tidings subscriber erase ana@example.org --yes
    ");
    assert_snapshot!(at(&house, "02 06:00", &["subscriber", "erase", "ana@example.org", "-n"]).ended(0).out, @"ana@example.org would be forgotten; the ledger knows them as reader 1 from now on");
    at(&house, "02 06:00", &["subscriber", "show", "ana@example.org"]).ended(0);
    assert_snapshot!(at(&house, "02 06:00", &["subscriber", "erase", "ana@example.org", "--yes"]).ended(0).out, @"ana@example.org is forgotten; the ledger knows them as reader 1 from now on");
    at(&house, "02 06:00", &["subscriber", "show", "ana@example.org"]).ended(4);

    fs::write(house.folder().join("old.csv"), "address,topics\nana@example.org,health\nbo@example.org,health\n")
        .unwrap();
    assert_snapshot!(at(&house, "02 07:00", &["subscriber", "import", "old.csv"]).ended(0).out, @r"
    2 lines read: 1 new reader, 1 subscription begun
      of readers who stopped and are forgotten, left so: 1 line
    ");
    // An operator who means it, adds them by hand.
    at(&house, "02 07:00", &["subscriber", "add", "ana@example.org", "--topic", "health"]).ended(0);
}

#[test]
fn every_command_has_its_manual_page() {
    let house = House::new();
    let page = house.tidings(&["man"]).ended(0).out;
    assert!(page.contains(".TH tidings 1") && page.contains("subscriber"), "{page}");
    let written = house.tidings(&["man", "-o", "man1", "--json"]).ended(0).json();
    let files: Vec<&str> = written.as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    for file in ["tidings.1", "tidings-subscriber-add.1", "tidings-digest-test.1", "tidings-mail-queue.1"] {
        assert!(files.contains(&file) && house.folder().join("man1").join(file).exists(), "{file}: {files:?}");
    }
}

#[test]
fn the_line_under_an_article_is_printed() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    assert_snapshot!(house.tidings(&["topic", "embed", "health"]).ended(0).out, @r#"<p lang="en" dir="ltr"><a href="http://127.0.0.1:8025/en/subscribe?topic=health">♦ Receive daily updates directly in your inbox - Subscribe here to a topic.</a></p>"#);
    let form = house.tidings(&["topic", "embed", "health", "--as", "form"]).ended(0).out;
    assert!(form.starts_with("<form") && form.contains("name=\"topic\" value=\"health\""), "{form}");
    let all = house.tidings(&["topic", "embed", "health", "--json"]).ended(0).json();
    assert!(all["button"].as_str().unwrap().contains("background"), "{all}");
    let wrong = house.tidings(&["topic", "embed", "helth"]).ended(4).err;
    assert!(wrong.contains("did you mean `health`?"), "{wrong}");
}
