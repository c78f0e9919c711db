//! Runs as an operator handles them: which there were, holding, releasing and cancelling them.

use insta::assert_snapshot;
use serde_json::json;

use crate::commands::{configuration, house};
use crate::house::{Done, House, free_port};
use crate::newsroom::Newsroom;

const APPROVED: &str = r#"
[[frequency]]
slug = "daily"
name = { en = "Daily" }
cron = "0 8 * * *"
hour_choice = true
approve = true
"#;

fn at(house: &House, time: &str, command: &[&str]) -> Done {
    let time = format!("2026-03-02 {time}");
    let command: Vec<&str> = command.iter().copied().chain(["--at", &time]).collect();
    house.tidings(&command)
}

/// A reader's digest of 2 March, 08:00, waits for approval.
fn with_a_held_run(newsroom: &Newsroom) -> House {
    newsroom.publish("An old story");
    let house = House::new();
    house.configure(&format!("{}{APPROVED}", configuration(newsroom, free_port())));
    house.make_secret();
    let checked = house.tidings(&["check"]).ended(0);
    assert!(!checked.err.contains("approve"), "{}", checked.err);
    at(&house, "07:00", &["subscriber", "add", "reader@example.org", "--topic", "health"]).ended(0);
    at(&house, "07:00", &["run", "--once"]).ended(0);
    newsroom.publish("A clinic opens");
    at(&house, "07:30", &["run", "--once"]).ended(0);
    at(&house, "08:00", &["run", "--once"]).ended(0);
    house
}

fn mails(house: &House) -> serde_json::Value {
    house.tidings(&["status", "--json"]).json()["deliveries"].clone()
}

