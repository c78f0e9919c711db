//! What must hold of every template with every sample. Set `TIDINGS_SAMPLES` to a folder to have them written there,
//! to be looked at: `TIDINGS_SAMPLES=samples cargo test samples_are_written`.

use std::collections::BTreeSet;
use std::{env, fs};

use super::samples::tried::{
    arabic, confirms, digests, empty, english, french, hostile, language, large, pages, single, site, templates,
};
use super::*;
use crate::model::edition::Format;
use crate::model::rendering::{Holed, Piece, Place, Places, Rendering};

fn mails() -> Vec<(String, Rendering)> {
    let templates = templates();
    let digests = digests().into_iter().map(|(name, digest)| (name, templates.digest(&digest).unwrap()));
    let confirms = confirms().into_iter().map(|(name, confirm)| (name, templates.confirm(&confirm).unwrap()));
    digests.chain(confirms).map(|(name, mail)| (name.to_owned(), mail)).collect()
}

fn places(mail: &Rendering) -> Places {
    let mut places: Places = mail
        .text
        .holes()
        .map(|name| (name.to_owned(), Place::plain(format!("https://mail.example.org/{name}/o7token"))))
        .collect();
    places.insert("why".into(), templates().why(&mail.language, &["Health".into(), "Q&A".into(), "<b>".into()]));
    places
}

fn filled(part: &Holed, places: &Places, form: impl Fn(&Place) -> &str) -> String {
    part.0
        .iter()
        .map(|piece| match piece {
            Piece::Fixed(text) => text.as_str(),
            Piece::Hole(name) => form(&places[name]),
        })
        .collect()
}

fn text_of(mail: &Rendering) -> String {
    filled(&mail.text, &places(mail), |place| &place.text)
}

fn html_of(mail: &Rendering) -> String {
    filled(&mail.html, &places(mail), |place| &place.html)
}

/// The values of an attribute wherever it stands.
fn values(html: &str, attribute: &str) -> Vec<String> {
    let opening = format!(" {attribute}=\"");
    html.split(&opening).skip(1).filter_map(|rest| rest.split('"').next()).map(read).collect()
}

