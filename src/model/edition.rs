//! What readers who are due the same articles get: everything of it that one can see, and the key over that.

use aws_lc_rs::digest;
use serde::{Deserialize, Serialize};

use super::choice::{Section, Window};
use super::language::Language;

/// At most this many articles stand in one section; the rest is "and N more", on the edition's page.
pub const SECTION_CAP: usize = 10;
/// At most this many stand in one mail.
pub const MAIL_CAP: usize = 40;

/// A subscriber's choice of what a mail looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    #[default]
    Full,
    NoImages,
    Text,
}

/// The frozen content of an edition. Ids, not texts: an article's mailed text stands from its first edition on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// The frequency's id; none for a digest on request.
    pub frequency: Option<i64>,
    pub zone: String,
    pub language: Language,
    pub format: Format,
    pub parts: Vec<Part>,
    /// The window covered, UTC milliseconds.
    pub from: i64,
    pub to: i64,
    pub late: bool,
    /// Of templates and catalogues.
    pub template_version: String,
}

/// One topic of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Part {
    pub topic: i64,
    pub shown: Vec<Placed>,
    /// Behind "and N more in X".
    pub beyond: Vec<Placed>,
}

/// An article in its place.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Placed {
    pub article: i64,
    /// The reader's other topics that it is in.
    pub also_in: Vec<i64>,
    /// The regions that it is in.
    pub regions: Vec<i64>,
}

impl Content {
    /// All articles of it, those behind "N more" too.
    pub fn articles(&self) -> impl Iterator<Item = i64> {
        self.parts.iter().flat_map(|part| part.shown.iter().chain(&part.beyond)).map(|placed| placed.article)
    }

    /// 128 bits over all of it. The run's period is part of `from` and `to`.
    pub fn key(&self) -> [u8; 16] {
        let text = self.to_json();
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        hash.as_ref()[..16].try_into().expect("a SHA-256 has 32 bytes")
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("ids and strings always serialise")
    }
}

/// Lays chosen sections out for a reader who holds `held`: the caps, "also in", the regions.
pub fn lay_out(sections: &[Section], held: &[i64], window: &Window) -> Vec<Part> {
    let place = |topic: i64, article: &i64| {
        let candidate = window.candidate(*article);
        let filed = |facet: fn(&super::choice::Candidate) -> &Vec<(i64, i64)>| {
            let mut ids: Vec<i64> = candidate.map(facet).into_iter().flatten().map(|(id, _)| *id).collect();
            ids.sort_unstable();
            ids
        };
        let mut also_in = filed(|c| &c.topics);
        also_in.retain(|other| *other != topic && held.contains(other));
        Placed { article: *article, also_in, regions: filed(|c| &c.regions) }
    };
    let placed = |s: &Section| (s.topic, s.articles.iter().map(|article| place(s.topic, article)).collect());
    within_caps(sections.iter().map(placed).collect())
}

/// Shows as many as a section and a mail can have; the rest is "N more".
pub(super) fn within_caps(sections: Vec<(i64, Vec<Placed>)>) -> Vec<Part> {
    let mut room = MAIL_CAP;
    let cap = |(topic, mut shown): (i64, Vec<Placed>)| {
        let beyond = shown.split_off(shown.len().min(SECTION_CAP).min(room));
        room -= shown.len();
        Part { topic, shown, beyond }
    };
    sections.into_iter().map(cap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::choice::Candidate;

    #[test]
    fn a_section_shows_ten_a_mail_forty_and_the_rest_is_counted() {
        let mut window = Window::new(0, 1000, "en".parse().unwrap());
        let mut sections = Vec::new();
        for topic in 1..=6 {
            let articles: Vec<i64> = (0..12).map(|n| topic * 100 + n).collect();
            for &article in &articles {
                window.add(Candidate {
                    article,
                    language: None,
                    pinned: false,
                    withdrawn: false,
                    seen_at: 0,
                    topics: vec![(topic, article), (topic % 6 + 1, article)],
                    inherited: vec![],
                    regions: vec![],
                });
            }
            sections.push(Section { topic, articles });
        }
        let parts = lay_out(&sections, &[1, 2, 3, 4, 5, 6], &window);
        let shown: Vec<usize> = parts.iter().map(|part| part.shown.len()).collect();
        assert_eq!(shown, [10, 10, 10, 10, 0, 0]);
        assert_eq!(parts.iter().map(|part| part.shown.len() + part.beyond.len()).sum::<usize>(), 72);
        assert_eq!(parts[0].shown[0].also_in, [2]);
    }
}
