//! `tidings init`, `check`, `man` and `run`: what is missing or wrong before anything begins.

use std::fs;
use std::net::TcpListener;

use insta::assert_snapshot;

use super::{Refusals, with_a_reader, write};
use crate::commands::{configuration, house_on, live};
use crate::engine::Engine;
use crate::house::{House, free_port};
use crate::init::{on_a_terminal, script_is_here};
use crate::newsroom::Newsroom;

#[test]
fn configurations_that_are_not_there() {
    let house = House::new();
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("status").refuses("run --once").refuses("status -c other.toml");
    write(&house, "folder/file", "");
    page.refuses("check -c folder").refuses("init folder/file").refuses("man -o folder/file/man");
    house.configure("");
    page.refuses("init");
    house.configure(
        "frequency = []\n[[topic]]\nslug = \"health\"\nname = { en = \"Health\" }\nany_word = [\"health\"]\n",
    );
    write(&house, "readers.csv", "address,topics\na@example.org,health\n");
    page.refuses("subscriber add a@example.org --topic health").refuses("subscriber import readers.csv");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn what_a_configuration_names_and_is_not_there() {
    let newsroom = Newsroom::open();
    let house = House::new();
    let common = configuration(&newsroom, free_port());
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    fs::write(house.file(), format!("{common}\n[storage]\nurl = \"sqlite:volume/tidings.db\"\n")).unwrap();
    page.refuses("status").refuses("run --once");
    house.configure(&live(&newsroom, "127.0.0.1", "none"));
    page.refuses("check").refuses("run --once");
    house.make_secret();
    house.configure(&live(&newsroom, "smtp.example.org", "implicit"));
    page.refuses("run --once");
    let login = "[relay]\nusername = \"digest\"\npassword_file = \"secrets/smtp\"";
    house.configure(&live(&newsroom, "smtp.example.org", "implicit").replace("[relay]", login));
    page.refuses("check");
    write(&house, "secrets/smtp", "\n");
    page.refuses("check");
    write(&house, "secrets/ca.pem", "no certificate\n");
    let ca = "[relay]\nca_file = \"secrets/ca.pem\"";
    house.configure(&live(&newsroom, "smtp.example.org", "implicit").replace("[relay]", ca));
    page.refuses("check");
    house.configure(&common);
    write(&house, "secrets/site", "hunter2\n");
    page.refuses("check");
    write(&house, "secrets/site", "");
    page.refuses("check");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn what_somebody_else_has() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    house.configure(&configuration(&newsroom, taken.local_addr().unwrap().port()));
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("run");
    house.configure(&configuration(&newsroom, free_port()));
    page.does("backup create -o copy.db");
    let _daemon = house.at_work();
    page.refuses("run").refuses("backup restore copy.db --yes").refuses("db copy sqlite:other.db");
    let told = since(&page.told());
    assert_snapshot!(told);
}

#[test]
fn what_somebody_else_has_on_a_server() {
    let newsroom = Newsroom::open();
    let Some(house) = house_on(Engine::Postgres, &newsroom) else { return };
    let _daemon = house.at_work();
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("reconcile --restored");
    let told = since(&page.told());
    assert_snapshot!(told);
}

/// Without the time at which a daemon began.
fn since(told: &str) -> String {
    let mut parts = told.split(", since ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(", since [then]");
        out.push_str(part.split_once(" UTC").map_or("", |(_, rest)| rest));
    }
    out
}

#[test]
fn a_question_that_nobody_answers() {
    if !script_is_here() {
        return;
    }
    let house = House::new();
    let told = on_a_terminal(house.folder(), "init", "\u{4}");
    let told = told.lines().skip_while(|line| !line.contains("error:")).collect::<Vec<_>>().join("\n");
    assert_snapshot!(told);
}