fn read(escaped: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(escaped.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

#[test]
fn samples_are_written() {
    let Some(folder) = env::var_os("TIDINGS_SAMPLES").map(std::path::PathBuf::from) else { return };
    fs::create_dir_all(&folder).unwrap();
    for (name, mail) in mails() {
        fs::write(folder.join(format!("{name}.html")), html_of(&mail)).unwrap();
        fs::write(folder.join(format!("{name}.txt")), format!("Subject: {}\n\n{}", mail.subject, text_of(&mail)))
            .unwrap();
    }
    for (name, page) in pages() {
        fs::write(folder.join(format!("{name}.html")), templates().page(&page).unwrap()).unwrap();
    }
}

#[test]
fn the_text_parts_read_well() {
    for (name, mail) in mails() {
        if ["digest-en", "digest-fr", "digest-ar", "digest-empty-en", "digest-single-ar", "confirm-en", "confirm-ar"]
            .contains(&name.as_str())
        {
            insta::assert_snapshot!(name, format!("Subject: {}\n\n{}", mail.subject, text_of(&mail)));
        }
    }
}

#[test]
fn nothing_of_a_feeds_becomes_markup() {
    let texts = mails().into_iter().map(|(name, mail)| (name, html_of(&mail)));
    for (name, html) in texts.chain(pages().into_iter().map(|(name, page)| (name, templates().page(&page).unwrap()))) {
        let lower = html.to_lowercase();
        assert!(!lower.contains("<script") && !lower.contains("<img src=x"), "{name}");
        for bad in ["\"javascript:", "\u{FDD0}", "\u{FDD1}"] {
            assert!(!html.contains(bad), "{name}: {bad:?}");
        }
        for attribute in ["href", "src", "action"] {
            for url in values(&html, attribute) {
                let good = ["https://", "http://", "mailto:", "/", "#main"].iter().any(|start| url.starts_with(start));
                assert!(good && !url.contains(char::is_whitespace), "{name}: {url}");
            }
        }
    }
}

#[test]
fn only_the_templates_make_holes() {
    let holes = |holed: &Holed| holed.holes().map(str::to_owned).collect::<BTreeSet<_>>();
    let mail = templates().digest(&hostile("en")).unwrap();
    let expected: BTreeSet<String> =
        ["pause", "preferences", "stop", "stop_topic_health", "why"].map(String::from).into();
    assert_eq!(holes(&mail.text), expected);
    assert_eq!(holes(&mail.html), expected);
    for (name, mail) in mails() {
        let wanted = if name.starts_with("confirm") { "link" } else { "stop" };
        assert!(holes(&mail.text).contains(wanted), "{name}");
        assert!(mail.html.0.is_empty() || holes(&mail.text) == holes(&mail.html), "{name}");
    }
}

#[test]
fn both_parts_lead_to_the_same_places() {
    for (name, mail) in mails() {
        let (text, html) = (text_of(&mail), html_of(&mail));
        let alone: BTreeSet<&str> = text.lines().collect();
        for url in values(&html, "href") {
            let there = match url.strip_prefix("mailto:") {
                Some(address) => text.contains(address),
                None => alone.contains(url.as_str()),
            };
            assert!(there, "{name}: {url} is not alone on a line of the text");
        }
        let linked: BTreeSet<String> = values(&html, "href").into_iter().collect();
        for url in text.lines().filter(|line| line.starts_with("https://")) {
            assert!(linked.contains(url), "{name}: {url} is in the text only");
        }
        assert!(!text.contains("\n\n\n\n") && text.ends_with('\n') && !text.contains(" \n"), "{name}");
        assert!(!text.contains("---") && !text.contains("===") && !text.contains("***"), "{name}: a ruler");
    }
}

#[test]
fn headings_languages_and_tables_are_told() {
    for (name, mail) in mails() {
        let html = html_of(&mail);
        let tag = mail.language.as_str();
        assert!(html.contains(&format!("<html lang=\"{tag}\" dir=\"{}\"", mail.language.direction())), "{name}");
        assert!(html.contains(&format!("class=\"page\" lang=\"{tag}\" dir=\"")), "{name}: outer table");
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<table").count(), html.matches("<table role=\"presentation\"").count(), "{name}");
        assert_eq!(html.matches("<img").count(), html.matches(" alt=\"").count(), "{name}");
        assert!(html.matches("<img").count() <= html.matches("<h2").count(), "{name}: one picture a section");
        for after in html.split("<h3").skip(1) {
            let heading = after.split("</h3>").next().unwrap();
            let link = heading.split_once('>').unwrap().1;
            assert!(link.starts_with("<a ") && link.ends_with("</a>"), "{name}: {link}");
        }
        for after in html.split("<h2").skip(1) {
            let section = after.split("<h3").next().unwrap();
            assert!(section.contains("/stop_topic_"), "{name}: {section}");
        }
        assert!(html.contains("12 Quay Street") || name.contains("hostile"), "{name}");
    }
    let english = html_of(&templates().digest(&english()).unwrap());
    assert!(english.contains("<td lang=\"ar\" dir=\"rtl\" style=\"padding:0 0 24px;text-align:right\">"));
}

#[test]
fn pages_have_one_heading_a_title_and_a_language() {
    for (name, page) in pages() {
        let html = templates().page(&page).unwrap();
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        let spoken = page.language.as_str();
        assert!(html.contains(&format!("<html lang=\"{spoken}\" dir=\"{}\">", page.language.direction())), "{name}");
        let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
        assert!(
            !title.trim().starts_with('–') && !title.contains('\n') && !title.contains("<bdi>"),
            "{name}: {title:?}"
        );
        assert!(!html.contains(" style="), "{name}: the security policy obeys no style attribute");
        let asks = html.matches("<button").count();
        let expected = usize::from(name.contains("-ask-"));
        assert_eq!((asks, html.matches("<form method=\"post\"").count()), (expected, expected), "{name}");
        let ids = values(&html, "id");
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{name}: ids");
    }
}

#[test]
fn the_hash_of_the_style_is_that_of_the_page() {
    use base64::Engine as _;
    let coloured = Templates::load(None, &language("en"), Some("#7a0019".parse().unwrap())).unwrap();
    for templates in [templates(), &coloured] {
        let html = templates.page(&pages()[0].1).unwrap();
        let style = html.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
        assert_eq!(templates.style_hash(), format!("'sha256-{}'", base64::prelude::BASE64_STANDARD.encode(hash)));
    }
}

#[test]
fn an_edition_of_a_thousand_articles_has_its_page() {
    let mut digest = large("en", "Headline ", "Sentence. ");
    for section in &mut digest.sections {
        section.articles = section.articles.iter().cycle().take(250).cloned().collect();
        section.more = 0;
    }
    let content = Content::Edition { digest: Box::new(digest.clone()), subscribe_url: "/en/subscribe".into() };
    let page = Page { site: digest.site, language: digest.language, elsewhere: vec![], content };
    assert_eq!(templates().page(&page).unwrap().matches("<article>").count(), 1000);
}