#[test]
fn a_run_waits_for_approval_and_leaves_when_it_is_released() {
    let newsroom = Newsroom::open();
    let house = with_a_held_run(&newsroom);
    let status = at(&house, "08:05", &["status"]).ended(0).out;
    let need = "  run 1 (daily) is held: waits for approval; `tidings digest release 1` or `tidings digest cancel 1`";
    assert!(status.contains(need), "{status}");
    let listed = at(&house, "08:05", &["digest", "runs"]).ended(0).out;
    assert_snapshot!(listed.replace('\t', " | "), @"1 | daily | 2026-03-02T08:00:00 | UTC | held | 1 ready");
    let shown = at(&house, "08:05", &["digest", "show", "1"]).ended(0).out;
    // How long ago each was depends on the second.
    let shown: Vec<&str> = shown.lines().map(|line| line.split(" (").next().unwrap()).collect();
    assert_snapshot!(shown.join("\n"), @r"
    run 1: daily of 2026-03-02T08:00:00 in UTC, hour 8
    state    held
    due      2026-03-02 08:00 UTC
    begun    2026-03-02 08:00 UTC
    planned  2026-03-02 08:00 UTC
    held     2026-03-02 08:00 UTC
    mails    1 ready
    ");

    assert_snapshot!(at(&house, "08:05", &["digest", "release", "1", "-n"]).ended(0).out, @"run 1 would be released");
    assert_eq!(at(&house, "08:05", &["digest", "runs", "--json"]).json()[0]["state"], "held");
    assert_snapshot!(at(&house, "08:05", &["digest", "release", "1"]).ended(0).out, @"run 1 is released");
    assert_snapshot!(at(&house, "08:05", &["digest", "release", "1"]).ended(0).out, @"run 1 is not held");
    at(&house, "08:06", &["run", "--once"]).ended(0);
    assert_eq!(mails(&house), json!([{"state": "sent", "deliveries": 1}]));
    assert_snapshot!(at(&house, "08:06", &["digest", "runs"]).ended(0).out.replace('\t', " | "), @"1 | daily | 2026-03-02T08:00:00 | UTC | planned | 1 sent");
}

#[test]
fn a_stop_of_all_mail_stands_at_the_top_of_the_status_until_it_is_released() {
    let newsroom = Newsroom::open();
    let house = with_a_held_run(&newsroom);
    let dry = at(&house, "08:01", &["digest", "hold", "--all", "--dry-run"]).ended(0);
    assert_snapshot!(dry.out, @"all mail would be held");
    assert_eq!(house.tidings(&["status", "--json"]).json()["held"], json!(null));

    let held = at(&house, "08:01", &["digest", "hold", "--all", "--reason", "a wrong picture"]).ended(0);
    assert_snapshot!(held.out, @"all mail is held: nothing leaves until `tidings digest release --all`, also after a restart");
    let again = at(&house, "08:02", &["digest", "hold", "--all", "--json"]).json();
    assert_eq!(again, json!({"run": null, "changed": false, "dry_run": false}));
    let released = at(&house, "08:02", &["digest", "release", "1"]).ended(0).out;
    assert_snapshot!(released, @"run 1 is released; but all mail is held (a wrong picture, since 2026-03-02 08:01 UTC), until `tidings digest release --all`");
    at(&house, "08:03", &["run", "--once"]).ended(0);
    assert_eq!(mails(&house), json!([{"state": "ready", "deliveries": 1}]));
    let status = at(&house, "08:03", &["status"]).ended(0).out;
    assert_snapshot!(status.lines().next().unwrap(), @"HELD      no mail leaves: a wrong picture, since 2026-03-02 08:01 UTC");

    assert_snapshot!(at(&house, "08:04", &["digest", "release", "--all"]).ended(0).out, @"mail is released");
    at(&house, "08:04", &["run", "--once"]).ended(0);
    assert_eq!(mails(&house), json!([{"state": "sent", "deliveries": 1}]));
}

#[test]
fn a_run_is_cancelled_once_and_for_good() {
    let newsroom = Newsroom::open();
    let house = with_a_held_run(&newsroom);
    let dry = at(&house, "08:10", &["digest", "cancel", "1", "-n"]).ended(0);
    assert_snapshot!(dry.out, @"run 1 would be cancelled: 1 mail does not leave; the next runs take its articles in");
    assert_eq!(mails(&house), json!([{"state": "ready", "deliveries": 1}]));
    let done = at(&house, "08:10", &["digest", "cancel", "1", "--drop", "--json"]).json();
    assert_eq!(done, json!({"run": 1, "already": false, "dropped": true, "cancelled": 1, "dry_run": false}));
    assert_eq!(mails(&house), json!([{"state": "cancelled", "deliveries": 1}]));
    let again = at(&house, "08:11", &["digest", "cancel", "1", "--drop"]).ended(0);
    assert_snapshot!(again.out, @"run 1 was cancelled already: no mail of it waits; its articles are not sent later");
    assert_snapshot!(at(&house, "08:11", &["digest", "cancel", "1"]).ended(5).err, @"error: run 1 is cancelled already, and its articles were dropped");
    assert_snapshot!(at(&house, "08:11", &["digest", "hold", "1"]).ended(5).err, @r"
    error: run 1 cannot be held: it is cancelled
      try:  tidings digest show 1
    ");
    let shown = at(&house, "08:11", &["digest", "show", "1", "--json"]).json();
    assert_eq!((&shown["state"], &shown["dropped"]), (&json!("cancelled"), &json!(true)));
}

#[test]
fn a_run_that_is_not_there_is_not_found() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    assert_snapshot!(house.tidings(&["digest", "cancel", "17"]).ended(4).err, @r"
    error: there is no run 17
      try:  `tidings digest runs` lists them
    ");
    house.tidings(&["digest", "show", "17"]).ended(4);
    house.tidings(&["digest", "hold"]).ended(2);
    house.tidings(&["digest", "hold", "1", "--all"]).ended(2);
    assert_eq!(house.tidings(&["digest", "runs", "--json"]).json(), json!([]));
}
