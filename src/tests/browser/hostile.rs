//! A feed that means harm: 500 scripts, each in every field of an entry. Nothing of it runs: not in a page, not in a mail
//! that is opened where scripts are allowed, not in the mailbox.

use std::collections::BTreeSet;

use quick_xml::escape::escape;
use serde_json::json;
use tempfile::TempDir;

use super::{Browser, Look};
use crate::tests::app::TestApp;
use crate::tests::engine::Engine;
use crate::tests::evil::{WAYS, payloads};
use crate::tests::newsstand::Manner;

/// An entry with this in each of its fields.
fn entry(number: usize, evil: &str) -> String {
    let text = escape(evil);
    let twice = escape(text.as_ref());
    let raw = evil.replace("]]>", "]]]]><![CDATA[>");
    // What follows a `#` is no part of an address: two entries that differ only there are one article.
    let bare = text.replace('#', "%23");
    let link = if number.is_multiple_of(2) {
        format!("https://paper.example.org/{number}?{bare}")
    } else {
        format!("{bare}{number}")
    };
    format!(
        "<item><title>{number} {text}</title><link>{link}</link><guid isPermaLink=\"false\">{number} {text}</guid>
         <description>{twice}{text}</description><content:encoded><![CDATA[<p>{raw}</p>]]></content:encoded>
         <category>{text}</category><author>{text}</author><dc:creator>{text}</dc:creator>
         <enclosure url=\"{text}\" type=\"image/jpeg\" length=\"1\"/>
         <media:content url=\"https://x.example/{number}.jpg?{text}\" medium=\"image\"><media:title>{text}</media:title>
         <media:description>{text}</media:description></media:content><source url=\"{text}\">{text}</source></item>\n"
    )
}

fn feed(entries: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\"
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:media=\"http://search.yahoo.com/mrss/\"><channel><title>{evil}</title>
         <link>{evil}</link><description>{evil}</description>{entries}</channel></rss>",
        evil = escape(WAYS[0])
    )
    .into_bytes()
}

/// A browser in which whatever runs is remembered.
async fn watchful() -> Option<Browser> {
    let browser = Browser::open(Look::desk()).await?;
    let watch = "window.alert = window.confirm = window.prompt = () => { window.ran = true; };";
    browser.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": watch})).await;
    Some(browser)
}

