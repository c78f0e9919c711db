//! A configuration that changes: beside a daemon, in a daemon, and while nobody is at work. What is said about it.

use std::time::Duration;

use insta::assert_snapshot;

use crate::commands::{configuration, live};
use crate::daemon::Daemon;
use crate::engine::Engine;
use crate::house::{House, free_port};
use crate::newsroom::Newsroom;

/// A house, its text, and a reader of health.
fn with_a_reader(newsroom: &Newsroom) -> (House, String) {
    let house = House::new();
    let text = configuration(newsroom, free_port());
    house.configure(&text);
    house.tidings(&["subscriber", "add", "reader@example.org", "--topic", "health"]).ended(0);
    (house, text)
}

fn replaced(text: &str) -> String {
    text.replace("name = { en = \"Health\" }\nany_category = [\"Health\"]", "replaced_by = \"climate\"")
}

fn without_health(text: &str) -> String {
    text.replace("[[topic]]\nslug = \"health\"\nname = { en = \"Health\" }\nany_category = [\"Health\"]\n", "")
}

fn ends_well(mut daemon: Daemon) {
    daemon.signal("-TERM");
    assert_eq!(daemon.end_within(Duration::from_secs(8)), 0, "{}", daemon.said());
}

fn topics_of_the_reader(house: &House) -> Vec<(String, String)> {
    let shown = house.tidings(&["subscriber", "show", "reader@example.org", "--json"]).json();
    let all = shown["subscriptions"].as_array().unwrap().iter();
    all.map(|s| (s["topic"].as_str().unwrap().to_owned(), s["status"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_topic_that_is_read_is_not_dropped_without_a_word() {
    let newsroom = Newsroom::open();
    let (house, text) = with_a_reader(&newsroom);
    house.configure(&without_health(&text));
    let refused = house.tidings(&["run", "--once", "-q"]).ended(5).err;
    assert_snapshot!(refused, @r#"
    error: this configuration no longer has what readers hold, so it was not put in force:
      topic `health`: 1 reader has it
    Say what becomes of its readers. Either they move to another topic:
      [[topic]]
      slug = "health"
      replaced_by = "…"
    or their subscriptions to it end:
      [[topic]]
      slug = "health"
      end_subscriptions = true
    "#);
    house.configure(&text);
    house.tidings(&["run", "--once", "-q"]).ended(0);
    assert_eq!(topics_of_the_reader(&house), [("health".to_owned(), "active".to_owned())]);
}

#[test]
fn with_nobody_at_work_any_command_that_writes_moves_the_readers() {
    let newsroom = Newsroom::open();
    let (house, text) = with_a_reader(&newsroom);
    house.configure(&replaced(&text));
    house.tidings(&["subscriber", "add", "other@example.org", "--topic", "climate"]).ended(0);
    assert_eq!(topics_of_the_reader(&house), [("climate".to_owned(), "active".to_owned())]);
}

#[test]
fn a_daemon_reads_its_configuration_again_when_it_is_told_to() {
    let newsroom = Newsroom::open();
    let (house, text) = with_a_reader(&newsroom);
    let mut daemon = house.at_work();

    house.configure(&replaced(&text));
    let add = ["subscriber", "add", "other@example.org", "--topic", "climate"];
    let refused = house.tidings(&add).ended(5).err;
    let refused = refused.replace(&house.folder().display().to_string(), "[folder]");
    let (before, after) = refused.split_once(" with process id ").unwrap();
    let (_, after) = after.split_once(" UTC").unwrap();
    assert_snapshot!(format!("{before} …{after}"), @"error: [folder]/tidings.toml has other feeds, topics, regions, frequencies or languages than when it was read by `tidings run` …; have that process read it again first: `systemctl reload tidings`, or SIGHUP");

    daemon.signal("-HUP");
    daemon.wait_until_it_says("tidings.toml is in force");
    assert_eq!(topics_of_the_reader(&house), [("climate".to_owned(), "active".to_owned())]);
    assert_snapshot!(house.tidings(&add).ended(0).err, @"told the running daemon");
    ends_well(daemon);
}

/// Without the process and the time of its begin.
fn needs(house: &House) -> (String, Vec<String>) {
    let status = house.tidings(&["status", "--json"]).json();
    let folder = house.folder().display().to_string();
    let need = |need: &serde_json::Value| {
        let need = need.as_str().unwrap().replace(&folder, "[folder]");
        let (before, after) = need.split_once(" with process id ").unwrap();
        format!("{before} …{}", after.split_once(" UTC").unwrap().1)
    };
    assert_eq!(status["healthy"], status["needs_you"].as_array().unwrap().is_empty());
    (status["mode"].as_str().unwrap().to_owned(), status["needs_you"].as_array().unwrap().iter().map(need).collect())
}

#[test]
fn a_file_that_was_changed_and_not_read_again_is_told_from_what_is_in_force() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let newsroom = Newsroom::open();
        let Some(house) = House::on(engine) else { continue };
        let text = live(&newsroom, "127.0.0.1", "none");
        house.configure(&text);
        house.make_secret();
        let mut daemon = house.at_work();
        assert_eq!(needs(&house), ("live".to_owned(), vec![]));

        house.configure(&format!("# A note.\n{text}"));
        assert_eq!(needs(&house), ("live".to_owned(), vec![]), "a note changes nothing");

        house.configure(&text.replace("mode = \"live\"", "mode = \"capture\""));
        let (mode, told) = needs(&house);
        assert_eq!(mode, "live");
        assert_eq!(
            told,
            [
                "[folder]/tidings.toml says mode capture, and mode live is in force: `tidings run` …; `systemctl reload tidings`, or SIGHUP, has the file read again"
            ]
        );
        let found = house.tidings(&["doctor"]).out;
        assert!(found.contains("says mode capture, and mode live is in force: `tidings run` with"), "{found}");

        house.configure(&text.replace("1 Press Road", "2 Press Road"));
        let (_, told) = needs(&house);
        assert_eq!(
            told,
            [
                "[folder]/tidings.toml says something else than what is in force: `tidings run` …; `systemctl reload tidings`, or SIGHUP, has the file read again"
            ]
        );
        daemon.signal("-HUP");
        daemon.wait_until_it_says("tidings.toml is in force");
        assert_eq!(needs(&house), ("live".to_owned(), vec![]));

        house.configure(&text.replace("mode = \"live\"", "mode = \"capture\""));
        ends_well(daemon);
        assert_eq!(needs(&house), ("capture".to_owned(), vec![]), "nobody is at work");
    }
}

#[test]
fn what_is_wrong_with_a_changed_configuration_is_said_and_the_old_one_stays() {
    let newsroom = Newsroom::open();
    let (house, text) = with_a_reader(&newsroom);
    let mut daemon = house.at_work();

    house.configure(&text.replace("any_category = [\"Climate\"]", "any_categery = [\"Climate\"]"));
    daemon.signal("-HUP");
    daemon.wait_until_it_says("unknown key `any_categery`");

    house.configure(&without_health(&text));
    daemon.signal("-HUP");
    daemon.wait_until_it_says("topic `health`: 1 reader has it");

    let subject = house.folder().join("templates/mail/digest/subject.txt");
    std::fs::create_dir_all(subject.parent().unwrap()).unwrap();
    std::fs::write(subject, "News for\n{{ nobody }}").unwrap();
    house.configure(&format!("[site]\ntemplates = \"templates\"\n{text}"));
    daemon.signal("-HUP");
    daemon.wait_until_it_says("templates/mail/digest/subject.txt:2:4: `nobody` is undefined");

    // Between two steps of an editor say: the built-in defaults have no feeds, and capture all mail.
    std::fs::remove_file(house.file()).unwrap();
    daemon.signal("-HUP");
    daemon.wait_until_it_says("stays in force: could not read the configuration tidings.toml: No such file");

    house.configure(&text);
    house.tidings(&["subscriber", "add", "other@example.org", "--topic", "health"]).ended(0);
    ends_well(daemon);
}
