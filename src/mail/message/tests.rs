//! Messages read back by a parser that is not ours.

use mail_parser::{HeaderName, HeaderValue, MessageParser};
use proptest::prelude::*;

use super::*;
use crate::mail::head::{List, Mailbox};
use crate::model::address::Address;
use crate::model::delivery::Key;
use crate::model::rendering::Place;

const TITLE: &str = "War & <Peace>: \"it's\" done 🎉 – أخبار اليوم";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn digest(subject: &str, text: Vec<Piece>, html: Vec<Piece>) -> Rendering {
    Rendering { subject: subject.into(), text: Holed(text), html: Holed(html), language: "en".parse().unwrap() }
}

fn fixed(text: &str) -> Piece {
    Piece::Fixed(text.into())
}

fn hole(name: &str) -> Piece {
    Piece::Hole(name.into())
}

fn places(pairs: &[(&str, &str)]) -> Places {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Place::plain(*value))).collect()
}

/// Splices for one reader, with every field that there is.
fn spliced(rendering: &Rendering, to: &str, places: &Places) -> Result<Vec<u8>, MessageError> {
    let from = Mailbox { name: Some("Nachrichten für \"alle\"".into()), address: address("news@example.org") };
    let (to, reply_to, owner) = (address(to), address("desk@example.org"), address("owner@example.org"));
    let leave = address("u+abc@bounces.example.org");
    let head = Head {
        from: &from,
        to: &to,
        reply_to: Some(&reply_to),
        date: "2026-03-02T07:00:00Z".parse().unwrap(),
        key: Key([7; 16]),
        message_id_domain: "digest.example.org",
        list: Some(List {
            id: "digest.example.org",
            name: "Le journal, été",
            unsubscribe_url: "https://digest.example.org/stop/abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst",
            unsubscribe_address: Some(&leave),
            help_url: "https://digest.example.org/help",
            owner: &owner,
            archive_url: "https://digest.example.org/archive",
        }),
        feedback_id: Some("run17:digest:tidings"),
    };
    Ok(Encoded::of(rendering)?.splice(&head, places)?.into_bytes())
}

fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

#[test]
fn titles_come_back_as_they_went() {
    for base64 in [false, true] {
        let filler = if base64 { "و".repeat(200) } else { "w".repeat(2000) };
        let escaped = TITLE.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let text = format!("{TITLE}\n{filler}\n");
        let html = format!("<h1>{escaped}</h1>\n<p>{filler}</p>\n");
        let bytes = spliced(&digest(TITLE, vec![fixed(&text)], vec![fixed(&html)]), "ana@example.org", &Places::new());
        let bytes = bytes.unwrap();
        assert_eq!(bytes.windows(6).any(|w| w == b"base64"), base64);

        let message = MessageParser::default().parse(&bytes).unwrap();
        assert_eq!(message.subject(), Some(TITLE));
        assert_eq!(message.body_text(0).unwrap(), crlf(&text));
        assert_eq!(message.body_html(0).unwrap(), crlf(&html));
        assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1));
    }
}

#[test]
fn every_field_of_a_digest_is_there_once() {
    let bytes = spliced(&digest("News", vec![fixed("a\n")], vec![fixed("b\n")]), "ana@bücher.example", &Places::new());
    let bytes = bytes.unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();

    let from = message.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Nachrichten für \"alle\""), Some("news@example.org")));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("ana@xn--bcher-kva.example"));
    assert_eq!(message.reply_to().unwrap().first().unwrap().address(), Some("desk@example.org"));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-03-02T07:00:00Z");
    assert_eq!(message.message_id(), Some(format!("{}@digest.example.org", Key([7; 16])).as_str()));
    let HeaderValue::Address(list) = message.list_id() else { panic!() };
    assert_eq!(list.first().unwrap().name(), Some("Le journal, été"));

    let header = String::from_utf8(bytes.clone()).unwrap();
    let header = header.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    for field in [
        "List-Unsubscribe: <https://digest.example.org/stop/abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrst>, <mailto:u+abc@bounces.example.org>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "List-Help: <https://digest.example.org/help>",
        "List-Owner: <mailto:owner@example.org>",
        "List-Archive: <https://digest.example.org/archive>",
        "List-Post: NO",
        "Precedence: bulk",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "Feedback-ID: run17:digest:tidings",
        "MIME-Version: 1.0",
        "Content-Language: en",
    ] {
        assert_eq!(header.lines().filter(|line| *line == field).count(), 1, "{field}\n{header}");
    }
    let names: Vec<_> = header.lines().map(|line| line.split(':').next().unwrap()).collect();
    let once: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(once.len(), names.len(), "{header}");
    assert!(header.lines().all(|line| !line.starts_with(' ')));
}

