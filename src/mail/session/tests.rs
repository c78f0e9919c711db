//! The session against the scripted relay, over real sockets.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::time::Duration;

use super::*;
use crate::mail::fault::RelayError;
use crate::mail::relay::{Roots, Tls};
use crate::tests::relay::{Relay as Scripted, Script, Security};

const FROM: &str = "b+1@bounces.example.org";
const MESSAGE: &[u8] = b"Subject: x\r\n\r\na dot.\r\nend\r\n";

fn message() -> Message {
    Message::of(MESSAGE.to_vec(), false).unwrap()
}

fn to(local: &str) -> Address {
    format!("{local}@example.org").parse().unwrap()
}

/// The whole exchange, as the pipeline drives it.
async fn hand_over(session: &mut Session, local: &str) -> Result<Outcome, SessionError> {
    if let Some(refused) = session.envelope(FROM, &to(local)).await? {
        return Ok(refused);
    }
    session.body(&message()).await?;
    session.dot(None).await
}

async fn open(relay: &Scripted) -> Session {
    Session::open(&relay.configured()).await.unwrap()
}

/// A session that, once open, loses patience soon.
async fn impatient(relay: &Scripted) -> Session {
    let soon = Duration::from_millis(80);
    let mut session = open(relay).await;
    session.deadlines = Deadlines { command: soon, data: soon, answer: soon, ..Deadlines::default() };
    session
}

async fn relay_error(relay: &Relay) -> RelayError {
    match Session::open(relay).await {
        Err(SessionError::Relay(error)) => error,
        other => panic!("a relay error was due, not {other:?}"),
    }
}

#[tokio::test]
async fn messages_arrive_byte_by_byte_over_one_connection() {
    for pipelining in [true, false] {
        let relay = Scripted::with(Script { pipelining, ..Script::default() });
        let mut session = open(&relay).await;
        for local in ["a", "b", "c"] {
            assert_eq!(hand_over(&mut session, local).await.unwrap(), Outcome::Sent { reply: "250 2.0.0 ok".into() });
            assert!(session.reusable());
        }
        session.quit().await;

        assert_eq!(relay.most_open(), 1);
        let mails = relay.received();
        assert_eq!(mails.len(), 3);
        assert!(mails.iter().all(|mail| mail.bytes == MESSAGE && mail.from == FROM && mail.connection == 1));
        assert_eq!(mails[1].to, ["b@example.org"]);
        assert_eq!(relay.commands().last().unwrap(), "QUIT");
        assert_eq!(std::fs::read_to_string(relay.log()).unwrap().lines().count(), 3);
    }
}

#[tokio::test]
async fn a_refused_recipient_costs_a_reset_not_the_connection() {
    for (pipelining, local, hard) in
        [(true, "refuse-550", true), (false, "refuse-550", true), (true, "refuse-550-5.7.1", false)]
    {
        let relay = Scripted::with(Script { pipelining, ..Script::default() });
        let mut session = open(&relay).await;
        match hand_over(&mut session, local).await.unwrap() {
            Outcome::Permanent { hard: found, .. } => assert_eq!(found, hard, "{local}"),
            other => panic!("{other:?}"),
        }
        assert!(session.reusable());
        assert!(matches!(hand_over(&mut session, "next").await.unwrap(), Outcome::Sent { .. }));
        assert_eq!(relay.connections(), 1);
        assert_eq!(relay.commands().iter().filter(|verb| *verb == "RSET").count(), 1);
    }
}

#[tokio::test]
async fn a_data_that_opens_without_recipients_gets_the_lone_dot() {
    let relay = Scripted::start();
    let mut session = open(&relay).await;
    assert!(matches!(hand_over(&mut session, "open-550").await.unwrap(), Outcome::Permanent { .. }));
    assert_eq!(relay.commands(), ["EHLO", "MAIL", "RCPT", "DATA", ".", "RSET"]);
    assert!(matches!(hand_over(&mut session, "next").await.unwrap(), Outcome::Sent { .. }));
    assert_eq!(relay.received().len(), 1);
}

