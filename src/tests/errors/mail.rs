//! The way to the relay, what it answers, and messages that cannot be made.

use std::time::Duration;

use insta::assert_snapshot;

use super::{logged, page, printed, refused};
use crate::mail::fault::{Fault, RelayError, SessionError, Step};
use crate::mail::inbox::InboxError;
use crate::mail::reply::{BadReply, Reply};
use crate::mail::unfit::{Flaw, MessageError};

fn relay() -> String {
    "smtp.example.org:587".to_owned()
}

fn reply(code: u16, text: &str) -> Reply {
    Reply { code, lines: vec![text.to_owned()] }
}

#[test]
fn no_session_with_the_relay() {
    let silent = Fault::Deadline(Duration::from_secs(30));
    let user = "digest".to_owned();
    let (no_auth, bad_login) = (reply(530, "5.7.0 Must authenticate"), reply(535, "5.7.8 Authentication failed"));
    let ended = |error: RelayError| printed(SessionError::from(error));
    let told = page([
        ended(RelayError::Connect { relay: relay(), source: Fault::Io(refused()) }),
        ended(RelayError::Connect { relay: relay(), source: silent }),
        ended(RelayError::InTheClear { relay: relay() }),
        ended(RelayError::LoginInTheClear { relay: relay() }),
        ended(RelayError::Tls { relay: relay(), source: Fault::Closed }),
        ended(RelayError::NoStartTls { relay: relay() }),
        ended(RelayError::Injected { relay: relay() }),
        ended(RelayError::Refused { relay: relay(), step: Step::Mail, reply: no_auth }),
        ended(RelayError::LoginRefused { relay: relay(), user, reply: bad_login }),
        ended(RelayError::NoLogin { relay: relay(), offered: "NTLM GSSAPI".to_owned() }),
        ended(RelayError::Lost { relay: relay(), step: Step::Hello, source: Fault::Closed }),
        ended(RelayError::Unspeakable { what: "the user name" }),
    ]);
    assert_snapshot!(told);
}

#[test]
fn a_session_that_broke_off() {
    let before_dot =
        |step| printed(SessionError::BeforeDot { step, source: Fault::Deadline(Duration::from_secs(300)) });
    let steps = [Step::Greeting, Step::Hello, Step::StartTls, Step::Login, Step::Mail, Step::Rcpt, Step::Data];
    let steps = steps.into_iter().chain([Step::Body, Step::Dot]).map(before_dot);
    let closing = SessionError::Closing { fault: Fault::Unexpected(reply(421, "4.3.2 Shutting down")) };
    let after_dot = SessionError::AfterDot { source: Fault::Closed };
    let told = page([printed(closing), printed(after_dot)].into_iter().chain(steps));
    assert_snapshot!(told);
}

#[test]
fn what_breaks_a_session_off() {
    let unreadable = [
        BadReply::LongLine,
        BadReply::Endless,
        BadReply::NotSmtp("HTTP/1.1 400 Bad Request".to_owned()),
        BadReply::CodesDiffer,
    ];
    let faults = [
        Fault::Closed,
        Fault::Deadline(Duration::from_secs(30)),
        Fault::Io(refused()),
        Fault::Unexpected(reply(354, "go on")),
        Fault::Early,
        Fault::OutOfTurn,
    ];
    let told = page(faults.into_iter().chain(unreadable.into_iter().map(Fault::Unreadable)).map(logged));
    assert_snapshot!(told);
}

#[test]
fn a_message_that_cannot_be_made() {
    let flaws = [Flaw::Dot, Flaw::LongLine, Flaw::BareLineEnd, Flaw::Control, Flaw::EightBit, Flaw::OpenEnd];
    let errors = [
        MessageError::NoSubject,
        MessageError::BrokenHole,
        MessageError::NoPlace("stop_all".to_owned()),
        MessageError::Head("List-Unsubscribe"),
    ];
    let told = page(errors.into_iter().chain(flaws.into_iter().map(MessageError::Wire)).map(logged));
    assert_snapshot!(told);
}

#[test]
fn an_inbox_that_does_not_open() {
    let (outside, taken) = ("192.0.2.7:2525".parse().unwrap(), "127.0.0.1:2525".parse().unwrap());
    let told = page([
        logged(InboxError::NotLoopback(outside)),
        logged(InboxError::Listen { address: taken, source: super::in_use() }),
    ]);
    assert_snapshot!(told);
}
