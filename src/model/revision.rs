//! What people changed their minds about, taken out of an edition that still waits: an article was withdrawn, or a
//! reader dropped a topic.
//!
//! What stays keeps its place, so that an edition from which nothing goes is the same edition.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::choice::Candidate;
use super::edition::{Content, Part, Placed, within_caps};

/// What is to go out of an edition, and where what stays may stand.
#[derive(Debug, Clone, Default)]
pub struct Gone {
    pub withdrawn: HashSet<i64>,
    /// Topics that the reader has just dropped.
    pub dropped: Vec<i64>,
    /// Those that they still hold, in their order, whatever the slot.
    pub held: Vec<i64>,
    /// The reader's regions; none: all.
    pub regions: Vec<i64>,
    /// The edition's articles with their filings. For withdrawals alone it is not needed.
    pub filed: HashMap<i64, Candidate>,
}

impl Content {
    /// The edition without what is gone. An article under a dropped topic moves to the first topic that the reader still
    /// holds and that it is in, else it leaves. None: nothing is left.
    pub fn without(&self, gone: &Gone) -> Option<Self> {
        let mut sections: Vec<(i64, Vec<Placed>)> = Vec::new();
        let mut moving: Vec<Placed> = Vec::new();
        for part in &self.parts {
            let staying = part.all().filter(|placed| !gone.withdrawn.contains(&placed.article)).cloned();
            let staying = staying.map(|placed| Placed { also_in: gone.not_dropped(&placed.also_in), ..placed });
            if gone.dropped.contains(&part.topic) {
                moving.extend(staying);
            } else {
                sections.push((part.topic, staying.collect()));
            }
        }
        let mut joined: HashSet<i64> = HashSet::new();
        for mut placed in moving {
            let Some(topic) = gone.home(placed.article) else { continue };
            placed.also_in.retain(|other| *other != topic);
            gone.section(&mut sections, topic).push(placed);
            joined.insert(topic);
        }
        for (topic, articles) in sections.iter_mut().filter(|(topic, _)| joined.contains(topic)) {
            articles.sort_by_key(|placed| gone.order(*topic, placed.article));
        }
        sections.retain(|(_, articles)| !articles.is_empty());
        if sections.is_empty() {
            return None;
        }
        Some(Self { parts: within_caps(sections), ..self.clone() })
    }
}

impl Part {
    fn all(&self) -> impl Iterator<Item = &Placed> {
        self.shown.iter().chain(&self.beyond)
    }
}

impl Gone {
    fn not_dropped(&self, topics: &[i64]) -> Vec<i64> {
        topics.iter().copied().filter(|topic| !self.dropped.contains(topic)).collect()
    }

    /// The first of the topics still held that the article is in.
    fn home(&self, article: i64) -> Option<i64> {
        let filed = self.filed.get(&article)?;
        self.held.iter().copied().find(|topic| filed.is_under(*topic))
    }

