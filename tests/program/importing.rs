//! `tidings subscriber import` and `export`: readers from a file and into one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::commands::house_on;
use crate::engine::Engine;
use crate::house::{Done, House};
use crate::newsroom::Newsroom;
use crate::store::subscriber;

fn at(house: &House, time: &str, command: &[&str]) -> Done {
    let time = format!("2026-03-02 {time}");
    let command: Vec<&str> = command.iter().copied().chain(["--at", &time]).collect();
    house.tidings(&command)
}

fn import(house: &House, text: &str, code: i32, more: &[&str]) -> Done {
    fs::write(house.folder().join("readers.csv"), text).unwrap();
    let command: Vec<&str> = ["subscriber", "import", "readers.csv"].into_iter().chain(more.iter().copied()).collect();
    at(house, "06:00", &command).ended(code)
}

fn a_house(newsroom: &Newsroom) -> House {
    a_house_on(Engine::Sqlite, newsroom).expect("SQLite is always there")
}

fn a_house_on(engine: Engine, newsroom: &Newsroom) -> Option<House> {
    newsroom.publish("An old story");
    let house = house_on(engine, newsroom)?;
    at(&house, "05:00", &["feed", "fetch"]).ended(0);
    Some(house)
}

const MIXED: &str = "\u{feff}address,topics,frequency,hour,zone,regions\r
one@example.org,health,,,,\r
two@example.org,health;health,weekly,7,Africa/Nairobi,africa\r
no address,health,,,,\r
three@example.org,helth,,,,\r
four@example.org,health,daily,25,,\r
five@example.org,,,,,\r
\"six, seven\"@example.org,health,,,,\r
six@example.org,health,,,Africa/Nairobbi,\r
ONE@example.org,health,,,,\r
seven@example.org,health,,,,,climate\r
eight@example.org,health,,,,,,\r
";

#[test]
fn good_lines_go_in_and_bad_ones_are_named() {
    let newsroom = Newsroom::open();
    let house = a_house(&newsroom);
    let told = import(&house, MIXED, 7, &["-n"]);
    assert!(told.out.starts_with("would be: "), "{}", told.out);
    assert_eq!(at(&house, "06:00", &["subscriber", "list"]).ended(0).out, "");
    assert_snapshot!(import(&house, MIXED, 7, &[]).out, @r#"
    11 lines read: 3 new readers, 3 subscriptions begun
      already there, left as before: 1 subscription
      bad, left out: 7 lines
        line 4: `no address` is not an e-mail address: there is no @ in it
        line 5: there is no topic `helth`; did you mean `health`?
        line 6: hour `25` is not a number from 0 to 23
        line 7: it names no topic
        line 8: `six, seven@example.org` is not an e-mail address: what stands before the @ has a character that mail does not allow there
        line 9: zone `Africa/Nairobbi`: there is no such zone; did you mean Africa/Nairobi?
        line 11: it has more cells than the header; several topics are separated by `;`, not by a comma
    "#);
    assert_snapshot!(import(&house, MIXED, 7, &[]).out, @r#"
    11 lines read: 0 new readers, 0 subscriptions begun
      already there, left as before: 4 subscriptions
      bad, left out: 7 lines
        line 4: `no address` is not an e-mail address: there is no @ in it
        line 5: there is no topic `helth`; did you mean `health`?
        line 6: hour `25` is not a number from 0 to 23
        line 7: it names no topic
        line 8: `six, seven@example.org` is not an e-mail address: what stands before the @ has a character that mail does not allow there
        line 9: zone `Africa/Nairobbi`: there is no such zone; did you mean Africa/Nairobi?
        line 11: it has more cells than the header; several topics are separated by `;`, not by a comma
    "#);
    let told = import(&house, MIXED, 7, &["--json"]).out;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["bad"], &told["problems"][0]["line"]), (&serde_json::json!(7), &serde_json::json!(4)));
}

