//! `tidings demo`

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use insta::assert_snapshot;

use super::Refusals;
use crate::house::{Done, House};

/// A command of a user whose demos are found in the folder of this house.
fn of_the_user(house: &House, arguments: &[&str]) -> Done {
    where_demos_are_in(house, "", arguments)
}

fn where_demos_are_in(house: &House, folder: &str, arguments: &[&str]) -> Done {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    let folder = house.folder().join(folder);
    command.args(arguments).env("XDG_RUNTIME_DIR", &folder).env("TMPDIR", folder);
    let mut running = house.start_command(command);
    let code = running.end_within(Duration::from_secs(30));
    Done { code, out: running.said_out(), err: running.said() }
}

fn door(house: &House) -> PathBuf {
    let id = Command::new("id").arg("-u").output().unwrap();
    house.folder().join(format!("tidings-demo-{}.sock", String::from_utf8(id.stdout).unwrap().trim()))
}

#[test]
fn demos_that_are_not_there_or_say_nothing() {
    let house = House::new();
    let mut page = Refusals::at(&house, "");
    let mut refuses = |arguments: &[&str]| {
        let done = of_the_user(&house, arguments);
        page.note(&arguments.join(" "), &done);
    };
    refuses(&["demo", "tomorrow"]);
    refuses(&["demo", "--json"]);
    let listener = UnixListener::bind(door(&house)).unwrap();
    refuses(&["demo"]);
    // Whoever comes is shown out.
    let porter = std::thread::spawn(move || listener.incoming().flatten().take(2).for_each(drop));
    refuses(&["demo", "tomorrow"]);
    porter.join().unwrap();
    super::write(&house, "file", "");
    for (folder, arguments) in [("none", &["demo"][..]), ("none", &["demo", "--once"]), ("file", &["demo", "tomorrow"])]
    {
        page.note(&arguments.join(" "), &where_demos_are_in(&house, folder, arguments));
    }
    let told = numbered_user(&page.told());
    assert_snapshot!(told);
}

#[test]
fn wishes_that_a_demo_does_not_grant() {
    let house = House::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    command
        .args(["demo", "--at", "2026-11-23 12:00"])
        .env("XDG_RUNTIME_DIR", house.folder())
        .env("TMPDIR", house.folder());
    let mut demo = house.start_command(command);
    demo.wait_until_it_says("Ctrl-C ends it");
    let mut page = Refusals::at(&house, "");
    let mut refuses = |arguments: &[&str]| {
        let done = of_the_user(&house, arguments);
        page.note(&arguments.join(" "), &done);
    };
    refuses(&["demo"]);
    refuses(&["demo", "publish", "X", "--topic", "helth"]);
    refuses(&["demo", "publish", "X", "--topic", "health", "--language", "de"]);
    refuses(&["demo", "publish", "X", "--topic", "science", "--language", "ar"]);
    refuses(&["demo", "publish", " ", "--topic", "health"]);
    let told = numbered_user(&page.told());
    assert_snapshot!(told);
}

/// Without the number of the user, or the name of a folder.
fn numbered_user(told: &str) -> String {
    const BEFORE: &str = "tidings-demo-";
    let mut parts = told.split(BEFORE);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| out + BEFORE + "[user]" + part.trim_start_matches(char::is_alphanumeric))
}
