//! The daemon under a service manager that wants to be told (systemd, `Type=notify`).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::commands::{configuration, house};
use crate::house::{House, free_port};
use crate::newsroom::Newsroom;

#[test]
fn a_service_manager_hears_that_it_is_ready_alive_and_stopping() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let path = house.folder().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let hears = |wanted: &str| {
        let mut told = [0; 1024];
        loop {
            let length = manager.recv(&mut told).unwrap_or_else(|nothing| panic!("never heard {wanted}: {nothing}"));
            let told = String::from_utf8_lossy(&told[..length]).into_owned();
            if told.lines().any(|line| line == wanted) {
                return told;
            }
        }
    };

    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.arg("run").env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    let mut daemon = house.start_command(command);
    let ready = hears("READY=1");
    assert!(ready.contains("STATUS=at work, mode capture; pages on http://127.0.0.1:"), "{ready}");
    hears("WATCHDOG=1");
    hears("WATCHDOG=1");
    daemon.signal("-TERM");
    hears("STOPPING=1");
    assert_eq!(daemon.end_within(Duration::from_secs(20)), 0);
}

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
