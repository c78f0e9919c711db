//! `tidings digest` and `tidings reconcile`

use insta::assert_snapshot;

use super::{Refusals, live, with_a_reader, write};
use crate::commands::configuration;
use crate::house::{House, free_port};
use crate::newsroom::Newsroom;
use crate::relay::Relay;

const APPROVED: &str = r#"
[[frequency]]
slug = "daily"
name = { en = "Daily" }
cron = "0 8 * * *"
hour_choice = true
approve = true
"#;

#[test]
fn runs_and_previews_that_cannot_be_had() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("digest show 7")
        .refuses("digest hold 7")
        .refuses("digest next --frequency weakly")
        .refuses("digest test me@example.org --topic climate")
        .refuses("digest test me@example.org --topic health --language fr")
        .refuses("digest preview nobody@example.org")
        .refuses("digest preview ana@example.org --frequency weekly")
        .refuses("reconcile --send --run 7")
        .refuses("reconcile --gone --run 7")
        .does("subscriber set ana@example.org --format text");
    newsroom.publish("A clinic opens");
    page.does("feed fetch")
        .refuses("digest preview ana@example.org --html")
        .refuses("digest preview ana@example.org -o none/digest.txt")
        .does("subscriber stop ana@example.org")
        .refuses("digest preview ana@example.org");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn runs_that_are_over() {
    let newsroom = Newsroom::open();
    newsroom.publish("An old story");
    let house = House::new();
    house.configure(&format!("{}{APPROVED}", configuration(&newsroom, free_port())));
    Refusals::at(&house, "2026-03-02 07:00").does("subscriber add ana@example.org --topic health").does("run --once");
    newsroom.publish("A clinic opens");
    Refusals::at(&house, "2026-03-02 08:00").does("run --once").does("digest cancel 1");
    let mut page = Refusals::at(&house, "2026-03-02 09:00");
    page.refuses("digest cancel 1 --drop").refuses("digest hold 1").refuses("digest release 1");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn a_mail_that_cannot_be_made() {
    let newsroom = Newsroom::open();
    let house = with_a_reader(&newsroom);
    newsroom.publish("A clinic opens");
    Refusals::at(&house, "2026-03-02 06:00").does("feed fetch");
    let site = "\n[site]\ntemplates = \"templates\"\n";
    house.configure(&format!("{}{site}", configuration(&newsroom, free_port())));
    write(&house, "templates/mail/digest/body.txt", "Good morning\n{{ nonsense }}\n");
    let mut page = Refusals::at(&house, "2026-03-02 06:00");
    page.refuses("digest preview ana@example.org")
        .refuses("digest test me@example.org --topic health")
        .refuses("template preview mail/digest --format text")
        .refuses("check");
    Refusals::at(&house, "2026-03-02 08:00").run("run --once");
    page.refuses("mail retry 1");
    let told = page.told();
    assert_snapshot!(told);
}

#[test]
fn a_relay_that_does_not_take_it() {
    let (newsroom, relay) = (Newsroom::open(), Relay::start());
    newsroom.publish("An old story");
    let house = live(&newsroom, &relay);
    let mut page = Refusals::at(&house, "2026-03-02 07:00");
    page.does("feed fetch")
        .refuses("digest test refuse-550@example.org --topic health")
        .refuses("mail test dot-554@example.org")
        .refuses("mail test step-7@example.org")
        .does("subscriber add ana@example.org --topic health")
        .does("run --once");
    newsroom.publish("A clinic opens");
    let gone = crate::house::free_port().to_string();
    let settings = std::fs::read_to_string(house.file()).unwrap();
    let port = relay.configured().port.to_string();
    std::fs::write(house.file(), settings.replace(&format!("port = {port}"), &format!("port = {gone}"))).unwrap();
    let mut later = Refusals::at(&house, "2026-03-02 08:00");
    later.refuses("mail test me@example.org").refuses("run --once");
    let told = [page.told(), later.told()].join("\n\n");
    assert_snapshot!(told);
}
