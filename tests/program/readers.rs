//! `tidings subscriber` changes what a reader gets, and says so.

use std::fs;

use insta::assert_snapshot;
use serde_json::json;

use crate::commands::{configuration, house};
use crate::house::{Done, House, free_port};
use crate::newsroom::Newsroom;

const READER: &str = "reader@example.org";

fn at(house: &House, time: &str, command: &[&str]) -> Done {
    let time = format!("2026-03-02 {time}");
    let command: Vec<&str> = command.iter().copied().chain(["--at", &time]).collect();
    house.tidings(&command)
}

fn with_reader(newsroom: &Newsroom) -> House {
    newsroom.publish("An old story");
    let house = house(newsroom);
    at(&house, "05:00", &["feed", "fetch"]).ended(0);
    at(&house, "05:00", &["subscriber", "add", READER, "--topic", "health"]).ended(0);
    house
}

fn does(house: &House, command: &[&str]) -> String {
    let command: Vec<&str> = ["subscriber"].into_iter().chain(command.iter().copied()).collect();
    at(house, "06:00", &command).ended(0).out
}

fn refused(house: &House, code: i32, command: &[&str]) -> String {
    let command: Vec<&str> = ["subscriber"].into_iter().chain(command.iter().copied()).collect();
    at(house, "06:00", &command).ended(code).err
}

