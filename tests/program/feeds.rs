//! The commands about feeds, as they are typed, on a small web of one host.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::house::House;
use crate::newsroom::rss;

/// A host with these pages: path, content type, body.
struct Web {
    port: u16,
}

type Page = (&'static str, &'static str, String);

impl Web {
    fn open(pages: Vec<Page>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let pages = Arc::new(pages);
        thread::spawn(move || {
            for visitor in listener.incoming().flatten() {
                let _ = answer(visitor, &pages);
            }
        });
        Self { port }
    }

    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What was printed, wherever we are.
    fn plain(&self, said: &str) -> String {
        let said = said.replace(&self.port.to_string(), "[port]");
        let millis = |line: &str| match line.split_once(", in ") {
            Some((before, after)) if after.ends_with(" ms") => format!("{before}, in [n] ms"),
            _ => line.to_owned(),
        };
        said.lines().map(millis).collect::<Vec<_>>().join("\n")
    }
}

fn answer(mut visitor: TcpStream, pages: &[Page]) -> std::io::Result<()> {
    let mut request = BufReader::new(visitor.try_clone()?);
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    let path = first.split(' ').nth(1).unwrap_or_default();
    let (status, kind, body) = match pages.iter().find(|(known, ..)| *known == path) {
        Some((_, kind, body)) => ("200 OK", *kind, body.as_str()),
        None => ("404 Not Found", "text/plain", ""),
    };
    write!(
        visitor,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn news() -> String {
    rss(&["A clinic opens".to_owned(), "A clinic closes".to_owned()])
}

const HTML: &str = "text/html; charset=utf-8";
const RSS: &str = "application/rss+xml";
const AT: [&str; 2] = ["--at", "2026-03-03 08:00"];

#[test]
fn a_feed_is_tested_without_any_configuration() {
    let web = Web::open(vec![("/rss.xml", RSS, news())]);
    let house = House::new();
    let address = web.at("/rss.xml");
    let test = |more: &[&str]| house.tidings(&[&["feed", "test", &address], &AT[..], more].concat());
    assert_snapshot!(web.plain(&test(&[]).ended(5).err), @r#"
    error: http://127.0.0.1:[port]/rss.xml leads to 127.0.0.1, a loopback address; set `allow_private = true` on the feed if that is meant
      try:  if it is meant to be in your own network: `--allow-private`
    "#);
    assert_snapshot!(web.plain(&test(&["--allow-private"]).ended(0).out), @r#"
    Health News: http://127.0.0.1:[port]/rss.xml
      form      RSS 2.0, sent as application/rss+xml
      language  en
      entries   2, of 2026-03-02 06:00 UTC
      pictures  in 0 of them
      size      580 bytes, in [n] ms
      checks    cost the whole document each time
      odd       it comes over http: whoever is on the way can change what is mailed; try https
      odd       no validators (neither ETag nor Last-Modified): every check costs the whole document

    [[feed]]
    slug = "health-news"
    url = "http://127.0.0.1:[port]/rss.xml"
    allow_private = true
    "#);
    assert!(!house.folder().join("tidings.db").exists(), "nothing is stored");
    let told = test(&["--allow-private", "--json"]).json();
    assert_eq!((&told["entries"], &told["topics"], &told["declared"]), (&json!(2), &Value::Null, &json!(false)));
    assert_eq!(told["odd"][0]["kind"], "http", "{told}");
}

#[test]
fn the_feed_behind_a_site_is_found_and_matched_with_the_topics() {
    let home = "<html><head><title>Paper</title><link rel=alternate type=application/rss+xml href=/gone>\
                <link rel=alternate type=application/rss+xml href=/rss title='All news'></head></html>";
    let web = Web::open(vec![
        ("/", HTML, home.to_owned()),
        ("/rss", RSS, news()),
        ("/bare", HTML, "<html><body>No word of it</body></html>".to_owned()),
        ("/feed.xml", RSS, news()),
        ("/text", "text/plain", "hello".to_owned()),
    ]);
    let house = House::new();
    house.configure(
        "[[feed]]\nslug = \"health-news\"\nurl = \"https://news.example.org/rss\"\n\n[[topic]]\nslug = \"health\"\n\
         name = { en = \"Health\" }\nany_category = [\"health\"]\n",
    );
    let test = |path: &str| house.tidings(&[&["feed", "test", &web.at(path), "--allow-private"], &AT[..]].concat());
    assert_snapshot!(web.plain(&test("/").ended(0).out), @r#"
    Health News: http://127.0.0.1:[port]/rss
      behind    the page http://127.0.0.1:[port]/
      form      RSS 2.0, sent as application/rss+xml
      language  en
      entries   2, of 2026-03-02 06:00 UTC
      pictures  in 0 of them
      size      580 bytes, in [n] ms
      checks    cost the whole document each time
      odd       it comes over http: whoever is on the way can change what is mailed; try https
      odd       no validators (neither ETag nor Last-Modified): every check costs the whole document
      topic     health: 2 entries, such as “A clinic opens”: it has the category "health"
    The page names other feeds, too:
      http://127.0.0.1:[port]/gone

    [[feed]]
    slug = "health-news-2"
    url = "http://127.0.0.1:[port]/rss"
    allow_private = true
    "#);
    // Nothing is named there, but one is where feeds usually are.
    let guessed = test("/bare").ended(0).out;
    assert!(guessed.contains(&web.at("/feed.xml")), "{guessed}");
    assert_snapshot!(web.plain(&test("/text").ended(8).err), @r#"
    error: http://127.0.0.1:[port]/text: this is no feed but plain text (content type: text/plain)
      try:  the address of the site, which may name its feeds
    "#);
    assert_snapshot!(web.plain(&test("/nowhere").ended(6).err), @r#"
    error: http://127.0.0.1:[port]/nowhere answered 404 Not Found; look for the feed's new address
      try:  `tidings feed test http://127.0.0.1:[port]/` looks for the feed of the site
    "#);

    // `init` finds it, too.
    house.tidings(&["init", "site", "--zone", "UTC", "--feed", &web.at("/")]).ended(0);
    let text = fs::read_to_string(house.folder().join("site/tidings.toml")).unwrap();
    assert!(text.contains(&format!("url = \"{}\"", web.at("/rss"))), "{text}");
}

const LIST: &str = r#"<opml version="2.0"><body>
<outline text="Health"><outline text="Clinics &amp; co" type="rss" xmlUrl="https://a.example/rss"/>
<outline text="Old" type="rss" xmlUrl="http://news.example.org/rss/"/></outline>
<outline text="Bad" type="rss" xmlUrl="gopher://b.example/"/>
</body></opml>"#;

const DECLARED: &str = "[[feed]]\nslug = \"news\"\nurl = \"https://news.example.org/rss\"\n";

#[test]
fn a_list_of_feeds_is_read_into_the_configuration() {
    let house = House::new();
    house.configure(DECLARED);
    fs::write(house.folder().join("feeds.opml"), LIST).unwrap();
    let before = fs::read_to_string(house.file()).unwrap();
    let import = |more: &[&str]| house.tidings(&[&["feed", "import", "feeds.opml"], more].concat());
    let shown = import(&[]).ended(7);
    assert_snapshot!(shown.out, @r#"
    # Clinics & co (in Health)
    [[feed]]
    slug = "clinics-co"
    url = "https://a.example/rss"
    "#);
    assert_snapshot!(shown.err, @r#"
    warning: outline 4: `gopher://b.example/` is neither http nor https
    1 feed declared already, left as before
    1 feed; nothing was written: append the lines to the configuration, or use --write
    "#);
    import(&["--topics", "--write", "-n"]).ended(7);
    assert_eq!(fs::read_to_string(house.file()).unwrap(), before, "nothing is written without being asked");

    assert_snapshot!(import(&["--topics", "--write"]).ended(7).out, @"1 feed and 1 topic appended to tidings.toml");
    assert_snapshot!(house.tidings(&["check"]).ended(0).out, @"tidings.toml is good: 2 feeds, 1 topic, 0 regions, 3 frequencies; mode capture");
    let again: Value = serde_json::from_str(&import(&["--write", "--json"]).ended(7).out).unwrap();
    assert_eq!((&again["feeds"], &again["already"], &again["toml"]), (&json!([]), &json!(2), &json!("")));
    fs::write(house.folder().join("feeds.opml"), "<rss/>").unwrap();
    assert_snapshot!(import(&[]).ended(8).err, @"
    error: feeds.opml is no list of feeds
      because: it is no OPML: there is no <opml> in it
    ");
}

#[test]
fn what_would_make_a_bad_configuration_is_not_written() {
    let house = House::new();
    let inline = "feed = [{ slug = \"a\", url = \"https://a.example/x\" }]\n[storage]\nurl = \"sqlite:tidings.db\"\n";
    fs::write(house.file(), inline).unwrap();
    fs::write(house.folder().join("feeds.opml"), LIST).unwrap();
    house.tidings(&["feed", "import", "feeds.opml", "--write"]).ended(3);
    assert_eq!(fs::read_to_string(house.file()).unwrap(), inline);
    assert!(!house.folder().join("tidings.toml.part").exists());
    fs::remove_file(house.file()).unwrap();
    house.tidings(&["feed", "import", "feeds.opml", "--write"]).ended(4);
}

#[test]
fn an_export_read_again_is_what_it_was() {
    let text = "[[feed]]\nslug = \"sea\"\nurl = \"https://a.example/sea?x=1&y=%22\"\nlanguage = \"en\"\n\n\
        [[feed]]\nslug = \"hill\"\nurl = \"http://127.0.0.1:1/hill\"\nallow_private = true\ninterval = \"1h 30m\"\n\n\
        [[feed]]\nslug = \"sky\"\nurl = \"https://a.example/sky\"\n\n\
        [[topic]]\nslug = \"water\"\nname = { en = \"Water & <life>\" }\nfeeds = [\"sea\", \"hill\"]\n\n\
        [[topic]]\nslug = \"land\"\nname = { en = \"Land\" }\nfeeds = [\"hill\"]\n";
    let (one, other) = (House::new(), House::new());
    one.configure(text);
    other.configure("");
    let list = other.folder().join("feeds.opml");
    one.tidings(&["feed", "export", "-o", list.to_str().unwrap()]).ended(0);
    other.tidings(&["feed", "import", "feeds.opml", "--topics", "--write"]).ended(0);
    assert_eq!(one.tidings(&["feed", "export"]).ended(0).out, other.tidings(&["feed", "export"]).ended(0).out);
    let written = fs::read_to_string(other.file()).unwrap();
    for part in text.split("\n\n") {
        assert!(written.contains(part.trim()), "{part} is not in {written}");
    }
}

#[test]
fn a_feed_that_is_named_is_asked_alone() {
    let web = Web::open(vec![("/news.xml", "application/rss+xml", rss(&["A clinic opens".to_owned()]))]);
    let house = House::new();
    let feed = |slug: &str, path: &str| {
        format!("[[feed]]\nslug = \"{slug}\"\nurl = \"{}\"\nallow_private = true\n", web.at(path))
    };
    let topic = "[[topic]]\nslug = \"news\"\nname = { en = \"News\" }\nfeeds = [\"news\", \"away\"]\n";
    house.configure(&format!("{}{}{topic}", feed("news", "/news.xml"), feed("away", "/away.xml")));
    assert_snapshot!(house.tidings(&["feed", "fetch", "news"]).ended(0).out, @"1 feed asked: 0 unchanged, 0 failed; 1 new article");
    house.tidings(&["feed", "fetch", "away"]).ended(6);
    house.tidings(&["feed", "fetch"]).ended(7);
}
