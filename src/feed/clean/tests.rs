//! What a reader gets of an entry, whatever the feed put into it.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

use super::*;
use crate::feed::{Text, parse};
use crate::model::article::Image;
use crate::tests::evil::many_payloads;

fn entry(title: &str, summary: Text) -> Entry {
    let title = Some(title.to_owned()).filter(|title| !title.is_empty());
    Entry { title, summary: Some(summary), ..Entry::default() }
}

fn summary(html: &str) -> String {
    story(&entry("t", Text::html(html)), &Limits::default()).summary
}

#[test]
fn html_becomes_one_paragraph_of_text() {
    assert_eq!(summary("<p>One</p><p>two&nbsp;<b>th</b>ree</p><ul><li>four<li>five</ul>"), "One two three four five");
    assert_eq!(summary("Fish &amp; chips &mdash; caf&eacute;<br>now"), "Fish & chips — café now");
    assert_eq!(summary("a <!-- not this --> b <?nor this?> c"), "a b c");
    assert_eq!(summary("5 < 6 and a<b"), "5 < 6 and a");
    assert_eq!(summary("<a href='x>y'>link</a> <a href=\"z"), "link");
    assert_eq!(summary("AT&T &amp; T&eacute; & &#x41;&#66; &;&&nosuch;<br>"), "AT&T & Té & AB &;&&nosuch;");
    assert_eq!(summary("plain text"), "plain text");
}

#[test]
fn what_looks_like_a_tag_because_it_was_escaped_twice_stays_text() {
    assert_eq!(summary("use &lt;script&gt; with care &amp;lt;3"), "use <script> with care &lt;3");
    assert_eq!(story(&entry("1 <b> 2", Text::plain("a <i> b &amp; c")), &Limits::default()).summary, "a <i> b &amp; c");
}

#[test]
fn a_title_is_one_line_and_never_empty() {
    let titled = |title: &str, text: &str| story(&entry(title, Text::plain(text)), &Limits::default()).title;
    assert_eq!(titled(" Two\n\tlines\u{7}\u{202e} end\u{200b} ", ""), "Two lines end");
    assert_eq!(titled("", "Only a text"), "Only a text");
    assert_eq!(titled(&"word ".repeat(100), "").chars().count(), 300);
    assert_eq!(titled("", ""), "…");
    assert!(titled("", &"first words ".repeat(20)).ends_with("first…"));
    assert_eq!(titled("👩‍👩‍👧 می‌خواهم \u{200f}", ""), "👩‍👩‍👧 می‌خواهم \u{200f}");
    for nothing in ["\u{200f}", "\u{3164}", "\u{200d} \u{fe0f}", "\u{2800}\u{115f}"] {
        assert_eq!(titled(nothing, "Only a text"), "Only a text", "{nothing:?}");
        assert_eq!(summary(nothing), "", "{nothing:?}");
    }
    let linked = Entry { link: Some("https://a.example/1".into()), ..Entry::default() };
    assert_eq!(story(&linked, &Limits::default()).title, "https://a.example/1");
}

#[test]
fn a_summary_is_cut_at_a_word() {
    let cut_at = |text: &str, summary| story(&entry("t", Text::plain(text)), &Limits { summary }).summary;
    assert_eq!(cut_at("one two three four", 18), "one two three four");
    assert_eq!(cut_at("one two three four", 17), "one two three…");
    assert_eq!(cut_at("one two, three", 10), "one two…");
    assert_eq!(cut_at("one two three", 8), "one two…");
    assert_eq!(cut_at("没有空格的文字很长", 5), "没有空格…");
    assert_eq!(cut_at("one", 0), "");
    assert_eq!(cut_at(&"-".repeat(20), 5), "----…", "it is all there is");
}

#[test]
fn content_stands_in_for_a_summary() {
    let content = Entry { content: Some(Text::html("<p>Long</p>")), ..Entry::default() };
    let story = story(&content, &Limits::default());
    assert_eq!((story.title.as_str(), story.summary.as_str()), ("Long", "Long"));
}

#[test]
fn pictures_come_over_https_and_do_not_count_readers() {
    let shown = |url: &str| {
        let image = Some(Image { url: url.to_owned(), alt: Some(" Boats\nat dusk ".into()) });
        story(&Entry { image, ..Entry::default() }, &Limits::default()).image
    };
    let image = shown("https://img.example/a.jpg").unwrap();
    assert_eq!((image.url.as_str(), image.alt.as_deref()), ("https://img.example/a.jpg", Some("Boats at dusk")));
    for bad in [
        "http://img.example/a.jpg",
        "data:image/png;base64,AA==",
        "javascript:alert(1)",
        "https://feeds.feedburner.com/~r/x/y",
        "https://doubleclick.net/a.jpg",
        "https://img.example/theme/spacer.gif",
        "/a.jpg",
    ] {
        assert_eq!(shown(bad), None, "{bad}");
    }
    assert!(shown("https://notdoubleclick.net/a.jpg").is_some());
}