#[test]
fn the_largest_mail_stays_under_what_mail_programs_show() {
    for (name, mail) in mails() {
        assert!(encoded::size(&mail.html) <= 90_000, "{name}: {}", encoded::size(&mail.html));
    }
    let ordinary = large("en", "Forty headlines of usual length ", "And a sentence each. ");
    let mail = templates().digest(&ordinary).unwrap();
    assert!(html_of(&mail).matches("<h3").count() == 40 && html_of(&mail).contains("<img"), "forty fit as they are");

    let monstrous = large("ar", &"كلمات كثيرة جدا ".repeat(14), "جملة ");
    let mail = templates().digest(&monstrous).unwrap();
    let html = html_of(&mail);
    assert!(encoded::size(&mail.html) <= 90_000 && !html.contains("<img"));
    assert_eq!((html.matches("<h2").count(), html.matches("<h3").count()), (4, 20), "every topic is still there");
    assert!(html.contains("12 مقالًا آخر في"), "what was cut is counted");
}

#[test]
fn subjects_say_the_headline_and_how_many_more() {
    let subject = |digest: &Digest| templates().digest(digest).unwrap().subject;
    assert_eq!(subject(&english()), "Measles cases fall by half after floating clinics reach the outer…, and 6 more");
    assert_eq!(subject(&single("en")), "One story");
    assert_eq!(subject(&empty("fr")), "[Essai] The Harbour Post\u{a0}: rien de nouveau");
    assert_eq!(
        subject(&single("ar")),
        "\u{200F}One story\u{200F}",
        "a subject of the other direction is held to its own"
    );
    for tag in ["en", "fr", "ar"] {
        assert!(subject(&hostile(tag)).chars().all(|c| !c.is_control()), "{tag}");
    }
}

#[test]
fn numbers_are_said_as_each_language_says_them() {
    let counted = |tag: &str, n: usize| {
        let mut digest = single(tag);
        digest.count = n;
        digest.sections[0].more = n.saturating_sub(1);
        let text = text_of(&templates().digest(&digest).unwrap());
        text.lines().nth(3).unwrap().to_owned()
    };
    assert_eq!(counted("en", 1), "1 new article in 1 topic");
    assert_eq!(counted("en", 2), "2 new articles in 1 topic");
    assert_eq!(counted("fr", 0), "0 nouvel article dans 1 thème");
    assert_eq!(counted("fr", 100), "100 nouveaux articles dans 1 thème");
    let arabic = [0, 1, 2, 3, 11, 100].map(|n| counted("ar", n));
    assert_eq!(
        arabic,
        [
            "لا مقالات جديدة في موضوع واحد",
            "مقال جديد واحد في موضوع واحد",
            "مقالان جديدان في موضوع واحد",
            "3 مقالات جديدة في موضوع واحد",
            "11 مقالًا جديدًا في موضوع واحد",
            "100 مقال جديد في موضوع واحد",
        ]
    );
}

#[test]
fn a_language_without_a_catalogue_is_spoken_to_in_the_sites() {
    let templates = Templates::load(None, &language("fr"), None).unwrap();
    let mail = templates.digest(&single("sw")).unwrap();
    assert_eq!(mail.language, language("fr"));
    assert!(html_of(&mail).contains("<html lang=\"fr\""));
    assert_eq!(templates.why(&language("ar"), &["أ".into(), "ب".into(), "ج".into()]).text, "أ، ب، ج");
}

#[test]
fn a_mail_of_text_only_has_no_html() {
    let mail = templates().digest(&Digest { format: Format::Text, ..english() }).unwrap();
    assert!(mail.html.0.is_empty() && text_of(&mail).contains("Stop all emails"));
}

/// The Harbour Post, with a face.
fn faced() -> Site {
    let footer = [("en", "Since 1911.\nOwned by <nobody>."), ("ar", "منذ 1911.")];
    Site {
        logo: Some("https://news.example.org/logo.png?a=1&b=2".into()),
        footer: footer.map(|(tag, text)| (language(tag), text.to_owned())).into(),
        ..site()
    }
}

#[test]
fn a_site_shows_its_logo_and_its_foot() {
    const LOGO: &str = "src=\"https://news.example.org/logo.png?a=1&amp;b=2\" alt=\"The Harbour Post\"";
    let of = |digest: Digest| templates().digest(&Digest { site: faced(), ..digest }).unwrap();
    let mail = of(english());
    assert!(html_of(&mail).contains(LOGO) && html_of(&mail).contains("Owned by &lt;nobody&gt;."));
    assert!(text_of(&mail).ends_with("Port Example\nSince 1911.\nOwned by <nobody>.\n"), "{}", text_of(&mail));
    assert!(text_of(&of(arabic())).ends_with("منذ 1911.\n"));
    assert!(text_of(&of(french())).ends_with("Owned by <nobody>.\n"), "another language's stands in");
    let plain = of(Digest { format: Format::NoImages, ..english() });
    assert!(!html_of(&plain).contains("<img") && html_of(&plain).contains("Since 1911."));

    let (_, page) = pages().remove(0);
    let html = templates().page(&Page { site: faced(), ..page }).unwrap();
    assert!(html.contains(LOGO) && html.contains("<bdi>Since 1911.</bdi>"), "{html}");
    assert_eq!(lint::lint(templates(), &faced()), [], "and keeps every rule");
}

