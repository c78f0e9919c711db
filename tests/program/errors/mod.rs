//! Every error that commands can end with, as their operator reads it: a file per noun, and a snapshot of each house.
//! What the library says of itself is in `src/tests/errors/`, and so is the test that nothing is left out.

mod articles;
mod backups;
mod databases;
mod demo;
mod digests;
mod feeds;
mod mails;
mod readers;
mod setting_up;
mod templates;
mod topics;
mod usage;

use std::fs;

use crate::commands::configuration;
use crate::house::{Done, House, free_port};
use crate::newsroom::Newsroom;
use crate::relay::Relay;

/// What a house says no to, one after the other.
struct Refusals<'h> {
    house: &'h House,
    time: &'static str,
    page: Vec<String>,
}

impl<'h> Refusals<'h> {
    /// Each command is given this time, which is not shown.
    fn at(house: &'h House, time: &'static str) -> Self {
        Self { house, time, page: Vec::new() }
    }

    fn run(&self, command: &str) -> Done {
        let command: Vec<&str> = command.split(' ').map(|word| word.trim_matches('"')).collect();
        let command: Vec<&str> = command.into_iter().chain(["--at", self.time]).collect();
        self.house.tidings(&command)
    }

    /// Goes well.
    fn does(&mut self, command: &str) -> &mut Self {
        self.run(command).ended(0);
        self
    }

    /// Does not, and says why.
    fn refuses(&mut self, command: &str) -> &mut Self {
        let done = self.run(command);
        self.note(command, &done)
    }

    fn note(&mut self, command: &str, done: &Done) -> &mut Self {
        assert_ne!(done.code, 0, "{command}: {done:?}");
        // What was logged or told on the way is no error.
        let lines: Vec<&str> = done.err.lines().skip_while(|line| !line.starts_with("error:")).collect();
        let told = self.without_its_place(&lines.join("\n"));
        self.page.push(format!("$ tidings {}\n{told}\nexit {}", self.without_its_place(command), done.code));
        self
    }

    /// Paths, ports and process ids differ from house to house.
    fn without_its_place(&self, told: &str) -> String {
        let told = told.replace(&self.house.folder().display().to_string(), "[folder]");
        numbered(&numbered(&told, "127.0.0.1:", "[port]"), "process id ", "[pid]")
    }

    fn told(&self) -> String {
        self.page.join("\n\n")
    }
}

/// `name` in the place of each number after `before`.
fn numbered(text: &str, before: &str, name: &str) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        out.push_str(before);
        out.push_str(if rest.len() < part.len() { name } else { "" });
        out.push_str(rest);
    }
    out
}

const READER: &str = "ana@example.org";

/// One feed, two topics and a region; an article, and a reader of Health.
fn with_a_reader(newsroom: &Newsroom) -> House {
    newsroom.publish("An old story");
    let house = House::new();
    house.configure(&configuration(newsroom, free_port()));
    let mut ground = Refusals::at(&house, "2026-03-02 05:00");
    ground.does("feed fetch").does(&format!("subscriber add {READER} --topic health"));
    house
}

/// The same, on a site that is live with this relay.
fn live(newsroom: &Newsroom, relay: &Relay) -> House {
    let house = House::new();
    let settings = crate::commands::live(newsroom, "127.0.0.1", "none");
    let port = relay.configured().port;
    house.configure(&settings.replace("[relay]", &format!("[relay]\nport = {port}")));
    house.make_secret();
    house
}

fn write(house: &House, name: &str, text: impl AsRef<[u8]>) {
    let file = house.folder().join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}
