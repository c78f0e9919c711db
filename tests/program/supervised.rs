//! The daemon under a service manager that wants to be told (systemd, `Type=notify`).

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::Duration;

use crate::commands::house;
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
