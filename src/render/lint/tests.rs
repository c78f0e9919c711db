//! The shipped templates keep every rule, and for each rule there is one that breaks it and no other.

use std::collections::BTreeSet;
use std::fs;

use super::super::samples::tried::{language, site, templates};
use super::super::shipped::SHIPPED;
use super::*;

fn said(findings: &[Finding]) -> String {
    let line =
        |f: &Finding| format!("{} {} {:?} {}: {} — {}\n", f.rule, f.template, f.languages, f.sample, f.what, f.place);
    findings.iter().map(line).collect()
}

#[test]
fn the_shipped_templates_keep_every_rule_in_every_language() {
    let findings = lint(templates(), &site());
    assert!(findings.is_empty(), "{}", said(&findings));
}

/// What is found where the shipped text `name` says `new` instead of `old`.
fn changed(name: &str, old: &str, new: &str) -> Vec<Finding> {
    let shipped = SHIPPED.iter().find(|(shipped, _)| *shipped == name).unwrap().1;
    assert!(shipped.contains(old), "{name} says {old}");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, shipped.replacen(old, new, 1)).unwrap();
    lint(&Templates::load(Some(folder.path()), &language("en"), None).unwrap(), &site())
}

/// That this, and nothing else, is found by `rule`.
fn breaks(rule: &str, name: &str, old: &str, new: &str) -> Vec<Finding> {
    let findings = changed(name, old, new);
    let broken: BTreeSet<&str> = findings.iter().map(|finding| finding.rule).collect();
    assert_eq!(broken, BTreeSet::from([rule]), "{name}: {new}\n{}", said(&findings));
    findings
}

const LAYOUT: &str = "mail/layout.html";
const DIGEST: &str = "mail/digest/body.html";

#[test]
fn language_and_direction() {
    let found = breaks("language", LAYOUT, "<html lang=\"{{ lang }}\" dir=\"{{ dir }}\"", "<html");
    assert!(found[0].what.contains("lang=\"") && found[0].place.starts_with("<html"), "{found:?}");
    breaks("language", LAYOUT, "class=\"page\" lang=\"{{ lang }}\" dir=\"{{ dir }}\"", "class=\"page\"");
    breaks("language", DIGEST, " lang=\"{{ article.language }}\" dir=\"{{ article.dir }}\"", "");
    breaks(
        "language",
        DIGEST,
        " lang=\"{{ article.language }}\" dir=\"{{ article.dir }}\"",
        " lang=\"{{ article.language }}\"",
    );
    breaks("language", "pages/layout.html", " dir=\"{{ dir }}\"", "");
}

#[test]
fn headings() {
    let found = breaks("headings", "mail/confirm/body.html", "<h1", "<h1>One</h1>\n<h1");
    assert_eq!(found[0].template, "mail/confirm/body.html");
    assert_eq!(found[0].languages.len(), templates().languages().count(), "told once for all languages");
    breaks(
        "headings",
        DIGEST,
        "<h2 style=\"margin:0;font-size:22px;line-height:1.3;font-weight:700\">{{ bdi(section.name) }}</h2>",
        "<p>{{ section.name }}</p>",
    );
    breaks("headings", "pages/edition.html", "<h2 id", "<h4>Four</h4>\n<h2 id");
}

#[test]
fn tables() {
    breaks("tables", DIGEST, "<table role=\"presentation\"", "<table");
}

#[test]
fn alt() {
    let found = breaks("alt", "pages/article.html", " alt=\"{{ article.picture.alt or '' }}\"", "");
    assert!(found[0].place.starts_with("<img src="), "{found:?}");
}

#[test]
fn link_text() {
    breaks("link-text", DIGEST, "{{ t('digest.stop_all') }}", "Click here.");
    breaks("link-text", DIGEST, "{{ t('digest.stop_all') }}", "هنا »");
    breaks("link-text", DIGEST, "{{ t('digest.stop_all') }}", "&nbsp;");
}

#[test]
fn contrast() {
    let found = breaks("contrast", LAYOUT, "sans-serif;color:#505a5f", "sans-serif;color:#999");
    assert!(found[0].what.starts_with("#999999 on #ffffff in light: a contrast of 2.8:1"), "{found:?}");
    let found = breaks("contrast", LAYOUT, ".ink{color:#e8eaed!important}", "");
    assert!(found[0].what.contains("in dark"), "{found:?}");
    let found = breaks("contrast", "pages/style.css", "--muted:#505a5f", "--muted:#a0a0a0");
    assert!(found[0].template.starts_with("pages/"), "{found:?}");
}

