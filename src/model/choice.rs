//! Which articles a reader is due in a run: the rules of composing, as a function of what was filed, what the reader
//! holds and what the ledger says they were told. No I/O; the same answer for the same question, always.
//!
//! A run covers the positions (lower, upper]. A subscription is served from its **bound**: its `since` where that is
//! set, else the run's lower. Nothing is lost because of the positions; nothing comes twice because of the ledger.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::language::Language;

/// An article as composing sees it. Every filing that has a position, whether in the window or not.
#[derive(Debug, Clone)]
pub struct Candidate {
    pub article: i64,
    pub language: Option<Language>,
    pub pinned: bool,
    pub withdrawn: bool,
    /// When it was first seen, UTC milliseconds; for saying which days a mail covers.
    pub seen_at: i64,
    /// (topic, position)
    pub topics: Vec<(i64, i64)>,
    /// (topic, position) of its filings under topics that this one has replaced. What was filed there was promised then,
    /// and may have been told then.
    pub inherited: Vec<(i64, i64)>,
    /// (region, position); 0 for one filed for the archive only: it delays nothing.
    pub regions: Vec<(i64, i64)>,
}

/// What a run chooses from.
#[derive(Debug, Default)]
pub struct Window {
    pub lower: i64,
    pub upper: i64,
    candidates: BTreeMap<i64, Candidate>,
    by_topic: HashMap<i64, Vec<i64>>,
    /// By topic: in which language a reader of a language is served, where that is not their own.
    served: HashMap<i64, HashMap<Language, Language>>,
    /// Topics with articles of one that they have replaced.
    inheriting: HashSet<i64>,
    site: Option<Language>,
}

/// One subscription as the run finds it; an enrolment keeps it as `[topic, since or null, starts]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, Option<i64>, i64)", into = "(i64, Option<i64>, i64)")]
pub struct Held {
    pub topic: i64,
    pub since: Option<i64>,
    pub starts: i64,
}

/// One reader as the run finds them.
#[derive(Debug, Clone)]
pub struct Reader {
    /// In the reader's order.
    pub topics: Vec<Held>,
    /// None: all.
    pub regions: Vec<i64>,
    pub language: Language,
    pub changed_at: i64,
    pub regions_changed_at: i64,
    /// Has no other enrolment.
    pub sole: bool,
}

/// What the ledger says of one reader.
#[derive(Debug, Default, Clone)]
pub struct Ledger {
    /// Articles in any digest that is ready, on its way, held or sent.
    pub told: HashSet<i64>,
    /// Articles of the first editions of digests that ended without being sent.
    pub owing: HashSet<i64>,
}

/// The articles of one reader under one topic, as they will stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Section {
    pub topic: i64,
    pub articles: Vec<i64>,
}

impl From<(i64, Option<i64>, i64)> for Held {
    fn from((topic, since, starts): (i64, Option<i64>, i64)) -> Self {
        Self { topic, since, starts }
    }
}

impl From<Held> for (i64, Option<i64>, i64) {
    fn from(held: Held) -> Self {
        (held.topic, held.since, held.starts)
    }
}

impl Window {
    pub fn new(lower: i64, upper: i64, site: Language) -> Self {
        Self { lower, upper, site: Some(site), ..Self::default() }
    }

    /// Says that readers of `language` get `topic` in `served`, because none of its feeds has their own.
    pub fn serve(&mut self, topic: i64, language: Language, served: Language) {
        self.served.entry(topic).or_default().insert(language, served);
    }

    /// Adds an article, with all its filings; one that is there already is replaced.
    pub fn add(&mut self, candidate: Candidate) {
        let article = candidate.article;
        self.inheriting.extend(candidate.inherited.iter().map(|(topic, _)| *topic));
        if let Some(old) = self.candidates.insert(article, candidate) {
            for (topic, _) in &old.topics {
                self.by_topic.entry(*topic).or_default().retain(|a| *a != article);
            }
        }
        for (topic, _) in self.candidates[&article].topics.clone() {
            self.by_topic.entry(topic).or_default().push(article);
        }
    }

    /// Says how an article stands that was withdrawn, pinned or let go of since it was added.
    pub fn mark(&mut self, article: i64, pinned: bool, withdrawn: bool) {
        if let Some(candidate) = self.candidates.get_mut(&article) {
            (candidate.pinned, candidate.withdrawn) = (pinned, withdrawn);
        }
    }

