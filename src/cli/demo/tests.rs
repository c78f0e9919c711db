//! The demo keeps its promises, and its checks see it when one is broken.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;

use super::checks::{self, Check};
use super::house::{House, Manner};
use super::mailbox::{self, Mail};
use super::mime::Message;
use super::once::{Summary, play};
use super::play::Play;
use super::teller::Teller;
use super::*;
use crate::cli::Cli;
use crate::store::captured_mail;

fn quiet() -> Output {
    Output::of(&Cli::try_parse_from(["tidings", "demo", "--once", "--quiet"]).unwrap().global)
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_is_as_it_should_be_on_the_weekend_on_which_europe_sets_its_clocks_forward() {
    let played = play(at("2027-03-27T12:00:00Z"), &quiet()).await.unwrap();

    let broken: Vec<&Check> = played.checks.iter().filter(|check| !check.holds()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(played.checks.len() >= 17);
    let Summary { feeds, articles, readers, runs, mails, ok, .. } = played.summary;
    assert!(ok);
    assert_eq!((feeds, articles, readers), (11, 66, 9));
    assert_eq!((mails.sent, mails.refused), (9, 1), "eight digests and a question");
    assert!(runs > 7 * 7, "{runs}");
}

#[tokio::test]
async fn its_folder_goes_away_with_it() {
    let house = House::open(Manner::Once { start: at("2026-03-02T12:00:00Z") }, "").await.unwrap();
    let folder = house.folder().to_owned();
    assert!(folder.join("tidings.db").exists() && folder.join("secrets/site").exists());
    house.close().await.unwrap();
    assert!(!folder.exists());
}

/// The demo up to the moment at which its mails are looked at.
async fn a_week_of_mail(output: &Output) -> Play<'_> {
    let mut play = Play::begin(Manner::Once { start: at("2026-03-02T12:00:00Z") }, Teller::new(output)).await.unwrap();
    play.first_fetch().await.unwrap();
    play.subscribe().await.unwrap();
    play.confirm().await.unwrap();
    play.publish().await.unwrap();
    play.let_a_week_go_by().await.unwrap();
    play
}

/// The promises that are broken when the mailbox is like this.
fn broken(play: &Play, mails: &[Mail]) -> Vec<&'static str> {
    let checks = checks::of_mailbox(&play.house.newsroom, &play.readers, mails);
    checks.iter().filter(|check| !check.holds()).map(|check| check.promise).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_is_not_as_it_should_be_is_seen() {
    let output = quiet();
    let play = a_week_of_mail(&output).await;
    let mails = mailbox::mails(&play.house.app.store).await.unwrap();
    assert_eq!(broken(&play, &mails), [""; 0]);

    let first = mails.iter().position(|mail| mail.to == "amina@example.org").unwrap();
    let question = mails.iter().position(|mail| !mail.is_digest()).unwrap();
    let changed = |change: fn(&mut Mail)| {
        let mut mails = mails.clone();
        change(&mut mails[first]);
        broken(&play, &mails).join(" | ")
    };
    let without = |i: usize| {
        let mut mails = mails.clone();
        mails.remove(i);
        broken(&play, &mails).join(" | ")
    };

    assert!(without(first).contains("exactly one digest"));
    assert!(without(question).contains("one question"));
    let doubled: Vec<Mail> = mails.iter().chain([&mails[first]]).cloned().collect();
    let doubled = broken(&play, &doubled).join(" | ");
    assert!(doubled.contains("exactly one digest") && doubled.contains("Message-ID"), "{doubled}");

    let articles = "each new article of their topics once";
    assert!(changed(|mail| mail.message.text = mail.message.text.replace("One card", "A card")).contains(articles));
    assert!(changed(|mail| mail.message.html = mail.message.html.replace("One card", "A card")).contains(articles));
    assert!(changed(|mail| mail.message.text.push_str("Bees return to the railway embankment\n")).contains(articles));
    assert!(changed(|mail| mail.message.html.push_str("<h3>Bees</h3>")).contains(articles));
    assert!(changed(|mail| mail.at += TimeDelta::hours(1)).contains("on the hour"));
    let captured = captured_mail::after(&play.house.app.store, 0, 100).await.unwrap();
    let with_head = |from: &str, to: &str| {
        let bytes = String::from_utf8(captured[first].bytes.clone()).unwrap().replacen(from, to, 1);
        let mut mails = mails.clone();
        mails[first].message = Message::read(bytes.as_bytes()).unwrap();
        broken(&play, &mails).join(" | ")
    };
    assert_eq!(with_head("nothing", "of this kind is there"), "");
    assert!(with_head("\nMessage-ID:", "\nX-Other:").contains("told apart"));
    assert!(with_head("\nList-Unsubscribe-Post:", "\nX-Other:").contains("one click"));
    assert!(with_head("\nSubject: ", "\nSubject: News\r\nX-Other: ").contains("its subject"));
    assert!(changed(|mail| mail.to = "nobody@example.net".to_owned()).contains("who was refused has none"));
    assert!(changed(|mail| mail.to = "stranger@example.org".to_owned()).contains("nobody else has mail"));
}

#[test]
fn what_is_no_mail_of_ours_is_not_read() {
    assert!(Message::read(b"").is_none());
    assert!(Message::read(b"Subject: hello\r\n\r\nhello\r\n").is_none());
    let mail =
        b"Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n";
    assert!(Message::read(mail).is_none(), "it has no HTML part");
}
