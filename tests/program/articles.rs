//! Articles as an operator handles them: which are there, taking one back, putting one first.

use insta::assert_snapshot;
use serde_json::json;

use crate::commands::{house, live};
use crate::house::{Done, House, free_port};
use crate::newsroom::Newsroom;

/// Two articles wait in a reader's digest of 2 March, 08:00: the relay is away.
fn with_a_digest_that_waits(newsroom: &Newsroom) -> House {
    newsroom.publish("An old story");
    let house = House::new();
    let relay = format!("[relay]\nport = {}", free_port());
    house.configure(&live(newsroom, "127.0.0.1", "none").replace("[relay]", &relay));
    house.make_secret();
    at(&house, "07:00", &["subscriber", "add", "reader@example.org", "--topic", "health"]).ended(0);
    at(&house, "07:00", &["run", "--once"]).ended(0);
    newsroom.publish("A clinic opens");
    newsroom.publish("A clinic closes");
    at(&house, "07:30", &["run", "--once"]).ended(0);
    at(&house, "08:00", &["run", "--once"]).ended(6);
    house
}

fn at(house: &House, time: &str, command: &[&str]) -> Done {
    let time = format!("2026-03-02 {time}");
    let command: Vec<&str> = command.iter().copied().chain(["--at", &time]).collect();
    house.tidings(&command)
}

#[test]
fn articles_are_listed_with_their_topics_and_their_state() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story");
    let house = house(&newsroom);
    at(&house, "07:00", &["feed", "fetch"]).ended(0);
    newsroom.publish("A clinic opens");
    newsroom.publish("A clinic closes");
    at(&house, "07:30", &["feed", "fetch"]).ended(0);
    at(&house, "07:40", &["article", "pin", "2"]).ended(0);
    at(&house, "07:40", &["article", "withdraw", "3", "--quiet"]).ended(0);

    let listed = at(&house, "09:45", &["article", "list"]).ended(0).out;
    assert_snapshot!(listed.replace('\t', " | "), @r"
    3 | 2026-03-02 07:30 UTC (2 hours ago) | health | withdrawn | A clinic opens
    2 | 2026-03-02 07:30 UTC (2 hours ago) | health | new, pinned | A clinic closes
    1 | 2026-03-02 07:00 UTC (2 hours ago) | health | archive | An old story
    ");
    let newest = at(&house, "09:45", &["article", "list", "--since", "2026-03-02 07:10", "--json"]).json();
    assert_eq!(newest.as_array().unwrap().len(), 2);
    let one = at(&house, "09:45", &["article", "list", "--topic", "health", "--limit", "1", "--json"]).json();
    assert_eq!(
        one,
        json!([{
            "id": 3,
            "first_seen": one[0]["first_seen"],
            "topics": ["health"],
            "regions": [],
            "state": "withdrawn",
            "pinned": false,
            "title": "A clinic opens",
            "link": "https://news.example.org/1",
        }])
    );
    assert_eq!(at(&house, "09:45", &["article", "list", "--topic", "climate", "--json"]).json(), json!([]));
    at(&house, "09:45", &["article", "list", "--topic", "helth"]).ended(4);
    at(&house, "09:45", &["article", "list", "--limit", "0"]).ended(2);
}

#[test]
fn a_withdrawn_article_leaves_the_mail_that_waits_and_then_the_mail_is_ended() {
    let newsroom = Newsroom::open();
    let house = with_a_digest_that_waits(&newsroom);

    let dry = at(&house, "08:10", &["article", "withdraw", "2", "-n"]).ended(0);
    assert_snapshot!(dry.out, @"article 2, “A clinic closes”, would be withdrawn: 1 mail would go without it");
    let dry = at(&house, "08:10", &["article", "withdraw", "2", "-n", "--json"]).json();
    assert_eq!((&dry["changed"], &dry["already"], &dry["dry_run"]), (&json!(1), &json!(false), &json!(true)));

    let done = at(&house, "08:10", &["article", "withdraw", "2"]).ended(0);
    assert_snapshot!(done.out, @"article 2, “A clinic closes”, is withdrawn: 1 mail goes without it");
    assert_snapshot!(done.err, @"this cannot be undone: whoever did not get it does not get it later");
    let again = at(&house, "08:10", &["article", "withdraw", "2"]).ended(0);
    assert_snapshot!(again.out, @"article 2, “A clinic closes”, was withdrawn already: 1 mail goes without it");
    assert_eq!(again.err, "");

    // By its link, as it stands in a browser.
    let link = "http://news.example.org/1/?utm_source=feed#top";
    let done = at(&house, "08:11", &["article", "withdraw", link, "--json"]).json();
    assert_eq!(
        done,
        json!({"id": 3, "title": "A clinic opens", "already": false, "changed": 0, "cancelled": 1, "sent": 0, "in_doubt": 0, "dry_run": false})
    );
    let status = house.tidings(&["status", "--json"]).json();
    assert_eq!(status["deliveries"], json!([{"state": "cancelled", "deliveries": 1}]));
}

#[test]
fn a_dry_run_of_a_pin_pins_nothing_and_what_is_withdrawn_is_not_pinned() {
    let newsroom = Newsroom::open();
    newsroom.publish("A clinic opens");
    let house = house(&newsroom);
    house.tidings(&["feed", "fetch"]).ended(0);
    let first = |command: &[&str]| house.tidings(&[command, &["1"]].concat());

    assert_snapshot!(first(&["article", "pin", "-n"]).ended(0).out, @"article 1, “A clinic opens”, would be pinned");
    assert_eq!(house.tidings(&["article", "list", "--json"]).json()[0]["pinned"], false);
    assert_snapshot!(first(&["article", "unpin"]).ended(0).out, @"article 1, “A clinic opens”, is not pinned");
    assert_snapshot!(first(&["article", "pin"]).ended(0).out, @"article 1, “A clinic opens”, is pinned: it stands first in its section, in digests composed from now on");
    assert_snapshot!(first(&["article", "pin"]).ended(0).out, @"article 1, “A clinic opens”, is pinned already");
    assert_eq!(first(&["article", "unpin", "--json"]).json()["pinned"], false);
    assert_eq!(house.tidings(&["article", "list", "--json"]).json()[0]["pinned"], false);

    assert_snapshot!(first(&["article", "withdraw", "-q"]).ended(0).out, @"article 1, “A clinic opens”, is withdrawn: no mail had it");
    let refused = first(&["article", "pin"]).ended(5).err;
    assert!(refused.starts_with("error: article 1, “A clinic opens”, was withdrawn on "), "{refused}");
}

#[test]
fn an_article_that_is_not_there_is_not_found() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    assert_snapshot!(house.tidings(&["article", "withdraw", "17"]).ended(4).err, @r"
    error: there is no article 17
      try:  `tidings article list` lists the newest
    ");
    assert_snapshot!(house.tidings(&["article", "pin", "https://news.example.org/17"]).ended(4).err, @r"
    error: no article has the link https://news.example.org/17
      try:  `tidings article list` lists the newest
    ");
    let usage = house.tidings(&["article", "withdraw", "the clinic"]).ended(2).err;
    assert!(usage.contains("neither the number of an article"), "{usage}");
}
