//! `tidings init`: from nothing to a site that collects, by flags and on a terminal.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use insta::assert_snapshot;
use serde_json::json;

use crate::house::{House, free_port};
use crate::newsroom::Newsroom;
use crate::relay::{Relay, Script};

#[test]
fn a_site_begins_with_one_command_and_collects() {
    let newsroom = Newsroom::open();
    newsroom.publish("A clinic opens");
    let relay = Relay::start();
    let house = House::new();
    let address = format!("127.0.0.1:{}", relay.addr.port());
    let feed = newsroom.url();
    let flags = ["--name", "The Harbour Post", "--zone", "Africa/Nairobi", "--feed", &feed, "--relay", &address];
    let begun = house.tidings(&[&["init", "news"], &flags[..]].concat()).ended(0);
    assert_eq!(begun.out, "news/tidings.toml\nnews/secrets/site\n");
    assert_snapshot!(begun.err.replace(&address, "[relay]"), @r#"
    feed `health-news`: "Health News", 1 entry there now
    the relay [relay] answers
    no mail leaves yet (mode capture). Next:
      tidings feed fetch -c news/tidings.toml                                       collects what the feeds hold now
      tidings digest test you@example.org --topic health-news -c news/tidings.toml  makes a digest of it; it stays in the mailbox inside
      tidings run -c news/tidings.toml                                              does everything from now on, and serves the pages
    "#);
    assert_eq!(relay.accepted(), 0);
    let secret = house.folder().join("news/secrets/site");
    assert_eq!(secret.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    // It is good, and the next commands are as they were printed.
    let checked = house.tidings(&["check", "-c", "news/tidings.toml", "--json"]).json();
    assert_eq!((&checked["ok"], &checked["warnings"], &checked["mode"]), (&json!(true), &json!([]), &json!("capture")));
    for command in begun.err.lines().filter_map(|line| line.trim().strip_prefix("tidings ")).take(2) {
        let words: Vec<&str> = command.split("  ").next().unwrap().split(' ').collect();
        house.tidings(&words).ended(0);
    }
    let topics = house.tidings(&["topic", "list", "-c", "news/tidings.toml"]).ended(0).out;
    assert_eq!(topics, "topic\thealth-news\tHealth News\t0\t1\n");
}

#[test]
fn what_is_not_said_takes_its_default_where_nobody_can_be_asked() {
    let house = House::new();
    house.tidings(&["init", "--zone", "UTC"]).ended(0);
    assert_snapshot!(fs::read_to_string(house.file()).unwrap(), @r#"
    # A first tidings.toml. Change what you like, and run `tidings check`.
    # All other options, with their defaults, are in config/default.toml.

    [site]
    name = "Newsroom"                           # stands in every mail and on every page
    # url = "https://digest.example.org"        # where readers reach the pages behind the links
    language = "en"                             # of readers who choose none
    languages = ["en"]                          # that readers can choose: ["en", "fr", "ar"]
    timezone = "UTC"                            # "8 o'clock" is by this clock, unless a reader has another
    postal_address = ""                         # at the foot of every mail; many countries want one by law
    secret_file = "secrets/site"                # signs the links in all mails: keep it, and back it up

    [delivery]
    mode = "capture"                            # no mail leaves Tidings yet; the end of this file says how it does
    # from = "Newsroom <digest@example.org>"    # in whose name we write

    # The mail server that sends for you. In the mode "capture" it gets nothing.
    # [relay]
    # host = "smtp.example.org"
    # tls = "implicit"                          # on port 465; "starttls" on port 587
    # username = "digest"                       # if it wants a login; the password stands alone in a file
    # password_file = "secrets/smtp"

    # Where the news comes from: RSS, Atom or JSON Feed.
    # This is a public feed of UN News, as an example: put yours in its place, and name the topic below.

    [[feed]]
    slug = "health"
    url = "https://news.un.org/feed/subscribe/en/news/topic/health/feed/rss.xml"

    # What readers subscribe to. The rule of a topic says which articles belong to it. Here it is the feed they came in.
    # With one feed for everything, use its categories instead, any_category = ["Health"], or words in title and
    # summary, any_word = ["malaria", "\"public health\""].

    [[topic]]
    slug = "health"
    name = { en = "Health" }
    feeds = ["health"]

    # To send for real, to yourself first: fill in url and postal_address, from, and [relay]. Then, under [delivery]:
    #
    # mode = "allowlist"                 # only these addresses get mail
    # allowlist = ["me@example.org"]
    #
    # `tidings doctor` says whether all of it holds. With mode = "live", everybody gets mail.
    "#);
    assert_eq!(house.tidings(&["check", "--json"]).json()["warnings"], json!([]));
}

#[test]
fn a_file_that_is_there_is_never_written_over() {
    let house = House::new();
    house.configure("[site]\nname = \"Mine\"\n");
    let before = fs::read_to_string(house.file()).unwrap();
    assert_snapshot!(house.tidings(&["init", ".", "--no-input"]).ended(5).err, @r#"
    error: ./tidings.toml is there already, and is left as it is
      try:  `tidings check -c ./tidings.toml` looks it through; `tidings init FOLDER` begins another
    "#);
    house.tidings(&["init"]).ended(5);
    house.tidings(&["init", "-n"]).ended(5);
    assert_eq!(fs::read_to_string(house.file()).unwrap(), before);
    assert!(!house.folder().join("secrets").exists());

    // Nor are keys: all links ever sent are signed by them.
    house.make_secret();
    let keys = fs::read_to_string(house.folder().join("secrets/site")).unwrap();
    house.tidings(&["init", "-c", "other.toml", "--offline"]).ended(0);
    assert_eq!(fs::read_to_string(house.folder().join("secrets/site")).unwrap(), keys);
}

#[test]
fn a_dry_run_prints_the_file_and_writes_nothing() {
    let house = House::new();
    let shown = house.tidings(&["init", "news", "-n", "--offline", "--name", "The Harbour Post"]).ended(0);
    assert!(shown.out.contains("\nname = \"The Harbour Post\" "), "{shown:?}");
    assert!(!house.folder().join("news").exists());
    let shown =
        house.tidings(&["init", "news", "-n", "--json", "--offline", "--url", "https://digest.example.org"]).json();
    assert_eq!((&shown["dry_run"], &shown["file"]), (&json!(true), &json!("news/tidings.toml")));
    assert!(shown["text"].as_str().unwrap().contains("url = \"https://digest.example.org\""), "{shown}");
    assert!(!house.folder().join("news").exists());

    let strange = house.tidings(&["init", "-n", "--offline", "--language", "sw"]).ended(0).err;
    assert!(strange.contains("warning: no words in `sw` are shipped"), "{strange}");
}

/// Who begins a site need not have everything in place: what does not answer is told, and the file is written.
#[test]
fn what_does_not_answer_is_told_and_does_not_stop_it() {
    let house = House::new();
    let port = free_port();
    let feed = format!("http://127.0.0.1:{port}/sea/feed.xml");
    let relay = format!("127.0.0.1:{port}");
    let begun = house.tidings(&["init", "--zone", "UTC", "--feed", &feed, "--relay", &relay]).ended(0);
    let warnings: Vec<&str> = begun.err.lines().filter(|line| line.starts_with("warning:")).collect();
    assert_snapshot!(warnings.join("\n").replace(&port.to_string(), "[port]"), @r#"
    warning: feed `sea` could not be read: could not reach http://127.0.0.1:[port]/sea/feed.xml: error sending request: client error (Connect): tcp connect error: Connection refused (os error 111)
    warning: the relay 127.0.0.1:[port] does not answer as it should: could not connect to 127.0.0.1:[port]: the connection failed: Connection refused (os error 111)
    "#);
    let told = house.tidings(&["doctor"]).ended(0).out;
    assert!(told.contains("warning\trelay\tcould not connect to"), "nothing is at stake yet: {told}");

    // One that speaks, and refuses.
    let relay = Relay::with(Script { greeting: Some("554 no service for you"), ..Script::default() });
    let relay = format!("127.0.0.1:{}", relay.addr.port());
    let begun = house.tidings(&["init", "other", "--no-input", "--relay", &relay, "--json"]).json();
    let words = begun["relay"]["error"].as_str().unwrap();
    assert!(words.ends_with("refused the greeting: 554 no service for you"), "{words}");
    let text = begun["text"].as_str().unwrap();
    assert!(text.contains("mode = \"capture\"") && text.contains("[relay]\nhost = \"127.0.0.1\"\nport = "), "{text}");
    assert!(house.folder().join("other/tidings.toml").exists());
}

#[test]
fn a_flag_that_is_wrong_is_refused_with_the_reason() {
    let house = House::new();
    let refused = |flag, value| house.tidings(&["init", flag, value]).ended(2).err.lines().next().unwrap().to_owned();
    assert_snapshot!(refused("--zone", "Africa/Nairobbi"), @"error: invalid value 'Africa/Nairobbi' for '--zone <ZONE>': `Africa/Nairobbi` is not a time zone; did you mean `Africa/Nairobi`?");
    assert_snapshot!(refused("--feed", "news.example.org/rss"), @"error: invalid value 'news.example.org/rss' for '--feed <URL>': `news.example.org/rss` is not a URL (relative URL without a base); write all of it, such as https://news.example.org/rss");
    assert_snapshot!(refused("--url", "https://example.org/digest"), @"error: invalid value 'https://example.org/digest' for '--url <URL>': `https://example.org/digest` has more than a host in it: our pages are at its root, such as https://digest.example.org");
    assert_snapshot!(refused("--relay", "smtp.example.org:smtp"), @"error: invalid value 'smtp.example.org:smtp' for '--relay <HOST[:PORT]>': `smtp` is not a port: a number up to 65535");
    assert_snapshot!(refused("--language", "english"), @r#"error: invalid value 'english' for '--language <TAG>': `english` is not a language: use a tag such as "en", "fr" or "ar""#);
    assert!(!house.file().exists());
}

#[test]
fn on_a_terminal_what_is_missing_is_asked() {
    if !script_is_here() {
        return;
    }
    let newsroom = Newsroom::open();
    let house = House::new();
    let feed = newsroom.url();
    let typed = format!("{feed} nonsense\n{feed}\nfr\nAfrica/Nairobbi\nAfrica/Nairobi\n\n\n");
    let shown = on_a_terminal(house.folder(), "init --name 'Le Courrier du port' news", &typed);
    for words in [
        "Address of a feed (of several, with spaces between) [an example]: ",
        "`nonsense` is not a URL (relative URL without a base); write all of it, such as https://nonsense",
        "Language of your readers [en]: ",
        "`Africa/Nairobbi` is not a time zone; did you mean `Africa/Nairobi`?",
        "Public address of your pages [none: on this machine only]: ",
        "Mail server that sends for you, host[:port] [none: mail is captured]: ",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("What readers know you by"), "that was said: {shown}");
    let file = house.folder().join("news/tidings.toml");
    let config = fs::read_to_string(file).unwrap_or_else(|_| panic!("{shown}"));
    for setting in ["name = \"Le Courrier du port\"", "languages = [\"fr\"]", "timezone = \"Africa/Nairobi\""] {
        assert!(config.contains(setting), "{config}");
    }
    assert!(config.contains("name = { fr = \"Health News\" }") && config.contains("# [relay]"), "{config}");

    // Whoever goes away in the middle has nothing.
    let shown = on_a_terminal(house.folder(), "init elsewhere", "The Harbour Post\n\u{4}");
    assert!(shown.contains("error: no answer came, so nothing was written"), "{shown}");
    assert!(!house.folder().join("elsewhere").exists());
}

/// What a terminal shows while this is typed.
pub fn on_a_terminal(folder: &Path, command: &str, typed: &str) -> String {
    let command = format!("'{}' {command}", env!("CARGO_BIN_EXE_tidings"));
    let mut script = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .current_dir(folder)
        .env("SHELL", "/bin/sh")
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    script.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let done = script.wait_with_output().unwrap();
    String::from_utf8(done.stdout).unwrap().replace('\r', "")
}

pub fn script_is_here() -> bool {
    if Command::new("script").arg("--version").output().is_ok_and(|done| done.status.success()) {
        return true;
    }
    let words = b"\nSKIPPED: questions on a terminal, for want of `script` (bsdutils)\n";
    let _ = std::io::stderr().write_all(words);
    false
}
