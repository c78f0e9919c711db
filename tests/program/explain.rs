//! `tidings subscriber explain`: what a reader got in each run, and why not, in words.

use insta::assert_snapshot;

use crate::commands::house;
use crate::house::{Done, House};
use crate::newsroom::Newsroom;

fn at(house: &House, time: &str, command: &[&str]) -> Done {
    let command: Vec<&str> = command.iter().copied().chain(["--at", time]).collect();
    house.tidings(&command)
}

const READER: &str = "reader@example.org";

#[test]
fn a_reader_who_asks_gets_an_answer() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story");
    let house = house(&newsroom);
    at(&house, "2026-03-02 06:00", &["feed", "fetch"]).ended(0);
    let told = at(&house, "2026-03-02 06:00", &["subscriber", "explain", READER]).ended(4);
    assert_snapshot!(told.err, @r"
    error: reader@example.org is no reader, and never was one
      try:  tidings subscriber list
    ");
    at(&house, "2026-03-02 06:00", &["subscriber", "add", READER, "--topic", "health"]).ended(0);
    let told = at(&house, "2026-03-02 06:00", &["subscriber", "explain", READER]).ended(0);
    assert_snapshot!(told.out, @r"
    reader@example.org (times in UTC)
    the next run that serves them is due Mon 2 March 2026, 08:00
    no run has served them yet
    ");

    newsroom.publish("A clinic opens");
    at(&house, "2026-03-02 07:00", &["feed", "fetch"]).ended(0);
    at(&house, "2026-03-02 08:00", &["run", "--once"]).ended(0);
    at(&house, "2026-03-03 08:00", &["run", "--once"]).ended(0);
    let told = at(&house, "2026-03-03 09:00", &["subscriber", "explain", READER]).ended(0);
    assert_snapshot!(told.out, @r"
    reader@example.org (times in UTC)
    the next run that serves them is due Wed 4 March 2026, 08:00
      Tue 3 March 2026, 08:00  run 2, daily: nothing new in Health since Mon 2 March 2026, 08:00
      Mon 2 March 2026, 08:00  run 1, daily: captured Mon 2 March 2026, 08:00: 1 article (Health 1)
    ");
    let told = at(&house, "2026-03-03 09:00", &["subscriber", "explain", READER, "--run", "1"]).ended(0);
    assert_snapshot!(told.out, @r"
    reader@example.org (times in UTC)
    the next run that serves them is due Wed 4 March 2026, 08:00
      Mon 2 March 2026, 08:00  run 1, daily: captured Mon 2 March 2026, 08:00: 1 article (Health 1)
        A clinic opens [Health] in the digest
    ");
    let told = at(&house, "2026-03-03 09:00", &["subscriber", "explain", READER, "--run", "9"]).ended(4);
    assert_snapshot!(told.err, @r"
    error: there is no run 9
      try:  tidings subscriber explain reader@example.org
    ");
    let told = at(&house, "2026-03-03 09:00", &["subscriber", "explain", READER, "--json"]).json();
    assert_eq!(told["runs"][1]["run"], 1);
    assert_eq!(told["runs"][1]["state"], "sent");

    at(&house, "2026-03-03 09:00", &["subscriber", "erase", READER, "--yes"]).ended(0);
    let told = at(&house, "2026-03-03 09:00", &["subscriber", "explain", READER]).ended(4);
    assert_snapshot!(told.err, @r"
    error: reader@example.org is no reader any more: stopped or erased, and forgotten
      try:  tidings subscriber list
    ");
}
