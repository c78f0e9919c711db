//! `tidings doctor`: what it finds around an installation, well and ill.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::commands::{configuration, live};
use crate::engine::Engine;
use crate::house::{Done, House, free_port};
use crate::init::{on_a_terminal, script_is_here};
use crate::newsroom::Newsroom;
use crate::relay::{Relay, Script};

impl Done {
    /// A finding a line, without what is different on every machine.
    fn findings(&self, house: &House) -> String {
        let here =
            |line: &str| !["disk", "clock", "time zones"].iter().any(|about| line.contains(&format!("\t{about}\t")));
        let lines: Vec<&str> = self.out.lines().filter(|line| here(line)).map(lasting).collect();
        lines.join("\n").replace('\t', " | ").replace(&house.folder().display().to_string(), "[folder]")
    }
}

fn levels(done: &Value) -> Vec<(String, String)> {
    let word = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    done["findings"].as_array().unwrap().iter().map(|f| (word(f, "level"), word(f, "about"))).collect()
}

#[test]
fn a_house_in_order_is_called_so() {
    let newsroom = Newsroom::open();
    newsroom.publish("A clinic opens");
    let house = House::new();
    house.configure(&configuration(&newsroom, free_port()));
    // It looks, and makes nothing.
    assert_snapshot!(house.tidings(&["doctor"]).ended(0).findings(&house), @r#"
    ok | configuration | tidings.toml is good; mode capture
    ok | templates | the shipped ones
    warning | secret | secrets/site is not there yet | the first start makes it, or `tidings doctor --fix`
    ok | database | tidings.db is not there yet; the first start makes it
    ok | relay | none is configured; all mail stays in the mailbox inside
    ok | address | http://127.0.0.1:8025/ is asked once mail leaves
    ok | sender | not looked at: news.example.org is a name for examples; delivery.from says in whose name we write
    "#);
    assert!(!house.folder().join("tidings.db").exists() && !house.folder().join("secrets").exists());

    house.tidings(&["feed", "fetch"]).ended(0);
    let daemon = house.at_work();
    let done = house.tidings(&["doctor"]).ended(0);
    let pid = daemon.pid().to_string();
    let found = done.findings(&house).replace(&pid, "[pid]");
    let (found, _) = found.split_once(", since ").unwrap_or((&found, ""));
    assert_snapshot!(found, @r#"
    ok | configuration | tidings.toml is good; mode capture
    ok | templates | the shipped ones
    ok | secret | secrets/site is there, for its owner alone
    ok | database | tidings.db opens and can be written
    ok | feeds | 1 feed answered when last asked
    ok | daemon | at work: `tidings run` with process id [pid]
    "#);
    assert_eq!(done.err, "all is well\n");
    let done = house.tidings(&["doctor", "--json"]).json();
    assert_eq!((&done["ok"], &done["problems"], &done["warnings"]), (&json!(true), &json!(0), &json!(0)));
    assert!(levels(&done).contains(&("ok".into(), "clock".into())), "{done}");
}

#[test]
fn a_secret_that_others_can_read_is_found_and_closed() {
    let newsroom = Newsroom::open();
    let house = House::new();
    house.configure(&configuration(&newsroom, free_port()));
    let secret = house.folder().join("secrets/site");
    let found = |arguments: &[&str], code: i32| {
        let done = house.tidings(arguments).ended(code).findings(&house);
        done.lines().find(|line| line.contains("| secret |")).unwrap().to_owned()
    };
    assert_snapshot!(found(&["doctor", "--fix", "-n"], 0), @"warning | secret | secrets/site is not there yet; it would be made");
    assert!(!secret.exists());
    assert_snapshot!(found(&["doctor", "--fix"], 0), @"ok | secret | secrets/site was not there, and was made now; back it up");
    assert_eq!(mode(&secret), 0o600);

    set_mode(&secret, 0o644);
    assert_snapshot!(found(&["doctor"], 8), @"problem | secret | secrets/site can be read by everybody on this machine (mode 644) | chmod 600 secrets/site, or `tidings doctor --fix`");
    found(&["doctor", "--fix", "--dry-run"], 8);
    assert_eq!(mode(&secret), 0o644);
    assert_snapshot!(found(&["doctor", "--fix"], 0), @"ok | secret | secrets/site could be read by everybody (mode 644); it was closed now");
    assert_eq!(mode(&secret), 0o600);
    set_mode(&secret, 0o640);
    assert_snapshot!(found(&["doctor", "--fix"], 0), @"warning | secret | secrets/site can be read by its group (mode 640) | if that is not meant: chmod 600 secrets/site");
    assert_eq!(mode(&secret), 0o640, "a group may be meant");

    // What may not be looked at may well be there. (Nobody may look behind a link in a circle, whoever they are.)
    fs::rename(house.folder().join("secrets"), house.folder().join("away")).unwrap();
    std::os::unix::fs::symlink("secrets", house.folder().join("secrets")).unwrap();
    assert_snapshot!(found(&["doctor", "--fix"], 8), @"problem | secret | secrets/site cannot be looked at: Too many levels of symbolic links (os error 40) | whoever runs this command must be allowed to read it; site.secret_file names it");
    fs::remove_file(house.folder().join("secrets")).unwrap();
    fs::rename(house.folder().join("away"), house.folder().join("secrets")).unwrap();

    fs::write(&secret, "hunter2\n").unwrap();
    assert_snapshot!(found(&["doctor", "--fix"], 8), @"problem | secret | line 1 of the secret file secrets/site is not a key: each line holds one, 52 characters of a-z and 2-7 | bring it back from a backup");
}

#[test]
fn a_configuration_that_is_wrong_is_all_that_can_be_looked_at() {
    let house = House::new();
    house.configure("[site]\nnmae = \"x\"\n[relay]\nhost = \"smtp.example.org\"\nport = 587\n");
    let done = house.tidings(&["doctor"]).ended(8);
    assert_snapshot!(done.out.replace('\t', " | "), @r#"
    problem | configuration | tidings.toml:2:1: unknown key `nmae`; did you mean `name`? | correct it; `tidings check` shows the line
    problem | configuration | tidings.toml:5:8: relay.port is 587 but relay.tls is "implicit"; use port 465, or tls = "starttls" | correct it; `tidings check` shows the line
    "#);
    assert_eq!(done.err, "2 problems, 0 warnings\n");
    house.tidings(&["doctor", "-c", "nowhere.toml"]).ended(8);
    if script_is_here() {
        let shown = on_a_terminal(house.folder(), "doctor", "");
        let below = "did you mean `name`?\n                         try: correct it; `tidings check` shows the line\n";
        assert!(shown.contains(below), "{shown}");
    }
    house.tidings(&["doctor", "-n"]).ended(2);
}

#[test]
fn feeds_that_fail_are_told_with_their_words() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let port = free_port();
    let away = format!("http://127.0.0.1:{port}/feed.xml");
    house.configure(&configuration(&newsroom, free_port()).replace(&newsroom.url(), &away));
    let at = |time: &str, command: &[&str]| house.tidings(&[command, &["--at", time]].concat());
    at("2026-03-02 07:00", &["feed", "fetch"]).ended(6);
    let feeds = |done: Done| {
        let done = done.findings(&house).replace(&port.to_string(), "[port]");
        done.lines().find(|line| line.contains("| feeds |")).unwrap().to_owned()
    };
    assert!(!at("2026-03-02 12:30", &["doctor"]).out.contains("not fetched yet"), "it was, and failed");
    assert_snapshot!(feeds(at("2026-03-02 12:30", &["doctor"]).ended(0)), @"warning | feeds | news fails since 2026-03-02 07:00 UTC (5 hours ago): could not reach http://127.0.0.1:[port]/feed.xml: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111) | see whether its address still holds; `tidings feed fetch news` tries again");
    assert_snapshot!(feeds(at("2026-03-05 08:00", &["doctor"]).ended(8)), @"problem | feeds | news fails since 2026-03-02 07:00 UTC (3 days ago): could not reach http://127.0.0.1:[port]/feed.xml: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111) | see whether its address still holds; `tidings feed fetch news` tries again");
}

#[test]
fn a_live_site_is_held_to_what_mail_needs() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let (relay, pages) = (free_port(), free_port());
    let text = live(&newsroom, "127.0.0.1", "none")
        .replace("[relay]", &format!("[relay]\nport = {relay}"))
        .replace("https://digest.example.org", &format!("http://127.0.0.1:{pages}"))
        .replace("postal_address", "templates = \"templates\"\npostal_address");
    house.configure(&text);
    fs::create_dir_all(house.folder().join("templates/mail/digest")).unwrap();
    fs::write(house.folder().join("templates/mail/digest/subject.txt"), "{{ nothing }}").unwrap();
    let done = house.tidings(&["doctor"]).ended(8);
    let ports = |text: String| {
        let text = text.replace(&relay.to_string(), "[relay]").replace(&pages.to_string(), "[pages]");
        text.split_once("lead to 127.0.0.1:").map_or(text.clone(), |(before, _)| format!("{before}[listen]"))
    };
    let problems = ports(done.findings(&house));
    let problems: Vec<&str> = problems.lines().filter(|line| line.starts_with("problem")).collect();
    assert_snapshot!(problems.join("\n"), @r#"
    problem | templates | templates/mail/digest/subject.txt:1:4: `nothing` is undefined (sample `ordinary` of mail/digest in ar) | correct it; `tidings template list` says which texts are yours
    problem | secret | secrets/site is not there, and outside capture mode none is made: the links in mails sent so far would break | bring it back from a backup; if no mail has left yet, start once with delivery.mode = "capture"
    problem | relay | could not connect to 127.0.0.1:[relay]: the connection failed: Connection refused (os error 111) | see relay.host and relay.port, and whether a firewall stands between
    problem | address | could not reach http://127.0.0.1:[pages]/healthz: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111) | let the proxy of that name [listen]
    "#);
}

#[test]
fn a_live_site_in_order_is_called_so() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let relay = Relay::start();
    let pages = free_port();
    let text = live(&newsroom, "127.0.0.1", "none")
        .replace("[relay]", &format!("[relay]\nport = {}", relay.addr.port()))
        .replace("https://digest.example.org", &format!("http://127.0.0.1:{pages}"));
    let listen = text.lines().find(|line| line.starts_with("listen = ")).unwrap().to_owned();
    house.configure(&text.replace(&listen, &format!("listen = \"127.0.0.1:{pages}\"")));
    house.make_secret();
    set_mode(&house.folder().join("secrets/site"), 0o600);
    let _daemon = house.at_work();
    let done = house.tidings(&["doctor", "--json"]).json();
    for about in ["relay", "address", "daemon", "secret", "database"] {
        assert!(levels(&done).contains(&("ok".into(), about.into())), "{about}: {done}");
    }
    assert_eq!(relay.accepted(), 0);

    // Another than ours answers there.
    let other = house.folder().join("other.toml");
    let newsrooms = newsroom.url().trim_end_matches("/feed.xml").to_owned();
    let text = fs::read_to_string(house.file())
        .unwrap()
        .replace(&format!("http://127.0.0.1:{pages}\""), &format!("{newsrooms}\""));
    fs::write(&other, text).unwrap();
    let done = house.tidings(&["doctor", "-c", "other.toml"]).ended(8);
    assert!(done.out.contains("/healthz answers, but it is not Tidings that does"), "{done:?}");
}

#[test]
fn a_relay_that_refuses_is_told_in_its_words() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let relay = Relay::with(Script { greeting: Some("554 no service for you"), ..Script::default() });
    let text = configuration(&newsroom, free_port());
    house.configure(&format!("{text}\n[relay]\nhost = \"localhost\"\ntls = \"none\"\nport = {}\n", relay.addr.port()));
    let done = house.tidings(&["doctor"]).ended(0).findings(&house);
    let found = done.lines().find(|line| line.contains("| relay |")).unwrap();
    assert_snapshot!(found.replace(&relay.addr.port().to_string(), "[port]"), @"warning | relay | localhost:[port] refused the greeting: 554 no service for you | ask whoever runs the relay what these words mean");
}

