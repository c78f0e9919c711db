//! The folder `tests/feeds`: documents of one trait each, with what they must be read as beside them; and what must
//! hold of any document at all.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;

use super::reading::TOO_MANY;
use super::{chars, document};
use crate::feed::clean::{self, Limits};

fn corpus() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/feeds");
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    paths.retain(|path| path.with_extension("json").exists() && path.extension().is_some_and(|end| end != "json"));
    paths.sort();
    paths
}

/// Every field that is expected must be as expected; what is not mentioned is free. `damaged` is true or false.
fn differences(at: &str, expected: &Value, found: &Value, out: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(fields), Value::Object(_)) => {
            fields.iter().for_each(|(name, value)| differences(&format!("{at}.{name}"), value, &found[name], out));
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            let pairs = expected.iter().zip(found).enumerate();
            pairs.for_each(|(n, (expected, found))| differences(&format!("{at}[{n}]"), expected, found, out));
        }
        (Value::Bool(expected), found) if at.ends_with(".damaged") => {
            if *expected == found.is_null() {
                out.push(format!("{at}: {found}"));
            }
        }
        _ if expected == found => {}
        _ => out.push(format!("{at}: expected {expected}, found {found}")),
    }
}

fn read(path: &Path, expected: &Value) -> Value {
    let base = Url::parse(expected["base"].as_str().unwrap_or("https://news.example.org/feeds/all.xml")).unwrap();
    match document(&fs::read(path).unwrap(), expected["content_type_header"].as_str(), Some(&base)) {
        Ok(document) => {
            let mut found = document.to_json();
            found["damaged"] = json!(document.damaged);
            found["ttl"] = json!(document.ttl_minutes);
            for (entry, read) in found["entries"].as_array_mut().unwrap().iter_mut().zip(&document.entries) {
                entry["image"] = json!(read.image.as_ref().map(|image| &image.url));
                entry["alt"] = json!(read.image.as_ref().and_then(|image| image.alt.as_ref()));
                entry["language"] = json!(read.language);
            }
            found
        }
        Err(error) => json!({ "error": error.to_string() }),
    }
}

