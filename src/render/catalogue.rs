//! A language's messages, and how one is chosen and filled.
//!
//! `locale/fr.toml` holds the messages of French by group and name, dates in words, and names of cities where they
//! differ from the zone's. A message that depends on a number has a form for each of the language's CLDR plural
//! categories. What a catalogue lacks is said in the site's language, else in English: seen, rather than missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use serde::Deserialize;

use super::error::TemplateError;
use super::site::{Day, Moment};
use crate::model::language::Language;
use crate::model::topic::Names;

const CATEGORIES: [(PluralCategory, &str); 6] = [
    (PluralCategory::Zero, "zero"),
    (PluralCategory::One, "one"),
    (PluralCategory::Two, "two"),
    (PluralCategory::Few, "few"),
    (PluralCategory::Many, "many"),
    (PluralCategory::Other, "other"),
];

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Catalogue {
    pub dates: Dates,
    /// By IANA name of the zone.
    pub cities: BTreeMap<String, String>,
    /// By group, then name.
    pub messages: BTreeMap<String, BTreeMap<String, Message>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Message {
    Plain(String),
    /// By CLDR plural category.
    Plural(BTreeMap<String, String>),
}

/// How a date is put into words. In patterns, names in braces are filled in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dates {
    pub full: Option<String>,
    pub short: Option<String>,
    pub moment: Option<String>,
    /// What stands for day 1 of a month, where it is not the number.
    pub first: Option<String>,
    pub months: Option<Vec<String>>,
    /// From Monday.
    pub weekdays: Option<Vec<String>>,
}

impl Catalogue {
    /// Reads `text`, the catalogue called `name`.
    pub fn read(name: &str, text: &str) -> Result<Self, TemplateError> {
        let catalogue: Self =
            toml::from_str(text).map_err(|source| TemplateError::Catalogue { name: name.to_owned(), source })?;
        for (what, list, wanted) in
            [("months", &catalogue.dates.months, 12), ("weekdays", &catalogue.dates.weekdays, 7)]
        {
            if let Some(found) = list.as_ref().map(Vec::len).filter(|&found| found != wanted) {
                return Err(TemplateError::CatalogueList { name: name.to_owned(), what, found, wanted });
            }
        }
        Ok(catalogue)
    }

    /// Lets `over` have the last word, message by message.
    pub fn overlay(&mut self, over: Self) {
        let dates = &mut self.dates;
        dates.full = over.dates.full.or(dates.full.take());
        dates.short = over.dates.short.or(dates.short.take());
        dates.moment = over.dates.moment.or(dates.moment.take());
        dates.first = over.dates.first.or(dates.first.take());
        dates.months = over.dates.months.or(dates.months.take());
        dates.weekdays = over.dates.weekdays.or(dates.weekdays.take());
        self.cities.extend(over.cities);
        for (group, messages) in over.messages {
            self.messages.entry(group).or_default().extend(messages);
        }
    }

    fn message(&self, key: &str, category: &str) -> Option<&str> {
        let (group, name) = key.split_once('.')?;
        match self.messages.get(group)?.get(name)? {
            Message::Plain(text) => Some(text),
            Message::Plural(forms) => forms.get(category).or_else(|| forms.get("other")).map(String::as_str),
        }
    }
}

/// The catalogues one language speaks from: its own, then the site's, then English.
#[derive(Debug, Clone)]
pub struct Wording(pub Vec<(Language, Arc<Catalogue>)>);

impl Wording {
    /// The message, in the form for `n`.
    pub fn message(&self, key: &str, n: Option<u64>) -> Option<&str> {
        self.0.iter().find_map(|(language, catalogue)| catalogue.message(key, category(language, n)))
    }

    /// "Tuesday 24 November 2026"
    pub fn day(&self, day: Day) -> String {
        self.date(day, |dates| dates.full.as_ref())
    }

    /// "24 November"
    pub fn short_day(&self, day: Day) -> String {
        self.date(day, |dates| dates.short.as_ref())
    }