    /// The section of a topic; one that was not there stands before those that the reader put behind it.
    fn section<'s>(&self, sections: &'s mut Vec<(i64, Vec<Placed>)>, topic: i64) -> &'s mut Vec<Placed> {
        let rank = |topic: i64| self.held.iter().position(|held| *held == topic);
        let at = sections.iter().position(|(there, _)| *there == topic).unwrap_or_else(|| {
            let behind = sections.iter().position(|(there, _)| rank(*there) > rank(topic));
            let at = behind.unwrap_or(sections.len());
            sections.insert(at, (topic, Vec::new()));
            at
        });
        &mut sections[at].1
    }

    /// As in a run: pinned first, then the newest.
    fn order(&self, topic: i64, article: i64) -> (bool, Reverse<i64>) {
        let filed = self.filed.get(&article);
        let position = filed.and_then(|filed| filed.position(topic, &self.regions).or(filed.filed_under(topic)));
        (!filed.is_some_and(|filed| filed.pinned), Reverse(position.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::choice::{Section, Window};
    use crate::model::edition::{Format, MAIL_CAP, SECTION_CAP, lay_out};

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

    /// What a run made of these sections for a reader of `held`.
    fn frozen(sections: &[(i64, &[i64])], held: &[i64], articles: &[Candidate]) -> Content {
        let mut window = Window::new(0, 1000, "en".parse().unwrap());
        articles.iter().for_each(|article| window.add(article.clone()));
        let section = |(topic, articles): &(i64, &[i64])| Section { topic: *topic, articles: articles.to_vec() };
        let sections: Vec<Section> = sections.iter().map(section).collect();
        Content {
            frequency: Some(1),
            zone: "UTC".into(),
            language: "en".parse().unwrap(),
            format: Format::Full,
            parts: lay_out(&sections, held, &window),
            from: 0,
            to: 1,
            late: false,
            template_version: "v".into(),
        }
    }

    fn dropped(dropped: &[i64], held: &[i64], articles: &[Candidate]) -> Gone {
        let filed = articles.iter().map(|article| (article.article, article.clone())).collect();
        Gone { dropped: dropped.to_vec(), held: held.to_vec(), filed, ..Gone::default() }
    }

    fn withdrawn(articles: &[i64]) -> Gone {
        Gone { withdrawn: articles.iter().copied().collect(), ..Gone::default() }
    }

    fn sections(content: &Content) -> Vec<(i64, Vec<i64>)> {
        let articles = |part: &Part| part.all().map(|placed| placed.article).collect();
        content.parts.iter().map(|part| (part.topic, articles(part))).collect()
    }

    #[test]
    fn what_was_withdrawn_leaves_and_the_rest_stands_as_it_stood() {
        let articles = [article(1, &[(7, 1), (8, 2)], &[]), article(2, &[(7, 3)], &[]), article(3, &[(8, 4)], &[])];
        let content = frozen(&[(7, &[2, 1]), (8, &[3])], &[7, 8], &articles);
        assert_eq!(sections(&content.without(&withdrawn(&[3])).unwrap()), [(7, vec![2, 1])]);
        assert_eq!(sections(&content.without(&withdrawn(&[2])).unwrap()), [(7, vec![1]), (8, vec![3])]);
        assert_eq!(content.without(&withdrawn(&[1, 2, 3])), None);
        assert_eq!(content.without(&withdrawn(&[9])).unwrap().key(), content.key());
    }

    #[test]
    fn what_was_behind_n_more_moves_up() {
        let ids: Vec<i64> = (1..=13).collect();
        let articles: Vec<Candidate> = ids.iter().map(|id| article(*id, &[(7, *id)], &[])).collect();
        let content = frozen(&[(7, &ids)], &[7], &articles).without(&withdrawn(&[2, 4])).unwrap();
        let shown: Vec<i64> = content.parts[0].shown.iter().map(|placed| placed.article).collect();
        assert_eq!(shown, [1, 3, 5, 6, 7, 8, 9, 10, 11, 12]);
        assert_eq!(content.parts[0].beyond.len(), 1);
    }

    #[test]
    fn an_article_of_a_dropped_topic_moves_to_where_else_it_is() {
        let mut pinned = article(3, &[(8, 4)], &[]);
        pinned.pinned = true;
        let articles = [article(1, &[(7, 1), (8, 5), (9, 2)], &[]), article(2, &[(7, 3)], &[]), pinned];
        let content = frozen(&[(7, &[2, 1]), (8, &[3])], &[7, 8, 9], &articles);
        assert_eq!(content.parts[0].shown[1].also_in, [8, 9]);

        let left = content.without(&dropped(&[7], &[8, 9], &articles)).unwrap();
        assert_eq!(sections(&left), [(8, vec![3, 1])], "the pinned one stays first");
        assert_eq!(left.parts[0].shown[1].also_in, [9]);
        let left = content.without(&dropped(&[7, 8], &[9], &articles)).unwrap();
        assert_eq!(sections(&left), [(9, vec![1])]);
        assert_eq!(content.without(&dropped(&[7, 8, 9], &[], &articles)), None);
    }

    #[test]
    fn a_new_section_stands_where_the_reader_put_its_topic() {
        let articles = [article(1, &[(6, 1)], &[]), article(2, &[(7, 2), (8, 3)], &[]), article(3, &[(9, 4)], &[])];
        let content = frozen(&[(7, &[2]), (6, &[1]), (9, &[3])], &[7, 6, 9], &articles);
        let left = content.without(&dropped(&[7], &[6, 8, 9], &articles)).unwrap();
        assert_eq!(sections(&left), [(6, vec![1]), (8, vec![2]), (9, vec![3])]);
    }

    #[test]
    fn with_regions_an_article_stands_by_the_later_of_its_filings() {
        let articles = [article(1, &[(7, 1), (8, 2)], &[(3, 9)]), article(2, &[(8, 5)], &[(3, 4)])];
        let content = frozen(&[(7, &[1]), (8, &[2])], &[7, 8], &articles);
        let mut gone = dropped(&[7], &[8], &articles);
        assert_eq!(sections(&content.without(&gone).unwrap()), [(8, vec![2, 1])]);
        gone.regions = vec![3];
        assert_eq!(sections(&content.without(&gone).unwrap()), [(8, vec![1, 2])]);
    }

    #[test]
    fn a_dropped_topic_is_no_longer_named_beside_an_article() {
        let articles = [article(1, &[(7, 1), (8, 2)], &[])];
        let content = frozen(&[(7, &[1])], &[7, 8], &articles);
        let left = content.without(&dropped(&[8], &[7], &articles)).unwrap();
        assert_eq!((sections(&left), left.parts[0].shown[0].also_in.len()), (vec![(7, vec![1])], 0));
        assert_ne!(left.key(), content.key());
        let other = content.without(&dropped(&[9], &[7, 8], &articles)).unwrap();
        assert_eq!(other.key(), content.key());
    }

    prop_compose! {
        /// Sixty articles under some of six topics, each chosen under one of them.
        fn world()(
            under in prop::collection::vec(prop::collection::btree_set(0_i64..6, 1..4), 60),
            pinned in prop::collection::vec(any::<bool>(), 60),
            withdrawn in prop::collection::hash_set(0_i64..60, 0..20),
            dropped in prop::collection::btree_set(0_i64..6, 0..6),
            order in Just((0_i64..6).collect::<Vec<i64>>()).prop_shuffle(),
        ) -> (Vec<Candidate>, HashSet<i64>, Vec<i64>, Vec<i64>) {
            let topics = |id: usize| under[id].iter().map(|t| (*t, (id as i64) * 7 + t)).collect::<Vec<_>>();
            let article = |id: usize| Candidate { pinned: pinned[id], ..article(id as i64, &topics(id), &[]) };
            ((0..60).map(article).collect(), withdrawn, dropped.into_iter().collect(), order)
        }
    }

    proptest! {
        #[test]
        fn nothing_else_is_lost_and_nothing_doubled((articles, withdrawn, dropped, order) in world()) {
            let first = |article: &Candidate| order.iter().copied().find(|topic| article.is_under(*topic));
            let of = |topic: i64| -> Vec<i64> {
                articles.iter().filter(|a| first(a) == Some(topic)).map(|a| a.article).collect()
            };
            let chosen: Vec<(i64, Vec<i64>)> = order.iter().map(|t| (*t, of(*t))).filter(|(_, a)| !a.is_empty()).collect();
            let chosen: Vec<(i64, &[i64])> = chosen.iter().map(|(topic, articles)| (*topic, articles.as_slice())).collect();
            let content = frozen(&chosen, &order, &articles);
            let held: Vec<i64> = order.iter().copied().filter(|topic| !dropped.contains(topic)).collect();
            let gone = Gone {
                withdrawn: withdrawn.clone(),
                dropped,
                held: held.clone(),
                regions: vec![],
                filed: articles.iter().map(|a| (a.article, a.clone())).collect(),
            };

            let home = |a: &Candidate| held.iter().copied().find(|topic| a.is_under(*topic));
            let mut expected: Vec<(i64, i64)> = articles.iter().filter(|a| !withdrawn.contains(&a.article))
                .filter_map(|a| Some((home(a)?, a.article))).collect();
            expected.sort_unstable();
            let left = content.without(&gone);
            let parts = left.as_ref().map(|left| left.parts.as_slice()).unwrap_or_default();
            let mut there: Vec<(i64, i64)> = parts.iter().flat_map(|p| p.all().map(|a| (p.topic, a.article))).collect();
            there.sort_unstable();
            prop_assert_eq!(there, expected);
            prop_assert_eq!(left.is_none(), parts.is_empty());

            let ranks: Vec<_> = parts.iter().map(|part| held.iter().position(|topic| *topic == part.topic)).collect();
            prop_assert!(ranks.is_sorted(), "sections in the reader's order: {ranks:?}");
            prop_assert!(parts.iter().all(|part| !part.shown.is_empty() || !part.beyond.is_empty()));
            let mut room = MAIL_CAP;
            for part in parts {
                let whole = part.shown.len() + part.beyond.len();
                prop_assert_eq!(part.shown.len(), whole.min(SECTION_CAP).min(room));
                room -= part.shown.len();
                for placed in part.all() {
                    let filed = &articles[placed.article as usize];
                    let others: Vec<i64> =
                        filed.topics.iter().map(|(t, _)| *t).filter(|t| *t != part.topic && held.contains(t)).collect();
                    prop_assert_eq!(&placed.also_in, &others);
                }
            }
            if let Some(left) = &left {
                prop_assert_eq!(left.without(&gone), Some(left.clone()), "once more changes nothing");
            }
        }
    }
}
