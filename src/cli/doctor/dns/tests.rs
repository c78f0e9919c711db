//! Resolvers on loopback, of which some misbehave.

use std::net::UdpSocket;
use std::thread;

use super::*;

/// Answers each question as `say` does, from the question itself.
pub fn resolver(say: impl Fn(&[u8]) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut packet = [0; 1500];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            for answer in say(&packet[..length]) {
                let _ = socket.send_to(&answer, from);
            }
        }
    });
    address
}

/// An answer to `question` with these TXT records, each of several strings, behind a CNAME.
pub fn answer(question: &[u8], code: u8, records: &[&[&str]]) -> Vec<u8> {
    let mut out = question[..2].to_vec();
    let count = u8::try_from(records.len() + 1).unwrap();
    out.extend([0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
    let name_ends = 12 + question[12..].iter().position(|&b| b == 0).unwrap() + 1;
    out.extend(&question[12..name_ends + 4]);
    // The name in question stands for another one, `a.`.
    out.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 3, 1, b'a', 0]);
    for strings in records {
        let data: Vec<u8> =
            strings.iter().flat_map(|text| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()).collect();
        out.extend([1, b'a', 0, 0, 16, 0, 1, 0, 0, 0, 60]);
        out.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        out.extend(data);
    }
    out
}

/// The name that is asked about.
pub fn name_in(question: &[u8]) -> String {
    let (mut labels, mut at) = (Vec::new(), 12);
    while question[at] != 0 {
        let end = at + 1 + usize::from(question[at]);
        labels.push(str::from_utf8(&question[at + 1..end]).unwrap());
        at = end;
    }
    labels.join(".")
}

fn asking(servers: Vec<SocketAddr>) -> Resolvers {
    Resolvers::of(servers, Duration::from_secs(20), Chance::seeded(1))
}

#[tokio::test]
async fn a_record_is_put_together_from_its_strings() {
    let server = resolver(|question| vec![answer(question, 0, &[&["v=spf1 ", "-all"], &["other"]])]);
    assert_eq!(asking(vec![server]).txt("example.org").await.unwrap(), ["v=spf1 -all", "other"]);
}

#[tokio::test]
async fn a_name_that_is_not_there_has_no_records_and_a_failure_is_none() {
    let server = resolver(|question| vec![answer(question, NO_SUCH_NAME, &[])]);
    assert_eq!(asking(vec![server]).txt("nowhere.example.org").await, Ok(vec![]));
    let server = resolver(|question| vec![answer(question, 2, &[])]);
    let failed = asking(vec![server]).txt("example.org").await.unwrap_err();
    assert_eq!(failed.to_string(), "the resolver answers that it failed itself (SERVFAIL)");
}

#[test]
fn want_of_an_answer_is_said_in_words() {
    let code = "with the code 9".to_owned();
    let told = [NoAnswer::Silence, NoAnswer::Failed(code), NoAnswer::Name("news..example.org".to_owned())];
    insta::assert_snapshot!(told.map(|error| error.to_string()).join("\n"), @r"
    no resolver answers
    the resolver answers with the code 9
    `news..example.org` cannot be a name in the DNS
    ");
}

#[tokio::test]
async fn what_answers_somebody_else_is_passed_over() {
    let server = resolver(|question| {
        let right = answer(question, 0, &[&["right"]]);
        let mut wrong = answer(question, 0, &[&["wrong"]]);
        wrong[0] ^= 0xff;
        vec![b"short".to_vec(), question.to_vec(), wrong, right]
    });
    assert_eq!(asking(vec![server]).txt("example.org").await.unwrap(), ["right"]);
}

#[tokio::test]
async fn where_one_resolver_fails_the_next_is_asked() {
    let refusing = resolver(|question| vec![answer(question, 5, &[])]);
    let garbled = resolver(|question| vec![answer(question, 0, &[&["cut"]])[..40].to_vec()]);
    let good = resolver(|question| vec![answer(question, 0, &[&["good"]])]);
    assert_eq!(asking(vec![refusing, garbled, good]).txt("example.org").await.unwrap(), ["good"]);
}

#[tokio::test]
async fn silence_is_told() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let resolvers = Resolvers::of(vec![silent.local_addr().unwrap()], Duration::from_millis(30), Chance::seeded(1));
    assert_eq!(resolvers.txt("example.org").await, Err(NoAnswer::Silence));
}

#[tokio::test]
async fn a_long_answer_comes_over_tcp() {
    use std::io::{Read, Write};

    // Few ports are taken for UDP, so one that is free for TCP is soon found to be free for both.
    let (listener, socket) = loop {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(socket) = UdpSocket::bind(listener.local_addr().unwrap()) {
            break (listener, socket);
        }
    };
    let server = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut packet = [0; 1500];
        let (length, from) = socket.recv_from(&mut packet).unwrap();
        let mut cut = answer(&packet[..length], 0, &[]);
        cut[2] |= TRUNCATED;
        socket.send_to(&cut, from).unwrap();
    });
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut question = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut question).unwrap();
        let long = "x".repeat(255);
        let answer = answer(&question, 0, &[&[long.as_str(); 8]]);
        stream.write_all(&u16::try_from(answer.len()).unwrap().to_be_bytes()).unwrap();
        stream.write_all(&answer).unwrap();
    });
    assert_eq!(asking(vec![server]).txt("example.org").await.unwrap(), ["x".repeat(255 * 8)]);
}

#[test]
fn the_systems_resolvers_are_read_as_the_system_reads_them() {
    let read = |text: &str| servers(text).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(read("# none\nsearch example.org\nnameserver 10.0.0.1\nnameserver ::1\n"), ["10.0.0.1:53", "[::1]:53"]);
    assert_eq!(read(""), ["127.0.0.1:53"]);
    assert_eq!(read("nameserver fe80::1%eth0\nnameserver 10.0.0.1"), ["10.0.0.1:53"]);
}

#[test]
fn what_is_no_name_is_not_asked_about() {
    let long = "a".repeat(64);
    for name in ["", "a..b", long.as_str(), "grün.example.org"] {
        assert_eq!(question([0, 0], name), None, "{name}");
    }
}