    /// Whether articles count under this topic that were filed under one it has replaced. Who gets them depends on when they
    /// came to the topic.
    pub fn inherits(&self, topic: i64) -> bool {
        self.inheriting.contains(&topic)
    }

    pub fn contains(&self, article: i64) -> bool {
        self.candidates.contains_key(&article)
    }

    pub fn articles(&self) -> impl Iterator<Item = i64> {
        self.candidates.keys().copied()
    }

    pub fn candidate(&self, article: i64) -> Option<&Candidate> {
        self.candidates.get(&article)
    }

    /// The lowest position of what can be due after `floor`: whatever was told before it does not matter.
    pub fn earliest(&self, floor: i64) -> i64 {
        let positions = |c: &Candidate| c.topics.iter().map(|(_, position)| *position).min();
        self.candidates.values().filter(|c| c.is_filed_after(floor)).filter_map(positions).min().unwrap_or(floor)
    }

    pub(super) fn speaks(&self, candidate: &Candidate, topic: i64, reader: &Reader) -> bool {
        let served = self.served.get(&topic).and_then(|of| of.get(&reader.language));
        let wanted = served.unwrap_or(&reader.language);
        // What an entry itself says to be in their language is for them, whatever its feed says.
        let spoken = candidate.language.as_ref().or(self.site.as_ref());
        spoken == Some(wanted) || spoken == Some(&reader.language)
    }
}

impl Candidate {
    /// Filed within this run alone: nobody can have been told it before.
    fn is_fresh(&self, lower: i64) -> bool {
        self.inherited.is_empty() && self.topics.iter().all(|(_, position)| *position > lower)
    }

    fn is_filed_after(&self, floor: i64) -> bool {
        self.topics.iter().chain(&self.regions).any(|(_, position)| *position > floor)
    }

    pub(super) fn is_under(&self, topic: i64) -> bool {
        self.filed_under(topic).is_some()
    }

    /// The latest of its filings there, and under those that the topic has replaced.
    pub(super) fn filed_under(&self, topic: i64) -> Option<i64> {
        let all = self.topics.iter().chain(&self.inherited);
        all.filter(|(t, _)| *t == topic).map(|(_, position)| *position).max()
    }

    /// Whether it was filed under `topic`, or one that it has replaced, after this.
    fn filed_after(&self, topic: i64, starts: i64) -> bool {
        let inherited = self.inherited.iter().filter(|(t, _)| *t == topic).map(|(_, position)| *position).max();
        inherited.is_none_or(|position| position > starts)
    }

    /// The position from which it counts under `topic` for a reader with these regions: the later of its filing there
    /// and its earliest filing under any of them. (Region feeds come late.)
    pub(super) fn position(&self, topic: i64, regions: &[i64]) -> Option<i64> {
        let filed = self.filed_under(topic)?;
        if regions.is_empty() {
            return Some(filed);
        }
        let region = self.regions.iter().filter(|(r, _)| regions.contains(r)).map(|(_, position)| *position).min()?;
        Some(filed.max(region))
    }

    /// Whether its filing under `topic`, or any under a region, lies in (low, upper].
    fn any_filing_in(&self, topic: i64, low: i64, upper: i64) -> bool {
        let mut positions =
            self.filed_under(topic).into_iter().chain(self.regions.iter().map(|(_, position)| *position));
        positions.any(|position| low < position && position <= upper)
    }
}

impl Reader {
    /// One enrolment, and nothing changed since the run's lower: the ledger need not be asked about fresh articles.
    pub fn is_steady(&self, window: &Window) -> bool {
        self.sole && self.changed_at <= window.lower
    }

    /// The lowest position this reader is served from.
    pub fn lowest_bound(&self, window: &Window) -> i64 {
        self.topics.iter().filter_map(|held| held.since).min().unwrap_or(window.lower).min(window.lower)
    }
}