#[test]
fn a_hundred_thousand_nested_elements_cost_nothing() {
    let started = std::time::Instant::now();
    for open in
        ["<div>", "<b>", "<font size=1>", "<table><tr><td>", "<ul><li>", "<svg>", "<a href=x>", "<select>", "<p><b>"]
    {
        let found = summary(&format!("before {} after", open.repeat(100_000)));
        assert!(found.starts_with("before"), "{open}: {found}");
    }
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

/// What could be slow must stay in proportion to its length: each of these is a megabyte.
#[test]
fn a_megabyte_of_anything_takes_no_time() {
    let long = |unit: &str| unit.repeat((1 << 20) / unit.len());
    let texts = [
        long("<"),
        long("&"),
        long("&a"),
        long("&#x"),
        long("<!--"),
        long("<!"),
        long("<svg>"),
        long("<iframe>x"),
        long("</"),
        long("<a href='"),
        long("&amp;"),
        long("word "),
        long("x"),
        long("<div>"),
        long("<table><tr><td>"),
        format!("<p {}>", long("a=b ")),
        format!("<p {}>", (0..100_000).map(|n| format!("a{n}=b ")).collect::<String>()),
        long("<p a=1 b=2 c=3 d=4 e=5 f=6>"),
    ];
    for text in texts.map(|text| text + "<br>") {
        let started = std::time::Instant::now();
        let html = Text::html(&text);
        let evil = Entry {
            author: Some(text.clone()),
            tags: vec![text.clone()],
            content: Some(Text::html(&text)),
            ..entry(&text, html)
        };
        let story = story(&evil, &Limits::default());
        assert!(story.title.chars().count() <= 300 && story.summary.chars().count() <= 600);
        super::html(&Text::html(&text));
        let took = started.elapsed();
        assert!(took.as_secs() < 20, "{:.30} took {took:?}", text);
    }
}

/// Everything that may be followed or fetched is an address of the web, and every text is one line.
#[test]
fn nothing_that_acts_survives_in_any_field() {
    let payloads = many_payloads();
    assert!(payloads.len() >= 2000, "only {}", payloads.len());
    for payload in &payloads {
        for item in items(payload) {
            let feed = format!("<rss><channel>{item}</channel></rss>");
            let document = parse::document(feed.as_bytes(), None, None).unwrap();
            for entry in &document.entries {
                let story = story(entry, &Limits::default());
                let lines = [&story.title, &story.summary].into_iter().chain(&story.author).chain(&story.categories);
                lines.for_each(|line| assert!(!line.contains(char::is_control), "{item} became {line:?}"));
                assert!(story.link.iter().all(|link| is_address(link, &["http", "https"])), "{item} became {story:?}");
                assert!(story.image.iter().all(|image| is_address(&image.url, &["https"])), "{item} became {story:?}");
                let texts = [&entry.summary, &entry.content].into_iter().flatten();
                texts.for_each(|text| assert_eq!(acts(&super::html(text)), None, "{item}"));
                // Cleaned as HTML, whatever it was declared as.
                let html = Text::html(entry.summary_or_content().map_or("", |text| &text.value));
                assert_eq!(acts(&super::html(&html)), None, "{item}");
            }
        }
    }
}

/// The payload in title, summary, content, author, category, link and image: escaped, escaped twice, and as it is.
fn items(payload: &str) -> [String; 3] {
    let once = escape(payload).into_owned();
    let raw = format!("<![CDATA[{}]]>", payload.replace("]]>", ""));
    [escape(&once).into_owned(), once.clone(), raw].map(|text| {
        format!(
            "<item><title>{text}</title><description>{text}</description><content:encoded>{text}</content:encoded>
             <author>{text}</author><category>{text}</category><link>{text}</link>
             <media:thumbnail url=\"{once}\"/><media:content medium=\"image\" url=\"{once}\"><media:title>{text}</media:title>
             </media:content></item>"
        )
    })
}

fn is_address(text: &str, schemes: &[&str]) -> bool {
    let clean = !text.contains(['<', '>', '"', ' ']) && !text.contains(char::is_control);
    clean && url::Url::parse(text).is_ok_and(|url| schemes.contains(&url.scheme()) && url.has_host())
}

/// Whether it is an address of another kind than a reader may follow.
fn runs(value: &str) -> bool {
    let bare: String = value.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
    let scheme = bare.to_lowercase().split_once(':').map(|(scheme, _)| scheme.to_owned());
    scheme.is_some_and(|scheme| {
        scheme.chars().all(|c| c.is_ascii_alphanumeric()) && !["http", "https", "mailto"].contains(&scheme.as_str())
    })
}

/// What in this would act: an element, a handler, an address.
fn acts(html: &str) -> Option<String> {
    const ACTIVE: [&str; 12] =
        ["script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "base", "link", "meta"];
    let mut reader = Reader::from_str(html);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    loop {
        let (Event::Start(tag) | Event::Empty(tag)) = (match reader.read_event() {
            Ok(Event::Eof) | Err(_) => return None,
            Ok(event) => event,
        }) else {
            continue;
        };
        let name = String::from_utf8_lossy(tag.name().into_inner()).to_lowercase();
        let mut attributes = tag.html_attributes();
        let bad = attributes.with_checks(false).filter_map(Result::ok).any(|attribute| {
            let name = String::from_utf8_lossy(attribute.key.into_inner()).to_lowercase();
            let value = String::from_utf8_lossy(&attribute.value);
            name.starts_with("on") || name == "srcdoc" || (name != "title" && name != "alt" && runs(&value))
        });
        if bad || ACTIVE.contains(&name.as_str()) {
            return Some(String::from_utf8_lossy(&tag).into_owned());
        }
    }
}

/// Every way to run something that one knows of, in every wrapping: what comes out is text, and none of it is the
/// payload's.
#[test]
fn no_script_survives() {
    let mut tried = 0;
    for payload in payloads() {
        for wrapped in wrappings(&payload) {
            let feed = format!("<rss><channel><item><title>t</title>{wrapped}</item></channel></rss>");
            let document = parse::document(feed.as_bytes(), None, None).unwrap();
            let story = story(&document.entries[0], &Limits::default());
            assert!(!story.summary.contains("alert"), "{wrapped} became {}", story.summary);
            assert!(!has_tag(&story.summary), "{wrapped} became {}", story.summary);
            assert!(story.link.is_none() && story.image.is_none(), "{wrapped}");
            tried += 1;
        }
    }
    assert!(tried > 200, "only {tried}");
}

/// A lone `<` is text.
fn has_tag(text: &str) -> bool {
    text.split('<').skip(1).any(|after| after.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '!' | '?')))
}