#[test]
fn a_database_that_cannot_be_opened_is_told() {
    let newsroom = Newsroom::open();
    let house = House::new();
    house.configure(&configuration(&newsroom, free_port()));
    fs::write(house.folder().join("tidings.db"), "").unwrap();
    let done = house.tidings(&["doctor"]).ended(0).out;
    assert!(done.contains("warning\tdatabase\ttidings.db opens, and is empty\t"), "{done}");

    fs::write(house.folder().join("tidings.db"), "no database at all, but a text of some length".repeat(100)).unwrap();
    let done = house.tidings(&["doctor"]).ended(8).findings(&house);
    assert_snapshot!(done.lines().find(|line| line.contains("| database |")).unwrap(), @"problem | database | could not open the database tidings.db: error returned from database: (code: 26) file is not a database | look at the rights of the file; storage.url says where it is");

    let text = fs::read_to_string(house.file()).unwrap().replace("sqlite:tidings.db", "sqlite:away/tidings.db");
    fs::write(house.file(), text).unwrap();
    let done = house.tidings(&["doctor"]).ended(8).findings(&house);
    assert_snapshot!(done.lines().find(|line| line.contains("| database |")).unwrap(), @"problem | database | the folder away of the database is not there | mount the volume or make the folder, or change storage.url");
}

#[test]
fn a_server_is_asked_for_its_clock() {
    let Some(house) = House::on(Engine::Postgres) else { return };
    let newsroom = Newsroom::open();
    house.configure(&configuration(&newsroom, free_port()));
    house.tidings(&["feed", "fetch"]).ended(0);
    let done = house.tidings(&["doctor"]).ended(0);
    assert!(done.out.contains("the database server's"), "{done:?}");
    assert!(done.out.contains("ok\tdatabase\tPostgreSQL opens and can be written; schema "), "{done:?}");
    assert!(!done.out.contains("\tdisk\t"), "it is another machine's: {done:?}");
}

/// Without the schema and the size, which other changes change.
fn lasting(line: &str) -> &str {
    line.split("; schema ").next().unwrap_or_default().trim_end()
}

fn mode(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
}

fn set_mode(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}
