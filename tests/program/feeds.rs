//! Feeds, as their operator has them in hand.

use std::net::TcpListener;
use std::process::Command;

use crate::commands::house;
use crate::newsroom::Newsroom;

/// A proxy would look names up in our place, past the guard.
#[test]
fn no_proxy_of_the_environment_is_asked() {
    let newsroom = Newsroom::open();
    newsroom.publish("A clinic opens");
    let house = house(&newsroom);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command.args(["feed", "fetch"]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, format!("http://{}", proxy.local_addr().unwrap()));
    }
    let mut fetching = house.start_command(command);
    assert_eq!(fetching.end_within(std::time::Duration::from_secs(30)), 0, "{}", fetching.said());
    assert!(proxy.accept().is_err(), "nobody came by");
}
