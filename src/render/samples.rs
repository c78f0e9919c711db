//! Data for every template: three languages; nothing, one article, more than forty; text that means harm.

use std::sync::LazyLock;

use chrono::{NaiveDate, NaiveDateTime};

use super::*;
use crate::model::article::Image;
use crate::model::edition::Format;
use crate::model::language::Language;

pub fn language(tag: &str) -> Language {
    tag.parse().unwrap()
}

pub fn templates() -> &'static Templates {
    static SHIPPED: LazyLock<Templates> = LazyLock::new(|| Templates::load(None, &language("en")).unwrap());
    &SHIPPED
}

pub fn site() -> Site {
    Site {
        name: "The Harbour Post".into(),
        url: "https://news.example.org/".into(),
        postal_address: "12 Quay Street, Port Example".into(),
        reply_to: Some("readers@example.org".into()),
        language: language("en"),
    }
}

pub fn moment(text: &str) -> Moment {
    text.parse::<NaiveDateTime>().unwrap().into()
}

fn day(text: &str) -> Day {
    text.parse::<NaiveDate>().unwrap().into()
}

pub fn item(title: &str, summary: &str, tag: &str) -> Item {
    let slug: String = title.chars().filter(char::is_ascii_alphanumeric).take(24).collect();
    Item {
        title: title.into(),
        link: Some(format!("https://news.example.org/story/{}?from=feed&n={}", slug.to_lowercase(), title.len())),
        summary: summary.into(),
        picture: None,
        language: Some(language(tag)),
        regions: vec![],
        date: Some(day("2026-11-23")),
        also_in: vec![],
        withdrawn: false,
    }
}

fn section(topic: &str, name: &str, articles: Vec<Item>, more: usize) -> Section {
    Section { topic: topic.parse().unwrap(), name: name.into(), articles, more }
}

pub fn digest(tag: &str, frequency: &str, zone: &str, sections: Vec<Section>) -> Digest {
    Digest {
        site: site(),
        language: language(tag),
        frequency: frequency.into(),
        date: day("2026-11-24"),
        edition_url: "https://mail.example.org/edition/k3y4ed1t10n".into(),
        count: sections.iter().map(|section| section.articles.len() + section.more).sum(),
        sections,
        window: Some(Window { from: moment("2026-11-23T08:00:00"), to: moment("2026-11-24T08:00:00") }),
        zone: zone.into(),
        late: None,
        test: false,
        format: Format::Full,
    }
}

/// An ordinary day in English: pictures, regions, a cap, and one article in Arabic.
pub fn english() -> Digest {
    let mut clinics = item(
        "Measles cases fall by half after floating clinics reach the outer islands",
        "Boats with a nurse, a fridge and a loudspeaker called at forty landings in six weeks. Health workers say that the \
         hard part is not the vaccine but keeping it cold between one jetty and the next, and knowing who has moved.",
        "en",
    );
    clinics.picture = Some(Image {
        url: "https://news.example.org/img/clinic.jpg".into(),
        alt: Some("A white boat moored at a wooden jetty".into()),
    });
    clinics.regions = vec!["Asia-Pacific".into()];
    clinics.also_in = vec!["Women".into()];
    let mut water = item("Three wells, one spreadsheet: how a town found its leak", "The engineer was sixteen.", "en");
    water.regions = vec!["Africa".into(), "Middle East".into()];
    let arabic = item(
        "مزارعو الواحة يتقاسمون المياه بالساعة كما فعل أجدادهم",
        "لكل أسرة نصيب يُقاس بوعاء نحاسي مثقوب، واليوم بتطبيق على الهاتف.",
        "ar",
    );
    let mut bare = item("A recipe for Q&A: \"ask < listen\" 🌊", "", "en");
    bare.date = None;
    digest(
        "en",
        "Daily",
        "Africa/Nairobi",
        vec![
            section("health", "Health", vec![clinics, water], 3),
            section("climate", "Climate and water", vec![arabic, bare], 0),
        ],
    )
}

pub fn french() -> Digest {
    let mut first = item(
        "L’école du phare rouvre ses portes : « on apprend aussi le soir »",
        "Après deux ans de travaux, cent vingt élèves retrouvent leurs bancs. Les cours du soir accueillent les pêcheurs.",
        "fr",
    );
    first.date = Some(day("2026-11-01"));
    first.also_in = vec!["Femmes".into(), "Culture".into(), "Santé".into()];
    let second = item("Un vaccin au frais, du port au village", "Une glacière, un vélo, trois heures.", "fr");
    digest("fr", "Quotidien", "Europe/London", vec![section("culture", "Culture et éducation", vec![first, second], 1)])
}

