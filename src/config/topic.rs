//! `[[topic]]`: what people subscribe to. Rules of regions are read and checked here, too.

use serde::Deserialize;

use super::findings::Findings;
use super::site::Site;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::{Names, Rule};

#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Text")]
pub struct Topic {
    pub slug: Slug,
    pub name: Names,
    pub description: Option<Names>,
    pub rule: Rule,
    /// The topic its readers move to.
    pub replaced_by: Option<Slug>,
    /// Its subscriptions end.
    pub end_subscriptions: bool,
}

/// As it is written: the rule's keys beside the others. (serde's `flatten` would lose the place of a mistake.)
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    slug: Slug,
    #[serde(default)]
    name: Names,
    description: Option<Names>,
    #[serde(default)]
    feeds: Vec<Slug>,
    #[serde(default)]
    any_category: Vec<String>,
    #[serde(default)]
    all_categories: Vec<String>,
    #[serde(default)]
    no_category: Vec<String>,
    #[serde(default)]
    any_word: Vec<String>,
    #[serde(default)]
    all_words: Vec<String>,
    #[serde(default)]
    no_word: Vec<String>,
    #[serde(default)]
    languages: Vec<Language>,
    replaced_by: Option<Slug>,
    #[serde(default)]
    end_subscriptions: bool,
}

impl From<Text> for Topic {
    fn from(text: Text) -> Self {
        Self {
            slug: text.slug,
            name: text.name,
            description: text.description,
            rule: Rule {
                feeds: text.feeds,
                any_category: text.any_category,
                all_categories: text.all_categories,
                no_category: text.no_category,
                any_word: text.any_word,
                all_words: text.all_words,
                no_word: text.no_word,
                languages: text.languages,
            },
            replaced_by: text.replaced_by,
            end_subscriptions: text.end_subscriptions,
        }
    }
}

impl Topic {
    /// Given up: it is in the text only for what becomes of its readers.
    pub(super) fn is_retired(&self) -> bool {
        self.end_subscriptions || self.replaced_by.is_some()
    }
}

pub(super) fn check(topics: &[Topic], site: &Site, findings: &mut Findings<'_>) {
    check_all("topic", topics, site, findings);
}

/// `list` is what they are declared as.
pub(super) fn check_all(list: &str, topics: &[Topic], site: &Site, findings: &mut Findings<'_>) {
    findings.unique(list, topics.iter().map(|topic| &topic.slug));
    findings
        .retiring(list, topics.iter().map(|topic| (&topic.slug, topic.replaced_by.as_ref(), topic.end_subscriptions)));
    for (i, topic) in topics.iter().enumerate().filter(|(_, topic)| !topic.is_retired()) {
        findings.named(list, i, &topic.slug, &topic.name, &site.languages);
        if topic.rule == Rule::default() {
            findings.wrong(
                &format!("{list}.{i}"),
                format!(
                    "{list} `{}` has no rule and would stay empty: give it `feeds`, `any_category` or `any_word`",
                    topic.slug
                ),
            );
        }
        for (j, feed) in topic.rule.feeds.iter().enumerate() {
            findings.known(&format!("{list}.{i}.feeds.{j}"), feed, "feed");
        }
        check_words(list, i, &topic.rule, findings);
    }
}

fn check_words(list: &str, i: usize, rule: &Rule, findings: &mut Findings<'_>) {
    for (key, words) in [
        ("any_category", &rule.any_category),
        ("all_categories", &rule.all_categories),
        ("no_category", &rule.no_category),
        ("any_word", &rule.any_word),
        ("all_words", &rule.all_words),
        ("no_word", &rule.no_word),
    ] {
        for (j, _) in words.iter().enumerate().filter(|(_, word)| word.trim().is_empty()) {
            findings.wrong(&format!("{list}.{i}.{key}.{j}"), format!("an empty text in `{key}` matches nothing"));
        }
    }
}
