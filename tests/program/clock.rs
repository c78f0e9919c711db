//! The machine's clock is set while the daemon is at work, as a machine does whose battery is empty when it finds a time
//! server. The program runs under a clock that the test can set (libfaketime).

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::commands::house;
use crate::house::House;
use crate::newsroom::Newsroom;

/// Where Debian puts it.
const LIBRARY: &str = "faketime/libfaketime.so.1";

fn library() -> Option<String> {
    let of_machine = format!("/usr/lib/{}-linux-gnu/{LIBRARY}", std::env::consts::ARCH);
    let found = Path::new(&of_machine).exists().then_some(of_machine);
    if found.is_none() {
        let required = std::env::var("TIDINGS_TEST_FAKETIME").is_ok_and(|v| v == "require");
        assert!(!required, "faketime is required (TIDINGS_TEST_FAKETIME=require) and not installed");
        eprintln!("SKIPPED: nobody sets the clock, for want of libfaketime; `scripts/test` installs it");
    }
    found
}

/// From here on the clock is so far from where it would be.
fn set_clock(house: &House, offset: &str) {
    let new = house.folder().join("clock.new");
    fs::write(&new, offset).unwrap();
    fs::rename(new, house.folder().join("clock")).unwrap();
}

#[test]
fn a_clock_that_is_set_ahead_and_back_is_noticed_and_nothing_waits() {
    let Some(library) = library() else { return };
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    newsroom.publish("An old story");
    house.tidings(&["subscriber", "add", "ana@example.org", "--topic", "health", "--at", "2026-03-02 06:30"]).ended(0);

    set_clock(&house, "+0");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(["run", "--at", "2026-03-02 07:00"]).env("LD_PRELOAD", library);
    command.env("FAKETIME_TIMESTAMP_FILE", house.folder().join("clock"));
    command.env("FAKETIME_NO_CACHE", "1").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    let mut daemon = house.start_command(command);
    daemon.wait_until_it_says("\"new\":1");
    newsroom.publish("A clinic opens");
    house.tidings(&["feed", "fetch", "--at", "2026-03-02 07:00"]).ended(0);
    daemon.wait_until_it_says("\"filed\":1");

    // At one in the afternoon, so that the next run is far.
    set_clock(&house, "+726h");
    house.tidings(&["feed", "fetch", "--at", "2026-03-02 07:00"]).ended(0);
    daemon.wait_until_it_says("the clock was set ahead by 30 days");
    daemon.wait_until_it_says("sent 1, deferred 0");

    // What was done in April has put the next checks there.
    set_clock(&house, "+0");
    house.tidings(&["subscriber", "add", "ben@example.org", "--topic", "health", "--at", "2026-03-02 07:01"]).ended(0);
    daemon.wait_until_it_says("the clock was set back by 30 days");
    daemon.wait_until_it_says("waited for a time that only a wrong clock can have named");
    let runs = house.tidings(&["status", "--json", "--at", "2026-03-02 07:02"]).json();
    assert!(runs["next_run"]["at"].as_str().unwrap().starts_with("2026-03-02T08:00"), "{runs}");
    assert!(!daemon.said().contains("run-late"), "nobody is told of what is just being done: {}", daemon.said());
    daemon.signal("-TERM");
    assert_eq!(daemon.end_within(std::time::Duration::from_secs(5)), 0);
}
