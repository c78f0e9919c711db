//! Commands as they are typed: what they print, what they say, and their exit codes.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::engine::Engine;
use crate::house::{Done, House, free_port};
use crate::newsroom::{Newsroom, rss};
use crate::relay::{Relay, Script};

/// A house with one feed, two topics and a region.
pub fn house(newsroom: &Newsroom) -> House {
    house_on(Engine::Sqlite, newsroom).expect("SQLite is always there")
}

/// None: this machine has no such engine.
pub fn house_on(engine: Engine, newsroom: &Newsroom) -> Option<House> {
    let house = House::on(engine)?;
    house.configure(&configuration(newsroom, free_port()));
    Some(house)
}

pub fn configuration(newsroom: &Newsroom, port: u16) -> String {
    format!(
        r#"[web]
listen = "127.0.0.1:{port}"

[collect]
per_host_delay = "1ms"

[[feed]]
slug = "news"
url = "{}"
allow_private = true

[[topic]]
slug = "health"
name = {{ en = "Health" }}
any_category = ["Health"]

[[topic]]
slug = "climate"
name = {{ en = "Climate" }}
any_category = ["Climate"]

[[region]]
slug = "africa"
name = {{ en = "Africa" }}
any_category = ["Africa"]
"#,
        newsroom.url()
    )
}

impl Done {
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    #[track_caller]
    pub fn json(self) -> Value {
        let done = self.ended(0);
        serde_json::from_str(&done.out).unwrap_or_else(|broken| panic!("{broken}: {done:?}"))
    }
}

#[test]
fn check_calls_a_good_configuration_good() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    assert_snapshot!(house.tidings(&["check"]).ended(0).out, @"tidings.toml is good: 1 feed, 2 topics, 1 region, 3 frequencies; mode capture");
    let checked = house.tidings(&["check", "--json"]).json();
    assert_eq!(checked["ok"], true);
    assert_eq!(checked["topics"], 2);
}

#[test]
fn a_wrong_key_is_shown_with_its_place_and_what_was_probably_meant() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let text = fs::read_to_string(house.file()).unwrap().replacen("any_category", "any_categry", 1);
    fs::write(house.file(), text).unwrap();

    assert_snapshot!(house.tidings(&["check"]).ended(3).err, @r#"
    error: tidings.toml:15:1: unknown key `any_categry`; did you mean `any_category`?
      15 | any_categry = ["Health"]
         | ^^^^^^^^^^^
      try:  `tidings check` looks again
    "#);
    let checked = house.tidings(&["check", "--json"]).ended(3);
    let checked: Value = serde_json::from_str(&checked.out).unwrap();
    assert_eq!(checked["ok"], false);
    // No other command goes on with it.
    house.tidings(&["run", "--once"]).ended(3);
    house.tidings(&["subscriber", "list"]).ended(3);
}

