//! A host of hostile feeds, each in its own way, on all of loopback: every feed can be at an address of its own
//! (127.x.y.z). It listens on the loopback device only. The bench `collect` has it, too.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// What a hostile feed does, and what its row must say of it afterwards; nothing where it can be read in the end.
pub struct Kind {
    pub name: &'static str,
    pub says: &'static str,
}

const fn kind(name: &'static str, says: &'static str) -> Kind {
    Kind { name, says }
}

pub const KINDS: &[Kind] = &[
    kind("no-connection", "took no connection"),
    kind("silent", "did not answer"),
    kind("stuck-header", "did not answer"),
    kind("drip-header", "did not answer"),
    kind("stuck-body", "did not end its answer"),
    kind("drip", "did not end its answer"),
    kind("endless", "sent more than"),
    kind("announced", "sent more than"),
    kind("gzip-bomb", "sent more than"),
    kind("gzip-unsaid", "sent more than"),
    kind("deflate-bomb", "sent more than"),
    kind("brotli-bomb", "sent more than"),
    kind("zstd-bomb", "sent more than"),
    kind("redirect-loop", "redirected more than"),
    kind("redirect-away", "may redirect to its own host only"),
    kind("private", "a loopback address"),
    kind("short", "broke off"),
    kind("long", ""),
    kind("html", "an HTML page"),
    kind("empty", "an empty body"),
    kind("202", "answered 202"),
    kind("304", "answered 304"),
    kind("500", "answered 500"),
    kind("404", "answered 404"),
    kind("410", "410 Gone"),
    kind("429", "answered 429"),
    kind("503", "answered 503"),
    kind("many-items", ""),
    kind("new-guids", ""),
    kind("deep", ""),
    kind("entities", ""),
    kind("utf-7", ""),
    kind("huge-title", ""),
    kind("header-flood", "broke off"),
    kind("chunk-garbage", "broke off"),
    kind("reset", "broke off"),
    kind("tls-garbage", "no trusted connection"),
    kind("no-http", "broke off"),
];

/// Entries of a good feed: with them it is about as long as it is told to be.
const ENTRY: usize = 2000;
/// What a hostile feed sends at most; nobody takes all of it.
const ENDLESS: u64 = 10_000_000_000;

pub struct Host {
    pub port: u16,
    /// Where no connection is taken.
    full: u16,
    _tasks: JoinSet<()>,
}

impl Host {
    /// Good feeds at `/good/N` have so many bytes.
    pub async fn open(good: usize) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        // All of 127.0.0.0/8, and nothing that is not on this machine.
        socket.bind_device(Some(b"lo")).expect("the loopback device");
        socket.bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))).expect("a free port");
        let listener = socket.listen(1024).expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            loop {
                if let Ok((visitor, _)) = listener.accept().await {
                    tokio::spawn(async move { answer(visitor, good, port).await.unwrap_or_default() });
                }
            }
        });
        let full = full(&mut tasks).await;
        Self { port, full, _tasks: tasks }
    }

    /// The entries of a good feed.
    pub fn entries(good: usize) -> usize {
        good / ENTRY
    }

    /// `[[feed]]` for all hostile feeds and so many good ones, each at a host of its own. The hostile ones come first, and
    /// so are asked first: the others have to get past them.
    pub fn declared(&self, good: usize) -> String {
        let good = (0..good).map(|n| self.feed(n, &format!("good-{n}"), &format!("good/{n}")));
        self.hostile() + &good.collect::<String>()
    }

    pub fn hostile(&self) -> String {
        let one = |(n, kind): (usize, &Kind)| self.feed(60_000 + n, kind.name, kind.name);
        KINDS.iter().enumerate().map(one).collect()
    }

    fn feed(&self, n: usize, slug: &str, path: &str) -> String {
        let host = format!("127.{}.{}.{}", 1 + n / 62_500, 1 + n / 250 % 250, 1 + n % 250);
        let scheme = if slug == "tls-garbage" { "https" } else { "http" };
        let (host, port) =
            if slug == "no-connection" { ("127.0.0.1".to_owned(), self.full) } else { (host, self.port) };
        format!(
            "[[feed]]\nslug = \"{slug}\"\nurl = \"{scheme}://{host}:{port}/{path}\"\nallow_private = {}\n\n",
            slug != "private"
        )
    }
}

/// A port with more visitors than it has room for: the kernel takes no more.
async fn full(tasks: &mut JoinSet<()>) -> u16 {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
    let listener = socket.listen(1).expect("a listener");
    let address = listener.local_addr().expect("an address");
    let mut inside = Vec::new();
    while let Ok(Ok(visitor)) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
        inside.push(visitor);
    }
    tasks.spawn(async move {
        let _kept = (listener, inside);
        std::future::pending().await
    });
    address.port()
}

