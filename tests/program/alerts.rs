//! Who is told when something is wrong that does not mend itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::commands::configuration;
use crate::house::{House, free_port};
use crate::newsroom::Newsroom;

/// The program is called with what happened; the sentence comes on its standard input.
#[test]
fn the_operators_program_is_told_of_trouble() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let configuration = configuration(&newsroom, free_port());
    house.configure(&format!("{configuration}\n[alerts]\ncommand = \"tell\"\n"));
    let (program, told) = (house.folder().join("tell"), house.folder().join("told"));
    fs::write(&program, "#!/bin/sh\necho \"$1 $2: $(cat)\" >> told.new && mv told.new told\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    newsroom.publish("An old story");
    house.tidings(&["feed", "fetch", "--at", "2026-03-02 05:00"]).ended(0);
    house.tidings(&["subscriber", "add", "ana@example.org", "--topic", "health", "--at", "2026-03-02 05:00"]).ended(0);
    newsroom.publish("A clinic opens");
    house.tidings(&["run", "--once", "--at", "2026-03-02 07:30"]).ended(0);
    house.tidings(&["run", "--once", "--at", "2026-03-02 08:00"]).ended(0);
    house.tidings(&["digest", "hold", "1", "--at", "2026-03-02 08:00"]).ended(0);

    let daemon = house.start(&["run", "--at", "2026-03-02 08:01"]);
    let deadline = Instant::now() + Duration::from_secs(20);
    while !told.exists() {
        assert!(Instant::now() < deadline, "nobody was told:\n{}", daemon.said());
        std::thread::sleep(Duration::from_millis(5));
    }
    let words = fs::read_to_string(told).unwrap();
    assert_eq!(words, "begins run-held:1: run 1 (daily) is held: held by the operator; `tidings digest release 1`\n");
    daemon.signal("-TERM");
}
