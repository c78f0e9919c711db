//! Why an article is not in a reader's digest: the rules of choosing, asked the other way round.

use super::choice::{Candidate, Held, Reader, Window};

/// Why an article under a reader's topic did not come in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Missing {
    Withdrawn,
    /// Not the language that this reader gets under this topic.
    OtherLanguage,
    /// Under none of the regions that they chose.
    OtherRegion,
    /// Filed, under the topic or under their regions, after the run had begun: it belongs to a later one.
    Later,
    /// Filed before they subscribed.
    BeforeTheyCame,
    /// Another digest has it.
    Told,
    /// By the choices they have today it was due: they had others then.
    ChosenSince,
}

/// The first of the reader's topics that an article is under, and why it was not due there.
pub fn missing(window: &Window, reader: &Reader, article: &Candidate, told: bool) -> Option<(i64, Missing)> {
    let held = reader.topics.iter().find(|held| article.is_under(held.topic))?;
    Some((held.topic, why(window, reader, held, article, told)))
}

fn why(window: &Window, reader: &Reader, held: &Held, article: &Candidate, told: bool) -> Missing {
    if article.withdrawn {
        return Missing::Withdrawn;
    }
    if !window.speaks(article, held.topic, reader) {
        return Missing::OtherLanguage;
    }
    let Some(position) = article.position(held.topic, &reader.regions) else { return Missing::OtherRegion };
    if told {
        Missing::Told
    } else if position > window.upper {
        Missing::Later
    } else if position <= held.starts {
        Missing::BeforeTheyCame
    } else {
        Missing::ChosenSince
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_told_from_the_others() {
        let lang = |tag: &str| tag.parse().unwrap();
        let article = |topics: &[(i64, i64)], regions: &[(i64, i64)]| Candidate {
            article: 1,
            language: None,
            pinned: false,
            withdrawn: false,
            seen_at: 0,
            inherited: Default::default(),
            topics: topics.to_vec(),
            regions: regions.to_vec(),
        };
        let window = Window::new(10, 20, lang("en"));
        let held = |topic| Held { topic, since: None, starts: 8 };
        let mut reader = Reader {
            topics: vec![held(7), held(8)],
            regions: vec![],
            language: lang("en"),
            changed_at: 0,
            regions_changed_at: -1,
            sole: true,
        };
        let why = |reader: &Reader, article: &Candidate, told| missing(&window, reader, article, told);
        assert_eq!(why(&reader, &article(&[(9, 12)], &[]), false), None, "a topic that they do not have");
        assert_eq!(why(&reader, &article(&[(8, 12)], &[]), true), Some((8, Missing::Told)));
        assert_eq!(why(&reader, &article(&[(7, 21), (8, 12)], &[]), false), Some((7, Missing::Later)));
        assert_eq!(why(&reader, &article(&[(7, 8)], &[]), false), Some((7, Missing::BeforeTheyCame)));
        assert_eq!(why(&reader, &article(&[(7, 12)], &[]), false), Some((7, Missing::ChosenSince)));
        let mut other = article(&[(7, 12)], &[]);
        other.language = Some(lang("fr"));
        assert_eq!(why(&reader, &other, false), Some((7, Missing::OtherLanguage)));
        other.withdrawn = true;
        assert_eq!(why(&reader, &other, false), Some((7, Missing::Withdrawn)));
        reader.regions = vec![3];
        assert_eq!(why(&reader, &article(&[(7, 12)], &[(4, 13)]), false), Some((7, Missing::OtherRegion)));
        assert_eq!(why(&reader, &article(&[(7, 12)], &[(3, 25)]), false), Some((7, Missing::Later)), "a late region");
    }
}