async fn answer(mut visitor: TcpStream, good: usize, port: u16) -> std::io::Result<()> {
    let mut request = vec![0; 8192];
    let mut read = 0;
    while read < request.len() && !request[..read].ends_with(b"\r\n\r\n") {
        match visitor.read(&mut request[read..]).await? {
            0 => return Ok(()),
            n => read += n,
        }
        if request[0] == 0x16 {
            return visitor.write_all(b"HTTP/1.1 400 this is no TLS\r\n\r\n").await;
        }
    }
    let text = String::from_utf8_lossy(&request[..read]).into_owned();
    let path = text.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
    if let Some(n) = path.strip_prefix("good/") {
        return whole(&mut visitor, "", feed(n, good).as_bytes()).await;
    }
    if path == "reset" {
        visitor.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<rss><channel>").await?;
        visitor.set_zero_linger()?;
        return Ok(());
    }
    misbehave(&mut visitor, path, port).await?;
    visitor.shutdown().await
}

async fn misbehave(visitor: &mut TcpStream, path: &str, port: u16) -> std::io::Result<()> {
    let ok = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n";
    let spaces = [b' '; 16 << 10];
    match path {
        "silent" => std::future::pending().await,
        "stuck-header" => {
            visitor.write_all(b"HTTP/1.1 200 OK\r\nX-Wait:").await?;
            std::future::pending().await
        }
        "drip-header" => drip(visitor, b"HTTP/1.1 200 OK\r\nX-Wait: ").await,
        "stuck-body" => {
            visitor.write_all(&[ok.as_slice(), b"Content-Length: 1000\r\n\r\n<rss>"].concat()).await?;
            std::future::pending().await
        }
        "drip" => drip(visitor, &[ok.as_slice(), b"\r\n<rss>"].concat()).await,
        "endless" => endless(visitor, &[ok.as_slice(), b"\r\n"].concat(), &spaces).await,
        "announced" => {
            endless(visitor, &[ok.as_slice(), b"Content-Length: 10000000000\r\n\r\n"].concat(), &spaces).await
        }
        // Of many members: each small, ten gigabytes in all.
        "gzip-bomb" => endless(visitor, &[ok.as_slice(), b"Content-Encoding: gzip\r\n\r\n"].concat(), &gzip()).await,
        "gzip-unsaid" => endless(visitor, &[ok.as_slice(), b"\r\n"].concat(), &gzip()).await,
        "deflate-bomb" => whole(visitor, "Content-Encoding: deflate\r\n", &zlib()).await,
        "brotli-bomb" => whole(visitor, "Content-Encoding: br\r\n", BROTLI).await,
        "zstd-bomb" => {
            endless(visitor, &[ok.as_slice(), b"Content-Encoding: zstd\r\n\r\n", ZSTD].concat(), &zstd()).await
        }
        "redirect-loop" => {
            visitor.write_all(b"HTTP/1.1 302 Found\r\nLocation: /redirect-loop\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await
        }
        "redirect-away" => {
            let head =
                format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/good/1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            visitor.write_all(head.as_bytes()).await
        }
        "short" => visitor.write_all(&[ok.as_slice(), b"Content-Length: 1000\r\n\r\n<rss>"].concat()).await,
        "long" => {
            visitor
                .write_all(&[ok.as_slice(), b"Content-Length: 60\r\n\r\n", feed("long", 5000).as_bytes()].concat())
                .await
        }
        "html" => whole(visitor, "", b"<!doctype html><title>Maintenance</title>").await,
        "empty" => whole(visitor, "", b"").await,
        "429" => visitor.write_all(b"HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await,
        "503" => {
            visitor
                .write_all(
                    b"HTTP/1.1 503 No\r\nRetry-After: Mon, 02 Mar 2099 12:00:00 GMT\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
                )
                .await
        }
        "202" | "304" | "404" | "410" | "500" => {
            visitor
                .write_all(format!("HTTP/1.1 {path} Word\r\nETag: \"x\"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").as_bytes())
                .await
        }
        "many-items" => {
            let item = |n: usize| format!("<item><title>{n}</title><guid>m{n}</guid></item>");
            whole(visitor, "", rss(&(0..100_000).map(item).collect::<String>()).as_bytes()).await
        }
        "new-guids" => {
            let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
            whole(visitor, "", feed(&now.to_string(), 50_000).as_bytes()).await
        }
        "deep" => whole(visitor, "", rss(&format!("<item><description>{}", "<div>".repeat(100_000))).as_bytes()).await,
        "entities" => whole(visitor, "", laughs().as_bytes()).await,
        "utf-7" => {
            let body = [
                b"<?xml version='1.0' encoding='utf-7'?>".as_slice(),
                rss(&feed_item("u", 1)).as_bytes(),
                &[0xff; 5000],
            ]
            .concat();
            whole(visitor, "", &body).await
        }
        "huge-title" => {
            whole(visitor, "", rss(&format!("<item><title>{}</title></item>", "long ".repeat(1_900_000))).as_bytes())
                .await
        }
        "header-flood" => {
            endless(
                visitor,
                b"HTTP/1.1 200 OK\r\n",
                &b"X-Flood: 0123456789012345678901234567890123456789\r\n".repeat(300),
            )
            .await
        }
        "chunk-garbage" => {
            visitor.write_all(&[ok.as_slice(), b"Transfer-Encoding: chunked\r\n\r\nzzz\r\n<rss>"].concat()).await
        }
        "no-http" => visitor.write_all(b"220 smtp.example.org ESMTP\r\n").await,
        _ => visitor.write_all(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n").await,
    }
}

async fn whole(visitor: &mut TcpStream, headers: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/rss+xml\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    visitor.write_all(head.as_bytes()).await?;
    visitor.write_all(body).await
}

async fn endless(visitor: &mut TcpStream, head: &[u8], piece: &[u8]) -> std::io::Result<()> {
    visitor.write_all(head).await?;
    let mut sent = 0;
    while sent < ENDLESS {
        visitor.write_all(piece).await?;
        sent += piece.len() as u64;
    }
    Ok(())
}

async fn drip(visitor: &mut TcpStream, head: &[u8]) -> std::io::Result<()> {
    visitor.write_all(head).await?;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        visitor.write_all(b" ").await?;
    }
}

fn feed(name: &str, bytes: usize) -> String {
    rss(&(0..bytes / ENTRY).map(|n| feed_item(name, n)).collect::<String>())
}

fn feed_item(feed: &str, n: usize) -> String {
    let words = "What is known of it so far, and what is not. ".repeat(38);
    format!(
        "<item><title>Story {n} of {feed}</title><link>https://news.example.org/{feed}/{n}</link><guid>{feed}-{n}</guid>\
         <pubDate>Mon, 02 Mar 2026 06:00:00 GMT</pubDate><category>c{}</category><description>{words}</description></item>\n",
        n % 7
    )
}

fn rss(items: &str) -> String {
    format!(
        "<rss version=\"2.0\"><channel><title>News</title><link>https://news.example.org/</link>{items}</channel></rss>"
    )
}

/// Entities of entities of entities: a billion laughs.
fn laughs() -> String {
    let entity = |n: usize| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10));
    let entities: String = (1..10).map(entity).collect();
    format!("<!DOCTYPE rss [<!ENTITY l0 \"lol\">{entities}]>{}", rss("<item><title>&l9;</title></item>"))
}