#[tokio::test]
async fn what_the_relay_says_at_each_phase_is_an_outcome() {
    let relay = Scripted::start();
    for local in ["later-451", "data-451", "dot-451"] {
        let mut session = open(&relay).await;
        assert!(matches!(hand_over(&mut session, local).await.unwrap(), Outcome::Transient { .. }), "{local}");
        assert!(session.reusable(), "{local}");
    }
    let mut session = open(&relay).await;
    assert!(matches!(hand_over(&mut session, "dot-550-5.7.515").await.unwrap(), Outcome::Ours { .. }));
    assert!(matches!(hand_over(&mut session, "data-554").await.unwrap(), Outcome::Permanent { hard: false, .. }));
    assert!(matches!(hand_over(&mut session, "split-dot").await.unwrap(), Outcome::Sent { .. }));

    let relay = Scripted::with(Script { mail_answer: Some("550 5.7.1 not you"), ..Script::default() });
    assert!(matches!(hand_over(&mut open(&relay).await, "a").await.unwrap(), Outcome::Ours { .. }));
}

#[tokio::test]
async fn a_relay_that_closes_at_any_step_never_leaves_a_wrong_answer() {
    for step in 1..=4 {
        let relay = Scripted::with(Script { close_at: Some(step), ..Script::default() });
        match Session::open(&relay.configured()).await {
            Err(SessionError::Relay(RelayError::Lost { .. })) if step < 4 => {}
            // The answer to EHLO may have come, or been swept away by the close.
            Ok(mut session) if step == 4 => {
                assert!(matches!(hand_over(&mut session, "a").await, Err(SessionError::BeforeDot { .. })));
            }
            Err(SessionError::Relay(RelayError::Lost { .. })) if step == 4 => {}
            other => panic!("step {step}: {other:?}"),
        }
    }
    for step in 5..=12 {
        for pipelining in [true, false] {
            let relay = Scripted::with(Script { close_at: Some(step), pipelining, ..Script::default() });
            let mut session = open(&relay).await;
            match hand_over(&mut session, "a").await {
                Err(SessionError::BeforeDot { .. }) if step < 12 => {}
                // The body and the dot are on their way before the close comes back.
                Err(SessionError::AfterDot { .. }) if step >= 10 => {}
                other => panic!("step {step}: {other:?}"),
            }
            assert!(!session.reusable());
            assert_eq!(relay.received(), []);
        }
    }
    let relay = Scripted::start();
    let lost = hand_over(&mut open(&relay).await, "drop-at-dot").await;
    assert!(matches!(lost, Err(SessionError::AfterDot { source: Fault::Closed | Fault::Io(_) })), "{lost:?}");
    assert_eq!(relay.mail_to("drop-at-dot@example.org").len(), 1);
}

#[tokio::test]
async fn answers_that_do_not_fit_are_never_taken_for_sent() {
    let relay = Scripted::start();
    for local in ["wrong-dot", "garbage-dot", "endless-dot"] {
        let mut session = open(&relay).await;
        assert!(matches!(hand_over(&mut session, local).await, Err(SessionError::AfterDot { .. })), "{local}");
        assert!(!session.reusable());
    }
    let mut session = open(&relay).await;
    let early = hand_over(&mut session, "early").await;
    assert!(matches!(early, Err(SessionError::BeforeDot { source: Fault::Early, .. })), "{early:?}");
    assert_eq!(relay.received(), []);
}

#[tokio::test]
async fn a_silent_relay_is_left_at_the_deadline_of_the_phase() {
    let relay = Scripted::start();
    for (local, step) in [("slow-rcpt", Step::Rcpt), ("slow-data", Step::Data)] {
        match hand_over(&mut impatient(&relay).await, local).await {
            Err(SessionError::BeforeDot { step: at, source: Fault::Deadline(_) }) => assert_eq!(at, step),
            other => panic!("{other:?}"),
        }
    }
    let mut session = impatient(&relay).await;
    let late = hand_over(&mut session, "slow-dot").await;
    assert!(matches!(late, Err(SessionError::AfterDot { source: Fault::Deadline(_) })), "{late:?}");
    assert!(!session.reusable());
}

#[tokio::test]
async fn a_goodbye_between_messages_charges_nobody_but_one_on_a_new_connection_does() {
    let relay = Scripted::with(Script { messages_per_connection: Some(1), ..Script::default() });
    let mut session = open(&relay).await;
    hand_over(&mut session, "a").await.unwrap();
    assert!(matches!(hand_over(&mut session, "b").await, Err(SessionError::Closing { .. })));
    assert!(!session.reusable());
    assert!(matches!(hand_over(&mut open(&relay).await, "b").await.unwrap(), Outcome::Sent { .. }));

    let mut session = open(&relay).await;
    let Outcome::Transient { reply, .. } = hand_over(&mut session, "goodbye").await.unwrap() else { panic!() };
    assert_eq!(reply, "421 4.3.2 closing");
    assert!(!session.reusable());
}