#[test]
fn a_site_has_its_colour_in_mails_and_pages_and_its_mails_stay_the_same_editions() {
    let coloured = |colour: &str| Templates::load(None, &language("en"), Some(colour.parse().unwrap())).unwrap();
    let red = coloured("#7a0019");
    let html = html_of(&red.digest(&english()).unwrap());
    assert!(html.contains("border-top:2px solid #7a0019") && html.contains("style=\"color:#7a0019\""));
    assert!(html.contains(".link{color:#8ab4f8!important}"), "too dark for links in dark mode");
    assert!(red.page(&pages()[0].1).unwrap().contains(":root{--link:#7a0019;--bar:#7a0019}"));
    assert_ne!(red.style_hash(), templates().style_hash());
    assert_eq!(red.version(), templates().version());

    let pale = coloured("#ffd500");
    let html = html_of(&pale.digest(&english()).unwrap());
    assert!(html.contains("border-top:2px solid #ffd500") && !html.contains("style=\"color:#ffd500"));
    for templates in [red, pale, coloured("#777777")] {
        assert_eq!(lint::lint(&templates, &site()), [], "every rule is kept in any colour");
    }
}

/// A new mail that has a colour of its own would not follow the site's.
#[test]
fn no_shipped_mail_has_the_colour_of_links_written_out() {
    for (name, text) in shipped::SHIPPED.iter().filter(|(name, _)| name.starts_with("mail/")) {
        for colour in ["#1d70b8", "#8ab4f8"] {
            assert!(!text.contains(colour), "{name}: say {{{{ theme.link }}}}, theme.bar, theme.dark_link or dark_bar");
        }
    }
}

/// A folder of an operator's.
fn operator(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

#[test]
fn an_operators_text_stands_in_for_the_shipped_one() {
    let folder = operator(&[
        ("mail/digest/subject.txt", "News of {{ date | day }}"),
        ("locale/sw.toml", "[messages.digest]\nend = \"Ni hayo tu kwa leo.\""),
        ("mail/digest/.subject.txt.swp", "\u{1}"),
    ]);
    let templates = Templates::load(Some(folder.path()), &language("en"), None).unwrap();
    let mail = templates.digest(&single("sw")).unwrap();
    assert_eq!(mail.subject, "News of Tuesday 24 November 2026");
    assert!(text_of(&mail).contains("Ni hayo tu kwa leo.") && text_of(&mail).contains("Stop all emails"));
    assert_ne!(templates.version(), super::samples::tried::templates().version());
}

#[test]
fn an_operators_broken_template_is_refused_with_its_place() {
    let load = |text: &str| {
        let folder = operator(&[("mail/digest/body.txt", text)]);
        Templates::load(Some(folder.path()), &language("en"), None)
    };
    let refused = load("Hello\n{% if count %}\nno end").err().unwrap().to_string();
    assert!(refused.starts_with("template mail/digest/body.txt is broken in line 3"), "{refused}");

    let render = |text: &str| load(text).unwrap().digest(&english()).unwrap_err().to_string();
    assert_eq!(render("Hello\n  {{ nobody }}"), "template mail/digest/body.txt cannot be rendered: line 2, column 6");
    assert!(render("{{ t('digest.nothing') }}").ends_with("line 1, column 4"));
    assert!(render("{{ t('digest.more', n=3) }}").contains("line 1"), "a value is missing");
    assert!(render("{{ hole('Stop!') }}").contains("line 1"));
}

#[test]
fn a_template_that_does_not_end_is_stopped() {
    let render = |text: &str| {
        let folder = operator(&[("mail/digest/body.txt", text)]);
        Templates::load(Some(folder.path()), &language("en"), None).unwrap().digest(&english()).unwrap_err()
    };
    let loops = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}";
    assert!(matches!(render(loops), RenderError::Template { .. }));
    let long = format!("{{% for a in range(9999) %}}{}{{% endfor %}}", "x".repeat(1000));
    assert!(matches!(render(&long), RenderError::TooLong { .. }));
}
