//! `tidings template`: the operator's own texts, from the first look to the last check.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::house::House;

/// A house with a folder for its own templates.
fn house() -> House {
    let house = House::new();
    house.configure("[site]\nname = \"The Harbour Post\"\nlanguages = [\"en\", \"ar\"]\ntemplates = \"templates\"\n");
    fs::create_dir(house.folder().join("templates")).unwrap();
    house
}

/// Puts `new` into the place of `old` in a text that was ejected.
fn change(house: &House, path: &str, old: &str, new: &str) {
    let file = house.folder().join("templates").join(path);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(old), "{text}");
    fs::write(file, text.replacen(old, new, 1)).unwrap();
}

#[test]
fn a_text_is_ejected_changed_and_in_force() {
    let house = house();
    let whose = || {
        let all = house.tidings(&["template", "list", "--json"]).ended(0).json();
        let all = all.as_array().unwrap().clone();
        all.into_iter().find(|text| text["path"] == "mail/digest/subject.txt").unwrap()["whose"].clone()
    };
    assert_eq!(whose(), "shipped");
    let done = house.tidings(&["template", "eject", "mail/digest/subject.txt"]).ended(0);
    assert!(
        done.out.trim_end().ends_with("templates/mail/digest/subject.txt")
            && done.err.contains("template preview mail/digest"),
        "{done:?}"
    );
    assert_eq!(whose(), "yours");

    change(&house, "mail/digest/subject.txt", "{% if headline is none %}", "News: {% if headline is none %}");
    let shown = house.tidings(&["template", "preview", "mail/digest", "--json"]).ended(0).json();
    assert!(shown["subject"].as_str().unwrap().starts_with("News: Measles"), "{shown}");
    assert!(shown["text"].as_str().unwrap().starts_with("The Harbour Post\n"), "{shown}");

    // It is theirs now.
    let again = house.tidings(&["template", "eject", "mail/digest"]).ended(5);
    assert!(again.err.contains("is there already") && !house.folder().join("templates/mail/digest/body.txt").exists());
    house.tidings(&["template", "eject", "--all"]).ended(0);
    assert!(house.folder().join("templates/pages/style.css").exists());
    let shown = house.tidings(&["template", "preview", "mail/digest", "--json"]).ended(0).json();
    assert!(shown["subject"].as_str().unwrap().starts_with("News: "), "all but what was there");
    house.tidings(&["template", "eject", "mail/digest/subject.txt", "--force"]).ended(0);
    let shown = house.tidings(&["template", "preview", "mail/digest", "--json"]).ended(0).json();
    assert!(shown["subject"].as_str().unwrap().starts_with("Measles"), "{shown}");
    house.tidings(&["template", "lint"]).ended(0);
}

