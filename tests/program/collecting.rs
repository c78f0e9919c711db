//! Feeds, as their operator has them in hand.

use std::net::TcpListener;
use std::process::Command;

use serde_json::json;

use crate::commands::{configuration, house};
use crate::house::{House, free_port};
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

#[test]
fn a_feed_that_brings_far_too_much_is_held_until_it_is_released() {
    let newsroom = Newsroom::open();
    newsroom.publish("A clinic opens");
    let house = House::new();
    let text = configuration(&newsroom, free_port());
    house.configure(&text.replace("[collect]\n", "[collect]\nmax_new = 3\n"));
    house.tidings(&["feed", "fetch"]).ended(0);
    for n in 1..=5 {
        newsroom.publish(&format!("Old story {n}"));
    }
    let log = house.tidings(&["run", "--once", "--at", "2036-03-02 12:00"]).ended(0).err;
    assert!(log.contains("feed news has 5 new articles at once, far more than usual"), "{log}");
    let listed = house.tidings(&["feed", "list"]).ended(0).out;
    assert!(
        listed.contains("\theld\t") && listed.contains("holds 5 articles: far more than usual came at once"),
        "{listed}"
    );
    assert_eq!(house.tidings(&["feed", "list", "--json"]).json()[0]["held"], 5);
    let fetched = house.tidings(&["feed", "fetch"]).ended(0).err;
    assert!(fetched.contains("and holds it; `tidings feed release news` mails it"), "{fetched}");
    let status = house.tidings(&["status"]).ended(0).out;
    assert!(status.contains("feed news holds 5 articles; `tidings feed release news`"), "{status}");
    let states = || house.tidings(&["article", "list", "--json"]).json();
    assert_eq!(states()[0]["state"], "held");

    let release = |more: &[&str]| {
        let command: Vec<&str> = ["feed", "release", "news"].iter().chain(more).copied().collect();
        house.tidings(&command)
    };
    let dry = release(&["-n", "--archive"]).ended(0).out;
    assert_eq!(dry, "feed news would be released: 5 articles, kept and never mailed\n");
    let done = release(&["--json"]).json();
    assert_eq!(done, json!({ "feed": "news", "articles": 5, "archive": false, "dry_run": false }));
    assert_eq!(release(&[]).ended(0).out, "feed news holds nothing\n");
    assert_eq!(states()[0]["state"], "new");
    let unknown = house.tidings(&["feed", "release", "olds"]).ended(4).err;
    assert!(unknown.contains("there is no feed `olds`"), "{unknown}");
}