#[test]
fn every_document_of_the_corpus_is_read_as_it_was_meant() {
    let mut wrong = Vec::new();
    let corpus = corpus();
    assert!(corpus.len() >= 60, "only {} documents found", corpus.len());
    for path in corpus {
        let mut expected: Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
        let found = read(&path, &expected);
        for hint in ["base", "content_type_header"] {
            expected.as_object_mut().unwrap().remove(hint);
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        differences(&name, &expected, &found, &mut wrong);
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_limits_hold() {
    let deep = format!("<rss><channel>{}<item><title>x</title></item>", "<a>".repeat(30_000));
    assert!(document(deep.as_bytes(), None, None).is_ok());

    let prose = format!("<rss><channel><item><description>{}text</item>", "<div><b>".repeat(5_000));
    let read = document(prose.as_bytes(), None, None).unwrap();
    assert!(read.entries[0].summary.as_ref().unwrap().value.contains("text"));

    let many = |n| format!("<rss><channel>{}</channel></rss>", "<item><title>x</title></item>".repeat(n));
    for (n, damaged) in [(1_000, None), (5_000, Some(TOO_MANY))] {
        let json = format!("{{\"version\":\"jsonfeed\",\"items\":[{}{{}}]}}", "{},".repeat(n - 1));
        for text in [many(n), json] {
            let read = document(text.as_bytes(), None, None).unwrap();
            assert_eq!((read.entries.len(), read.damaged.as_deref(), read.cut_short), (1_000, damaged, false));
        }
    }
    let unclosed = format!("<rss><channel>{}", "<item>".repeat(5_000));
    assert_eq!(document(unclosed.as_bytes(), None, None).unwrap().entries.len(), 1000);

    let tags = (0..500).map(|n| format!("<category>{n}</category>")).collect::<String>();
    let long = "é".repeat(600_000);
    let big = format!("<rss><channel><item><title>{long}</title>{tags}<description>{long}</description></item>");
    let entry = &document(big.as_bytes(), None, None).unwrap().entries[0];
    assert_eq!(entry.tags.len(), 64);
    assert!(entry.title.as_ref().unwrap().len() <= chars::FIELD);
    assert!(entry.summary.as_ref().unwrap().value.len() <= chars::FIELD);

    let laughs = format!(
        "<!DOCTYPE rss [<!ENTITY a '{}'><!ENTITY b '&a;&a;&a;&a;&a;'>]><rss><item><title>x{}</title></item></rss>",
        "ha".repeat(400),
        "&a;&b;".repeat(20_000)
    );
    assert!(document(laughs.as_bytes(), None, None).unwrap().entries[0].title.as_ref().unwrap().len() <= chars::FIELD);
}

/// What a hostile body could make slow must stay in proportion to its length.
#[test]
fn nothing_is_read_over_and_over() {
    let bodies = [
        format!("<rss>{}>", "<a \">\" ".repeat(50_000)),
        format!("<rss>{}", "<!--".repeat(75_000)),
        format!("<rss>{}", "<![CDATA[".repeat(37_500)),
        format!("<rss>{}", "<?x ".repeat(75_000)),
        format!("<rss>{}", "<item>".repeat(50_000)),
        format!("<rss>{}", "</x>".repeat(75_000)),
        format!("<rss>{}", "<a b='".repeat(50_000)),
        format!("<rss {}>", "xmlns:a='b' ".repeat(25_000)),
        format!("<rss><item><title>{}", "&amp;&x".repeat(50_000)),
        format!("<!DOCTYPE x [{}", "<!ENTITY a 'b'>".repeat(25_000)),
        format!("<rss><item><description>{}", "<a b='c'>d</e>".repeat(25_000)),
        format!("<rss><item><description>{}</description></item>", "&lt;font size=1>&lt;p>".repeat(15_000)),
        format!("{{\"items\":{}", "[".repeat(250_000)),
        format!("{{\"items\":[{}", "{\"id\":1},".repeat(37_500)),
    ];
    for body in bodies {
        let started = std::time::Instant::now();
        if let Ok(document) = document(body.as_bytes(), None, None) {
            document.entries.iter().for_each(|entry| drop(clean::story(entry, &Limits::default())));
        }
        let took = started.elapsed();
        // Far from what it takes, and near to nothing of what reading it over and over would.
        assert!(took.as_secs() < 20, "{:.60} took {took:?}", body);
    }
}

/// Reads it, cleans it, and checks what must hold of anything.
fn survives(body: &[u8], content_type: Option<&str>) {
    let Ok(document) = document(body, content_type, None) else { return };
    assert!(document.entries.len() <= 1000);
    for entry in &document.entries {
        let texts = [entry.summary.as_ref(), entry.content.as_ref()].into_iter().flatten().map(|text| &text.value);
        for text in texts.chain(&entry.title).chain(&entry.guid).chain(&entry.tags) {
            assert!(text.len() <= chars::FIELD);
            assert!(!text.contains(['\0', '\u{1}', '\u{b}', '\u{fdd0}', '\u{fffe}', '\u{ffff}']), "{text:?}");
        }
        let story = clean::story(entry, &Limits::default());
        assert!(!story.title.is_empty() && story.title.chars().count() <= 300);
        assert!(story.summary.chars().count() <= 600);
        assert!(entry.tags.len() <= 64);
        let web = |link: &String| Url::parse(link).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        assert!(entry.link.iter().all(web), "{:?}", entry.link);
        assert!(story.image.iter().all(|image| image.url.starts_with("https://")), "{:?}", story.image);
    }
    document.to_json();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..2000)) {
        survives(&body, None);
    }

    #[test]
    fn anything_that_looks_like_a_feed_is_read_or_refused(parts in proptest::collection::vec(piece(), 0..60)) {
        survives(parts.concat().as_bytes(), Some("application/rss+xml"));
    }

    #[test]
    fn a_damaged_document_is_read_or_refused(which in any::<proptest::sample::Index>(), wounds in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>(), 0..6u8), 1..12)) {
        let paths = corpus();
        let mut body = fs::read(which.get(&paths)).unwrap();
        for (place, byte, kind) in wounds {
            if body.is_empty() { break }
            let at = place.index(body.len());
            match kind {
                0 => body[at] = byte,
                1 => { body.remove(at); }
                2 => body.insert(at, b"<>&\"'/!?;]-"[usize::from(byte) % 11]),
                3 => {
                    let other = fs::read(place.get(&paths)).unwrap();
                    body.splice(at.., other[other.len() * usize::from(byte) / 256..].iter().copied());
                }
                4 => {
                    let end = body.len().min(at + usize::from(byte));
                    let again = body[at..end].repeat(20);
                    body.splice(at..at, again);
                }
                _ => body.truncate(at),
            }
        }
        survives(&body, None);
    }
}

fn piece() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "<rss>",
        "<channel>",
        "<item>",
        "</item>",
        "<entry>",
        "</entry>",
        "<feed xmlns='http://www.w3.org/2005/Atom'>",
        "<title>",
        "</title>",
        "<description>",
        "</description>",
        "<content type='xhtml'>",
        "</content>",
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "<?",
        "?>",
        "&amp;",
        "&#0;",
        "&#x92;",
        "&lt;b&gt;",
        "&",
        ";",
        "<br>",
        "<div>",
        "</div>",
        "<a href='",
        "'>",
        "\"",
        "<",
        ">",
        "text",
        "é",
        "\u{0}",
        "\u{fdd0}",
        "<link/>",
        "<link href='x'/>",
        "<guid>",
        "</guid>",
        "<pubDate>1 Jan 2004</pubDate>",
        "<media:group>",
        "<media:content url='https://a.example/b.jpg' medium='image'>",
        "</media:group>",
        "<image>",
        "</image>",
        "<!DOCTYPE x [<!ENTITY e 'f'>]>",
        "&e;",
        "<author>",
        "<name>",
        "</author>",
        " ",
        "<content mode='base64' type='a/b'>",
        "Zm9v",
    ])
}