#[test]
fn size() {
    breaks(
        "size",
        DIGEST,
        "{% for section in sections %}",
        &format!("<p>{}</p>\n{{% for section in sections %}}", "long ".repeat(20_000)),
    );
}

#[test]
fn text_links() {
    breaks("text-links", "mail/digest/body.txt", "{{ article.link or edition_url }}\n", "");
    breaks(
        "text-links",
        DIGEST,
        "{% for section in sections %}",
        "<p><a href=\"https://elsewhere.example/\" style=\"color:{{ theme.link }}\" class=\"link\">Elsewhere</a></p>\n{% for section in sections %}",
    );
}

#[test]
fn ways_out() {
    let found = breaks("ways-out", DIGEST, "{{ hole('stop') }}", "#");
    assert!(found[0].what.contains("{{ hole('stop') }}"), "{found:?}");
    breaks("ways-out", DIGEST, "{{ hole('stop_topic_' ~ section.topic) }}", "#");
    breaks("ways-out", "mail/confirm/body.html", "{{ hole('link') }}", "#");
}

#[test]
fn placeholders() {
    breaks(
        "placeholder",
        "mail/confirm/body.txt",
        "{{ t('confirm.heading') }}",
        "{% raw %}Dear {{ name }}{% endraw %}",
    );
    breaks("placeholder", "mail/digest/subject.txt", "{% if headline is none %}", "{name} {% if headline is none %}");
    breaks("placeholder", "pages/error.html", "<h1>", "<h1 title=\"{% raw %}{% if x %}{% endraw %}\">");
}

#[test]
fn remote() {
    breaks(
        "remote",
        LAYOUT,
        "<style>\n:root",
        "<link rel=\"stylesheet\" href=\"https://fonts.example/x.css\">\n<style>\n:root",
    );
    breaks("remote", LAYOUT, "body{margin:0", "@import 'https://fonts.example/x.css';\nbody{margin:0");
    breaks("remote", "pages/layout.html", "</head>", "<script src=\"https://count.example/x.js\"></script></head>");
    breaks("remote", "pages/mail.html", " sandbox=\"allow-popups", " sandbox=\"allow-scripts allow-popups");
    breaks("remote", "pages/mail.html", "src=\"{{ shown.frame.url }}\"", "src=\"//elsewhere.example/\"");
    breaks("remote", DIGEST, "<img src=\"{{ article.picture.url }}\"", "<img src=\"http://count.example/1.gif\"");
}

#[test]
fn active_content() {
    breaks("active", LAYOUT, "</head>", "<script>alert(1)</script></head>");
    breaks("active", "mail/confirm/body.html", "<h1", "<form action=\"https://example.org/\"></form>\n<h1");
    breaks("active", "pages/layout.html", "<main", "<main onclick=\"alert(1)\"");
    breaks("active", "pages/layout.html", "href=\"#main\"", "href=\"javascript:alert(1)\"");
}

#[test]
fn what_does_not_render_is_told_with_its_place() {
    let found = breaks("renders", "mail/digest/body.txt", "{{ site.name }}", "Hello\n  {{ nobody }}");
    assert_eq!((found.len(), found[0].place.as_str()), (1, "mail/digest/body.txt:3:6"), "{found:?}");
    let found = breaks("renders", "pages/form.html", "{{ label }}", "{{ t('page.nothing') }}");
    assert!(found.iter().all(|finding| finding.template == "pages/form.html"), "{found:?}");
    let found = breaks("renders", "mail/confirm/body.html", "{{ hole('link') }}", "{{ hole('lnik') }}");
    assert!(found[0].what.ends_with("nothing fills the place `lnik`"), "{found:?}");
    let endless = "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}{{ site.name }}";
    breaks("renders", "mail/confirm/body.txt", "{{ site.name }}", endless);
}

#[test]
fn every_rule_has_an_id_of_its_own() {
    let ids: BTreeSet<&str> = rules().map(|(id, _)| id).collect();
    assert_eq!(ids.len(), rules().count());
}