impl Browser {
    /// What ran, what would run if it were allowed or clicked, and what was held back. Nothing, in a page as it should be.
    async fn harm(&self) -> Vec<String> {
        const LOOK: &str = "
            const found = window.ran ? ['a script ran'] : [];
            for (const element of document.querySelectorAll('*')) {
                if (['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'BASE', 'LINK', 'SVG', 'MATH'].includes(element.tagName.toUpperCase())
                    && !element.matches('iframe.mail, base[target=_blank]:not([href])')) {
                    found.push(element.outerHTML);
                }
                for (const {name, value} of element.attributes) {
                    const link = ['href', 'src', 'action', 'formaction', 'data', 'srcdoc', 'xlink:href', 'poster'].includes(name);
                    if (name.startsWith('on') || (link && !/^(https?:|mailto:|#|\\/)/.test(value))) {
                        found.push(`${name}=${value}`);
                    }
                }
            }
            return found";
        let mut found: Vec<String> = serde_json::from_value(self.script(LOOK).await).unwrap();
        // Pictures that are not there are no harm.
        let held = self.complaints().await.into_iter();
        let held = held.filter(|line| !line.contains("ERR_NAME_NOT_RESOLVED") && !line.contains("/favicon.ico"));
        found.extend(held);
        found
    }
}

/// The newsroom that reads this feed, and 20 days of mail made from it.
async fn misled() -> TestApp {
    let options = [("SITE__URL", "HERE"), ("DELIVERY__MODE", "capture"), ("COLLECT__INTERVAL", "1h")];
    let app = TestApp::with(Engine::Sqlite, "2026-11-01 12:00", &options).await;
    app.subscribe("ana@example.net", &["health"]).await;
    let all = payloads();
    for (day, some) in all.chunks(25).enumerate() {
        let entries: String = some.iter().enumerate().map(|(i, evil)| entry(day * 25 + i, evil)).collect();
        app.behave("health", Manner::Body(feed(&entries)));
        app.fetch().await;
        app.run_until(&format!("2026-11-{:02} 12:00", day + 2)).await;
    }
    app
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_feed_says_runs() {
    let Some(browser) = watchful().await else { return };
    assert_eq!(payloads().into_iter().collect::<BTreeSet<_>>().len(), 500);
    let app = misled().await;
    let titles = app.ask("SELECT title FROM article").await;
    let is_there =
        |number: &usize| titles.iter().any(|title| title.split_whitespace().next() == Some(&number.to_string()));
    let lost: Vec<String> =
        (0..500).filter(|number| !is_there(number)).map(|number| payloads().swap_remove(number)).collect();
    assert_eq!(lost, Vec::<String>::new(), "lost");
    let here = app.here().to_owned();

    let folder = TempDir::new().unwrap();
    let mails = app.captured_to("ana@example.net").await;
    // The mailbox keeps the mail of eight days.
    assert!(mails.len() >= 8, "{}", mails.len());
    for (i, mail) in mails.iter().enumerate() {
        let path = folder.path().join(format!("{i}.html"));
        std::fs::write(&path, mail.html()).unwrap();
        browser.go(&format!("file://{}", path.display())).await;
        assert_eq!(browser.harm().await, Vec::<String>::new(), "mail {i}, where scripts may run");
        assert!(browser.text("body").await.contains("alert(1)"), "what was said is read as text");
    }

    browser.go(&format!("{here}/mailbox")).await;
    assert_eq!(browser.harm().await, Vec::<String>::new());
    for i in 1..=mails.len() {
        browser.go(&format!("{here}/mailbox")).await;
        browser.follow(&format!(".mails li:nth-child({i}) a")).await;
        assert_eq!(browser.harm().await, Vec::<String>::new(), "mail {i} in the mailbox");
        for view in ["text", "source"] {
            browser.go(&format!("{}?view={view}", browser.url().await.split('?').next().unwrap())).await;
            assert_eq!(browser.harm().await, Vec::<String>::new(), "mail {i} as {view}");
        }
    }
    let mut seen = 0;
    let mut pages: Vec<String> = (1..=21).map(|day| format!("/en/topic/health/2026-11-{day:02}")).collect();
    pages.extend(mails.iter().map(|mail| mail.edition()));
    pages.extend(["/en/topic/health", "/en/", "/en/subscribe"].map(str::to_owned));
    let twice = pages.iter().map(|page| (page, false)).chain(pages.iter().map(|page| (page, true)));
    for (page, bypass) in twice {
        // What the policy would hold back must not be there in the first place.
        browser.devtools("Page.setBypassCSP", json!({"enabled": bypass})).await;
        let path = page.strip_prefix(&here).unwrap_or(page);
        browser.go(&format!("{here}{path}")).await;
        assert_eq!(browser.harm().await, Vec::<String>::new(), "{path}");
        if !bypass && path.starts_with("/en/topic/health/") {
            seen += browser.script("return document.querySelectorAll('article').length").await.as_u64().unwrap();
        }
    }
    assert_eq!(seen, 500, "each was on a page");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_is_seen() {
    let Some(browser) = watchful().await else { return };
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("page.html");
    let mut seen = 0;
    for way in WAYS {
        std::fs::write(&path, format!("<!DOCTYPE html><title>x</title><p>{way}")).unwrap();
        browser.go(&format!("file://{}", path.display())).await;
        seen += usize::from(!browser.harm().await.is_empty());
    }
    // The others need a place of their own: in an attribute, in a title, in another's comment.
    assert!(seen >= 40, "{seen} of {}", WAYS.len());
}