/// One after the other, each envelope behind the dot before it where that may be; what came of each.
async fn hand_over_all(session: &mut Session, locals: &[&str]) -> Vec<Result<Outcome, SessionError>> {
    let addresses: Vec<Address> = locals.iter().map(|local| to(local)).collect();
    let mut outcomes = Vec::new();
    for (n, address) in addresses.iter().enumerate() {
        let next = addresses.get(n + 1).map(|next| (FROM, next));
        let exchange = async {
            if let Some(refused) = session.envelope(FROM, address).await? {
                return Ok(refused);
            }
            session.body(&message()).await?;
            session.dot(next).await
        };
        outcomes.push(exchange.await);
    }
    outcomes
}

#[tokio::test]
async fn each_gets_its_own_answer_when_the_next_is_asked_behind_the_dot() {
    for pipelining in [true, false] {
        let relay = Scripted::with(Script { pipelining, ..Script::default() });
        let mut session = open(&relay).await;
        let locals = ["a", "refuse-550", "b", "dot-451", "open-550", "c", "dot-550", "split-dot", "data-554", "d"];
        let outcomes = hand_over_all(&mut session, &locals).await;
        let said = outcomes.iter().map(|outcome| match outcome.as_ref().unwrap() {
            Outcome::Sent { .. } => "sent",
            Outcome::Transient { .. } => "later",
            Outcome::Permanent { .. } => "never",
            Outcome::Ours { .. } => "ours",
        });
        let expected = ["sent", "never", "sent", "later", "never", "sent", "never", "sent", "never", "sent"];
        assert_eq!(said.collect::<Vec<_>>(), expected);
        let arrived: Vec<String> = relay.received().iter().map(|mail| mail.to.join(",")).collect();
        assert_eq!(arrived, ["a", "b", "c", "split-dot", "d"].map(|local| format!("{local}@example.org")));
        assert_eq!(relay.connections(), 1);
    }
}

/// A server that answers the dot when the three commands behind it have come.
#[tokio::test]
async fn the_next_envelope_leaves_with_the_dot() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut out, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(out.try_clone().unwrap()).lines().map(Result::unwrap);
        out.write_all(b"220 a\r\n250-a\r\n250 PIPELINING\r\n").unwrap();
        lines.find(|line| line == "DATA");
        out.write_all(b"250 ok\r\n250 ok\r\n354 go on\r\n").unwrap();
        lines.find(|line| line == ".");
        let behind: Vec<String> = lines.by_ref().take(3).collect();
        out.write_all(b"250 kept\r\n250 ok\r\n250 ok\r\n354 go on\r\n").unwrap();
        (behind, lines.next())
    });
    let mut session = Session::open(&Relay { port, ..Scripted::start().configured() }).await.unwrap();
    session.envelope(FROM, &to("a")).await.unwrap();
    session.body(&message()).await.unwrap();
    assert_eq!(session.dot(Some((FROM, &to("b")))).await.unwrap(), Outcome::Sent { reply: "250 kept".into() });
    assert!(session.reusable());
    assert_eq!(session.envelope(FROM, &to("b")).await.unwrap(), None);
    session.quit().await;
    let (behind, after) = server.join().unwrap();
    assert_eq!(behind, [&format!("MAIL FROM:<{FROM}>"), "RCPT TO:<b@example.org>", "DATA"]);
    assert_eq!(after, None, "whoever has opened a message and does not send it says nothing more");
}

#[tokio::test]
async fn nothing_is_asked_behind_a_dot_where_nothing_may_follow() {
    let last = |session: &mut Session| session.deadlines.messages = 1;
    let not_utf8 = Script { smtputf8: false, ..Script::default() };
    let in_turn = Script { pipelining: false, ..Script::default() };
    for (script, next, is_last) in [(Script::default(), "b", true), (not_utf8, "用户", false), (in_turn, "b", false)]
    {
        let relay = Scripted::with(script);
        let mut session = open(&relay).await;
        if is_last {
            last(&mut session);
        }
        session.envelope(FROM, &to("a")).await.unwrap();
        session.body(&message()).await.unwrap();
        session.dot(Some((FROM, &to(next)))).await.unwrap();
        assert_eq!(session.turn, Turn::Idle, "{next}");
        assert_eq!(session.reusable(), !is_last);
        session.quit().await;
        assert_eq!(relay.commands(), ["EHLO", "MAIL", "RCPT", "DATA", ".", "QUIT"]);
    }
}

