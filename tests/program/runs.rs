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
    assert_snapshot!(at(&house, "08:11", &["digest", "cancel", "1"]).ended(5).err, @r"
    error: run 1 is cancelled already, and its articles were dropped
      try:  tidings digest show 1
    ");
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

#[test]
fn what_comes_next_is_told_slot_by_slot() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story");
    let house = house(&newsroom);
    house.make_secret();
    let none = at(&house, "07:00", &["digest", "next"]).ended(0);
    assert_eq!(none.out, "");
    assert_snapshot!(none.err, @"nothing is planned: there are no readers, or `tidings run` has not planned it yet");
    at(
        &house,
        "07:00",
        &["subscriber", "add", "a@example.org", "--topic", "health", "--zone", "Africa/Nairobi", "--hour", "20"],
    )
    .ended(0);
    at(&house, "07:00", &["subscriber", "add", "b@example.org", "--topic", "health", "--frequency", "weekly"]).ended(0);
    at(&house, "07:00", &["run", "--once"]).ended(0);
    newsroom.publish("A clinic opens");
    at(&house, "07:30", &["feed", "fetch"]).ended(0);
    at(&house, "07:30", &["run", "--once"]).ended(0);
    let next = at(&house, "07:31", &["digest", "next"]).ended(0).out;
    let columns = |line: &str| {
        let columns: Vec<String> =
            line.split('\t').map(|column| column.split(" (").next().unwrap().to_owned()).collect();
        columns.join(" | ")
    };
    let next: Vec<String> = next.lines().map(columns).collect();
    assert_snapshot!(next.join("\n"), @r"
    2026-03-02 08:00 UTC | 2026-03-02 08:00 UTC | weekly | 1 | 0 | 1
    2026-03-02 17:00 UTC | 2026-03-02 20:00 Africa/Nairobi | daily | 1 | 0 | 1
    ");
    let weekly = at(&house, "07:31", &["digest", "next", "--frequency", "weekly", "--json"]).json();
    assert_eq!(weekly.as_array().unwrap().len(), 1);
    assert_eq!((&weekly[0]["readers"], &weekly[0]["articles"], &weekly[0]["hour"]), (&json!(1), &json!(1), &json!(8)));
    at(&house, "07:31", &["digest", "next", "--frequency", "wekly"]).ended(4);
}

#[test]
fn a_preview_shows_the_mail_that_would_come() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story");
    let house = house(&newsroom);
    house.make_secret();
    at(&house, "07:00", &["subscriber", "add", "a@example.org", "--topic", "health"]).ended(0);
    at(&house, "07:00", &["run", "--once"]).ended(0);
    let nothing = at(&house, "07:10", &["digest", "preview", "a@example.org"]).ended(0);
    assert_eq!(nothing.out, "");
    assert!(
        nothing.err.starts_with("nothing is new for a@example.org so far; the next run is due 2026-03-02 08:00 UTC"),
        "{}",
        nothing.err
    );
    newsroom.publish("A clinic opens");
    at(&house, "07:30", &["run", "--once"]).ended(0);

    let text = at(&house, "07:31", &["digest", "preview", "a@example.org"]).ended(0);
    assert!(text.out.contains("A clinic opens") && !text.out.contains("<h3"), "{}", text.out);
    assert!(text.err.starts_with("1 article for a@example.org, due 2026-03-02 08:00 UTC"), "{}", text.err);
    let html = at(&house, "07:31", &["digest", "preview", "a@example.org", "--html", "-q"]).ended(0);
    assert!(html.out.contains("<h3") && html.err.is_empty(), "{}", html.out);
    let file = house.folder().join("preview.eml");
    let written =
        at(&house, "07:31", &["digest", "preview", "a@example.org", "--eml", "-o", file.to_str().unwrap()]).ended(0);
    assert_eq!(written.out, "");
    let message = std::fs::read_to_string(&file).unwrap();
    assert!(message.contains("a@example.org") && message.contains("\r\nList-Unsubscribe:"), "{message}");
    let json = at(&house, "07:31", &["digest", "preview", "a@example.org", "--json"]).json();
    assert_eq!(json["articles"], 1);
    assert_eq!(mails(&house), json!([]), "it is not in the queue");

    at(&house, "07:31", &["digest", "preview", "nobody@example.org"]).ended(4);
    at(&house, "07:31", &["digest", "preview", "a@example.org", "--frequency", "weekly"]).ended(4);
    at(&house, "07:31", &["digest", "preview", "a@example.org", "--html", "--eml"]).ended(2);
}