#[test]
fn a_long_arabic_subject_folds_and_comes_back() {
    let subject: String = "أخبار الأمم المتحدة ".chars().cycle().take(299).chain(['م']).collect();
    let bytes = spliced(&digest(&subject, vec![], vec![]), "ana@example.org", &Places::new()).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.subject(), Some(subject.as_str()));
    let raw = message.header_raw(HeaderName::Subject).unwrap();
    assert!(raw.lines().count() > 5 && raw.lines().all(|line| line.len() <= 78), "{raw}");
}

#[test]
fn holes_are_filled_for_each_reader_and_none_is_left_open() {
    let text = vec![fixed("Stop: "), hole("stop"), fixed("\nWhy: "), hole("why"), hole("stop")];
    let rendering = digest("News", text.clone(), text);
    let both = places(&[("stop", "https://example.org/stop/a=b"), ("why", "été")]);
    let bytes = spliced(&rendering, "ana@example.org", &both).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    let expected = "Stop: https://example.org/stop/a=b\r\nWhy: étéhttps://example.org/stop/a=b\r\n";
    assert_eq!(message.body_text(0).unwrap(), expected);
    assert_eq!(message.body_html(0).unwrap(), expected);

    let missing = spliced(&rendering, "ana@example.org", &places(&[("stop", "x")]));
    assert_eq!(missing, Err(MessageError::NoPlace("why".into())));
}

#[test]
fn text_and_html_get_their_own_form_of_a_place() {
    let rendering = digest("News", vec![hole("who"), fixed("\n")], vec![hole("who"), fixed("\n")]);
    let who = Place { text: "a<b".into(), html: "a&lt;b".into() };
    let bytes = spliced(&rendering, "ana@example.org", &[("who".to_owned(), who)].into()).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.body_text(0).unwrap(), "a<b\r\n");
    assert_eq!(message.body_html(0).unwrap(), "a&lt;b\r\n");
}

#[test]
fn the_same_delivery_gives_the_same_bytes() {
    let rendering = digest(TITLE, vec![fixed("a"), hole("x")], vec![fixed("نص")]);
    let filled = places(&[("x", "y")]);
    let once = spliced(&rendering, "ana@example.org", &filled).unwrap();
    assert_eq!(spliced(&rendering, "ana@example.org", &filled).unwrap(), once);
}

#[test]
fn what_cannot_be_mailed_is_an_error() {
    let of = |subject: &str, text: &str| Encoded::of(&digest(subject, vec![fixed(text)], vec![])).unwrap_err();
    assert_eq!(of(" \n", "a"), MessageError::NoSubject);
    assert_eq!(of("News", &format!("a{OPEN}stop")), MessageError::BrokenHole);

    let encoded = Encoded::of(&digest("News", vec![], vec![])).unwrap();
    let from = Mailbox { name: None, address: address("news@example.org") };
    let to = address("ana@example.org");
    let head = Head {
        from: &from,
        to: &to,
        reply_to: None,
        date: "2026-03-02T07:00:00Z".parse().unwrap(),
        key: Key([7; 16]),
        message_id_domain: "digest.example.org\r\nBcc: x@example.org",
        list: None,
        feedback_id: None,
    };
    assert_eq!(encoded.splice(&head, &Places::new()), Err(MessageError::Head("Message-ID")));
    let head = Head { message_id_domain: "a.b", feedback_id: Some("a\r\nb"), ..head };
    assert_eq!(encoded.splice(&head, &Places::new()), Err(MessageError::Head("Feedback-ID")));
}

#[test]
fn an_answer_to_a_person_is_no_list() {
    let encoded = Encoded::of(&digest("Confirm", vec![fixed("a\n")], vec![fixed("b\n")])).unwrap();
    let from = Mailbox { name: None, address: address("news@example.org") };
    let to = address("用户@example.org");
    let head = Head {
        from: &from,
        to: &to,
        reply_to: None,
        date: "2026-03-02T07:00:00Z".parse().unwrap(),
        key: Key([7; 16]),
        message_id_domain: "example.org",
        list: None,
        feedback_id: None,
    };
    let text = String::from_utf8(encoded.splice(&head, &Places::new()).unwrap().into_bytes()).unwrap();
    assert!(!text.contains("List-") && !text.contains("Precedence"));
    assert!(text.contains("To: <用户@example.org>\r\n") && text.contains("Auto-Submitted: auto-generated\r\n"));
}

