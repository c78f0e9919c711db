//! A fetcher against real servers on loopback, some of which misbehave.
//!
//! Everything here is a loopback address, so one of them, 127.0.0.2, plays the public one.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::Request as Incoming;
use axum::response::{IntoResponse, Response as Reply};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use futures_util::stream;
use reqwest::dns::{Addrs, Name, Resolving};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;

const PUBLIC: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const HOME: Ipv4Addr = Ipv4Addr::LOCALHOST;
const SHORT: Duration = Duration::from_millis(200);

fn but_one(address: IpAddr) -> Option<Kind> {
    if address == PUBLIC { None } else { public_only(address) }
}

/// Names from a table, as `/etc/hosts` has them.
#[derive(Default)]
struct Table(HashMap<&'static str, Vec<SocketAddr>>);

impl Resolve for Table {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.0.get(name.as_str()).cloned();
        Box::pin(async move {
            let found = found.ok_or_else(|| std::io::Error::other("no such name"))?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn limits() -> Limits {
    Limits { body: 64 << 10, pause: Duration::ZERO, ..Limits::default() }
}

fn fetcher(limits: Limits, names: &[(&'static str, SocketAddr)]) -> Fetcher {
    let mut table = Table::default();
    names.iter().for_each(|&(name, address)| table.0.entry(name).or_default().push(address));
    Fetcher::with_resolver(&user_agent("https://digest.example.org"), limits, Arc::new(table), but_one).unwrap()
}

fn request(url: impl AsRef<str>) -> Request {
    Request { url: url.as_ref().parse().unwrap(), etag: None, last_modified: None, allow_private: false }
}

/// Serves every request with `reply`.
async fn serve(at: Ipv4Addr, reply: impl Fn(Incoming) -> Reply + Clone + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind((at, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = Router::new().fallback(move |incoming: Incoming| std::future::ready(reply(incoming)));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

/// Answers every connection with these bytes after the request's first; then holds the line.
async fn say(bytes: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind((PUBLIC, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&bytes).await;
            held.push(stream);
        }
    });
    address
}

fn counted(count: &Arc<AtomicUsize>) -> impl Fn(Incoming) -> Reply + Clone + Send + Sync + 'static {
    let count = Arc::clone(count);
    move |_| {
        count.fetch_add(1, Ordering::SeqCst);
        "secret".into_response()
    }
}

fn redirect(status: u16, to: impl Into<String>) -> Reply {
    let status = StatusCode::from_u16(status).unwrap();
    (status, [(LOCATION, to.into())]).into_response()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn document(answer: Result<Answer, FetchError>) -> (String, Url, Option<Url>) {
    match answer.unwrap() {
        Answer::Document { body, url, moved_to, .. } => (String::from_utf8(body).unwrap(), url, moved_to),
        Answer::Unchanged { .. } => panic!("unchanged"),
    }
}

#[tokio::test]
async fn a_first_fetch_says_who_we_are_and_brings_everything_back() {
    let address = serve(PUBLIC, |incoming| {
        let said = |name: &str| incoming.headers().get(name).map(|v| v.to_str().unwrap().to_owned());
        assert!(incoming.headers().get("if-none-match").is_none());
        let body = format!("{}\n{}", said("user-agent").unwrap(), said("accept").unwrap());
        let headers = [
            ("etag", "W/\"a b\""),
            ("last-modified", "yesterday"),
            ("content-type", "application/rss+xml; charset=x"),
            ("cache-control", "max-age=60"),
        ];
        (headers, body).into_response()
    })
    .await;

    let url: Url = format!("http://{address}/feed?a=1").parse().unwrap();
    let answer = fetcher(limits(), &[]).fetch(&request(&url)).await.unwrap();
    let Answer::Document { body, content_type, etag, last_modified, url: at, moved_to, freshness } = answer else {
        panic!("{answer:?}")
    };
    let body = String::from_utf8(body).unwrap();
    let (agent, accept) = body.split_once('\n').unwrap();
    assert_eq!(agent, format!("Tidings/{} (+https://digest.example.org)", env!("CARGO_PKG_VERSION")));
    assert!(accept.starts_with("application/atom+xml, application/rss+xml"));
    assert_eq!(content_type.unwrap(), "application/rss+xml; charset=x");
    assert_eq!((etag.unwrap().as_str(), last_modified.unwrap().as_str()), ("W/\"a b\"", "yesterday"));
    assert_eq!((at, moved_to), (url, None));
    assert_eq!(freshness.max_age, Some(Duration::from_secs(60)));
}

#[tokio::test]
async fn validators_go_back_word_for_word_and_a_304_changes_nothing() {
    let address = serve(PUBLIC, |incoming| {
        let is =
            |name: &str, value: &str| incoming.headers().get(name).is_some_and(|v| v.as_bytes() == value.as_bytes());
        let same =
            is("if-none-match", "not quoted, W/\"at all\"") && is("if-modified-since", "Tue, 31 Feb 2026, noonish");
        let status = if same { StatusCode::NOT_MODIFIED } else { StatusCode::BAD_REQUEST };
        (status, [("cache-control", "max-age=7200"), ("age", "200")]).into_response()
    })
    .await;

    let asked = Request {
        etag: Some("not quoted, W/\"at all\"".into()),
        last_modified: Some("Tue, 31 Feb 2026, noonish".into()),
        ..request(format!("http://{address}/"))
    };
    let freshness = Freshness { max_age: Some(Duration::from_secs(7000)), ..Freshness::default() };
    let answer = fetcher(limits(), &[]).fetch(&asked).await.unwrap();
    assert_eq!(answer, Answer::Unchanged { moved_to: None, freshness });
}

#[tokio::test]
async fn a_feed_has_moved_only_if_every_redirect_is_for_good() {
    let address = serve(PUBLIC, |incoming| match incoming.uri().path() {
        "/old" => redirect(301, "/newer"),
        "/newer" => redirect(308, "new?x=1"),
        "/today" => redirect(302, "/old"),
        "/first" => redirect(301, "/elsewhere"),
        "/elsewhere" => redirect(307, "/new?x=1"),
        "/new" => "here".into_response(),
        path => panic!("{path}"),
    })
    .await;
    let fetcher = fetcher(limits(), &[]);
    let new: Url = format!("http://{address}/new?x=1").parse().unwrap();

    for (start, moved_to) in [("old", Some(&new)), ("today", None), ("first", None)] {
        let (body, url, moved) = document(fetcher.fetch(&request(format!("http://{address}/{start}"))).await);
        assert_eq!((body.as_str(), &url, moved.as_ref()), ("here", &new, moved_to), "{start}");
    }
}

#[tokio::test]
async fn redirects_end_at_their_limit_and_must_lead_somewhere() {
    let address = serve(PUBLIC, |incoming| match incoming.uri().path().trim_start_matches('/').parse::<u8>() {
        Ok(0) => "arrived".into_response(),
        Ok(left) => redirect(302, format!("/{}", left - 1)),
        Err(_) => StatusCode::FOUND.into_response(),
    })
    .await;
    let fetcher = fetcher(limits(), &[]);

    assert_eq!(document(fetcher.fetch(&request(format!("http://{address}/5"))).await).0, "arrived");
    let endless = fetcher.fetch(&request(format!("http://{address}/6"))).await.unwrap_err();
    assert_eq!(endless.to_string(), format!("http://{address}/6 redirected more than 5 times"));
    let nowhere = fetcher.fetch(&request(format!("http://{address}/x"))).await.unwrap_err();
    assert!(matches!(nowhere, FetchError::NoLocation { status: StatusCode::FOUND, .. }), "{nowhere:?}");
}

#[tokio::test]
async fn a_public_feed_cannot_lead_us_home() {
    let asked = Arc::new(AtomicUsize::new(0));
    let home = serve(HOME, counted(&asked)).await;
    let port = home.port();
    let public = serve(PUBLIC, move |incoming| {
        let to = match incoming.uri().path() {
            "/literal" => format!("http://127.0.0.1:{port}/"),
            "/decimal" => format!("http://2130706433:{port}/"),
            "/mapped" => format!("http://[::ffff:7f00:1]:{port}/"),
            "/name" => "http://inside.example/".to_owned(),
            "/twice" => "/name".to_owned(),
            path => panic!("{path}"),
        };
        redirect(302, to)
    })
    .await;
    let fetcher = fetcher(limits(), &[("news.example", public), ("inside.example", home)]);

    for path in ["literal", "decimal", "mapped", "name", "twice"] {
        let error = fetcher.fetch(&request(format!("http://news.example/{path}"))).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { kind: Kind::Loopback, .. }), "{path}: {error:?}");
    }
    for start in [format!("http://127.0.0.1:{port}/"), "http://inside.example/".into(), "http://10.0.0.1/".into()] {
        let error = fetcher.fetch(&request(&start)).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{start}: {error:?}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

/// An address of each kind, written plainly and inside IPv6.
const NOT_PUBLIC: [(&str, Kind); 21] = [
    ("0.0.0.0", Kind::Unspecified),
    ("127.0.0.1", Kind::Loopback),
    ("10.1.2.3", Kind::Private),
    ("172.20.0.1", Kind::Private),
    ("192.168.1.1", Kind::Private),
    ("169.254.169.254", Kind::LinkLocal),
    ("100.100.0.1", Kind::CarrierNat),
    ("198.18.0.1", Kind::Benchmark),
    ("240.0.0.1", Kind::Reserved),
    ("224.0.0.1", Kind::Multicast),
    ("[::]", Kind::Unspecified),
    ("[::1]", Kind::Loopback),
    ("[fd00::1]", Kind::Private),
    ("[fe80::1]", Kind::LinkLocal),
    ("[2001:2::1]", Kind::Benchmark),
    ("[2001:db8::1]", Kind::Reserved),
    ("[ff02::1]", Kind::Multicast),
    ("[::ffff:10.1.2.3]", Kind::Private),
    ("[64:ff9b::a9fe:a9fe]", Kind::LinkLocal),
    ("[2002:7f00:1::]", Kind::Loopback),
    ("[64:ff9b:1::1]", Kind::Private),
];

/// As the address itself, as a name that stands for it, and as where either of them is redirected to.
#[tokio::test]
async fn no_hop_may_lead_to_an_address_that_is_not_public() {
    for (literal, kind) in NOT_PUBLIC {
        let inside: IpAddr = literal.trim_matches(['[', ']']).parse().unwrap();
        let public = serve(PUBLIC, move |incoming| match incoming.uri().path() {
            "/literal" => redirect(301, format!("http://{literal}:8/")),
            "/name" => redirect(307, "http://inside.example:8/"),
            _ => redirect(302, "/literal"),
        })
        .await;
        let names = [("news.example", public), ("inside.example", SocketAddr::new(inside, 8))];
        let fetcher = fetcher(limits(), &names);
        let starts = [
            format!("http://{literal}:8/"),
            "http://inside.example:8/".to_owned(),
            "http://news.example/literal".to_owned(),
            "http://news.example/name".to_owned(),
            "http://news.example/twice".to_owned(),
        ];
        for start in starts {
            let error = fetcher.fetch(&request(&start)).await.unwrap_err();
            assert!(matches!(&error, FetchError::Refused { kind: said, .. } if *said == kind), "{start}: {error:?}");
        }
    }
}

/// A name that is public when it is asked first, and at home from then on.
struct Turncoat {
    public: SocketAddr,
    home: SocketAddr,
    asked: AtomicUsize,
}

impl Resolve for Turncoat {
    fn resolve(&self, _: Name) -> Resolving {
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        let answer = if first { self.public } else { self.home };
        Box::pin(async move { Ok(Box::new(std::iter::once(answer)) as Addrs) })
    }
}

#[tokio::test]
async fn a_name_is_looked_up_once_and_what_was_checked_is_what_is_connected_to() {
    let at_home = Arc::new(AtomicUsize::new(0));
    let home = serve(HOME, counted(&at_home)).await;
    let public = serve(PUBLIC, |_| ([("connection", "close")], "news").into_response()).await;
    let names = Arc::new(Turncoat { public, home, asked: AtomicUsize::new(0) });
    let fetcher =
        Fetcher::with_resolver(&user_agent("https://digest.example.org"), limits(), names.clone(), but_one).unwrap();

    assert_eq!(document(fetcher.fetch(&request("http://news.example/")).await).0, "news");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    // The next connection is a new one, and is checked anew.
    let error = fetcher.fetch(&request("http://news.example/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Refused { kind: Kind::Loopback, .. }), "{error:?}");
    assert_eq!((names.asked.load(Ordering::SeqCst), at_home.load(Ordering::SeqCst)), (2, 0));
}

#[tokio::test]
async fn a_host_is_asked_one_thing_at_a_time_wherever_the_question_began() {
    const PAUSE: Duration = Duration::from_millis(100);
    let asked: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let times = Arc::clone(&asked);
    let busy = serve(PUBLIC, move |_| {
        times.lock().unwrap().push(Instant::now());
        "news".into_response()
    })
    .await;
    let other = serve(PUBLIC, |_| redirect(302, "http://busy.example/")).await;
    let names = [("busy.example", busy), ("one.example", other), ("two.example", other)];
    let fetcher = fetcher(Limits { pause: PAUSE, ..limits() }, &names);

    let starts = ["http://busy.example/", "http://one.example/", "http://two.example/", "http://busy.example/b"];
    let all = starts.map(|start| {
        let fetcher = fetcher.clone();
        tokio::spawn(async move { document(fetcher.fetch(&request(start)).await).0 })
    });
    for one in all {
        assert_eq!(one.await.unwrap(), "news");
    }
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 4);
    assert!(asked.windows(2).all(|two| two[1] - two[0] >= PAUSE), "{asked:?}");
}

/// Whoever waits for its turn has not begun.
#[tokio::test]
async fn to_wait_for_ones_turn_takes_nothing_from_the_time_there_is() {
    let slow = serve(PUBLIC, |_| "news".into_response()).await;
    let limits = Limits { pause: SHORT * 2, whole: SHORT, ..limits() };
    let fetcher = fetcher(limits, &[]);
    for _ in 0..2 {
        assert_eq!(document(fetcher.fetch(&request(format!("http://{slow}/"))).await).0, "news");
    }
}

#[tokio::test]
async fn of_a_name_with_both_only_the_public_address_is_connected_to() {
    let asked = Arc::new(AtomicUsize::new(0));
    let public = serve(PUBLIC, |_| "news".into_response()).await;
    let home = serve(HOME, counted(&asked)).await;
    let fetcher = fetcher(limits(), &[("both.example", home), ("both.example", public)]);

    assert_eq!(document(fetcher.fetch(&request("http://both.example/")).await).0, "news");
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_feed_allowed_to_be_private_is_read_but_leads_to_its_own_host_only() {
    let public = serve(PUBLIC, |_| "elsewhere".into_response()).await;
    let home = serve(HOME, move |incoming| match incoming.uri().path() {
        "/" => redirect(301, "/feed"),
        "/feed" => "inside".into_response(),
        _ => redirect(302, format!("http://{public}/")),
    })
    .await;
    let fetcher = fetcher(limits(), &[]);
    let private = |path| Request { allow_private: true, ..request(format!("http://{home}{path}")) };

    assert_eq!(document(fetcher.fetch(&private("/")).await).0, "inside");
    let error = fetcher.fetch(&private("/away")).await.unwrap_err();
    assert!(matches!(error, FetchError::Elsewhere { .. }), "{error:?}");
    // The connection that is open now is not there for a feed without leave.
    let error = fetcher.fetch(&request(format!("http://{home}/feed"))).await.unwrap_err();
    assert!(matches!(error, FetchError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_body_over_the_limit_is_stopped_announced_or_not() {
    let announced = serve(PUBLIC, |_| vec![b' '; (64 << 10) + 1].into_response()).await;
    let endless = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; (64 << 10) + 1]].concat();
    let endless = say(endless).await;
    let fits = serve(PUBLIC, |_| vec![b' '; 64 << 10].into_response()).await;
    let fetcher = fetcher(limits(), &[]);

    for address in [announced, endless] {
        let error = fetcher.fetch(&request(format!("http://{address}/"))).await.unwrap_err();
        assert_eq!(error.to_string(), format!("http://{address}/ sent more than 65536 bytes"));
    }
    assert_eq!(document(fetcher.fetch(&request(format!("http://{fits}/"))).await).0.len(), 64 << 10);
}

#[tokio::test]
async fn compression_is_taken_off_and_gzip_even_when_the_header_is_missing_or_lies() {
    let address = serve(PUBLIC, |incoming| match incoming.uri().path() {
        "/said" => ([(CONTENT_ENCODING, "gzip")], gzip(b"<rss/>")).into_response(),
        "/unsaid" => gzip(b"<rss/>").into_response(),
        "/lied" => ([(CONTENT_ENCODING, "gzip")], "<rss/>").into_response(),
        "/deflate" => ([(CONTENT_ENCODING, "deflate")], zlib(b"<rss/>")).into_response(),
        "/br" => ([(CONTENT_ENCODING, "br")], b"\x8b\x02\x80<rss/>\x03".to_vec()).into_response(),
        "/br-cut" => ([(CONTENT_ENCODING, "br")], b"\x8b\x02\x80<rs".to_vec()).into_response(),
        "/zstd-cut" => ([(CONTENT_ENCODING, "zstd")], b"\x28\xb5\x2f\xfd\x20\x06\x31\0\0<rs".to_vec()).into_response(),
        "/deflate-cut" => ([(CONTENT_ENCODING, "deflate")], zlib(&[b' '; 999])[..12].to_vec()).into_response(),
        "/zstd" => ([(CONTENT_ENCODING, "zstd")], b"\x28\xb5\x2f\xfd\x20\x06\x31\0\0<rss/>".to_vec()).into_response(),
        "/cut" => gzip(&[b' '; 999])[..20].to_vec().into_response(),
        _ => ([(CONTENT_ENCODING, "compress")], "<rss/>").into_response(),
    })
    .await;
    let fetcher = fetcher(limits(), &[]);

    for path in ["said", "unsaid", "lied", "deflate", "zstd", "br"] {
        let (body, ..) = document(fetcher.fetch(&request(format!("http://{address}/{path}"))).await);
        assert_eq!(body, "<rss/>", "{path}");
    }
    for path in ["cut", "br-cut", "zstd-cut", "deflate-cut"] {
        let cut = fetcher.fetch(&request(format!("http://{address}/{path}"))).await.unwrap_err();
        assert!(matches!(cut, FetchError::Unpack { .. }), "{path}: {cut:?}");
    }
    let other = fetcher.fetch(&request(format!("http://{address}/other"))).await.unwrap_err();
    assert!(matches!(&other, FetchError::Encoding { encoding, .. } if encoding == "compress"), "{other:?}");
}

#[tokio::test]
async fn one_layer_of_compression_is_taken_off_whichever_it_is() {
    let address = serve(PUBLIC, |incoming| match incoming.uri().path() {
        "/gzip" => ([(CONTENT_ENCODING, "gzip")], gzip(&gzip(b"<rss/>"))).into_response(),
        "/deflate" => ([(CONTENT_ENCODING, "deflate")], zlib(&gzip(b"<rss/>"))).into_response(),
        _ => ([(CONTENT_ENCODING, "gzip, br")], gzip(b"<rss/>")).into_response(),
    })
    .await;
    let fetcher = fetcher(limits(), &[]);
    for path in ["gzip", "deflate"] {
        let answer = fetcher.fetch(&request(format!("http://{address}/{path}"))).await;
        let Ok(Answer::Document { body, .. }) = answer else { panic!("{answer:?}") };
        assert_eq!(body, gzip(b"<rss/>"), "{path}");
    }
    let two = fetcher.fetch(&request(format!("http://{address}/two"))).await.unwrap_err();
    assert!(matches!(&two, FetchError::Encoding { encoding, .. } if encoding == "gzip, br"), "{two:?}");
}

#[tokio::test]
async fn a_bomb_stops_at_the_limit() {
    let bomb = gzip(&vec![b' '; 8 << 20]);
    assert!(bomb.len() < 16 << 10);
    let address = serve(PUBLIC, move |incoming| match incoming.uri().path() {
        "/said" => ([(CONTENT_ENCODING, "gzip")], bomb.clone()).into_response(),
        "/deflate" => ([(CONTENT_ENCODING, "deflate")], zlib(&vec![b' '; 8 << 20])).into_response(),
        // 8 MiB of blanks.
        "/br" => ([(CONTENT_ENCODING, "br")], b"\xcb\xff\xff?\xf8%@\xe2\xb1@ \xf7\xfeo".to_vec()).into_response(),
        "/empty" => Body::from_stream(stream::repeat_with(|| Ok::<_, io::Error>(gzip(b"")))).into_response(),
        _ => bomb.clone().into_response(),
    })
    .await;
    for path in ["said", "unsaid", "deflate", "br", "empty"] {
        let error = fetcher(limits(), &[]).fetch(&request(format!("http://{address}/{path}"))).await.unwrap_err();
        assert!(matches!(error, FetchError::TooLarge { limit: 65536, .. }), "{path}: {error:?}");
    }
}

#[tokio::test]
async fn silence_and_dripping_end_at_the_limit() {
    let silent = say(Vec::new()).await;
    let stuck = say(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<rss>".to_vec()).await;
    let fetcher = fetcher(Limits { whole: SHORT, ..limits() }, &[]);

    for (address, at) in [(silent, Phase::Answer), (stuck, Phase::Body)] {
        let error = fetcher.fetch(&request(format!("http://{address}/"))).await.unwrap_err();
        assert!(matches!(error, FetchError::Timeout { phase, limit: SHORT, .. } if phase == at), "{error:?}");
    }
}

#[tokio::test]
async fn a_handshake_that_nobody_takes_up_ends_at_the_connect_limit() {
    let silent = say(Vec::new()).await;
    let fetcher = fetcher(Limits { connect: SHORT, ..limits() }, &[]);
    let error = fetcher.fetch(&request(format!("https://{silent}/"))).await.unwrap_err();
    assert_eq!(error.to_string(), format!("https://{silent}/ took no connection within 200ms"));
}

#[tokio::test]
async fn what_the_server_says_of_itself_is_told_apart() {
    let address = serve(PUBLIC, |incoming| {
        let status: u16 = incoming.uri().path().trim_start_matches('/').parse().unwrap();
        let headers = [
            ("retry-after", "Mon, 02 Mar 2026 12:02:00 GMT"),
            ("date", "Mon, 02 Mar 2026 12:00:00 GMT"),
            ("content-type", "text/html"),
        ];
        (StatusCode::from_u16(status).unwrap(), headers).into_response()
    })
    .await;
    let fetcher = fetcher(limits(), &[]);
    let two_minutes = Some(RetryAfter::Wait(Duration::from_secs(120)));

    for (status, pauses) in
        [(202, false), (204, false), (300, false), (403, false), (429, true), (500, false), (503, true)]
    {
        let error = fetcher.fetch(&request(format!("http://{address}/{status}"))).await.unwrap_err();
        assert!(matches!(&error, FetchError::Status { status: said, .. } if said.as_u16() == status), "{error:?}");
        let host = pauses.then_some("127.0.0.2");
        assert_eq!((error.paused_host(), error.retry_after()), (host, two_minutes), "{status}");
    }
    let accepted = fetcher.fetch(&request(format!("http://{address}/202"))).await.unwrap_err();
    assert!(accepted.to_string().ends_with("answered 202 Accepted (content type: text/html)"), "{accepted}");
    let gone = fetcher.fetch(&request(format!("http://{address}/410"))).await.unwrap_err();
    assert!(matches!(gone, FetchError::Gone { .. }), "{gone:?}");
    let missing = fetcher.fetch(&request(format!("http://{address}/404"))).await.unwrap_err();
    assert!(matches!(missing, FetchError::NotFound { .. }), "{missing:?}");
    assert_eq!(missing.retry_after(), two_minutes);
}

#[tokio::test]
async fn what_does_not_get_through_is_told_apart_and_never_shows_a_login() {
    let closed = TcpListener::bind((PUBLIC, 0)).await.unwrap().local_addr().unwrap();
    let plain = serve(PUBLIC, |_| "no TLS here".into_response()).await;
    let broken = say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n".to_vec()).await;
    let nonsense = say(b"220 smtp.example.org ESMTP\r\n".to_vec()).await;
    let fetcher = fetcher(limits(), &[]);
    let fail = async |url: String| fetcher.fetch(&request(&url)).await.unwrap_err();

    let closed = fail(format!("http://ana:secret@{closed}/")).await;
    assert!(matches!(closed, FetchError::Connect { .. }), "{closed:?}");
    assert!(!format!("{closed:?} {closed}").contains("secret"));
    assert!(matches!(fail(format!("https://{plain}/")).await, FetchError::Tls { .. }));
    assert!(matches!(fail("http://nowhere.example/".into()).await, FetchError::Name { .. }));
    assert!(matches!(fail(format!("http://{broken}/")).await, FetchError::Broken { .. }));
    assert!(matches!(fail(format!("http://{nonsense}/")).await, FetchError::Broken { .. }));
    assert!(matches!(fail("ftp://news.example/feed".into()).await, FetchError::Url { .. }));
}
