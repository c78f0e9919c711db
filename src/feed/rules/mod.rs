//! Which topics an article belongs to, and why.

mod words;

use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Rule;
use words::{Needle, Words, fold};

/// A rule, made ready to be asked often.
pub struct Matcher {
    rule: Rule,
    any_category: Vec<String>,
    all_categories: Vec<String>,
    no_category: Vec<String>,
    any_word: Vec<Needle>,
    all_words: Vec<Needle>,
    no_word: Vec<Needle>,
}

/// An article as it is seen in one feed.
pub struct Sighting<'a> {
    pub feed: &'a Slug,
    pub categories: &'a [String],
    pub title: &'a str,
    pub summary: &'a str,
    pub language: Option<&'a Language>,
}

impl Matcher {
    pub fn of(rule: &Rule) -> Self {
        let folded = |names: &[String]| names.iter().map(|name| fold(name)).collect();
        let needles = |words: &[String]| words.iter().map(|word| Needle::of(word)).collect();
        Self {
            any_category: folded(&rule.any_category),
            all_categories: folded(&rule.all_categories),
            no_category: folded(&rule.no_category),
            any_word: needles(&rule.any_word),
            all_words: needles(&rule.all_words),
            no_word: needles(&rule.no_word),
            rule: rule.clone(),
        }
    }

    pub fn matches(&self, sighting: &Sighting) -> bool {
        self.reasons(sighting).is_some()
    }

    /// Why it matches, in words; None when it does not.
    pub fn why(&self, sighting: &Sighting) -> Option<String> {
        let reasons = self.reasons(sighting)?;
        Some(match reasons.as_slice() {
            [] => "nothing in it is excluded".to_owned(),
            [only] => format!("it {only}"),
            [first @ .., last] => format!("it {} and {last}", first.join(", ")),
        })
    }

    /// What speaks for it, if every part of the rule that is given holds. A rule with nothing in it matches nothing.
    fn reasons(&self, sighting: &Sighting) -> Option<Vec<String>> {
        if self.rule == Rule::default() {
            return None;
        }
        let mut reasons = Vec::new();
        reasons.extend(self.feed(sighting)?);
        reasons.extend(self.categories(sighting)?);
        reasons.extend(self.words(sighting)?);
        reasons.extend(self.language(sighting)?);
        Some(reasons)
    }

    fn feed(&self, sighting: &Sighting) -> Option<Option<String>> {
        if self.rule.feeds.is_empty() {
            return Some(None);
        }
        self.rule.feeds.contains(sighting.feed).then(|| Some(format!("is in the feed {}", sighting.feed)))
    }

    fn categories(&self, sighting: &Sighting) -> Option<Vec<String>> {
        let Rule { any_category, all_categories, .. } = &self.rule;
        if self.any_category.is_empty() && self.all_categories.is_empty() && self.no_category.is_empty() {
            return Some(Vec::new());
        }
        let seen: Vec<String> = sighting.categories.iter().map(|category| fold(category)).collect();
        if self.no_category.iter().any(|unwanted| seen.contains(unwanted)) {
            return None;
        }
        let mut names = Vec::new();
        if !self.any_category.is_empty() {
            names.push(&any_category[self.any_category.iter().position(|wanted| seen.contains(wanted))?]);
        }
        if !self.all_categories.iter().all(|wanted| seen.contains(wanted)) {
            return None;
        }
        names.extend(all_categories);
        Some(names.into_iter().map(|name| format!("has the category \"{name}\"")).collect())
    }

    fn words(&self, sighting: &Sighting) -> Option<Vec<String>> {
        let Rule { any_word, all_words, .. } = &self.rule;
        if self.any_word.is_empty() && self.all_words.is_empty() && self.no_word.is_empty() {
            return Some(Vec::new());
        }
        let texts = [Words::of(sighting.title), Words::of(sighting.summary)];
        let has = |needle: &Needle| texts.iter().any(|text| text.has(needle));
        if self.no_word.iter().any(has) {
            return None;
        }
        let mut found = Vec::new();
        if !self.any_word.is_empty() {
            found.push(&any_word[self.any_word.iter().position(has)?]);
        }
        if !self.all_words.iter().all(has) {
            return None;
        }
        found.extend(all_words);
        Some(found.into_iter().map(|word| format!("has the word \"{}\"", word.trim_matches('"'))).collect())
    }

