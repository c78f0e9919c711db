//! The capture mailbox in the browser: what would have been sent.

use reqwest::header::{CONTENT_SECURITY_POLICY, HOST};

use super::app::{Reader, TestApp};
use super::engine::{Engine, on_both_engines};
use crate::pipeline::receive::Mailbox;

/// A newsroom that sends nothing, and shows what it would have sent.
async fn capturing(engine: Engine) -> TestApp {
    TestApp::with(engine, "2026-03-02 12:00", &[("DELIVERY__MODE", "capture"), ("WEB__MAILBOX", "open")]).await
}

/// Ana and Bo have had a digest each; Ana's was captured first.
async fn with_two_digests(engine: Engine) -> TestApp {
    let app = capturing(engine).await;
    app.add(Reader { hour: 7, ..Reader::of("ana@example.org", &["health"]) }).await;
    app.add(Reader { hour: 8, ..Reader::of("bo@example.net", &["health"]) }).await;
    app.publish("health", "A vaccine for <all>");
    app.run_until("2026-03-03 12:00").await;
    app
}

/// The id of the newest mail in a list.
fn first_id(list: &str) -> String {
    let link = list.split("<li><a href=\"/mailbox/").nth(1).expect("a mail");
    link.split('"').next().expect("its link").to_owned()
}

/// Puts a mail into the mailbox as it comes.
async fn keep(app: &TestApp, bytes: &[u8]) -> String {
    let mailbox = Mailbox { store: app.app.store.clone(), clock: app.clock.clone() };
    mailbox.keep("x@example.org", &["odd@example.org".to_owned()], bytes).await.unwrap();
    first_id(&app.visit("/mailbox?to=odd").await.1)
}

