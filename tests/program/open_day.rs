//! The demo that goes on, and its visitor with a second terminal and a browser.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::daemon::Daemon;
use crate::house::{Done, House};

/// A user of this machine, with a folder of their own where the demo is found.
struct User(House);

impl User {
    fn new() -> Self {
        Self(House::new())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        command.args(arguments).env("XDG_RUNTIME_DIR", self.0.folder()).env("TMPDIR", self.0.folder());
        command
    }

    fn starts_a_demo(&self) -> Daemon {
        let mut demo = self.0.start_command(self.command(&["demo", "--at", "2026-11-23 12:00"]));
        demo.wait_until_it_says("Ctrl-C ends it");
        demo
    }

    fn tidings(&self, arguments: &[&str]) -> Done {
        let mut running = self.0.start_command(self.command(arguments));
        let code = running.end_within(Duration::from_secs(60));
        Done { code, out: running.said_out(), err: running.said() }
    }

    /// What the demo left in the folder of this user.
    fn left_behind(&self) -> Vec<PathBuf> {
        let all = fs::read_dir(self.0.folder()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.to_string_lossy().contains("tidings-demo")).collect()
    }
}

/// The link after this word in what the demo says at its start.
fn link(said: &str, word: &str) -> String {
    let line =
        said.lines().find(|line| line.trim_start().starts_with(word)).unwrap_or_else(|| panic!("{word}: {said}"));
    line.split_whitespace().last().unwrap().to_owned()
}

async fn page(url: &str) -> String {
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{url}");
    answer.text().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_brings_out_a_story_and_tomorrow_it_is_in_the_mail() {
    let user = User::new();
    let mut demo = user.starts_a_demo();
    let said = demo.said();
    assert!(page(&link(&said, "In Arabic")).await.contains("dir=\"rtl\""));
    assert!(page(&link(&said, "Subscribe")).await.contains("value=\"health\" checked"));
    let mailbox = link(&said, "Mailbox");
    assert!(page(&mailbox).await.contains("amina@example.org"));

    let published = user.tidings(&["demo", "publish", "Otters return to <Calder> Bay", "--topic", "health"]);
    assert_eq!(published.code, 0, "{}", published.err);
    assert!(
        published.out.contains("is out, under Health") && published.out.contains("It goes to 2 readers"),
        "{}",
        published.out
    );
    let arabic = user.tidings(&["demo", "publish", "خبر مني", "--topic", "health", "--language", "ar", "--json"]);
    assert_eq!(arabic.code, 0, "{}", arabic.err);
    assert!(arabic.out.starts_with("{\"told\":[") && arabic.out.contains("/mailbox"), "{}", arabic.out);

    let tomorrow = user.tidings(&["demo", "tomorrow"]);
    assert_eq!(tomorrow.code, 0, "{}", tomorrow.err);
    assert!(
        tomorrow.out.contains("Otters return to <Calder> Bay") && tomorrow.out.contains("to amina@example.org"),
        "{}",
        tomorrow.out
    );
    assert!(tomorrow.out.contains("2026, 13:0") && tomorrow.out.contains(&mailbox), "{}", tomorrow.out);
    assert!(demo.said().contains("to amina@example.org"), "told in the first terminal too");
    let amina = page(&format!("{mailbox}?to=amina")).await;
    assert!(amina.contains("Otters return to &lt;Calder&gt; Bay"), "{amina}");
    let quiet = user.tidings(&["demo", "tomorrow"]);
    assert!(quiet.out.contains("Nothing was new"), "{}", quiet.out);

    demo.signal("-INT");
    assert_eq!(demo.end_within(Duration::from_secs(20)), 0);
    assert!(demo.said().contains("cleared away"));
    assert_eq!(user.left_behind(), Vec::<PathBuf>::new());
}

#[test]
fn what_cannot_be_is_said_in_words() {
    let user = User::new();
    let nobody = user.tidings(&["demo", "tomorrow"]);
    assert_eq!(nobody.code, 4);
    assert!(
        nobody.err.contains("no demo of yours is running") && nobody.err.contains("try:  `tidings demo`"),
        "{}",
        nobody.err
    );

    let demo = user.starts_a_demo();
    let told = |arguments: &[&str]| {
        let done = user.tidings(arguments);
        (done.code, done.err)
    };
    let (code, words) = told(&["demo", "publish", "X", "--topic", "helth"]);
    assert!(
        code == 4
            && words.contains("there is no topic `helth`; did you mean `health`?")
            && !words.contains("topic list"),
        "{words}"
    );
    let (code, words) = told(&["demo", "publish", "X", "--topic", "science", "--language", "fr"]);
    assert!(code == 4 && words.contains("no `science` in `fr`"), "{words}");
    let (code, words) = told(&["demo", "publish", "two\nlines", "--topic", "health"]);
    assert!(code == 2 && words.contains("one line"), "{words}");
    let (code, words) = told(&["demo"]);
    assert!(code == 5 && words.contains("a demo of yours is running already"), "{words}");
    let (code, words) = told(&["demo", "--json"]);
    assert!(code == 2 && words.contains("tidings demo --once --json"), "{words}");
    assert!(demo.kill());

    // One that was killed is in nobody's way.
    let demo = user.starts_a_demo();
    demo.signal("-TERM");
}