#[test]
fn a_file_of_another_name_is_looked_at_again_by_its_name() {
    let house = House::new();
    fs::write(house.folder().join("other.toml"), "[site]\nnmae = 1\n").unwrap();
    assert_snapshot!(house.tidings(&["check", "-c", "other.toml"]).ended(3).err, @r"
    error: other.toml:2:1: unknown key `nmae`; did you mean `name`?
      2 | nmae = 1
        | ^^^^
      try:  `tidings check -c other.toml` looks again
    ");
    let found = house.tidings(&["doctor", "-c", "other.toml"]).ended(8).out;
    assert!(found.contains("`tidings check -c other.toml` shows the line"), "{found}");
}

#[test]
fn a_folder_of_texts_that_is_not_there_is_mentioned() {
    let newsroom = Newsroom::open();
    let house = House::new();
    house.configure(&format!("[site]\ntemplates = \"tmplates\"\n{}", configuration(&newsroom, free_port())));
    let warning = "warning: site.templates names tmplates, and there is no such folder: the shipped texts are used\n";
    assert_eq!(house.tidings(&["check"]).ended(0).err, warning);
    let checked = house.tidings(&["check", "--json"]).json();
    assert_eq!(checked["warnings"].as_array().unwrap().len(), 1);
    assert!(house.tidings(&["run", "--once"]).ended(0).err.contains(warning));
    let found = house.tidings(&["doctor"]).ended(0).out;
    assert!(
        found.contains("warning\ttemplates\tsite.templates names tmplates, and there is no such folder"),
        "{found}"
    );
}

#[test]
fn what_is_not_there_is_not_found() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let unknown = house.tidings(&["subscriber", "add", "reader@example.org", "--topic", "helth"]).ended(4);
    assert_snapshot!(unknown.err, @r#"
    error: there is no topic `helth`; did you mean `health`?
      try:  `tidings topic list` lists them
    "#);
    assert_snapshot!(house.tidings(&["subscriber", "show", "nobody@example.org"]).ended(4).err, @r#"
    error: nobody@example.org is no reader
      try:  tidings subscriber add nobody@example.org --topic SLUG
    "#);
    assert_snapshot!(house.tidings(&["feed", "fetch", "nws"]).ended(4).err, @r#"
    error: there is no feed `nws` in the configuration
      try:  `tidings feed list` lists them
    "#);
    assert_snapshot!(house.tidings(&["-c", "other.toml", "check"]).ended(3).err, @r#"
    error: could not read the configuration other.toml
      because: No such file or directory (os error 2)
      try:  name the configuration with -c FILE, or begin one with `tidings init`
    "#);
    house.tidings(&["subscriber", "add", "reader.example.org", "--topic", "health"]).ended(2);
    house.tidings(&["subscribe"]).ended(2);
}

#[test]
fn a_reader_is_added_shown_and_listed() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let add = ["subscriber", "add", "Reader@Example.org", "--topic", "health", "--topic", "climate", "--json"];
    let dry: Vec<&str> = add.iter().copied().chain(["--dry-run"]).collect();
    assert_eq!(house.tidings(&dry).json()["added"], 2);
    let added = house.tidings(&add).json();
    assert_eq!((&added["new_reader"], &added["added"]), (&json!(true), &json!(2)), "after a dry run: {added}");
    let again = house.tidings(&["subscriber", "add", "reader@example.org", "--topic", "health"]).ended(0);
    assert_snapshot!(again.out, @"reader@example.org had 1 topic already, left as before");

    let other = ["subscriber", "add", "reader@example.org", "--topic", "health", "--hour", "20"];
    assert_snapshot!(house.tidings(&other).ended(0).out, @"reader@example.org had 1 topic already, left as before; the settings of reader@example.org were changed as asked");

    let shown = house.tidings(&["subscriber", "show", "reader@example.org", "--json"]).json();
    assert_eq!(shown["hour"], 20);
    assert!(shown["next_digest"].is_string(), "planned at once, whoever runs it: {shown}");
    assert_eq!(shown["address"], "Reader@Example.org");
    let held = |topic| json!({"topic": topic, "frequency": "daily", "status": "active"});
    assert_eq!(shown["subscriptions"], json!([held("health"), held("climate")]));

    assert_snapshot!(house.tidings(&["subscriber", "list"]).ended(0).out, @"Reader@Example.org\ten\tUTC\t20\thealth (daily), climate (daily)");
    let topics = "topic\thealth\tHealth\t1\t0\ntopic\tclimate\tClimate\t1\t0\nregion\tafrica\tAfrica\t0\t0\n";
    assert_eq!(house.tidings(&["topic", "list"]).ended(0).out, topics);
}

#[test]
fn feeds_are_fetched_and_listed() {
    let newsroom = Newsroom::open();
    newsroom.publish("A clinic opens");
    let house = house(&newsroom);
    assert_snapshot!(house.tidings(&["feed", "list"]).ended(0).out, @"news\tnever asked\t-\t0 today, 0 this week\tnever\tnow");
    assert_snapshot!(house.tidings(&["feed", "fetch"]).ended(0).out, @"1 feed asked: 0 unchanged, 0 failed; 1 new article");
    newsroom.publish("A clinic closes");
    assert_eq!(house.tidings(&["feed", "fetch", "news", "--json"]).json()["new_articles"], 1);

    let listed = house.tidings(&["feed", "list", "--json"]).json();
    assert_eq!(listed[0]["state"], "ok", "{listed}");
    assert_eq!(listed[0]["title"], "Health News");
    let topics = house.tidings(&["topic", "list", "--json"]).json();
    assert_eq!((&topics[0]["slug"], &topics[0]["articles"]), (&json!("health"), &json!(2)));
}

#[test]
fn a_feed_in_a_file_is_read_and_printed() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    fs::write(house.folder().join("feed.xml"), rss(&["Heat &amp; health".to_owned()])).unwrap();
    let parsed = house.tidings(&["feed", "parse", "feed.xml", "--url", "https://news.example.org/", "--json"]).json();
    assert_eq!(
        parsed,
        json!({
            "ok": true,
            "feed": {"title": "Health News", "link": "https://news.example.org/", "language": "en"},
            "entries": [{
                "title": "Heat & health",
                "link": "https://news.example.org/0",
                "id": "0",
                "date_utc": "2026-03-02T06:00:00Z",
                "tags": ["Health"],
                "author": null,
                "summary": "What is known of it so far.",
                "summary_type": "text/html",
                "content": null,
                "content_type": null,
            }],
        })
    );
    fs::write(house.folder().join("page.html"), "<html><body>No feed</body></html>").unwrap();
    assert_snapshot!(house.tidings(&["feed", "parse", "page.html"]).ended(8).err, @"
    error: page.html: this is no feed but an HTML page (content type: none)
      try:  `tidings feed test URL` finds the feed behind the address of a page
    ");
    house.tidings(&["feed", "parse", "nowhere.xml"]).ended(4);
}

#[test]
fn a_test_digest_in_capture_mode_stays_in_the_house() {
    let newsroom = Newsroom::open();
    newsroom.publish("A clinic opens");
    let house = house(&newsroom);
    let test = ["digest", "test", "me@example.org", "--topic", "health"];
    assert_snapshot!(house.tidings(&test).ended(4).err, @r#"
    error: none of these topics has an article in this language yet
      try:  `tidings feed fetch` collects some
    "#);
    house.tidings(&["feed", "fetch"]).ended(0);
    assert_snapshot!(house.tidings(&test).ended(0).out, @r#"
    a test digest of 1 article was captured (mode capture): nothing left this machine; it would have gone to me@example.org
    the server said: 250 2.0.0 ok
    "#);
    assert_eq!(house.tidings(&["status", "--json"]).json()["captured"], 1);
}

#[test]
fn one_digest_comes_from_runs_of_everything_due() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story");
    let house = house(&newsroom);
    let once = |at| house.tidings(&["run", "--once", "--json", "--at", at]).json();
    house
        .tidings(&["subscriber", "add", "reader@example.org", "--topic", "health", "--at", "2026-03-02 06:50"])
        .ended(0);
    assert_eq!(once("2026-03-02 07:00")["new_articles"], 1);
    newsroom.publish("A clinic opens");
    assert_eq!(once("2026-03-02 07:30")["new_articles"], 1);
    assert_eq!(once("2026-03-02 07:59")["sent"], 0);
    let eight = once("2026-03-02 08:00");
    assert_eq!((&eight["runs"], &eight["sent"], &eight["mode"]), (&json!(1), &json!(1), &json!("capture")));
    assert_eq!(once("2026-03-02 08:01")["sent"], 0);
    assert_eq!(once("2026-03-03 08:00")["sent"], 0, "nothing new, no mail");

    let status = house.tidings(&["status", "--json", "--at", "2026-03-03 08:01"]).json();
    assert_eq!((&status["captured"], &status["at_work"]), (&json!(1), &json!([])));
}

#[test]
fn a_daemon_answers_is_alone_hears_others_and_ends_when_asked() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let port = free_port();
    house.configure(&configuration(&newsroom, port));
    let mut daemon = house.at_work();
    let health = get(port, "/healthz");
    assert!(health.starts_with("HTTP/1.1 200 "), "{health}");

    let second = house.tidings(&["run"]).ended(5).err;
    let named = format!("`tidings run` with process id {}", daemon.pid());
    assert!(second.contains(&named), "{second}");
    let folder = house.folder().display().to_string();
    let since = second.split_once(", since ").unwrap().1.split_once(" UTC").unwrap().0;
    assert_snapshot!(second.replace(&named, "[the first]").replace(since, "[then]").replace(&folder, "[folder]"), @r#"
    error: tidings.db is in use by [the first], since [then] UTC
      try:  other commands work beside it (`tidings status`); to run another one, stop the first
    "#);
    assert_eq!(house.tidings(&["status", "--json"]).json()["at_work"].as_array().unwrap().len(), 1);

    let add = ["subscriber", "add", "reader@example.org", "--topic", "health"];
    assert_snapshot!(house.tidings(&add).ended(0).err, @"told the running daemon");
    // The daemon looks by itself only every 30 seconds: if it plans the digest sooner, it was told.
    let deadline = Instant::now() + Duration::from_secs(10);
    while house.tidings(&["subscriber", "show", "reader@example.org", "--json"]).json()["next_digest"].is_null() {
        assert!(Instant::now() < deadline, "it was not told:\n{}", daemon.said());
    }
    newsroom.publish("A clinic opens");
    assert_eq!(house.tidings(&["feed", "fetch", "--json"]).json()["left_to_daemon"], true);

    // A visitor who connects and asks nothing does not hold up the end.
    let _silent = TcpStream::connect(("127.0.0.1", port)).unwrap();
    daemon.signal("-TERM");
    assert_eq!(daemon.end_within(Duration::from_secs(4)), 0, "{}", daemon.said());
    assert_eq!(house.tidings(&["status", "--json"]).json()["at_work"], json!([]));
}

#[test]
fn a_database_by_another_name_is_the_same() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let text = fs::read_to_string(house.file()).unwrap().replace("sqlite:tidings.db", "sqlite:linked/news.db");
    fs::write(house.folder().join("other.toml"), text).unwrap();
    fs::create_dir(house.folder().join("linked")).unwrap();
    std::os::unix::fs::symlink("../tidings.db", house.folder().join("linked/news.db")).unwrap();
    let _daemon = house.at_work();
    house.tidings(&["run", "--once", "-c", "other.toml"]).ended(5);
    assert_eq!(house.tidings(&["status", "-c", "other.toml", "--json"]).json()["at_work"].as_array().unwrap().len(), 1);
    let add = ["subscriber", "add", "reader@example.org", "--topic", "health", "-c", "other.toml"];
    assert_snapshot!(house.tidings(&add).ended(0).err, @"told the running daemon");
}

#[test]
fn a_daemon_that_was_killed_is_not_at_work() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let daemon = house.at_work();
    daemon.kill();
    assert_eq!(house.tidings(&["status", "--json"]).json()["at_work"], json!([]));
}

#[test]
fn pages_that_cannot_be_served_are_said_so_at_once() {
    let newsroom = Newsroom::open();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let house = House::new();
    let port = taken.local_addr().unwrap().port();
    house.configure(&configuration(&newsroom, port));
    let refused = house.tidings(&["run"]).ended(5).err;
    assert_snapshot!(refused.replace(&port.to_string(), "[port]"), @r#"
    error: could not listen on 127.0.0.1:[port] for the pages; change web.listen, or stop what listens there
      because: Address already in use (os error 98)
    "#);
    // It gave everything back.
    house.tidings(&["run", "--once"]).ended(0);
}

#[test]
fn a_made_up_time_never_leaves_the_house() {
    let newsroom = Newsroom::open();
    let house = House::new();
    house.configure(&live(&newsroom, "smtp.example.org", "implicit"));
    house.make_secret();
    let at = "2026-03-02 08:00";
    assert_snapshot!(house.tidings(&["run", "--at", at]).ended(5).err, @r#"
    error: --at is for trying things out: where mail leaves the house it works only with a relay on this machine
      try:  leave --at out, or set delivery.mode = "capture"
    "#);
    house.tidings(&["run", "--once", "--at", at]).ended(5);
    house.tidings(&["digest", "test", "me@example.org", "--topic", "health", "--at", at]).ended(5);
}

#[test]
fn a_relay_that_is_away_is_said_so_and_nothing_is_charged() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story");
    let house = House::new();
    let port = free_port();
    house.configure(&live(&newsroom, "127.0.0.1", "none").replace("[relay]", &format!("[relay]\nport = {port}")));
    house.make_secret();
    let at = |time: &str, command: &[&str]| {
        let command: Vec<&str> = command.iter().copied().chain(["--at", time]).collect();
        house.tidings(&command)
    };
    at("2026-03-02 07:00", &["subscriber", "add", "reader@example.org", "--topic", "health"]).ended(0);
    at("2026-03-02 07:00", &["run", "--once"]).ended(0);
    newsroom.publish("A clinic opens");
    at("2026-03-02 07:30", &["run", "--once"]).ended(0);

    let away = at("2026-03-02 08:00", &["run", "--once", "-q"]).ended(6).err;
    let said = away.lines().skip_while(|line| !line.starts_with("error:")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(said.replace(&port.to_string(), "[port]"), @r#"
    error: the relay is at fault, and nothing more was sent
      because: could not connect to 127.0.0.1:[port]: the connection failed: Connection refused (os error 111)
      try:  `tidings digest test ADDRESS --topic SLUG` tries the relay again; what waits is kept
    "#);
    let status = at("2026-03-02 08:00", &["status", "--json"]).json();
    assert_eq!(status["deliveries"], json!([{"state": "ready", "deliveries": 1}]));
    let need = status["needs_you"][0].as_str().unwrap().replace(&port.to_string(), "[port]");
    assert_snapshot!(need, @"the relay takes no mail from us: could not connect to 127.0.0.1:[port]: the connection failed: Connection refused (os error 111)");
    assert_eq!((&status["healthy"], status["needs_you"].as_array().unwrap().len()), (&json!(false), 1));
    assert_snapshot!(at("2026-03-02 08:00", &["digest", "test", "me@example.org", "--topic", "health"]).ended(6).err.replace(&port.to_string(), "[port]"), @r#"
    error: could not connect to 127.0.0.1:[port]
      because: the connection failed
      because: Connection refused (os error 111)
      try:  look at host and port of [relay], and whether the relay runs; `tidings mail test ADDRESS -v` tries again
    "#);
}

#[test]
fn status_says_what_is_wrong_while_nobody_is_at_work() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story");
    let house = House::new();
    let relay = Relay::with(Script { greeting: Some("554 no service for you"), ..Script::default() });
    let to = |port: u16| live(&newsroom, "127.0.0.1", "none").replace("[relay]", &format!("[relay]\nport = {port}"));
    house.configure(&to(relay.addr.port()));
    house.make_secret();
    let at = |time: &str, command: &[&str]| {
        let command: Vec<&str> = command.iter().copied().chain(["--at", time]).collect();
        house.tidings(&command)
    };
    let needs = |time: &str| at(time, &["status", "--json"]).json()["needs_you"].clone();
    at("2026-03-02 07:00", &["run", "--once"]).ended(0);
    at("2026-03-02 07:00", &["subscriber", "add", "reader@example.org", "--topic", "health"]).ended(0);
    newsroom.publish("A clinic opens");
    at("2026-03-02 07:30", &["feed", "fetch"]).ended(0);
    assert_eq!(needs("2026-03-02 09:59"), json!([]));
    let late = "a run has been due since 2026-03-02 08:00 UTC and is not made: nobody is at work; start `tidings run`";
    assert_eq!(needs("2026-04-02 08:00"), json!([late]));

    at("2026-03-02 08:00", &["run", "--once"]).ended(6);
    assert!(needs("2026-03-02 08:01")[0].as_str().unwrap().starts_with("the relay takes no mail from us: "));
    let mended = Relay::start();
    house.configure(&to(mended.addr.port()));
    at("2026-03-02 08:02", &["run", "--once"]).ended(0);
    assert_eq!(mended.accepted(), 1);
    assert_eq!(needs("2026-03-02 08:03"), json!([]));
}

#[test]
fn a_live_site_without_its_secret_does_not_start() {
    let newsroom = Newsroom::open();
    let house = House::new();
    house.configure(&live(&newsroom, "127.0.0.1", "none"));
    let refused = house.tidings(&["run", "--once"]).ended(3).err;
    assert_snapshot!(refused.replace(&house.folder().display().to_string(), "[folder]"), @r#"
    error: the secret file secrets/site is not there, and outside capture mode none is made: a new one would break the stop links of all mails sent so far
      try:  restore it from a backup; if it is gone for good, start once with delivery.mode = "capture" to make one
    "#);
}

#[test]
fn completions_are_a_script() {
    let house = House::new();
    house.configure("");
    let script = house.tidings(&["completions", "bash"]).ended(0).out;
    assert!(script.contains("_tidings()") && script.contains("subscriber"), "{script}");
}

pub fn live(newsroom: &Newsroom, relay: &str, tls: &str) -> String {
    let common = configuration(newsroom, free_port());
    format!(
        r#"{common}
[site]
url = "https://digest.example.org"
postal_address = "1 Press Road"

[delivery]
mode = "live"
from = "Newsroom <digest@news.example.org>"

[relay]
host = "{relay}"
tls = "{tls}"
"#
    )
}

fn get(port: u16, path: &str) -> String {
    let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    write!(server, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    server.read_to_string(&mut answer).unwrap();
    answer
}