#[test]
fn eject_writes_nothing_where_it_should_not() {
    let house = House::new();
    house.configure("");
    assert_snapshot!(house.tidings(&["template", "eject", "mail/layout.html"]).ended(3).err, @r#"
    error: the configuration names no folder for templates of your own
      try:  write templates = "templates" under [site] of it; or --to FOLDER, to look first
    "#);
    assert_snapshot!(house.tidings(&["template", "eject", "mail/digst.txt", "--to", "x"]).ended(4).err, @r#"
    error: no text `mail/digst.txt` is shipped; did you mean `mail/digest/body.txt`?
      try:  `tidings template list` lists them
    "#);
    house.tidings(&["template", "eject", "--all", "--to", "x", "-n"]).ended(0);
    assert!(!house.folder().join("x").exists());
    house.tidings(&["template", "eject", "mail", "--to", "x"]).ended(0);
    assert!(house.folder().join("x/mail/layout.html").exists() && !house.folder().join("x/pages").exists());
    house.tidings(&["template", "eject"]).ended(2);
}

#[test]
fn every_mail_and_page_can_be_looked_at() {
    let house = house();
    let arabic = house.tidings(&["template", "preview", "mail/digest", "--language", "ar"]).ended(0);
    assert!(
        arabic.out.contains("<html lang=\"ar\" dir=\"rtl\"") && arabic.out.contains("The Harbour Post"),
        "{arabic:?}"
    );
    let text = house.tidings(&["template", "preview", "mail/confirm", "--format", "text"]).ended(0).out;
    assert!(text.starts_with("Confirm your subscription\n") && text.contains("/confirm/sample"), "{text}");
    let plain = house.tidings(&["template", "preview", "mail/digest", "--format", "no-images"]).ended(0).out;
    assert!(plain.contains("<h3") && !plain.contains("<img"), "{plain}");
    let dark = house.tidings(&["template", "preview", "pages/stop", "--dark"]).ended(0).out;
    assert!(dark.contains("@media all{:root{--paper:#1f1f1f"), "{dark}");

    let written = house.tidings(&["template", "preview", "--out", "look", "--json"]).ended(0).json();
    let files: Vec<&str> = written["files"].as_array().unwrap().iter().map(|file| file.as_str().unwrap()).collect();
    for file in ["mail-digest-large-ar.html", "mail-digest-text-fr.txt", "pages-edition-withdrawn-en.html"] {
        assert!(files.contains(&file) && house.folder().join("look").join(file).exists(), "{file}: {files:?}");
    }
    assert!(!files.contains(&"mail-digest-text-fr.html"), "a reader of text gets no HTML");
    assert!(fs::read_to_string(house.folder().join("look/index.html")).unwrap().contains("mail-digest-large-ar.html"));

    assert_snapshot!(house.tidings(&["template", "preview", "mail/digst"]).ended(4).err, @r#"
    error: there is no mail or page `mail/digst`
      try:  one of mail/confirm, mail/digest, mail/note, pages/address, pages/again, pages/confirm, pages/edition, pages/embed, pages/error, pages/home, pages/link, pages/mail, pages/mailbox, pages/preferences, pages/privacy, pages/sent, pages/stop, pages/subscribe, pages/topic
    "#);
    house.tidings(&["template", "preview", "mail/digest", "--language", "xx"]).ended(4);
    house.tidings(&["template", "preview", "pages/stop", "--format", "text"]).ended(2);
    house.tidings(&["template", "preview"]).ended(2);
}

#[test]
fn lint_says_which_rule_is_broken_and_where() {
    let house = house();
    house.tidings(&["template", "eject", "mail/layout.html"]).ended(0);
    change(&house, "mail/layout.html", "sans-serif;color:#505a5f", "sans-serif;color:#999");
    let done = house.tidings(&["template", "lint"]).ended(8);
    let first: Vec<&str> = done.out.lines().next().unwrap().split('\t').collect();
    assert_eq!(first[..2], ["contrast", "mail/digest/body.html"]);
    assert!(first[3].starts_with("#999999 on #ffffff in light") && first[4].starts_with("<p>"), "{first:?}");
    assert!(done.err.contains("contrast: text has a contrast of at least 4.5:1"), "{done:?}");

    let done = house.tidings(&["template", "lint", "--json"]).ended(8);
    let done: Value = serde_json::from_str(&done.out).unwrap();
    assert_eq!(done["ok"], false);
    assert_eq!(done["findings"][0]["rule"], "contrast");
    assert_eq!(done["rules"].as_array().unwrap().iter().filter(|rule| rule["broken"] == true).count(), 1);
}

#[test]
fn check_refuses_what_only_shows_when_it_is_rendered() {
    let house = house();
    house.tidings(&["template", "eject", "mail"]).ended(0);
    house.tidings(&["check"]).ended(0);
    let refused = |path: &str, old: &str, new: &str| {
        change(&house, path, old, new);
        let done = house.tidings(&["check"]).ended(3);
        let json: Value = serde_json::from_str(&house.tidings(&["check", "--json"]).ended(3).out).unwrap();
        assert_eq!(json["ok"], false);
        change(&house, path, new, old);
        let first = done.err.lines().next().unwrap_or_default().to_owned();
        assert!(first.contains(json["problems"][0].as_str().unwrap()), "{first}\n{json}");
        first.split_once("templates/").map_or(first.clone(), |(_, place)| place.to_owned())
    };
    let line = refused("mail/digest/body.txt", "{{ site.name }}", "{{ site.nmae }}");
    assert_snapshot!(line, @"mail/digest/body.txt:2:4: `site.nmae` is undefined (sample `ordinary` of mail/digest in ar)");
    let line = refused("mail/confirm/body.html", "{{ t('confirm.heading') }}", "{{ t('confirm.haeding') }}");
    assert_snapshot!(line, @"mail/confirm/body.html:4:200: no catalogue has a message `confirm.haeding` (sample `ordinary` of mail/confirm in ar)");
    let line = refused("mail/confirm/body.html", "{{ t('confirm.heading') }}", "{{ tt('confirm.heading') }}");
    assert_snapshot!(line, @"mail/confirm/body.html:4:200: unknown function: tt is unknown (sample `ordinary` of mail/confirm in ar)");
    let line = refused("mail/digest/body.html", "hole('stop')", "hole('stopp')");
    assert_snapshot!(line, @"mail/digest/body.html:54:26: nothing fills the place `stopp` (sample `ordinary` of mail/digest in ar)");
    let line = refused(
        "mail/layout.html",
        "{{ bdi(site.name) }}",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
    );
    assert_snapshot!(line, @"mail/layout.html:55:59: it comes to no end: a loop over too much, most likely (sample `ordinary` of mail/digest in ar)");

    let catalogue = house.folder().join("templates/locale/en.toml");
    fs::create_dir_all(catalogue.parent().unwrap()).unwrap();
    fs::write(&catalogue, "[messages.digest]\nend = \"All of {topic}.\"\n").unwrap();
    assert_snapshot!(house.tidings(&["check"]).ended(3).err, @r#"
    error: catalogue locale/en.toml, line 2, column 7: the message `digest.end` asks for `{topic}`, and nothing can be filled into it
      try:  `tidings check` looks again; `tidings template list` says which texts are yours
    "#);
}
