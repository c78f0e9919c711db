//! Stories that a visitor brings out in the paper: `tidings demo publish`.

use chrono::{DateTime, Utc};

use super::Newsroom;
use super::paper::Article;
use crate::model::language::Language;

impl Newsroom {
    /// Brings a story out under a topic, at `now`. False: the paper has no section that carries it in this language.
    pub fn bring_out(&self, title: &str, topic: &str, language: &Language, now: DateTime<Utc>) -> bool {
        let mut own = self.own.write().expect("nobody breaks off while writing");
        let article = Article {
            slug: format!("your-story-{}", own.len() + 1),
            title: title.to_owned(),
            summary: String::new(),
            topics: vec![topic.to_owned()],
            regions: vec![],
            hours: None,
            language: language.clone(),
            place_in_file: 0,
        };
        let is_carried = self.paper.feed.iter().any(|feed| feed.language == *language && self.carries(feed, &article));
        if is_carried {
            own.push((article, now));
        }
        is_carried
    }

    pub(super) fn own(&self) -> Vec<(Article, DateTime<Utc>)> {
        self.own.read().expect("nobody breaks off while writing").clone()
    }

    /// What was brought out at this address.
    pub(super) fn own_at(&self, language: &str, slug: &str) -> Option<Article> {
        let at = |article: &Article| article.slug == slug && article.language.as_str() == language;
        self.own().into_iter().map(|(article, _)| article).find(at)
    }
}