fn gzip() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 1 << 20]).expect("in memory");
    encoder.finish().expect("in memory")
}

/// Just over what is taken: to pack it must not hold up the others.
fn zlib() -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&vec![b' '; 12 << 20]).expect("in memory");
    encoder.finish().expect("in memory")
}

/// A frame with a window of a mebibyte (RFC 8878 §3.1.1) …
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd\x00\x50";

/// … of blocks that are each 128 KiB of one byte, none of them the last.
fn zstd() -> Vec<u8> {
    let header = (128u32 << 10) << 3 | 1 << 1;
    [&header.to_le_bytes()[..3], b" "].concat().repeat(1000)
}

/// 64 MiB of spaces.
const BROTLI: &[u8] = &[
    0xcb, 0xff, 0xff, 0x3f, 0x00, 0x24, 0x40, 0xe2, 0xb1, 0x40, 0x72, 0xef, 0xff, 0xf8, 0xff, 0xff, 0x07, 0x80, 0x04,
    0x40, 0x1c, 0x16, 0x80, 0xee, 0xfd, 0x1f, 0xff, 0xff, 0xff, 0x00, 0x90, 0x00, 0x88, 0xc3, 0x02, 0xd0, 0xbd, 0xff,
    0xe3, 0xff, 0xff, 0x1f, 0x00, 0x12, 0x00, 0x71, 0x58, 0x00, 0xba, 0xf7, 0x7f, 0xfc, 0xff, 0xff, 0x03, 0x40, 0x02,
    0x20, 0x0e, 0x0b, 0x40, 0xf7, 0xfe, 0x8f, 0xff, 0xff, 0x7f, 0x00, 0x48, 0x00, 0xc4, 0x61, 0x01, 0xe8, 0xde, 0xff,
    0xf1, 0xff, 0xff, 0x0f, 0x00, 0x09, 0x80, 0x38, 0x2c, 0x00, 0xdd, 0xfb, 0x3f, 0xfe, 0xff, 0xff, 0x01, 0x20, 0x01,
    0x10, 0x87, 0x05, 0xa0, 0x7b, 0xff, 0x37,
];