#[tokio::test]
async fn whoever_was_asked_behind_a_dot_that_went_wrong_is_charged_nothing() {
    // The connection is at its end, and says so to the next.
    let relay = Scripted::with(Script { messages_per_connection: Some(1), ..Script::default() });
    let outcomes = hand_over_all(&mut open(&relay).await, &["a", "b"]).await;
    assert!(matches!(outcomes[..], [Ok(Outcome::Sent { .. }), Err(SessionError::Closing { .. })]), "{outcomes:?}");

    // It breaks off where the answer to the first was due.
    let relay = Scripted::start();
    let mut session = open(&relay).await;
    session.envelope(FROM, &to("drop-at-dot")).await.unwrap();
    session.body(&message()).await.unwrap();
    let lost = session.dot(Some((FROM, &to("b")))).await;
    assert!(matches!(lost, Err(SessionError::AfterDot { .. })), "{lost:?}");
    assert!(!session.reusable());

    // The answers to what was asked are about that, and about nothing else.
    let mut session = open(&relay).await;
    session.envelope(FROM, &to("a")).await.unwrap();
    session.body(&message()).await.unwrap();
    session.dot(Some((FROM, &to("b")))).await.unwrap();
    let other = session.envelope(FROM, &to("c")).await;
    assert!(matches!(other, Err(SessionError::BeforeDot { source: Fault::OutOfTurn, .. })), "{other:?}");
    assert!(!session.reusable());
    session.quit().await;
    assert_eq!(relay.received().len(), 2, "that of the first, and the one that is in doubt");
}

#[tokio::test]
async fn an_exchange_that_was_dropped_in_the_middle_is_not_resumed() {
    let relay = Scripted::start();
    let mut session = open(&relay).await;
    let dropped = tokio::time::timeout(Duration::from_millis(30), session.envelope(FROM, &to("slow-data"))).await;
    assert!(dropped.is_err() && !session.reusable());
    let next = session.envelope(FROM, &to("a")).await;
    assert!(matches!(next, Err(SessionError::BeforeDot { source: Fault::OutOfTurn, .. })));
    assert!(matches!(session.dot(None).await, Err(SessionError::BeforeDot { source: Fault::OutOfTurn, .. })));
}

#[tokio::test]
async fn tls_and_login_work_in_every_combination() {
    for security in [Security::Implicit, Security::StartTls] {
        for auth_line in ["AUTH PLAIN LOGIN", "AUTH LOGIN", "auth=login"] {
            let login = Some(("digest".to_owned(), "s3cret".to_owned()));
            let relay = Scripted::with(Script { security, login, auth_line, ..Script::default() });
            let mut session = open(&relay).await;
            assert!(matches!(hand_over(&mut session, "a").await.unwrap(), Outcome::Sent { .. }));
            session.quit().await;
            assert_eq!(relay.received()[0].bytes, MESSAGE);

            let mut wrong = relay.configured();
            wrong.login.as_mut().unwrap().password = "wrong".to_owned().into();
            let refused = relay_error(&wrong).await;
            let RelayError::LoginRefused { reply, user, .. } = &refused else { panic!("{refused:?}") };
            assert_eq!((reply.code, user.as_str()), (535, "digest"));
            assert!(!format!("{refused} {refused:?} {wrong:?}").contains("wrong"));
        }
    }
}

#[tokio::test]
async fn no_login_and_no_mail_in_the_clear() {
    let relay = Scripted::with(Script { login: Some(("u".into(), "p".into())), ..Script::default() });
    assert!(matches!(relay_error(&relay.configured()).await, RelayError::LoginInTheClear { .. }));
    assert_eq!(relay.connections(), 0);

    let relay = Scripted::with(Script { security: Security::StartTls, ..Script::default() });
    let stripped = Scripted::start();
    let configured = Relay { port: stripped.addr.port(), ..relay.configured() };
    assert!(matches!(relay_error(&configured).await, RelayError::NoStartTls { .. }));
    assert_eq!(stripped.commands(), ["EHLO"]);

    let relay = Scripted::with(Script { security: Security::Injecting, ..Script::default() });
    assert!(matches!(relay_error(&relay.configured()).await, RelayError::Injected { .. }));
}