/// What `reader` is due, under the first of their topics each article is in. Empty: nothing new, no mail.
pub fn choose(window: &Window, reader: &Reader, ledger: &Ledger) -> Vec<Section> {
    let mut taken: HashSet<i64> = HashSet::new();
    let mut sections = Vec::new();
    for held in &reader.topics {
        let mut picked: Vec<(&Candidate, i64)> = Vec::new();
        for article in window.by_topic.get(&held.topic).map(Vec::as_slice).unwrap_or_default() {
            let candidate = &window.candidates[article];
            if candidate.withdrawn || taken.contains(article) || !window.speaks(candidate, held.topic, reader) {
                continue;
            }
            let Some(position) = candidate.position(held.topic, &reader.regions) else { continue };
            if !is_due(window, reader, held, candidate, position) && !is_owed(window, held, candidate, position, ledger)
            {
                continue;
            }
            if ledger.told.contains(article) {
                continue;
            }
            picked.push((candidate, position));
        }
        if picked.is_empty() {
            continue;
        }
        picked.sort_by_key(|(candidate, position)| (!candidate.pinned, -position));
        let articles: Vec<i64> = picked.iter().map(|(candidate, _)| candidate.article).collect();
        taken.extend(&articles);
        sections.push(Section { topic: held.topic, articles });
    }
    sections
}

/// The same where the ledger need not be asked: of a steady reader to whom nothing is owed, and who is due fresh
/// articles only. None: ask it.
pub fn choose_unasked(window: &Window, reader: &Reader) -> Option<Vec<Section>> {
    if !reader.is_steady(window) {
        return None;
    }
    let sections = choose(window, reader, &Ledger::default());
    let mut articles = sections.iter().flat_map(|section| &section.articles);
    articles.all(|article| window.candidates[article].is_fresh(window.lower)).then_some(sections)
}

fn is_due(window: &Window, reader: &Reader, held: &Held, candidate: &Candidate, position: i64) -> bool {
    let low = held.since.unwrap_or(window.lower);
    if position > window.upper || !candidate.filed_after(held.topic, held.starts) {
        return false;
    }
    // Not served since a change of regions: any of its filings will do, and the ledger decides.
    if reader.regions_changed_at > low {
        return candidate.any_filing_in(held.topic, low, window.upper);
    }
    low < position
}