pub fn arabic() -> Digest {
    let mut first = item(
        "انخفاض حالات الحصبة إلى النصف بعد وصول العيادات العائمة إلى الجزر البعيدة",
        "رست قوارب على متنها ممرضة وثلاجة ومكبر صوت في أربعين مرسى خلال ستة أسابيع. ويقول العاملون الصحيون إن الصعوبة \
         ليست في اللقاح نفسه بل في إبقائه باردًا بين مرسى وآخر.",
        "ar",
    );
    first.regions = vec!["آسيا والمحيط الهادئ".into()];
    first.also_in = vec!["المرأة".into()];
    first.picture = Some(Image { url: "https://news.example.org/img/clinic.jpg".into(), alt: None });
    let second = item("ثلاث آبار وجدول واحد: كيف وجدت بلدة تسرب مياهها", "كان عمر المهندسة ستة عشر عامًا.", "ar");
    let english =
        item("WHO: one spreadsheet, three wells (part 2)", "The engineer was sixteen. The leak was older.", "en");
    let mut digest = digest(
        "ar",
        "يوميًا",
        "Africa/Cairo",
        vec![
            section("health", "الصحة", vec![first, second], 2),
            section("climate", "المناخ والمياه", vec![english], 0),
        ],
    );
    digest.site.name = "بريد الميناء".into();
    digest.late = Some(moment("2026-11-24T08:00:00"));
    digest
}

pub fn empty(tag: &str) -> Digest {
    Digest { window: None, test: true, ..digest(tag, "Daily", "UTC", vec![]) }
}

pub fn single(tag: &str) -> Digest {
    let mut one = digest(tag, "Daily", "UTC", vec![section("health", "Health", vec![item("One story", "", "en")], 0)]);
    one.sections[0].articles[0].link = None;
    one.site.reply_to = None;
    one
}

/// As much as the caps let into one mail, each article as long as they come.
pub fn large(tag: &str, title: &str, summary: &str) -> Digest {
    let sections = (1..=4).map(|n| {
        let articles = (1..=10).map(|m| {
            let mut article = item(&format!("{n}.{m} {}", title.repeat(4)), &summary.repeat(12), tag);
            article.regions = vec!["Latin America and the Caribbean".into(), "Asia-Pacific".into()];
            article.also_in = vec!["Law and crime prevention".into(), "Peace and security".into()];
            article.link = Some(format!("https://news.example.org/feed/view/story/2026/11/{n}{m}?{}", "x".repeat(60)));
            article.picture =
                Some(Image { url: format!("https://news.example.org/{n}/{m}.jpg"), alt: Some(title.into()) });
            article
        });
        section(&format!("topic-{n}"), &format!("Humanitarian aid and topic {n}"), articles.collect(), 7)
    });
    digest(tag, "Daily", "Africa/Nairobi", sections.collect())
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
    let mut digest = digest(tag, EVIL, EVIL, vec![section("health", EVIL, vec![article, safe_link], 1)]);
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
            pages.push((format!("page-{name}-{tag}"), Page { site: site(), language: language(tag), content }));
        };
        for (name, step) in steps() {
            add(
                &format!("stop-{name}"),
                Content::Stop { what: Stopping::Everything { topics: topics.clone() }, step: step.clone() },
            );
            for (kind, left) in [("topic", topics[1..].to_vec()), ("last", vec![])] {
                let (name_of_topic, everything_url) = (topics[0].clone(), format!("/stop/{token}"));
                let what = Stopping::Topic { name: name_of_topic, left, everything_url };
                add(&format!("stop-{kind}-{name}"), Content::Stop { what, step: step.clone() });
            }
            for (kind, first) in [("confirm", Some(moment("2026-11-24T08:00:00"))), ("confirm-soon", None)] {
                let (topics, zone) = (topics.clone(), "Africa/Nairobi".to_owned());
                let content = Content::Confirm { topics, frequency: "Daily".into(), first, zone, step: step.clone() };
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
        let content = Content::Edition { digest: Box::new(digest) };
        pages.push((name.replace("digest", "page-edition"), Page { site, language, content }));
    }
    pages
}