on_both_engines! {
    async fn captured_mail_is_listed_and_found_by_its_reader(engine: Engine) {
        let app = with_two_digests(engine).await;
        let (status, page) = app.visit("/mailbox").await;
        assert_eq!(status, 200);
        let (bo, ana) = (page.find("bo@example.net").unwrap(), page.find("ana@example.org").unwrap());
        assert!(bo < ana, "the newest first");
        assert!(page.contains("A vaccine for &lt;all&gt;") && page.contains("3 March 2026 at 08:00"), "{page}");

        let (_, page) = app.visit("/mailbox?to=ANA%40").await;
        assert!(page.contains("ana@example.org") && !page.contains("bo@example.net"), "{page}");
        let (_, page) = app.visit("/mailbox?to=%25").await;
        assert!(page.contains("No mail to"), "no address has a % in it: {page}");
    }

    async fn a_mail_is_shown_as_html_as_text_and_as_it_came(engine: Engine) {
        let app = with_two_digests(engine).await;
        let id = first_id(&app.visit("/mailbox?to=ana").await.1);
        let mail = format!("/mailbox/{id}");
        let (status, page) = app.visit(&mail).await;
        assert_eq!(status, 200);
        assert!(page.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\"") && page.contains(&format!("{mail}/html")), "{page}");
        assert!(page.contains("The Paper &lt;digest@example.org&gt;") && page.contains("ana@example.org"), "{page}");

        let (_, html) = app.visit(&format!("{mail}/html")).await;
        assert!(html.contains("A vaccine for &lt;all&gt;") && html.contains("(prefers-color-scheme:dark)"), "{html}");
        let (_, dark) = app.visit(&format!("{mail}/html?scheme=dark")).await;
        assert!(!dark.contains("prefers-color-scheme") && dark.contains("(min-width:0)"), "{dark}");

        let (_, text) = app.visit(&format!("{mail}?view=text")).await;
        assert!(text.contains("<pre") && text.contains("A vaccine for &lt;all&gt;") && !text.contains("<iframe"), "{text}");
        let (_, source) = app.visit(&format!("{mail}?view=source")).await;
        assert!(source.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{source}");
        assert!(app.visit(&format!("{mail}?view=phone&scheme=%22%3E&width=9")).await.1.contains("<iframe"), "what nobody offers");

        let (status, file) = app.visit(&format!("{mail}/file")).await;
        assert_eq!(status, 200);
        assert!(file.contains("\r\nSubject: "), "{file}");
        for gone in ["/mailbox/0", "/mailbox/x", "/mailbox/0/html", "/mailbox/99999999999999999999/file"] {
            assert_eq!(app.visit(gone).await.0, 404, "{gone}");
        }
    }

    async fn the_frame_of_a_mail_runs_nothing_and_the_page_frames_only_it(engine: Engine) {
        let app = with_two_digests(engine).await;
        let mail = format!("/mailbox/{}", first_id(&app.visit("/mailbox").await.1));
        let policy = |answer: reqwest::Response| answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let framed = policy(app.ask_for(&format!("{mail}/html"), &[]).await);
        assert!(framed.contains("default-src 'none'") && framed.contains("; sandbox allow-popups "), "{framed}");
        assert!(!framed.contains("allow-scripts") && !framed.contains("allow-same-origin"), "{framed}");
        let page = policy(app.ask_for(&mail, &[]).await);
        assert!(page.ends_with("; frame-src 'self'") && page.contains("frame-ancestors 'none'"), "{page}");
        let list = policy(app.ask_for("/mailbox", &[]).await);
        assert!(!list.contains("frame-src"), "{list}");
    }

    async fn what_is_no_mail_is_shown_as_it_came(engine: Engine) {
        let app = capturing(engine).await;
        for odd in [&b"\xff\xfe\x00 <script>alert(1)</script>"[..], b"", b"\r\n\r\n", b"Subject: =?utf-8?B?////?=\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n--x\r\n"] {
            let id = keep(&app, odd).await;
            let (status, page) = app.visit(&format!("/mailbox/{id}")).await;
            assert_eq!(status, 200, "{odd:?}");
            assert!(page.contains("<pre") && !page.contains("<script"), "{page}");
        }
    }

    async fn the_list_goes_on_on_another_page(engine: Engine) {
        let app = capturing(engine).await;
        for i in 1..=120 {
            keep(&app, format!("Subject: Number {i:03}.\r\n\r\nx\r\n").as_bytes()).await;
        }
        let (mut at, mut seen) = ("/mailbox?to=odd".to_owned(), 0);
        loop {
            let (_, page) = app.visit(&at).await;
            seen += page.matches("Number ").count();
            let older = page.split("<li><a href=\"").find(|rest| rest.contains("\">Older</a>") && rest.starts_with("/mailbox?"));
            let Some(older) = older else { break };
            let lowest = format!("Number {:03}.", 121 - seen);
            assert!(page.contains(&lowest), "{lowest} in {page}");
            at = older.split('"').next().unwrap().replace("&amp;", "&");
        }
        assert_eq!(seen, 120);
    }

    async fn it_is_kept_for_eight_days(engine: Engine) {
        let app = with_two_digests(engine).await;
        app.run_until("2026-03-11 07:30").await;
        let (_, page) = app.visit("/mailbox").await;
        assert!(!page.contains("ana@example.org") && page.contains("bo@example.net"), "{page}");
    }

    async fn it_opens_only_where_the_pages_are_for_this_machine_alone(engine: Engine) {
        let mut app = TestApp::with(engine, "2026-03-02 12:00", &[("DELIVERY__MODE", "capture")]).await;
        let (status, why) = app.visit("/mailbox").await;
        assert_eq!(status, 404, "the site is at a public address");
        assert!(why.contains("mailbox = \"open\""), "{why}");

        app.restart(&[("SITE__URL", "http://localhost:8025")]).await;
        assert_eq!(app.visit("/mailbox").await.0, 200);
        let asked = async |headers: &[(&str, &str)]| app.ask_for("/mailbox", headers).await.status().as_u16();
        assert_eq!(asked(&[(HOST.as_str(), "rebound.example:8025")]).await, 404, "a name that was made to lead here");
        assert_eq!(asked(&[(HOST.as_str(), "[::1]:8025")]).await, 200);
        assert_eq!(asked(&[("X-Forwarded-For", "203.0.113.5")]).await, 404, "through a proxy");

        app.restart(&[("SITE__URL", "https://digest.example.org"), ("WEB__MAILBOX", "open")]).await;
        let asked = async |headers: &[(&str, &str)]| app.ask_for("/mailbox", headers).await.status().as_u16();
        assert_eq!(asked(&[(HOST.as_str(), "digest.example.org"), ("X-Forwarded-For", "203.0.113.5")]).await, 200);
        assert_eq!(asked(&[(HOST.as_str(), "rebound.example")]).await, 404);
        app.restart(&[("WEB__MAILBOX", "closed"), ("SITE__URL", "http://127.0.0.1:8025")]).await;
        assert_eq!(app.visit("/mailbox").await.0, 404);
    }
}
