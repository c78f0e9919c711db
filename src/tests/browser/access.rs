//! Every page and every mail is held to the rules of WCAG 2.2 AA, in a real browser: by axe, and by its width.

use std::path::Path;

use tempfile::TempDir;

use super::{Browser, Look};
use crate::model::language::Language;
use crate::model::rendering::{Holed, Piece, Places};
use crate::render::{Mail, Site, Subject, Templates, samples};

/// The samples of a language as files, by name.
struct Written {
    folder: TempDir,
    pages: Vec<String>,
    mails: Vec<String>,
}

impl Written {
    fn in_language(tag: &str) -> Self {
        let english: Language = "en".parse().unwrap();
        let templates = Templates::load(None, &english, None).unwrap();
        let site = Site {
            name: "The Harbour Post".into(),
            url: "https://news.example.org/".into(),
            postal_address: "12 Quay Street, Port Example".into(),
            reply_to: Some("readers@example.org".into()),
            logo: None,
            footer: Default::default(),
            language: english,
        };
        let mut written = Self { folder: TempDir::new().unwrap(), pages: vec![], mails: vec![] };
        for sample in samples(&site, &tag.parse().unwrap()) {
            let name = format!("{}-{}", sample.kind.replace('/', "-"), sample.name);
            let html = match &sample.content {
                Subject::Page(page) => templates.page(page).unwrap(),
                Subject::Mail(mail) => html_of(mail, &templates),
            };
            if html.is_empty() {
                continue;
            }
            std::fs::write(written.path(&name), html).unwrap();
            let list = if matches!(sample.content, Subject::Page(_)) { &mut written.pages } else { &mut written.mails };
            list.push(name);
        }
        written
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(format!("{name}.html"))
    }
}

fn html_of(mail: &Mail, templates: &Templates) -> String {
    let Holed(pieces) = mail.render(templates).unwrap().html;
    let places: Places = mail.places(templates);
    let filled = pieces.iter().map(|piece| match piece {
        Piece::Fixed(text) => text.as_str(),
        Piece::Hole(name) => places[name].html.as_str(),
    });
    filled.collect()
}

/// A line for each rule that one of these breaks, on each of these devices.
async fn broken(
    browser: &Browser,
    written: &Written,
    looks: &[Look],
    names: &[String],
    except: &[&str],
) -> Vec<String> {
    let mut all = Vec::new();
    for look in looks {
        browser.take(*look).await;
        for name in names {
            browser.go(&file(&written.path(name))).await;
            let found = browser.broken_rules().await;
            let found = found.into_iter().filter(|line| !except.iter().any(|rule| line.starts_with(rule)));
            all.extend(found.map(|line| format!("{name} on {look:?}: {line}")));
        }
    }
    all
}

fn file(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A mail stands within the page of a mail program, whose landmarks are not ours to make.
const OF_WHOLE_DOCUMENTS: [&str; 2] = ["region:", "landmark-one-main:"];

async fn keeps_the_rules(tag: &str, looks: &[Look]) {
    let Some(browser) = Browser::open(Look::desk()).await else { return };
    let written = Written::in_language(tag);
    assert!(written.pages.len() > 25 && written.mails.len() > 8, "{} pages", written.pages.len());
    let mut found = broken(&browser, &written, looks, &written.pages, &[]).await;
    found.extend(broken(&browser, &written, looks, &written.mails, &OF_WHOLE_DOCUMENTS).await);
    assert!(found.is_empty(), "{} in all:\n{}", found.len(), found.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_and_mail_keeps_the_rules_in_english_on_a_phone() {
    keeps_the_rules("en", &[Look::phone()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_and_mail_keeps_the_rules_in_french_on_a_desk_in_the_dark() {
    keeps_the_rules("fr", &[Look::desk().dark()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_and_mail_keeps_the_rules_in_arabic_on_a_phone_in_the_dark() {
    keeps_the_rules("ar", &[Look::phone().dark()]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: each language on each device"]
async fn every_page_and_mail_keeps_the_rules_everywhere() {
    for tag in ["en", "fr", "ar"] {
        keeps_the_rules(tag, &[Look::phone(), Look::phone().dark(), Look::desk(), Look::desk().dark()]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_a_rule_is_seen() {
    let Some(browser) = Browser::open(Look::phone()).await else { return };
    let folder = TempDir::new().unwrap();
    let seen = async |html: &str| {
        let path = folder.path().join("page.html");
        std::fs::write(&path, html).unwrap();
        browser.go(&file(&path)).await;
        browser.broken_rules().await.join("\n")
    };
    let page = |style: &str, body: &str| {
        format!(
            "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>A page</title><style>{style}</style><main><h1>A page</h1>{body}</main></html>"
        )
    };
    assert_eq!(seen(&page("", "<p>All is well.</p>")).await, "");
    assert!(seen(&page("p{color:#999}", "<p>Pale.</p>")).await.contains("color-contrast"));
    assert!(seen(&page("", "<input type=\"text\">")).await.contains("label"));
    assert!(seen(&page("p{width:400px}", "<p>Wide.</p>")).await.contains("px too wide"));
    let only_dark = "@media (prefers-color-scheme:dark){body{background:#222;color:#333}}";
    assert_eq!(seen(&page(only_dark, "<p>Light.</p>")).await, "");
    browser.take(Look::phone().dark()).await;
    assert!(seen(&page(only_dark, "<p>Dark.</p>")).await.contains("color-contrast"));
}
