//! What is said goes nowhere: the disk is full, or whoever read it is gone.

use std::process::Command;
use std::time::{Duration, Instant};

use insta::assert_snapshot;

use crate::commands::house;
use crate::daemon::Daemon;
use crate::house::{Done, House};
use crate::newsroom::Newsroom;

/// The program in a shell's words; `tidings` is its name there.
fn in_a_shell(house: &House, words: &str) -> Daemon {
    let mut shell = Command::new("sh");
    shell.args(["-c", &words.replace("tidings", "\"$0\""), env!("CARGO_BIN_EXE_tidings")]);
    house.start_command(shell)
}

fn done(house: &House, words: &str) -> Done {
    let mut running = in_a_shell(house, words);
    let code = running.end_within(Duration::from_secs(30));
    Done { code, out: running.said_out(), err: running.said() }
}

#[test]
fn a_daemon_whose_log_cannot_be_written_goes_on() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    house.tidings(&["status"]).ended(0);
    let mut daemon = in_a_shell(&house, "exec tidings run -v > /dev/full 2>&1");
    let deadline = Instant::now() + Duration::from_secs(20);
    while house.tidings(&["status", "--json"]).json()["at_work"].as_array().unwrap().is_empty() {
        assert!(daemon.is_alive() && Instant::now() < deadline, "it is not at work");
    }
    // It plans what it is told of, and says so to nobody.
    let add = ["subscriber", "add", "reader@example.org", "--topic", "health"];
    while !house.tidings(&add).ended(0).err.contains("told the running daemon") {
        assert!(daemon.is_alive() && Instant::now() < deadline, "it hears nothing");
    }
    daemon.signal("-TERM");
    assert_eq!(daemon.end_within(Duration::from_secs(8)), 0);
}

#[test]
fn who_has_read_enough_is_no_error() {
    let house = House::new();
    house.configure("");
    let told = done(&house, "tidings completions bash | head -1; tidings man | head -1");
    assert_eq!(told.err, "");
}

#[test]
fn a_result_that_cannot_be_written_is_said_so() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    house.tidings(&["subscriber", "add", "reader@example.org", "--topic", "health"]).ended(0);
    let said = |command: &str| done(&house, &format!("tidings {command} > /dev/full")).ended(6).err;
    assert_snapshot!(said("status"), @r"
    error: could not write the result to standard output
      because: No space left on device (os error 28)
      try:  is there room on the disk of the file that it goes to?
    ");
    assert_eq!(said("completions bash"), said("status"));
    assert_eq!(said("subscriber export"), said("status"));
}
