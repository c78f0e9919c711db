//! The samples in three languages, by name, and beside them text that means harm.

use std::sync::LazyLock;

use super::super::digest::{Digest, Item};
use super::super::form::Ask;
use super::super::page::{Confirming, Content, Often, Page, Step, Stopping, Trouble};
use super::super::{Confirm, Site, Templates};
use super::digest;
pub use super::digest::moment;
use crate::model::article::Image;
use crate::model::edition::Format;
use crate::model::language::Language;
use crate::model::topic::Names;

pub fn language(tag: &str) -> Language {
    tag.parse().unwrap()
}

pub fn templates() -> &'static Templates {
    static SHIPPED: LazyLock<Templates> = LazyLock::new(|| Templates::load(None, &language("en"), None).unwrap());
    &SHIPPED
}

pub fn site() -> Site {
    Site {
        name: "The Harbour Post".into(),
        url: "https://news.example.org/".into(),
        postal_address: "12 Quay Street, Port Example".into(),
        reply_to: Some("readers@example.org".into()),
        logo: None,
        footer: Names::default(),
        language: language("en"),
    }
}

pub fn english() -> Digest {
    digest::english(&site())
}

pub fn french() -> Digest {
    digest::french(&site())
}

pub fn arabic() -> Digest {
    let site = Site { name: "بريد الميناء".into(), ..site() };
    Digest { late: Some(moment("2026-11-24T08:00:00")), ..digest::arabic(&site) }
}

pub fn empty(tag: &str) -> Digest {
    Digest { frequency: "Daily".into(), ..digest::empty(&site(), &language(tag)) }
}

pub fn single(tag: &str) -> Digest {
    let mut single = digest::single(&site(), &language(tag));
    single.frequency = "Daily".into();
    single.sections[0].name = "Health".into();
    single
}

pub fn large(tag: &str, title: &str, summary: &str) -> Digest {
    Digest { frequency: "Daily".into(), ..digest::large(&site(), &language(tag), title, summary) }
}

/// Every text tries to be more than text.
pub fn hostile(tag: &str) -> Digest {
    const EVIL: &str = "\"><script>alert(1)</script><img src=x onerror='alert(2)'>{{ 7 * 7 }}{% raw %}\u{FDD0}stop\u{FDD1}\u{202E}𝕏 مرحبا";
    let evil = |_: &str| EVIL.to_owned();
    let article = Item {
        title: evil("title"),
        link: Some("javascript:alert(3)".into()),
        summary: format!("{EVIL}\r\n.\r\nBcc: all@example.org"),
        picture: Some(Image { url: "https://x.example/\"onload=\"alert(4)".into(), alt: Some(evil("alt")) }),
        language: None,
        regions: vec![evil("region")],
        date: None,
        also_in: vec![evil("topic")],
        withdrawn: false,
    };
    let mut safe_link = article.clone();
    safe_link.link = Some("https://x.example/\"><script>alert(5)</script>".into());
    let mut digest = digest::digest(
        &site(),
        &language(tag),
        EVIL,
        EVIL,
        vec![digest::section("health", EVIL, vec![article, safe_link], 1)],
    );
    digest.site.name = EVIL.into();
    digest.site.postal_address = EVIL.into();
    digest.site.reply_to = Some("\"><script>@example.org".into());
    digest
}

pub fn digests() -> Vec<(&'static str, Digest)> {
    let (en, ar) = ("A long headline that goes on for a while, ", "عنوان طويل يستمر لبعض الوقت ولا ينتهي، ");
    vec![
        ("digest-en", english()),
        ("digest-fr", french()),
        ("digest-ar", arabic()),
        ("digest-plain", Digest { format: Format::NoImages, ..english() }),
        ("digest-empty-en", empty("en")),
        ("digest-empty-fr", empty("fr")),
        ("digest-empty-ar", empty("ar")),
        ("digest-single-en", single("en")),
        ("digest-single-fr", single("fr")),
        ("digest-single-ar", single("ar")),
        ("digest-large-en", large("en", en, "A sentence that says something. ")),
        ("digest-large-ar", large("ar", ar, "جملة تقول شيئًا ما عن الموضوع. ")),
        ("digest-hostile-en", hostile("en")),
        ("digest-hostile-ar", hostile("ar")),
    ]
}

