//! The inbox, spoken to by our own session and, where that is too polite, by hand.

use std::sync::Mutex;

use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::visit::LARGEST_MESSAGE;
use super::*;
use crate::mail::message::Message;
use crate::mail::relay::{Deadlines, Relay, Tls};
use crate::mail::session::Session;
use crate::model::delivery::Outcome;

/// Keeps what arrives, except for `nobody@…`, and for subjects that say so.
#[derive(Default)]
struct Kept(Mutex<Vec<Arrival>>);

impl Receiver for Kept {
    fn recipient(&self, address: &str) -> Verdict {
        if address.starts_with("nobody@") {
            return Verdict::Refuse { code: 550, text: "5.1.1 user unknown".into() };
        }
        Verdict::Accept
    }

    fn arrived(&self, arrival: Arrival) -> BoxFuture<'_, Verdict> {
        async move {
            if arrival.bytes.starts_with(b"Subject: not now") {
                return Verdict::Refuse { code: 451, text: "4.3.0 not now".into() };
            }
            self.0.lock().unwrap().push(arrival);
            Verdict::Accept
        }
        .boxed()
    }
}

struct Running {
    kept: Arc<Kept>,
    address: SocketAddr,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

async fn running() -> Running {
    let kept = Arc::new(Kept::default());
    let inbox = Inbox::listen("127.0.0.1:0".parse().unwrap(), kept.clone()).await.unwrap();
    let (address, stop) = (inbox.address(), CancellationToken::new());
    let serving = tokio::spawn(inbox.serve(stop.clone()));
    Running { kept, address, stop, serving }
}

/// Says `text` at once and hears everything up to the end of the stream.
async fn by_hand(address: SocketAddr, text: &[u8]) -> String {
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(text).await.unwrap();
    tcp.shutdown().await.unwrap();
    let mut heard = String::new();
    tcp.read_to_string(&mut heard).await.unwrap();
    heard
}

#[tokio::test]
async fn mail_of_our_own_session_arrives_as_it_was() {
    let inbox = running().await;
    let relay = Relay {
        host: "127.0.0.1".into(),
        port: inbox.address.port(),
        tls: Tls::None,
        login: None,
        hello: "tidings.example.org".into(),
        deadlines: Deadlines::default(),
        listener: None,
    };
    let mut session = Session::open(&relay).await.unwrap();
    let message = Message::of(b"Subject: hello\r\n\r\na.\r\ntwo\r\n".to_vec(), false).unwrap();
    for to in ["ana@example.org", "用户@example.org"] {
        assert_eq!(session.envelope("b@example.org", &to.parse().unwrap()).await.unwrap(), None);
        session.body(&message).await.unwrap();
        assert!(matches!(session.dot(None).await.unwrap(), Outcome::Sent { .. }));
    }
    let refused = session.envelope("b@example.org", &"nobody@example.org".parse().unwrap()).await.unwrap();
    assert!(matches!(refused, Some(Outcome::Permanent { hard: true, .. })));
    assert_eq!(session.envelope("b@example.org", &"ana@example.org".parse().unwrap()).await.unwrap(), None);
    session.body(&Message::of(b"Subject: not now\r\n\r\n".to_vec(), false).unwrap()).await.unwrap();
    assert!(matches!(session.dot(None).await.unwrap(), Outcome::Transient { .. }));
    session.quit().await;

    let kept = inbox.kept.0.lock().unwrap();
    assert_eq!(kept.len(), 2);
    assert_eq!(kept[0].bytes, message.into_bytes());
    assert_eq!((kept[0].from.as_str(), kept[1].to[0].as_str()), ("b@example.org", "用户@example.org"));
}

#[tokio::test]
async fn only_a_dot_between_whole_line_ends_ends_a_message_and_doubled_ones_are_one() {
    let inbox = running().await;
    let text = b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\nx\n.\r\nMAIL FROM:<evil@b.c>\r\n.\n.\r\n..two\r\nend\r\n.\r\nQUIT\r\n";
    let heard = by_hand(inbox.address, text).await;
    assert!(heard.ends_with("354 go on\r\n250 2.0.0 ok\r\n221 2.0.0 goodbye\r\n"), "{heard}");
    let kept = inbox.kept.0.lock().unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].from, "");
    assert_eq!(String::from_utf8_lossy(&kept[0].bytes), "x\n.\r\nMAIL FROM:<evil@b.c>\r\n\n.\r\n.two\r\nend\r\n");
}

#[tokio::test]
async fn what_is_out_of_order_or_too_much_is_refused() {
    let inbox = running().await;
    let heard =
        by_hand(inbox.address, b"DATA\r\nRCPT TO:<a@b.c>\r\nMAIL a\r\nWHAT\r\nMAIL FROM:<a@b.c> SIZE=99999999\r\n")
            .await;
    let codes: Vec<_> = heard.lines().map(|line| &line[..3]).collect();
    assert_eq!(codes, ["220", "503", "503", "501", "502", "552", "421"]);

    let long = [b"NOOP ".as_slice(), &[b'a'; 3000], b"\r\n"].concat();
    assert!(by_hand(inbox.address, &long).await.ends_with("421 4.3.2 goodbye\r\n"));

    let line = [[b'a'; 998].as_slice(), b"\r\n"].concat();
    let large = line.repeat(LARGEST_MESSAGE / line.len() + 2);
    let text = [b"HELO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.c>\r\nDATA\r\n".as_slice(), &large, b".\r\nQUIT\r\n"].concat();
    assert!(by_hand(inbox.address, &text).await.contains("552 5.3.4 too large\r\n221"));
    assert!(inbox.kept.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn it_stops_when_told_and_says_goodbye() {
    let inbox = running().await;
    let mut tcp = TcpStream::connect(inbox.address).await.unwrap();
    let mut greeting = [0; 19];
    tcp.read_exact(&mut greeting).await.unwrap();
    inbox.stop.cancel();
    let mut heard = String::new();
    tcp.read_to_string(&mut heard).await.unwrap();
    assert!(heard.ends_with("421 4.3.2 goodbye\r\n"), "{heard}");
    inbox.serving.await.unwrap();
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let outside = Inbox::listen("0.0.0.0:0".parse().unwrap(), Arc::new(Kept::default())).await;
    assert!(matches!(outside, Err(InboxError::NotLoopback(_))));
}