#[tokio::test]
async fn a_certificate_must_be_known_and_name_the_host() {
    let script = Script { security: Security::Implicit, ..Script::default() };
    let (relay, other) = (Scripted::with(script.clone()), Scripted::with(script));
    let stranger = Relay { tls: other.configured().tls, ..relay.configured() };
    assert!(matches!(relay_error(&stranger).await, RelayError::Tls { .. }));
    let misnamed = Relay { host: "127.0.0.1".into(), ..relay.configured() };
    assert!(matches!(relay_error(&misnamed).await, RelayError::Tls { .. }));
}

#[tokio::test]
async fn a_relay_that_is_away_or_unwilling_is_its_own_fault() {
    let gone = Scripted::start().configured();
    assert!(matches!(relay_error(&Relay { port: 1, ..gone }).await, RelayError::Connect { .. }));

    let full = Scripted::with(Script { greeting: Some("554 5.3.2 not today"), ..Script::default() });
    let RelayError::Refused { step: Step::Greeting, reply, .. } = relay_error(&full.configured()).await else {
        panic!()
    };
    assert_eq!(reply.to_string(), "554 5.3.2 not today");

    let web = Scripted::with(Script { greeting: Some("HTTP/1.1 400 Bad Request"), ..Script::default() });
    assert!(matches!(relay_error(&web.configured()).await, RelayError::Lost { source: Fault::Unreadable(_), .. }));

    let relay = Scripted::start();
    let nameless = Relay { hello: "a\r\nQUIT".into(), ..relay.configured() };
    assert!(matches!(relay_error(&nameless).await, RelayError::Unspeakable { .. }));
    assert!(relay.commands().is_empty());
}

#[tokio::test]
async fn a_relay_that_knows_only_helo_is_served() {
    let relay = Scripted::with(Script { helo_only: true, ..Script::default() });
    assert!(matches!(hand_over(&mut open(&relay).await, "a").await.unwrap(), Outcome::Sent { .. }));
    assert_eq!(relay.commands(), ["EHLO", "HELO", "MAIL", "RCPT", "DATA", "."]);
}

#[tokio::test]
async fn an_address_beyond_ascii_needs_smtputf8() {
    let relay = Scripted::start();
    assert!(matches!(hand_over(&mut open(&relay).await, "用户").await.unwrap(), Outcome::Sent { .. }));
    assert_eq!(relay.mail_to("用户@example.org").len(), 1);

    let relay = Scripted::with(Script { smtputf8: false, ..Script::default() });
    let mut session = open(&relay).await;
    let Outcome::Permanent { reply, hard: false } = hand_over(&mut session, "用户").await.unwrap() else { panic!() };
    assert!(reply.starts_with("needs SMTPUTF8"));
    assert!(session.reusable() && relay.commands() == ["EHLO"]);
}

#[tokio::test]
async fn plain_smtp_stays_on_this_machine() {
    // A second address of this machine that is not its loopback, if it has one.
    let Ok(probe) = std::net::UdpSocket::bind("0.0.0.0:0") else { return };
    let Some(outside) = probe.connect("192.0.2.1:9").ok().and_then(|()| probe.local_addr().ok()) else { return };
    if outside.ip().is_loopback() {
        return;
    }
    let listener = std::net::TcpListener::bind((outside.ip(), 0)).unwrap();
    let relay = Relay {
        host: outside.ip().to_string(),
        port: listener.local_addr().unwrap().port(),
        tls: Tls::None,
        login: None,
        hello: "tidings.example.org".into(),
        deadlines: Deadlines::default(),
        listener: None,
    };
    assert!(matches!(relay_error(&relay).await, RelayError::InTheClear { .. }));
}

#[tokio::test]
async fn the_systems_roots_do_not_know_a_stranger() {
    // A machine without any certificates cannot say so.
    let Ok(roots) = Roots::of_the_system() else { return };
    let relay = Scripted::with(Script { security: Security::Implicit, ..Script::default() });
    let configured = Relay { tls: Tls::Implicit(roots), ..relay.configured() };
    assert!(matches!(relay_error(&configured).await, RelayError::Tls { .. }));
}