/// Text as readers and feeds write it, and as nobody should.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~\n\t]{0,200}",
        "[\\PC\n]{0,120}",
        "[.=\r\n \tF]{0,40}",
        "(From |\\.|=\\?utf-8\\?q\\?a\\?=| ){0,8}",
        "[أ-ي ]{0,200}",
        any::<String>(),
    ]
}

fn any_holed() -> impl Strategy<Value = Vec<Piece>> {
    let piece = prop_oneof![any_text().prop_map(Piece::Fixed), "[abc]".prop_map(Piece::Hole)];
    prop::collection::vec(piece, 0..8)
}

/// What a reader should find: each piece with its line ends and controls put right, and an end to the last line.
fn expected(pieces: &[Piece], value: impl Fn(&str) -> String) -> String {
    let mut whole = String::new();
    for piece in pieces {
        let text = match piece {
            Piece::Fixed(text) => text.clone(),
            Piece::Hole(name) => value(name),
        };
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        whole.extend(lines.chars().filter(|c| !c.is_ascii_control() || matches!(c, '\n' | '\t')));
    }
    if !whole.is_empty() && !whole.ends_with('\n') {
        whole.push('\n');
    }
    crlf(&whole)
}

proptest! {
    #[test]
    fn any_text_arrives_and_keeps_to_the_wire(
        subject in any_text(),
        text in any_holed(),
        html in any_holed(),
        values in prop::collection::vec((any_text(), any_text()), 3),
    ) {
        let marked = |text: &str| text.contains([OPEN, CLOSE]);
        let filled: Places = ["a", "b", "c"]
            .iter()
            .zip(&values)
            .map(|(name, (text, html))| ((*name).to_owned(), Place { text: text.clone(), html: html.clone() }))
            .collect();
        let rendering = digest(&subject, text.clone(), html.clone());
        let bytes = match spliced(&rendering, "ana@example.org", &filled) {
            Ok(bytes) => bytes,
            Err(MessageError::NoSubject) => return Ok(()),
            Err(MessageError::BrokenHole) => {
                let pieces = text.iter().chain(&html);
                let fixed = |piece: &Piece| matches!(piece, Piece::Fixed(text) if marked(text));
                prop_assert!(marked(&subject) || pieces.into_iter().any(fixed));
                return Ok(());
            }
            Err(other) => return Err(TestCaseError::fail(other.to_string())),
        };

        prop_assert_eq!(wire::check(&bytes, false), Ok(()));
        for line in bytes.split(|&b| b == b'\n') {
            prop_assert!(line.len() <= 79 || line.starts_with(b" boundary") || line.starts_with(b"List-Unsubscribe"));
            prop_assert!(!line.starts_with(b".") && !line.starts_with(b"From "));
        }
        let message = MessageParser::default().parse(&bytes).unwrap();
        let line = field::one_line(&subject);
        prop_assert_eq!(message.subject(), Some(line.as_str()));
        let part = |n: usize| message.parts[n].text_contents().unwrap_or_default();
        let read = expected(&text, |name| filled[name].text.clone());
        if html.is_empty() {
            // No boundary follows that would take the last line end to itself.
            let alone = part(0);
            prop_assert_eq!(alone.trim_end_matches("\r\n"), read.trim_end_matches("\r\n"));
        } else {
            prop_assert_eq!(part(1), read);
            prop_assert_eq!(part(2), expected(&html, |name| filled[name].html.clone()));
        }
    }
}

#[test]
fn a_reader_who_wants_text_alone_gets_one_part() {
    let rendering = digest("News", vec![fixed("Hello\nStop: "), hole("stop")], vec![]);
    let bytes = spliced(&rendering, "reader@example.org", &places(&[("stop", "https://x.example/s")])).unwrap();
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.parts.len(), 1);
    assert_eq!(message.body_text(0).unwrap().trim_end(), "Hello\r\nStop: https://x.example/s");
    assert!(!String::from_utf8(bytes).unwrap().contains("multipart"));
}

#[test]
fn nothing_that_a_relay_would_take_for_the_end_is_a_message() {
    for bytes in [&b"Subject: a\r\n\r\n.\r\nQUIT\r\n"[..], b".\r\n", b"a\r\n..\r\n"] {
        assert_eq!(Message::of(bytes.to_vec(), false), Err(Flaw::Dot));
    }
    assert_eq!(&*Message::of(b"a. .\r\n".to_vec(), false).unwrap(), b"a. .\r\n");
}