#[test]
fn empty_lines_are_passed_over_and_an_open_quote_prints_no_list_of_addresses() {
    let newsroom = Newsroom::open();
    let house = a_house(&newsroom);
    let blank = "address,topics\r\n\r\none@example.org,health\r\n   \r\n,\r\n\t,  \r\ntwo@example.org,health\r\n\r\n";
    assert_snapshot!(import(&house, blank, 0, &[]).out, @"2 lines read: 2 new readers, 2 subscriptions begun");
    let rest: String = (0..50).map(|n| format!("reader{n}@example.org,health\n")).collect();
    let told = import(&house, &format!("address,topics\n\"three@example.org,health\n{rest}"), 7, &[]).out;
    assert_snapshot!(told, @r"
    1 line read: 0 new readers, 0 subscriptions begun
      bad, left out: 1 line
        line 2: `three@example.org,health…` is not an e-mail address: more than 64 bytes stand before the @
    ");
}

fn a_stop_stands(engine: Engine) {
    let newsroom = Newsroom::open();
    let Some(house) = a_house_on(engine, &newsroom) else { return };
    let text = "address,topics\ngone@example.org,health\nless@example.org,health;climate\n";
    import(&house, text, 0, &[]);
    at(&house, "06:00", &["subscriber", "stop", "gone@example.org"]).ended(0);
    at(&house, "06:00", &["subscriber", "stop", "less@example.org", "--topic", "health"]).ended(0);
    let again = "address,topics\ngone@example.org,health;climate\nless@example.org,health;climate\n";
    let told = import(&house, again, 0, &[]).out;
    assert_eq!(
        told,
        "2 lines read: 0 new readers, 0 subscriptions begun\n\
         \x20 already there, left as before: 1 subscription\n\
         \x20 stopped before, left so: 3 subscriptions\n"
    );
}

#[test]
fn a_stop_stands_on_sqlite() {
    a_stop_stands(Engine::Sqlite);
}

#[test]
fn a_stop_stands_on_postgres() {
    a_stop_stands(Engine::Postgres);
}

/// Killed in the middle, it has left whole batches behind; run again, it does the rest, and nobody is there twice.
async fn one_that_was_killed_is_run_again(engine: Engine) {
    const LINES: usize = 20_000;
    let newsroom = Newsroom::open();
    let Some(house) = a_house_on(engine, &newsroom) else { return };
    let line = |i| format!("r{i}@example.org,health;climate\n");
    let text: String = std::iter::once("address,topics\n".to_owned()).chain((0..LINES).map(line)).collect();
    fs::write(house.folder().join("readers.csv"), &text).unwrap();

    let killed = house.start(&["subscriber", "import", "readers.csv", "--at", "2026-03-02 06:00"]);
    let store = house.store().await;
    let count = async || usize::try_from(subscriber::count(&store).await.unwrap().0).unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while count().await == 0 {
        assert!(Instant::now() < deadline, "nothing comes in");
    }
    assert!(killed.kill(), "it was killed at work");
    let half = count().await;
    assert!(half > 0 && half < LINES, "{half}");

    let told = import(&house, &text, 0, &[]).out;
    let (rest, there) = (LINES - half, 2 * half);
    assert!(
        told.contains(&format!("{LINES} lines read: {rest} new readers, {} subscriptions begun", 2 * rest)),
        "{told}"
    );
    assert!(told.contains(&format!("already there, left as before: {there} subscriptions")), "{told}");
    assert_eq!(subscriber::count(&store).await.unwrap(), (LINES as i64, 2 * LINES as i64));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_killed_is_run_again_on_sqlite() {
    one_that_was_killed_is_run_again(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_was_killed_is_run_again_on_postgres() {
    one_that_was_killed_is_run_again(Engine::Postgres).await;
}

#[test]
fn a_header_that_says_something_else_is_refused() {
    let newsroom = Newsroom::open();
    let house = a_house(&newsroom);
    assert_snapshot!(import(&house, "address,topic\na@example.org,health\n", 8, &[]).err, @r#"
    error: line 1 of the file: there is no column `topic`; did you mean `topics`?
      try:  the first line names the columns, separated by commas: address and topics, and as you like frequency, language, zone, hour, regions, format, status
    "#);
    assert_snapshot!(import(&house, "address\na@example.org\n", 8, &[]).err, @r#"
    error: line 1 of the file: there is no column `topics`
      try:  the first line names the columns, separated by commas: address and topics, and as you like frequency, language, zone, hour, regions, format, status
    "#);
    assert_snapshot!(import(&house, "", 8, &[]).err, @r#"
    error: line 1 of the file: there is no column `address`
      try:  the first line names the columns, separated by commas: address and topics, and as you like frequency, language, zone, hour, regions, format, status
    "#);
    let told = at(&house, "06:00", &["subscriber", "import", "nowhere.csv"]).ended(4);
    assert_snapshot!(told.err, @r"
    error: could not read nowhere.csv
      because: No such file or directory (os error 2)
      try:  is it spelt as meant, and is its folder there?
    ");
}

#[test]
fn what_is_exported_is_imported_elsewhere_as_it_was() {
    let newsroom = Newsroom::open();
    let house = a_house(&newsroom);
    let text = "address,topics,frequency,hour,zone,regions,format\n\
                one@example.org,health,daily,7,Africa/Nairobi,africa,text\n\
                one@example.org,climate,weekly,,,,\n\
                two@example.org,climate;health,,,,,\nthree@example.org,health,,,,,\nfour@example.org,health,,,,,\n";
    import(&house, text, 0, &[]);
    at(&house, "06:00", &["subscriber", "pause", "three@example.org"]).ended(0);
    at(&house, "06:00", &["subscriber", "stop", "four@example.org"]).ended(0);
    let exported = at(&house, "06:00", &["subscriber", "export"]).ended(0).out;
    assert_snapshot!(exported, @r#"
    address,topics,frequency,language,zone,hour,regions,format,status
    one@example.org,health,daily,en,Africa/Nairobi,7,africa,text,active
    one@example.org,climate,weekly,en,Africa/Nairobi,7,africa,text,active
    three@example.org,health,daily,en,UTC,8,,full,paused
    two@example.org,health;climate,daily,en,UTC,8,,full,active
    "#);
    at(&house, "06:00", &["subscriber", "export", "-o", "out.csv"]).ended(0);
    let file = house.folder().join("out.csv");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    let other = a_house(&newsroom);
    let told = import(&other, &fs::read_to_string(&file).unwrap(), 0, &[]);
    assert_snapshot!(told.out, @r#"
    4 lines read: 2 new readers, 4 subscriptions begun
      with another status than `active`, left out: 1 line
    "#);
    let again = at(&other, "06:00", &["subscriber", "export"]).ended(0).out;
    let active =
        |text: &str| text.lines().filter(|line| !line.ends_with("paused")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(active(&again), active(&exported));
}
