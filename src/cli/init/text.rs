//! The text of a first `tidings.toml`: short, with a word beside each setting, and what comes later in its place.

use super::answers::{Answers, Relay};
use super::feeds::Feed;
use crate::config::{quoted, topic_of_feeds};

/// Where the words beside the settings begin, where they fit there.
const BESIDE: usize = 44;

pub fn text(answers: &Answers, feeds: &[Feed]) -> String {
    let head = "# A first tidings.toml. Change what you like, and run `tidings check`.\n\
                # All other options, with their defaults, are in config/default.toml.\n";
    let parts = [
        head.to_owned(),
        site(answers),
        delivery(answers),
        relay(answers.relay.as_ref()),
        sources(feeds),
        topics(answers, feeds),
        going_live(),
    ];
    parts.join("\n")
}

fn site(answers: &Answers) -> String {
    let language = answers.language.as_str();
    let url = match &answers.url {
        Some(url) => format!("url = {}", quoted(url.as_str().trim_end_matches('/'))),
        None => "# url = \"https://digest.example.org\"".to_owned(),
    };
    let lines = [
        "[site]\n".to_owned(),
        noted(&format!("name = {}", quoted(&answers.name)), "stands in every mail and on every page"),
        noted(&url, "where readers reach the pages behind the links"),
        noted(&format!("language = \"{language}\""), "of readers who choose none"),
        noted(&format!("languages = [\"{language}\"]"), "that readers can choose: [\"en\", \"fr\", \"ar\"]"),
        noted(
            &format!("timezone = \"{}\"", answers.zone.name()),
            "\"8 o'clock\" is by this clock, unless a reader has another",
        ),
        noted("postal_address = \"\"", "at the foot of every mail; many countries want one by law"),
        noted("secret_file = \"secrets/site\"", "signs the links in all mails: keep it, and back it up"),
    ];
    lines.concat()
}

fn delivery(answers: &Answers) -> String {
    let domain = answers.url.as_ref().and_then(|url| url.domain()).unwrap_or("example.org");
    let from = format!("# from = {}", quoted(&format!("{} <digest@{domain}>", answers.name)));
    let lines = [
        "[delivery]\n".to_owned(),
        noted("mode = \"capture\"", "no mail leaves Tidings yet; the end of this file says how it does"),
        noted(&from, "in whose name we write"),
    ];
    lines.concat()
}

fn relay(relay: Option<&Relay>) -> String {
    let comment = "# The mail server that sends for you. In the mode \"capture\" it gets nothing.\n";
    let login = [
        noted("# username = \"digest\"", "if it wants a login; the password stands alone in a file"),
        "# password_file = \"secrets/smtp\"\n".to_owned(),
    ]
    .concat();
    match relay {
        Some(relay) => format!("{comment}{}{login}", relay_settings(relay)),
        None => format!(
            "{comment}# [relay]\n# host = \"smtp.example.org\"\n{}{login}",
            noted("# tls = \"implicit\"", "on port 465; \"starttls\" on port 587")
        ),
    }
}

/// `[relay]` and its settings.
pub fn relay_settings(relay: &Relay) -> String {
    let port = relay.port.map_or_else(String::new, |port| format!("port = {port}\n"));
    let why = match relay.tls {
        "none" => "in the clear, as it is on this machine",
        "starttls" => "begun in the clear, then encrypted, or nothing is sent",
        _ => "encrypted from the first byte",
    };
    let tls = noted(&format!("tls = \"{}\"", relay.tls), why);
    format!("[relay]\nhost = {}\n{port}{tls}", quoted(&relay.host))
}

fn sources(feeds: &[Feed]) -> String {
    let mut text = "# Where the news comes from: RSS, Atom or JSON Feed.\n".to_owned();
    if feeds.iter().any(|feed| feed.example) {
        text.push_str(
            "# This is a public feed of UN News, as an example: put yours in its place, and name the topic below.\n",
        );
    }
    for feed in feeds {
        text.push_str(&format!("\n[[feed]]\nslug = \"{}\"\nurl = {}\n", feed.slug, quoted(&feed.url)));
        if feed.allow_private {
            text.push_str(&noted("allow_private = true", "it is on this machine or in your own network"));
        }
    }
    text
}

fn topics(answers: &Answers, feeds: &[Feed]) -> String {
    let mut text = "# What readers subscribe to. The rule of a topic says which articles belong to it. Here it is the feed they came in.\n\
                    # With one feed for everything, use its categories instead, any_category = [\"Health\"], or words in title and\n\
                    # summary, any_word = [\"malaria\", \"\\\"public health\\\"\"].\n"
        .to_owned();
    for Feed { slug, name, .. } in feeds {
        let topic = topic_of_feeds(slug, &answers.language, name, std::slice::from_ref(slug));
        text.push_str(&format!("\n{topic}"));
    }
    text
}

fn going_live() -> String {
    "# To send for real, to yourself first: fill in url and postal_address, from, and [relay]. Then, under [delivery]:\n\
     #\n\
     # mode = \"allowlist\"                 # only these addresses get mail\n\
     # allowlist = [\"me@example.org\"]\n\
     #\n\
     # `tidings doctor` says whether all of it holds. With mode = \"live\", everybody gets mail.\n"
        .to_owned()
}

/// The setting with its word beside it, or above it where it is long.
fn noted(setting: &str, word: &str) -> String {
    if setting.chars().count() >= BESIDE {
        return format!("# {}:\n{setting}\n", capital(word));
    }
    format!("{setting:<BESIDE$}# {word}\n")
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::init::{answers, feeds};
    use crate::config::Config;

    #[tokio::test]
    async fn what_was_answered_is_what_is_read_again() {
        let answers = Answers {
            name: "The \"Harbour\" Post \\ Ἑσπέρα".to_owned(),
            feeds: answers::feeds("https://news.example.org/sea.xml http://localhost:9/sea.xml").unwrap(),
            language: "fr".parse().unwrap(),
            zone: chrono_tz::Africa::Nairobi,
            url: Some("https://digest.example.org".parse().unwrap()),
            relay: Some(answers::relay("smtp.example.org:587").unwrap()),
        };
        let feeds = feeds::declare(&answers.feeds, true, "https://digest.example.org/").await.unwrap();
        let config = Config::from_text(&text(&answers, &feeds), "tidings.toml", Path::new(""), []).unwrap();
        assert_eq!((config.site.name, config.site.timezone), (answers.name, answers.zone));
        assert_eq!((config.site.url, config.site.language), (answers.url.unwrap(), answers.language));
        assert_eq!((config.relay.port(), config.relay.host.as_deref()), (587, Some("smtp.example.org")));
        let slugs: Vec<&str> = config.topics.iter().map(|topic| topic.slug.as_str()).collect();
        assert_eq!((slugs, config.feeds[1].allow_private), (vec!["sea", "sea-2"], true));
        assert_eq!(config.warnings, Vec::<String>::new());
    }
}