fn payloads() -> Vec<String> {
    let handlers =
        ["onerror", "onload", "onclick", "onmouseover", "onfocus", "ontoggle", "onbegin", "onanimationstart"];
    let elements =
        ["img src=x", "svg", "body", "input autofocus", "details open", "video", "iframe", "a href=#", "p", "marquee"];
    let schemes = ["javascript:", "JaVaScRiPt:", "java\tscript:", " javascript:", "data:text/html,", "vbscript:"];
    let mut payloads: Vec<String> = [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//x.example/alert.js></SCRIPT>",
        "<script >alert(1)</script >",
        "<script/x>alert(1)</script\t\n bar>",
        "<<script>alert(1)</script>",
        "<script><script>alert(1)</script>",
        "<style>@import 'javascript:alert(1)'</style>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<object data='data:text/html,<script>alert(1)</script>'></object>",
        "<embed src='javascript:alert(1)'>",
        "<math><mtext></mtext><script>alert(1)</script></math>",
        "<svg><script>alert(1)</script></svg>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
        "<template><script>alert(1)</script></template>",
        "<base href='javascript:alert(1)//'>",
        "<link rel=stylesheet href='javascript:alert(1)'>",
        "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
        "<form action='javascript:alert(1)'><button></button></form>",
        "<img src=x title='a>b' onerror='alert(1)'>",
        "<img src=`javascript:alert(1)`>",
        "<div style='background:url(javascript:alert(1))'></div>",
        "<!--><script>alert(1)</script>-->",
        "<!-- --!><script>alert(1)</script> -->",
        "<script>/*</script><script>*/alert(1)</script>",
    ]
    .map(str::to_owned)
    .to_vec();
    payloads.extend(elements.iter().flat_map(|e| handlers.iter().map(move |h| format!("<{e} {h}=\"alert(1)\">"))));
    payloads.extend(schemes.iter().map(|scheme| format!("<a href=\"{scheme}alert(1)\">x</a>")));
    payloads
}

fn wrappings(payload: &str) -> [String; 3] {
    let escaped = payload.replace('&', "&amp;").replace('<', "&lt;");
    [
        format!("<description>before {escaped} after</description>"),
        format!("<description><![CDATA[before {payload} after]]></description>"),
        format!("<description/><link>{escaped}</link><enclosure type='image/png' url='javascript:alert(1)'/>"),
    ]
}

#[test]
fn an_accident_in_markup_leaves_no_tag() {
    for html in [
        "<b",
        "</",
        "<",
        "<>",
        "</>",
        "<a b='",
        "<p <p <p>x",
        "<!",
        "<!--",
        "<?",
        "&",
        "&;",
        "&#;",
        "<b>x</i></b></p>",
        "<br/<b>",
    ] {
        let found = summary(&format!("text {html}"));
        assert!(found.starts_with("text"), "{html}: {found}");
        assert!(!found.contains("<b>") && !found.contains("<p>"), "{html}: {found}");
    }
}