    /// "Tuesday 24 November 2026 at 08:00"
    pub fn moment(&self, moment: Moment) -> String {
        let time = format!("{:02}:{:02}", moment.hour, moment.minute);
        let pattern = self.dates(|dates| dates.moment.as_ref()).map_or("{date} {time}", String::as_str);
        pattern.replace("{date}", &self.day(moment.day)).replace("{time}", &time)
    }

    /// What is said in the language, else in the next that it speaks from, else in any.
    pub fn choose<'t>(&self, texts: &'t Names) -> Option<&'t String> {
        let own = self.0.iter().find_map(|(language, _)| texts.get(language));
        own.or_else(|| texts.values().next())
    }

    /// The city a zone is named after, in the language where it has a name for it.
    pub fn city(&self, zone: &str) -> String {
        let named = self.0.first().and_then(|(_, own)| own.cities.get(zone)).cloned();
        named.unwrap_or_else(|| zone.rsplit('/').next().unwrap_or(zone).replace('_', " "))
    }

    fn date(&self, day: Day, pattern: impl Fn(&Dates) -> Option<&String>) -> String {
        let listed = |list: Option<&Vec<String>>, at: u32| {
            list.and_then(|names| names.get(at as usize)).cloned().unwrap_or_default()
        };
        let first = self.0.first().and_then(|(_, own)| own.dates.first.clone()).filter(|_| day.day == 1);
        self.dates(pattern)
            .map_or("{year}-{month}-{day}", String::as_str)
            .replace("{weekday}", &listed(self.dates(|dates| dates.weekdays.as_ref()), day.weekday))
            .replace("{day}", &first.unwrap_or_else(|| day.day.to_string()))
            .replace("{month}", &listed(self.dates(|dates| dates.months.as_ref()), day.month.wrapping_sub(1)))
            .replace("{year}", &day.year.to_string())
    }

    fn dates<T>(&self, part: impl Fn(&Dates) -> Option<&T>) -> Option<&T> {
        self.0.iter().find_map(|(_, catalogue)| part(&catalogue.dates))
    }
}