pub fn confirms() -> Vec<(&'static str, Confirm)> {
    let confirm = |tag: &str, topics: &[&str], frequency: &str| Confirm {
        site: site(),
        language: language(tag),
        topics: topics.iter().map(|&name| name.to_owned()).collect(),
        frequency: frequency.into(),
        days: 7,
    };
    vec![
        ("confirm-en", confirm("en", &["Health", "Climate and water", "Women"], "Daily")),
        ("confirm-fr", confirm("fr", &["Santé", "Climat et eau"], "Quotidien")),
        ("confirm-ar", confirm("ar", &["الصحة", "المناخ والمياه", "المرأة"], "يوميًا")),
        ("confirm-hostile", confirm("en", &["<script>alert(1)</script>"], "\"><script>")),
    ]
}

pub fn pages() -> Vec<(String, Page)> {
    let mut pages = Vec::new();
    for (tag, topics) in [
        ("en", ["Health", "Climate and water", "Women"]),
        ("fr", ["Santé", "Climat et eau", "Femmes"]),
        ("ar", ["الصحة", "المناخ والمياه", "<script>alert(1)</script>"]),
    ] {
        let topics = topics.map(str::to_owned).to_vec();
        let token = "o7stoptoken";
        let steps = || {
            let ask = |path: &str| {
                Step::Ask(Ask {
                    action: format!("/{path}/{token}"),
                    hidden: vec![("form".into(), "signed\"><script>".into())],
                })
            };
            [("ask", ask("stop")), ("done", Step::Done)]
        };
        let mut add = |name: &str, content: Content| {
            pages.push((
                format!("page-{name}-{tag}"),
                Page { site: site(), language: language(tag), elsewhere: vec![], content },
            ));
        };
        for (name, step) in steps() {
            add(
                &format!("stop-{name}"),
                Content::Stop {
                    what: Stopping::Everything { topics: topics.clone() },
                    step: step.clone(),
                    again: None,
                },
            );
            for (kind, left) in [("topic", topics[1..].to_vec()), ("last", vec![])] {
                let (name_of_topic, everything_url) = (topics[0].clone(), format!("/stop/{token}"));
                let what = Stopping::Topic { name: name_of_topic, left, everything_url };
                add(&format!("stop-{kind}-{name}"), Content::Stop { what, step: step.clone(), again: None });
            }
            for (kind, first) in [("confirm", Some(moment("2026-11-24T08:00:00"))), ("confirm-soon", None)] {
                let (topics, zone) = (topics.clone(), "Africa/Nairobi".to_owned());
                let content = Content::Confirm(Box::new(Confirming {
                    parts: vec![Often { topics, frequency: "Daily".into() }],
                    first,
                    zone,
                    step: step.clone(),
                    not_me: None,
                    gets_mail: false,
                    now: None,
                    is_coming: false,
                    preferences_url: None,
                }));
                add(&format!("{kind}-{name}"), content);
            }
        }
        for (name, trouble) in
            [("not-found", Trouble::NotFound), ("expired", Trouble::Expired), ("wrong", Trouble::Wrong)]
        {
            add(name, Content::Error { trouble });
        }
    }
    let withdrawn = ["en", "fr", "ar"].into_iter().zip([english(), french(), arabic()]).map(|(tag, mut digest)| {
        digest.sections[0].articles[0] = Item::withdrawn();
        (format!("digest-withdrawn-{tag}"), digest)
    });
    for (name, digest) in digests().into_iter().map(|(name, digest)| (name.to_owned(), digest)).chain(withdrawn) {
        let (site, language) = (digest.site.clone(), digest.language.clone());
        let content = Content::Edition { digest: Box::new(digest), subscribe_url: "/en/subscribe".into() };
        pages.push((name.replace("digest", "page-edition"), Page { site, language, elsewhere: vec![], content }));
    }
    pages
}
