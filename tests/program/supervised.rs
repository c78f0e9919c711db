//! The daemon under a service manager that wants to be told (systemd, `Type=notify`).

use std::net::TcpListener;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use crate::commands::house;
use crate::daemon::Daemon;
use crate::house::{House, free_port};
use crate::newsroom::Newsroom;

/// Listens at all times, as a service manager does: who tells it something waits until it is heard.
struct Manager(Receiver<String>);

impl Manager {
    fn of(house: &House) -> Self {
        let socket = UnixDatagram::bind(house.folder().join("notify")).unwrap();
        let (heard, hears) = mpsc::channel();
        thread::spawn(move || {
            let mut told = [0; 1024];
            while let Ok(length) = socket.recv(&mut told) {
                let told = String::from_utf8_lossy(&told[..length]).into_owned();
                if heard.send(told).is_err() {
                    break;
                }
            }
        });
        Self(hears)
    }

    fn starts(&self, house: &House) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        command.arg("run").env("NOTIFY_SOCKET", house.folder().join("notify")).env("WATCHDOG_USEC", "200000");
        house.start_command(command)
    }

    fn hears(&self, wanted: &str) -> String {
        loop {
            let told = self.0.recv_timeout(Duration::from_secs(20));
            let told = told.unwrap_or_else(|nothing| panic!("never heard {wanted}: {nothing}"));
            if told.lines().any(|line| line == wanted) {
                return told;
            }
        }
    }

    fn forgets_what_it_heard(&self) {
        while self.0.try_recv().is_ok() {}
    }
}

#[test]
fn a_service_manager_hears_that_it_is_ready_alive_and_stopping() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let manager = Manager::of(&house);
    let mut daemon = manager.starts(&house);
    let ready = manager.hears("READY=1");
    assert!(ready.contains("STATUS=at work, mode capture; pages on http://127.0.0.1:"), "{ready}");
    manager.hears("WATCHDOG=1");
    manager.hears("WATCHDOG=1");
    daemon.signal("-TERM");
    manager.hears("STOPPING=1");
    assert_eq!(daemon.end_within(Duration::from_secs(20)), 0);
}

#[test]
fn it_is_alive_also_while_a_slow_relay_keeps_another_configuration_waiting() {
    let relay = TcpListener::bind("127.0.0.1:0").unwrap();
    let house = House::new();
    house.make_secret();
    house.configure(&by_a_relay(relay.local_addr().unwrap().port()));
    let manager = Manager::of(&house);
    let mut daemon = manager.starts(&house);
    manager.hears("READY=1");

    house.tidings(&["subscriber", "add", "reader@example.org", "--topic", "health", "--confirm"]).ended(0);
    let _silent = relay.accept().unwrap();
    daemon.signal("-HUP");
    daemon.wait_until_it_says("SIGHUP: reading the configuration again");
    manager.forgets_what_it_heard();
    manager.hears("WATCHDOG=1");
    manager.hears("WATCHDOG=1");
    assert!(!daemon.said().contains("is in force"), "the relay was not slow enough:\n{}", daemon.said());
    daemon.wait_until_it_says("is in force");

    daemon.signal("-TERM");
    manager.hears("STOPPING=1");
    assert_eq!(daemon.end_within(Duration::from_secs(20)), 0, "{}", daemon.said());
}

fn by_a_relay(port: u16) -> String {
    format!(
        r#"
[site]
url = "https://digest.example.org"
postal_address = "1 Press Road"

[web]
listen = "127.0.0.1:{pages}"

[delivery]
mode = "live"
from = "Newsroom <digest@news.example.org>"

[relay]
host = "127.0.0.1"
port = {port}
tls = "none"
command_timeout = "2s"

[[topic]]
slug = "health"
name = {{ en = "Health" }}
any_word = ["health"]
"#,
        pages = free_port(),
    )
}
