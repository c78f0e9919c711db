//! The key for DKIM: made, shown, looked at, and read again.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use insta::assert_snapshot;

use crate::commands::{configuration, house};
use crate::house::{House, free_port};
use crate::newsroom::Newsroom;

const GENERATE: [&str; 8] =
    ["dkim", "generate", "--selector", "d1", "--domain", "news.example.org", "--out", "secrets/d1.pem"];

fn signing(mode: &str) -> String {
    format!(
        "[dkim]\nmode = \"{mode}\"\nselector = \"d1\"\ndomain = \"news.example.org\"\nkey_file = \"secrets/d1.pem\"\n"
    )
}

fn and<'a>(arguments: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [arguments, more].concat()
}

#[test]
fn a_key_is_made_for_its_owner_alone_and_never_written_over() {
    let house = House::new();
    let would = house.tidings(&and(&GENERATE, &["-n"])).ended(0);
    assert_snapshot!(format!("{}{}", would.out, would.err), @"
    secrets/d1.pem would be made: an RSA key of 2048 bits for d1._domainkey.news.example.org
    nothing was made
    ");
    assert!(!house.folder().join("secrets").exists());

    let made = house.tidings(&GENERATE).ended(0);
    let file = house.folder().join("secrets/d1.pem");
    let pem = fs::read_to_string(&file).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(pem.matches("-----BEGIN PRIVATE KEY-----").count(), 1);
    assert!(!made.out.contains(pem.lines().nth(1).unwrap()), "the private key is not for the screen");
    let value = made.out.lines().find_map(|line| line.strip_prefix("value  ")).unwrap();
    assert!(value.starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqh") && value.len() > 400, "{value}");
    assert!(made.out.contains("\nd1._domainkey.news.example.org. IN TXT ( \"v=DKIM1;"), "{}", made.out);
    assert_snapshot!(made.err, @r#"
    made secrets/d1.pem; back it up, and keep it secret. Publish the record, then sign with

      [dkim]
      mode = "rsa"
      selector = "d1"
      domain = "news.example.org"
      key_file = "secrets/d1.pem"

    `tidings doctor` says whether the DNS has what the file has
    "#);

    let again = house.tidings(&GENERATE).ended(5).err;
    assert_snapshot!(again, @"
    error: secrets/d1.pem is there already, and a key is never written over
      try:  another file, under another selector
    ");
    assert_eq!(house.tidings(&and(&GENERATE, &["-n"])).ended(5).err, again);
    assert_eq!(fs::read_to_string(&file).unwrap(), pem);
}

#[test]
fn its_record_is_printed_for_programs_and_shown_again() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let text = configuration(&newsroom, free_port());
    assert_snapshot!(house.tidings(&["dkim", "show"]).ended(4).err, @"
    error: there is no key: [dkim] of the configuration names selector, domain and key_file
      try:  `tidings dkim generate` makes one
    ");
    let made = house.tidings(&and(&GENERATE, &["--ed25519", "--json"])).ended(0).json();
    assert_eq!(made["name"], "d1._domainkey.news.example.org");
    assert_eq!(made["record"], made["records"][0]["record"]);
    assert_eq!(made["records"][1]["name"], "d1-ed25519._domainkey.news.example.org");
    assert!(made["records"][1]["record"].as_str().unwrap().starts_with("v=DKIM1; k=ed25519; p="));

    for (mode, count) in [("none", 2), ("rsa", 1), ("rsa+ed25519", 2)] {
        house.configure(&format!("{text}{}", signing(mode)));
        let shown = house.tidings(&["dkim", "show", "--json"]).ended(0).json();
        let records = shown["records"].as_array().unwrap();
        assert_eq!(records.len(), count, "{mode}");
        assert_eq!(records[..], made["records"].as_array().unwrap()[..count]);
    }
}

#[test]
fn a_name_that_cannot_be_one_is_refused() {
    let house = House::new();
    for (selector, domain) in [("d1._domainkey", "example.org"), ("", "example.org"), ("d1", "localhost")] {
        let arguments = ["dkim", "generate", "--selector", selector, "--domain", domain, "--out", "d1.pem"];
        house.tidings(&arguments).ended(2);
    }
    assert!(!house.folder().join("d1.pem").exists());
}

#[test]
fn a_key_that_cannot_be_used_is_said_before_the_start() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    house.configure(&format!("{}{}", configuration(&newsroom, free_port()), signing("rsa")));
    assert_snapshot!(house.tidings(&["run", "--once", "-q"]).ended(3).err, @"
    error: could not read the key for DKIM from secrets/d1.pem
      because: No such file or directory (os error 2)
      try:  `tidings dkim generate` makes it; dkim.key_file in the configuration names it
    ");
    house.tidings(&["check"]).ended(3);
    house.tidings(&GENERATE).ended(0);
    house.tidings(&["run", "--once", "-q"]).ended(0);

    let file = house.folder().join("secrets/d1.pem");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let found = |done: crate::house::Done| {
        done.out.lines().find(|line| line.contains("\tdkim key\t")).unwrap().replace('\t', " | ")
    };
    assert_snapshot!(found(house.tidings(&["doctor"]).ended(8)), @"problem | dkim key | secrets/d1.pem can be read by everybody on this machine (mode 644) | chmod 600 secrets/d1.pem, or `tidings doctor --fix`");
    fs::write(&file, "hunter2").unwrap();
    assert_snapshot!(found(house.tidings(&["doctor"]).ended(8)), @"problem | dkim key | the key for DKIM in secrets/d1.pem cannot be used: it holds no RSA key | bring it back from a backup, or make another under another selector: `tidings dkim generate`");
}

#[test]
fn a_daemon_goes_on_with_the_key_it_has_when_the_new_one_is_bad() {
    let newsroom = Newsroom::open();
    let house = house(&newsroom);
    let text = configuration(&newsroom, free_port());
    house.configure(&text);
    let mut daemon = house.at_work();
    house.configure(&format!("{text}{}", signing("rsa")));
    daemon.signal("-HUP");
    daemon.wait_until_it_says("the configuration as it was stays in force: could not read the key for DKIM");
    house.tidings(&GENERATE).ended(0);
    daemon.signal("-HUP");
    daemon.wait_until_it_says("tidings.toml is in force");
    daemon.signal("-TERM");
    assert_eq!(daemon.end_within(Duration::from_secs(8)), 0, "{}", daemon.said());
}