/// A digest that ended unsent owes every article of its first edition that is filed, after `starts`, under any topic
/// the reader still holds.
fn is_owed(window: &Window, held: &Held, candidate: &Candidate, position: i64, ledger: &Ledger) -> bool {
    ledger.owing.contains(&candidate.article)
        && position <= window.upper
        && candidate.any_filing_in(held.topic, held.starts, window.upper)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang(tag: &str) -> Language {
        tag.parse().unwrap()
    }

    fn article(article: i64, topics: &[(i64, i64)], regions: &[(i64, i64)]) -> Candidate {
        Candidate {
            article,
            language: None,
            pinned: false,
            withdrawn: false,
            seen_at: 0,
            topics: topics.to_vec(),
            inherited: vec![],
            regions: regions.to_vec(),
        }
    }

    fn reader(topics: &[i64]) -> Reader {
        Reader {
            topics: topics.iter().map(|&topic| Held { topic, since: None, starts: 0 }).collect(),
            regions: vec![],
            language: lang("en"),
            changed_at: 0,
            regions_changed_at: -1,
            sole: true,
        }
    }

    fn window(lower: i64, upper: i64, articles: Vec<Candidate>) -> Window {
        let mut window = Window::new(lower, upper, lang("en"));
        articles.into_iter().for_each(|a| window.add(a));
        window
    }

    #[test]
    fn an_article_under_two_topics_comes_once_under_the_first() {
        let w = window(10, 20, vec![article(1, &[(7, 11), (8, 12)], &[]), article(2, &[(8, 13)], &[])]);
        assert_eq!(
            choose(&w, &reader(&[8, 7]), &Ledger::default()),
            [Section { topic: 8, articles: vec![2, 1] }],
            "newest first, and nothing left for the second topic"
        );
    }

    #[test]
    fn a_bound_that_was_carried_reaches_back_and_one_ahead_waits() {
        let w = window(10, 20, vec![article(1, &[(7, 5)], &[]), article(2, &[(7, 15)], &[])]);
        let mut r = reader(&[7]);
        r.topics[0].since = Some(4);
        assert_eq!(choose(&w, &r, &Ledger::default())[0].articles, [2, 1]);
        r.topics[0].since = Some(15);
        assert!(choose(&w, &r, &Ledger::default()).is_empty());
    }

    #[test]
    fn a_story_filed_late_under_a_region_belongs_to_the_next_digest() {
        let w = window(10, 20, vec![article(1, &[(7, 9)], &[(3, 12)]), article(2, &[(7, 11)], &[])]);
        let mut r = reader(&[7]);
        r.regions = vec![3];
        assert_eq!(choose(&w, &r, &Ledger::default()), [Section { topic: 7, articles: vec![1] }]);
    }

    #[test]
    fn what_a_region_kept_back_comes_when_the_reader_drops_the_region() {
        let w = window(10, 20, vec![article(1, &[(7, 8)], &[(3, 12)])]);
        let mut r = reader(&[7]);
        r.regions_changed_at = 13;
        assert_eq!(choose(&w, &r, &Ledger::default()), [Section { topic: 7, articles: vec![1] }]);
    }

    #[test]
    fn the_ledger_keeps_out_what_was_told_and_brings_in_what_is_owed() {
        let w = window(10, 20, vec![article(1, &[(7, 5), (8, 12)], &[]), article(2, &[(7, 6)], &[])]);
        let ledger = Ledger { told: [1].into(), owing: [2].into() };
        assert_eq!(choose(&w, &reader(&[7, 8]), &ledger), [Section { topic: 7, articles: vec![2] }]);
    }

    /// 6 was replaced by 7, and what was filed there was filed under 7 anew.
    #[test]
    fn what_a_topic_inherits_is_for_whom_it_was_promised_and_may_have_been_told() {
        let mut inherited = article(1, &[(6, 12), (7, 15)], &[]);
        inherited.inherited = vec![(7, 12)];
        let w = window(10, 20, vec![inherited]);
        assert_eq!(choose(&w, &reader(&[7]), &Ledger::default()).len(), 1);
        assert_eq!(choose_unasked(&w, &reader(&[7])), None);
        let mut later = reader(&[7]);
        (later.topics[0].since, later.topics[0].starts) = (Some(13), 13);
        assert!(choose(&w, &later, &Ledger::default()).is_empty(), "it came before they did");

        // One that 7 had long ago, and 6 only now.
        let mut anew = article(2, &[(6, 12), (7, 5)], &[]);
        anew.inherited = vec![(7, 12)];
        let w = window(10, 20, vec![anew]);
        assert_eq!(choose(&w, &reader(&[7]), &Ledger::default()).len(), 1);
        assert_eq!((choose_unasked(&w, &reader(&[7])), w.earliest(10)), (None, 5), "whoever was told by 7 is known");
    }

    #[test]
    fn a_steady_reader_of_fresh_articles_is_not_asked_about_and_any_other_is() {
        let w = window(10, 20, vec![article(1, &[(7, 12)], &[]), article(2, &[(8, 5), (9, 13)], &[])]);
        let fresh = Section { topic: 7, articles: vec![1] };
        assert_eq!(choose_unasked(&w, &reader(&[7])), Some(vec![fresh]));
        assert_eq!(choose_unasked(&w, &reader(&[7, 9])), None, "one was filed before: it may have been told");
        let mut changed = reader(&[7]);
        changed.changed_at = 11;
        assert_eq!(choose_unasked(&w, &changed), None);
    }

    #[test]
    fn a_reader_gets_their_language_or_the_sites_where_a_topic_has_none() {
        let mut french = article(1, &[(7, 11)], &[]);
        french.language = Some(lang("fr"));
        let mut w = window(10, 20, vec![french, article(2, &[(7, 12), (8, 13)], &[])]);
        w.serve(8, lang("fr"), lang("en"));
        let mut own = article(3, &[(8, 14)], &[]);
        own.language = Some(lang("fr"));
        w.add(own);
        let mut r = reader(&[7, 8]);
        r.language = lang("fr");
        assert_eq!(
            choose(&w, &r, &Ledger::default()),
            [Section { topic: 7, articles: vec![1] }, Section { topic: 8, articles: vec![3, 2] }]
        );
    }

    #[test]
    fn what_was_withdrawn_never_comes_and_what_is_pinned_comes_first() {
        let mut gone = article(1, &[(7, 11)], &[]);
        gone.withdrawn = true;
        let mut pinned = article(2, &[(7, 12)], &[]);
        pinned.pinned = true;
        let w = window(10, 20, vec![gone, pinned, article(3, &[(7, 13)], &[])]);
        assert_eq!(choose(&w, &reader(&[7]), &Ledger::default())[0].articles, [2, 3]);
    }
}
