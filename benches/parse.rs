//! Reading a feed: how many megabytes a second on one core, for a feed of 100 kB with 30 items whose texts are HTML.
//!
//! Usage: `scripts/bench-parse`, which reads the same feed with Python's feedparser beside it. With a path as its
//! argument the feed is written there, for others to read.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use tidings::feed::clean::{self, Limits};
use tidings::feed::parse;
use url::Url;

const ITEMS: usize = 30;
const PARAGRAPHS: usize = 14;
const LONG_ENOUGH: Duration = Duration::from_secs(3);
/// Far over what is ever fetched.
const TOO_LARGE: usize = 50 << 20;

fn main() {
    let feed = feed();
    if let Some(path) = std::env::args().nth(1).filter(|argument| !argument.starts_with('-')) {
        std::fs::write(path, &feed).unwrap();
    }
    let base = Url::parse("https://news.example.org/feed/").unwrap();
    let read = || parse::document(feed.as_bytes(), None, Some(&base)).unwrap();
    assert_eq!(read().entries.len(), ITEMS);

    let parsed = rate(feed.len(), || drop(black_box(read())));
    let cleaned = rate(feed.len(), || {
        read().entries.iter().for_each(|entry| drop(black_box(clean::story(entry, &Limits::default()))));
    });
    println!(
        "a feed of {} kB, {ITEMS} items: parsed {parsed:.1} MB/s, parsed and cleaned {cleaned:.1} MB/s",
        feed.len() / 1000
    );

    let large = feed.replace("</channel></rss>", &"<item><title>x</title></item>".repeat(TOO_LARGE / 29));
    let started = Instant::now();
    let entries = parse::document(large.as_bytes(), None, Some(&base)).unwrap().entries.len();
    println!("a feed of {} MB: {entries} entries in {} ms", large.len() >> 20, started.elapsed().as_millis());
}

/// Megabytes a second.
fn rate(bytes: usize, work: impl Fn()) -> f64 {
    let started = Instant::now();
    let mut times = 0;
    while started.elapsed() < LONG_ENOUGH {
        work();
        times += 1;
    }
    (times * bytes) as f64 / started.elapsed().as_secs_f64() / 1e6
}

/// As a weblog of our days writes it, half in CDATA and half escaped.
fn feed() -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel>\
         <title>Harbour Gazette</title><link>https://news.example.org/</link><description/><language>en-GB</language>\n",
    );
    for n in 0..ITEMS {
        let body: String = (0..PARAGRAPHS)
            .map(|p| {
                format!(
                    "<p>The ferry leaves <a href=\"https://news.example.org/{n}/{p}?a=1&amp;b=2\">ten minutes</a> earlier, \
                     “which <strong>nobody</strong> had asked for”, as the café at the quay puts it &#8211; for now.</p>\n"
                )
            })
            .collect();
        let body = if n % 2 == 0 { format!("<![CDATA[{body}]]>") } else { escaped(&body) };
        writeln!(
            out,
            "<item><title>Ferry &#8216;{n}&#8217; leaves earlier</title><link>https://news.example.org/2026/03/{n}</link>\
             <guid isPermaLink=\"false\">https://news.example.org/?p={n}</guid><pubDate>Mon, 02 Mar 2026 12:{n:02}:00 +0000</pubDate>\
             <dc:creator><![CDATA[Mira Solberg]]></dc:creator><category><![CDATA[Transport]]></category><category>Harbour</category>\
             <description><![CDATA[<p>The first boat leaves ten minutes earlier. [&#8230;]</p>]]></description>\
             <content:encoded>{body}</content:encoded><media:content url=\"https://img.example.org/{n}.jpg\" medium=\"image\"/></item>"
        )
        .unwrap();
    }
    out + "</channel></rss>"
}

fn escaped(html: &str) -> String {
    html.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