/// Fills `{name}` in a message from `value`, which gives None for a name it does not know: the error.
pub fn fill(message: &str, mut value: impl FnMut(&str) -> Option<String>) -> Result<String, String> {
    let mut out = String::with_capacity(message.len() * 2);
    let mut rest = message;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        out.push_str(before);
        out.push_str(&value(name).ok_or_else(|| name.to_owned())?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn category(language: &Language, n: Option<u64>) -> &'static str {
    let found = n.zip(rules(language)).map(|(n, rules)| rules.category_for(n));
    CATEGORIES.iter().find(|(category, _)| Some(*category) == found).map_or("other", |(_, name)| name)
}

fn rules(language: &Language) -> Option<PluralRules> {
    let locale = Locale::try_from_str(language.as_str()).ok()?;
    PluralRules::try_new_cardinal(locale.into()).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::shipped;
    use super::*;

    fn shipped_catalogues() -> BTreeMap<String, Catalogue> {
        let locales = shipped::SHIPPED.iter().filter(|(name, _)| name.starts_with("locale/"));
        locales.map(|(name, text)| ((*name).to_owned(), Catalogue::read(name, text).unwrap())).collect()
    }

    /// Every message with the forms it must have in this language.
    fn forms(catalogue: &Catalogue, wanted: Option<&Language>) -> BTreeSet<String> {
        let categories: Vec<&str> = wanted.and_then(rules).map_or(vec![], |rules| {
            let has = |c: &PluralCategory| rules.categories().any(|own| own == *c);
            CATEGORIES.iter().filter(|(c, _)| has(c)).map(|(_, name)| *name).collect()
        });
        let mut all = BTreeSet::new();
        for (group, messages) in &catalogue.messages {
            for (name, message) in messages {
                match message {
                    Message::Plain(_) => _ = all.insert(format!("{group}.{name}")),
                    Message::Plural(_) if wanted.is_some() => {
                        all.extend(categories.iter().map(|form| format!("{group}.{name}.{form}")));
                    }
                    Message::Plural(given) => all.extend(given.keys().map(|form| format!("{group}.{name}.{form}"))),
                }
            }
        }
        all
    }

    #[test]
    fn every_language_has_every_message_in_every_form_and_no_other() {
        let catalogues = shipped_catalogues();
        let english = &catalogues["locale/en.toml"];
        for (name, catalogue) in &catalogues {
            let language = name.trim_start_matches("locale/").trim_end_matches(".toml").parse().unwrap();
            let (wanted, given) = (forms(english, Some(&language)), forms(catalogue, None));
            let (lacks, spare): (Vec<_>, Vec<_>) =
                (wanted.difference(&given).collect(), given.difference(&wanted).collect());
            assert!(lacks.is_empty() && spare.is_empty(), "{name} lacks {lacks:?} and has too many: {spare:?}");
            let dates = &catalogue.dates;
            assert!(dates.full.is_some() && dates.short.is_some() && dates.moment.is_some(), "{name}: dates");
            assert!(dates.months.is_some() && dates.weekdays.is_some(), "{name}: names of months and days");
        }
    }

    #[test]
    fn plurals_are_those_of_each_language() {
        let forms = |language: &str| {
            let language: Language = language.parse().unwrap();
            [0, 1, 2, 3, 11, 21, 100, 1_000_000].map(|n| category(&language, Some(n)))
        };
        assert_eq!(forms("en"), ["other", "one", "other", "other", "other", "other", "other", "other"]);
        assert_eq!(forms("fr"), ["one", "one", "other", "other", "other", "other", "other", "many"]);
        assert_eq!(forms("ar"), ["zero", "one", "two", "few", "many", "many", "other", "other"]);
        assert_eq!(forms("ru"), ["many", "one", "few", "few", "many", "one", "many", "many"]);
    }

    #[test]
    fn what_a_language_lacks_is_said_in_the_sites_and_then_in_english() {
        let read = |language: &str, text: &str| {
            (language.parse().unwrap(), Arc::new(Catalogue::read("locale/x.toml", text).unwrap()))
        };
        let wording = Wording(vec![
            read("sw", "[messages.digest]\nend = \"Ni hayo tu.\""),
            read(
                "fr",
                "[messages.digest]\nend = \"C’est tout.\"\nmore = { one = \"{n} autre\", other = \"{n} autres\" }",
            ),
            read("en", "[messages.digest]\nend = \"All.\"\nmore = { one = \"1\", other = \"n\" }\nview = \"View\""),
        ]);
        assert_eq!(wording.message("digest.end", None), Some("Ni hayo tu."));
        assert_eq!(wording.message("digest.more", Some(0)), Some("{n} autre"), "by the French rule");
        assert_eq!(wording.message("digest.view", None), Some("View"));
        assert_eq!(wording.message("digest.gone", None), None);
    }

    #[test]
    fn an_operators_catalogue_changes_what_it_names_only() {
        let mut own = shipped_catalogues().remove("locale/ar.toml").unwrap();
        let months = ["\"كانون الثاني/يناير\""; 12].join(", ");
        own.overlay(Catalogue::read("locale/ar.toml", &format!("[dates]\nmonths = [{months}]")).unwrap());
        assert_eq!(own.dates.months.unwrap()[0], "كانون الثاني/يناير");
        assert!(own.dates.weekdays.is_some() && !own.messages.is_empty());
    }

    #[test]
    fn a_wrong_catalogue_is_refused_with_its_name() {
        let refused = |text: &str| Catalogue::read("locale/fr.toml", text).unwrap_err().to_string();
        assert_eq!(
            refused("[dates]\nmonths = [\"janvier\"]"),
            "catalogue locale/fr.toml lists 1 months where there are 12"
        );
        assert_eq!(refused("[date]\nfull = \"\""), "catalogue locale/fr.toml is broken");
    }

    #[test]
    fn a_message_wants_all_that_it_names() {
        let value = |name: &str| (name == "n").then(|| "3".to_owned());
        assert_eq!(fill("{n} more in {", value), Ok("3 more in {".into()));
        assert_eq!(fill("{n} more in {topic}", value), Err("topic".into()));
    }
}
