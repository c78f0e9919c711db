//! Samples of digests.

use chrono::{NaiveDate, NaiveDateTime};

use super::super::digest::{Digest, Item, Section, Window};
use super::super::site::{Day, Moment, Site};
use super::words;
use crate::model::article::Image;
use crate::model::edition::Format;
use crate::model::language::Language;

pub fn all(site: &Site, language: &Language) -> Vec<(&'static str, Digest)> {
    let (title, summary) = match language.as_str() {
        "ar" => ("عنوان طويل يستمر لبعض الوقت ولا ينتهي، ", "جملة تقول شيئًا ما عن الموضوع. "),
        _ => ("A long headline that goes on for a while, ", "A sentence that says something. "),
    };
    let all = [
        ("ordinary", ordinary(site, language)),
        ("no-images", Digest { format: Format::NoImages, ..ordinary(site, language) }),
        ("text", Digest { format: Format::Text, ..ordinary(site, language) }),
        ("late", Digest { late: Some(moment("2026-11-24T08:00:00")), ..ordinary(site, language) }),
        ("single", single(site, language)),
        ("empty", empty(site, language)),
        ("large", large(site, language, title, summary)),
    ];
    let edition_url = format!("{}/edition/sample", site.url.trim_end_matches('/'));
    all.into_iter().map(|(name, digest)| (name, Digest { edition_url: edition_url.clone(), ..digest })).collect()
}

/// A day with pictures, regions, a cap, and one article in another language.
pub fn ordinary(site: &Site, language: &Language) -> Digest {
    let digest = match language.as_str() {
        "ar" => arabic(site),
        "fr" => french(site),
        _ => english(site),
    };
    Digest { language: language.clone(), ..digest }
}

pub fn english(site: &Site) -> Digest {
    let words = words::of(&language("en"));
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
        site,
        &language("en"),
        words.daily,
        "Africa/Nairobi",
        vec![
            section("health", words.health, vec![clinics, water], 3),
            section("climate", words.climate, vec![arabic, bare], 0),
        ],
    )
}

pub fn french(site: &Site) -> Digest {
    let mut first = item(
        "L’école du phare rouvre ses portes : « on apprend aussi le soir »",
        "Après deux ans de travaux, cent vingt élèves retrouvent leurs bancs. Les cours du soir accueillent les pêcheurs.",
        "fr",
    );
    first.date = Some(day("2026-11-01"));
    first.also_in = vec!["Femmes".into(), "Culture".into(), "Santé".into()];
    let second = item("Un vaccin au frais, du port au village", "Une glacière, un vélo, trois heures.", "fr");
    digest(
        site,
        &language("fr"),
        "Quotidien",
        "Europe/London",
        vec![section("culture", "Culture et éducation", vec![first, second], 1)],
    )
}

pub fn arabic(site: &Site) -> Digest {
    let words = words::of(&language("ar"));
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
    digest(
        site,
        &language("ar"),
        words.daily,
        "Africa/Cairo",
        vec![
            section("health", words.health, vec![first, second], 2),
            section("climate", words.climate, vec![english], 0),
        ],
    )
}

/// Articles of a topic.
pub fn items(language: &Language) -> Vec<Item> {
    vec![item(arabic_or_english(language), "", language.as_str()), item("WHO: one spreadsheet, three wells", "", "en")]
}

/// A line of text.
pub fn arabic_or_english(language: &Language) -> &'static str {
    match language.as_str() {
        "ar" => "ثلاث آبار وجدول واحد: كيف وجدت بلدة تسرب مياهها",
        _ => "Three wells, one spreadsheet: how a town found its leak",
    }
}

/// A trial on a day without news.
pub fn empty(site: &Site, language: &Language) -> Digest {
    let daily = words::of(language).daily;
    Digest { window: None, test: true, ..digest(site, language, daily, "UTC", vec![]) }
}

/// One article that leads nowhere, from a site that nobody can write to.
pub fn single(site: &Site, language: &Language) -> Digest {
    let words = words::of(language);
    let story = Item { link: None, ..item("One story", "", "en") };
    let mut one = digest(site, language, words.daily, "UTC", vec![section("health", words.health, vec![story], 0)]);
    one.site.reply_to = None;
    one
}

/// As much as the caps let into one mail, each article as long as they come.
pub fn large(site: &Site, language: &Language, title: &str, summary: &str) -> Digest {
    let sections = (1..=4).map(|n| {
        let articles = (1..=10).map(|m| {
            let mut article = item(&format!("{n}.{m} {}", title.repeat(4)), &summary.repeat(12), language.as_str());
            article.regions = vec!["Latin America and the Caribbean".into(), "Asia-Pacific".into()];
            article.also_in = vec!["Law and crime prevention".into(), "Peace and security".into()];
            article.link = Some(format!("https://news.example.org/feed/view/story/2026/11/{n}{m}?{}", "x".repeat(60)));
            article.picture =
                Some(Image { url: format!("https://news.example.org/{n}/{m}.jpg"), alt: Some(title.into()) });
            article
        });
        section(&format!("topic-{n}"), &format!("Humanitarian aid and topic {n}"), articles.collect(), 7)
    });
    digest(site, language, words::of(language).daily, "Africa/Nairobi", sections.collect())
}

pub fn digest(site: &Site, language: &Language, frequency: &str, zone: &str, sections: Vec<Section>) -> Digest {
    Digest {
        site: site.clone(),
        language: language.clone(),
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

pub fn section(topic: &str, name: &str, articles: Vec<Item>, more: usize) -> Section {
    Section { topic: topic.parse().expect("a slug"), name: name.into(), articles, more }
}

/// On a wall, such as `2026-11-24T08:00:00`.
pub fn moment(text: &str) -> Moment {
    text.parse::<NaiveDateTime>().expect("a date and time").into()
}

fn day(text: &str) -> Day {
    text.parse::<NaiveDate>().expect("a date").into()
}

fn language(tag: &str) -> Language {
    tag.parse().expect("a language")
}