#[test]
fn a_reader_is_set_paused_stopped_and_comes_back() {
    let newsroom = Newsroom::open();
    let house = with_reader(&newsroom);
    assert_snapshot!(does(&house, &["set", READER, "--hour", "7", "--zone", "Africa/Nairobi"]), @r"
    reader@example.org: language en, 7 o'clock in Africa/Nairobi
    the next run that serves them: 2026-03-03 04:00 UTC (in 21 hours)
    ");
    assert_snapshot!(does(&house, &["set", READER, "--topic", "health", "--frequency", "weekly"]), @r"
    reader@example.org: gets health weekly from now on
    the next run that serves them: 2026-03-09 04:00 UTC (in 6 days)
    ");
    assert_snapshot!(does(&house, &["set", READER, "--frequency", "weekly"]), @r"
    reader@example.org: nothing to change: all that is so already
    the next run that serves them: 2026-03-09 04:00 UTC (in 6 days)
    ");
    assert_snapshot!(does(&house, &["set", READER, "--region", "africa"]), @r"
    reader@example.org: only africa
    the next run that serves them: 2026-03-09 04:00 UTC (in 6 days)
    ");
    assert_snapshot!(does(&house, &["pause", READER, "--until", "2026-12-01"]), @r"
    reader@example.org: paused health until 1 December 2026
    what is new meanwhile comes with the first digest after that day
    ");
    assert_snapshot!(does(&house, &["resume", READER, "--from-now"]), @r"
    reader@example.org: goes on with health
    only what is new from now on comes; what they missed does not
    the next run that serves them: 2026-03-09 04:00 UTC (in 6 days)
    ");
    assert_snapshot!(does(&house, &["resume", READER]), @r"
    reader@example.org: nothing to resume: nothing is paused
    the next run that serves them: 2026-03-09 04:00 UTC (in 6 days)
    ");
    assert_snapshot!(does(&house, &["stop", READER]), @r"
    reader@example.org: ended health
    nothing is left: no mail goes to them any more
    ");
    assert_snapshot!(does(&house, &["start-again", READER, "--topic", "health"]), @r"
    reader@example.org: starts again with health
    what they missed comes with the next digest
    the next run that serves them: 2026-03-09 04:00 UTC (in 6 days)
    ");
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let newsroom = Newsroom::open();
    let house = with_reader(&newsroom);
    assert_snapshot!(refused(&house, 4, &["pause", "nobody@example.org"]), @r"
    error: nobody@example.org is no reader
      try:  tidings subscriber add nobody@example.org --topic SLUG
    ");
    assert_snapshot!(refused(&house, 4, &["set", READER, "--frequency", "weakly"]), @r"
    error: there is no frequency `weakly`; did you mean `weekly`?
      try:  one of daily, weekly, as-it-happens
    ");
    assert_snapshot!(refused(&house, 4, &["stop", READER, "--topic", "helth"]), @r"
    error: there is no topic `helth`; did you mean `health`?
      try:  `tidings topic list` lists them
    ");
    assert_snapshot!(refused(&house, 5, &["resume", READER, "--topic", "health"]), @r"
    error: the subscription of reader@example.org to `health` is active
      try:  tidings subscriber show reader@example.org
    ");
    assert_snapshot!(refused(&house, 2, &["pause", READER, "--until", "2026-03-01"]), @r"
    error: 2026-03-01 is over: where they are it is 2026-03-02
      try:  --until takes the last day of the pause
    ");
    assert_snapshot!(refused(&house, 2, &["set", READER]), @r"
    error: the following required arguments were not provided:
      <--frequency <SLUG>|--hour <HOUR>|--zone <ZONE>|--language <LANGUAGE>|--format <FORMAT>|--region <SLUG>|--all-regions>

    Usage: tidings subscriber set --at <TIME> <--frequency <SLUG>|--hour <HOUR>|--zone <ZONE>|--language <LANGUAGE>|--format <FORMAT>|--region <SLUG>|--all-regions> <ADDRESS>

    For more information, try '--help'.
    ");
    does(&house, &["set", READER, "--frequency", "as-it-happens"]);
    assert_snapshot!(refused(&house, 2, &["set", READER, "--hour", "9"]), @r"
    error: none of the frequencies of reader@example.org offers a choice of the hour
      try:  leave --hour out, or change the frequency as well
    ");
}

#[test]
fn a_dry_run_changes_nothing() {
    let newsroom = Newsroom::open();
    let house = with_reader(&newsroom);
    let before = does(&house, &["show", READER, "--json"]);
    for command in [&["set", READER, "--hour", "7", "-n"][..], &["pause", READER, "-n"], &["stop", READER, "-n"]] {
        let said = does(&house, command);
        assert!(said.starts_with("would be: "), "{said}");
        assert_eq!(does(&house, &["show", READER, "--json"]), before, "{command:?}");
    }
    let told = does(&house, &["stop", READER, "-n", "--json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&told["topics"], &told["dry_run"]), (&json!(["health"]), &json!(true)));
}

/// A changed configuration moves readers, which is a change too.
#[test]
fn a_dry_run_puts_no_changed_configuration_in_force() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let text = configuration(&newsroom, free_port());
    house.configure(&text);
    at(&house, "05:00", &["subscriber", "add", READER, "--topic", "health"]).ended(0);
    house.configure(&text.replacen("slug = \"health\"", "slug = \"health\"\nend_subscriptions = true", 1));
    let before = does(&house, &["show", READER, "--json"]);
    let file = house.folder().join("readers.csv");
    fs::write(&file, "address,topics\nnew@example.org,climate\n").unwrap();
    for command in [
        &["set", READER, "--hour", "7", "-n"][..],
        &["pause", READER, "-n"],
        &["resume", READER, "-n"],
        &["stop", READER, "-n"],
        &["start-again", READER, "--topic", "health", "-n"],
        &["add", READER, "--topic", "climate", "-n"],
        &["import", file.to_str().unwrap(), "-n"],
    ] {
        let told = refused(&house, 5, command);
        assert!(told.contains("was changed and is not in force yet"), "{command:?}: {told}");
        assert_eq!(does(&house, &["show", READER, "--json"]), before, "{command:?}");
    }
    // Nor does whoever only looks.
    at(&house, "06:00", &["feed", "list"]).ended(0);
    assert_eq!(does(&house, &["show", READER, "--json"]), before);
    at(&house, "06:00", &["feed", "fetch"]).ended(0);
    assert!(does(&house, &["add", READER, "--topic", "climate", "-n"]).starts_with("would be: "));
    assert_ne!(does(&house, &["show", READER, "--json"]), before);
}