    fn language(&self, sighting: &Sighting) -> Option<Option<String>> {
        if self.rule.languages.is_empty() {
            return Some(None);
        }
        let language = sighting.language.filter(|language| self.rule.languages.contains(language))?;
        Some(Some(format!("is in the language {language}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Seen {
        feed: Slug,
        categories: Vec<String>,
        language: Option<Language>,
        title: &'static str,
        summary: &'static str,
    }

    fn seen(title: &'static str, summary: &'static str) -> Seen {
        Seen {
            feed: "un-health-en".parse().unwrap(), categories: vec!["Santé".into()], language: None, title, summary
        }
    }

    impl Seen {
        fn why(&self, rule: &Rule) -> Option<String> {
            let sighting = Sighting {
                feed: &self.feed,
                categories: &self.categories,
                title: self.title,
                summary: self.summary,
                language: self.language.as_ref(),
            };
            let matcher = Matcher::of(rule);
            assert_eq!(matcher.matches(&sighting), matcher.why(&sighting).is_some());
            matcher.why(&sighting)
        }
    }

    fn words(any: &[&str]) -> Rule {
        Rule { any_word: any.iter().map(|word| (*word).to_owned()).collect(), ..Rule::default() }
    }

    #[test]
    fn every_part_that_is_given_must_hold_and_the_reasons_are_told() {
        let seen = seen("Cholera is back", "In three provinces");
        let rule = Rule { feeds: vec!["un-health-en".parse().unwrap()], ..words(&["malaria", "cholera"]) };
        assert_eq!(seen.why(&rule).unwrap(), "it is in the feed un-health-en and has the word \"cholera\"");
        let elsewhere = Rule { feeds: vec!["un-africa-en".parse().unwrap()], ..rule.clone() };
        assert_eq!(seen.why(&elsewhere), None);
        assert_eq!(seen.why(&Rule { no_word: vec!["provinces".into()], ..rule.clone() }), None);
        assert_eq!(seen.why(&Rule { all_words: vec!["back".into(), "front".into()], ..rule.clone() }), None);
        assert!(seen.why(&Rule { all_words: vec!["back".into(), "three".into()], ..rule }).is_some());
        assert_eq!(seen.why(&Rule::default()), None);
    }

    #[test]
    fn categories_are_compared_without_case_and_accents() {
        let seen = seen("", "");
        let rule = Rule { any_category: vec!["SANTE".into()], ..Rule::default() };
        assert_eq!(seen.why(&rule).unwrap(), "it has the category \"SANTE\"");
        let no = Rule { no_category: vec!["santé".into()], ..Rule::default() };
        assert_eq!(seen.why(&no), None);
        let all = Rule { all_categories: vec!["santé".into(), "eau".into()], ..Rule::default() };
        assert_eq!(seen.why(&all), None);
        let only_not = Rule { no_category: vec!["sport".into()], ..Rule::default() };
        assert_eq!(seen.why(&only_not).unwrap(), "nothing in it is excluded");
    }

    #[test]
    fn languages_must_be_known_to_match() {
        let mut seen = seen("", "");
        let rule = Rule { languages: vec!["fr".parse().unwrap()], ..Rule::default() };
        assert_eq!(seen.why(&rule), None);
        seen.language = Some("fr-CA".parse().unwrap());
        assert_eq!(seen.why(&rule).unwrap(), "it is in the language fr");
    }

    #[test]
    fn words_are_whole_and_phrases_stay_together() {
        let seen = seen("The café’s co-operative: water, sanitation", "Über-fast E\u{301}cole & AIDS2026");
        for hit in ["cafe", "WATER", "\"water sanitation\"", "uber", "école", "operative", "the café"] {
            assert!(seen.why(&words(&[hit])).is_some(), "{hit}");
        }
        for miss in ["caf", "sanit", "sanitation water", "aids", "", "!!!", "fast école water"] {
            assert!(seen.why(&words(&[miss])).is_none(), "{miss}");
        }
        // A phrase does not run from the title into the summary.
        assert!(seen.why(&words(&["sanitation uber"])).is_none());
    }

    #[test]
    fn scripts_without_spaces_or_with_joined_words_work_as_one_expects() {
        let arabic = seen("وزارة الصحة تعلن عن اللقاحات", "وللأطفال بالمدارس، كوليرا في السُّودان");
        for hit in ["صحة", "الصحة", "لقاحات", "السودان", "سودان", "أطفال", "مدارس", "وزارة الصحة"]
        {
            assert!(arabic.why(&words(&[hit])).is_some(), "{hit}");
        }
        assert!(arabic.why(&words(&["صح"])).is_none());

        let chinese = seen("世界卫生组织宣布霍乱疫情", "ワクチンが届いた");
        for hit in ["霍乱", "卫生组织", "ワクチン"] {
            assert!(chinese.why(&words(&[hit])).is_some(), "{hit}");
        }
        assert!(chinese.why(&words(&["疟疾"])).is_none());
        assert!(chinese.why(&words(&["ワクチンか"])).is_none(), "voicing marks are letters, not accents");

        let korean = seen("콜레라가 다시 발생했다", "");
        assert!(korean.why(&words(&["콜레라"])).is_some());
        assert!(korean.why(&words(&["레라"])).is_none());

        let hindi = seen("हैज़ा की दवा", "");
        assert!(hindi.why(&words(&["दवा"])).is_some());
        assert!(hindi.why(&words(&["दवी"])).is_none());

        let russian = seen("Ёлка и мой дом", "");
        assert!(russian.why(&words(&["елка"])).is_some());
        assert!(russian.why(&words(&["мои"])).is_none());
    }
}
