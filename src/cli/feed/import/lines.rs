//! From the outlines of a list to the lines of the configuration.

use std::collections::BTreeSet;

use crate::cli::naming;
use crate::config::{Config, Feed, Topic, topic_of_feeds};
use crate::feed::identity::canonical_link;
use crate::feed::opml::{Folder, Outline};
use crate::model::slug::Slug;

#[derive(Debug, Default)]
pub struct Lines {
    pub text: String,
    pub feeds: Vec<Slug>,
    pub topics: Vec<Slug>,
    pub already: usize,
    /// What is to be changed by hand: a topic that is there already takes a new feed.
    pub joins: Vec<String>,
}

impl Lines {
    /// Feeds first; `topics` after them, where they are wanted.
    pub fn of(config: &Config, outlines: &[Outline], topics: bool) -> anyhow::Result<Self> {
        let known: BTreeSet<String> = config.feeds.iter().map(|feed| key(&feed.url)).collect();
        let mut taken: BTreeSet<Slug> = config.feeds.iter().map(|feed| feed.slug.clone()).collect();
        let mut lines = Self::default();
        let mut folders: Vec<(&Folder, Vec<Slug>)> = Vec::new();
        for outline in outlines {
            if known.contains(&key(&outline.url)) {
                lines.already += 1;
                continue;
            }
            let slug = slug(outline, &mut taken)?;
            for folder in &outline.folders {
                match folders.iter_mut().find(|(known, _)| *known == folder) {
                    Some((_, feeds)) => feeds.push(slug.clone()),
                    None => folders.push((folder, vec![slug.clone()])),
                }
            }
            lines.feed(outline, slug, topics);
        }
        if topics {
            lines.topics(config, folders)?;
        }
        Ok(lines)
    }

    fn feed(&mut self, outline: &Outline, slug: Slug, topics: bool) {
        let names: Vec<String> = outline.folders.iter().map(|folder| naming::one_line(&folder.name)).collect();
        let mut comment = outline.title.as_deref().map(naming::one_line).unwrap_or_default();
        if !topics && !names.is_empty() {
            comment = format!("{comment} (in {})", names.join(", ")).trim_start().to_owned();
        }
        self.part(&comment);
        let feed = Feed {
            slug: slug.clone(),
            url: outline.url.clone(),
            language: outline.language.clone(),
            allow_private: outline.allow_private,
            interval: outline.interval,
        };
        self.text.push_str(&feed.text());
        self.feeds.push(slug);
    }

    fn topics(&mut self, config: &Config, folders: Vec<(&Folder, Vec<Slug>)>) -> anyhow::Result<()> {
        let given_up = config.retired.topics.iter();
        let mut taken: BTreeSet<Slug> = config.topics.iter().chain(given_up).map(|topic| topic.slug.clone()).collect();
        for (folder, feeds) in folders {
            if let Some(topic) = config.topics.iter().find(|topic| is_meant(topic, folder)) {
                let feeds: Vec<String> = feeds.iter().map(|feed| format!("\"{feed}\"")).collect();
                self.joins.push(format!(
                    "the topic `{}` is there already: add {} to its `feeds`",
                    topic.slug,
                    feeds.join(", ")
                ));
                continue;
            }
            let name = naming::one_line(&folder.name);
            let slug = match folder.slug.clone().filter(|slug| taken.insert(slug.clone())) {
                Some(slug) => slug,
                None => naming::untaken_or(&name, "topic", &mut taken)?,
            };
            self.part("");
            self.text.push_str(&topic_of_feeds(&slug, &config.site.language, &name, &feeds));
            self.topics.push(slug);
        }
        Ok(())
    }

    /// A gap, and a comment if there is one.
    fn part(&mut self, comment: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        if !comment.is_empty() {
            self.text.push_str(&format!("# {comment}\n"));
        }
    }
}

fn key(url: &url::Url) -> String {
    canonical_link(url.as_str()).unwrap_or_else(|| url.to_string())
}

fn slug(outline: &Outline, taken: &mut BTreeSet<Slug>) -> anyhow::Result<Slug> {
    if let Some(slug) = outline.slug.clone().filter(|slug| taken.insert(slug.clone())) {
        return Ok(slug);
    }
    let name = naming::name(outline.title.as_deref(), &outline.url);
    naming::untaken(&name, &outline.url, taken)
}

/// By its slug, or by its name in any language.
fn is_meant(topic: &Topic, folder: &Folder) -> bool {
    let name = folder.name.to_lowercase();
    folder.slug.as_ref() == Some(&topic.slug) || topic.name.values().any(|known| known.to_lowercase() == name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::feed::opml;

    const BEFORE: &str = "[[feed]]\nslug = \"sea\"\nurl = \"http://a.example/sea/\"\n\
        [[topic]]\nslug = \"health\"\nname = { en = \"Health\" }\nfeeds = [\"sea\"]\n";

    fn outlines() -> Vec<Outline> {
        let list = "<opml><outline text='Health'><outline text='Sea' xmlUrl='https://a.example/sea'/>\
            <outline text='Sea' xmlUrl='https://b.example/sea'/></outline>\
            <outline text='الصحة'><outline text='&quot;&#10;[[feed]]' xmlUrl='https://c.example/#&quot;x'/></outline></opml>";
        opml::read(list.as_bytes()).unwrap().feeds
    }

    #[test]
    fn what_is_new_in_a_list_becomes_lines_that_can_be_read() {
        let before = Config::from_text(BEFORE, "x", Path::new(""), []).unwrap();
        let lines = Lines::of(&before, &outlines(), true).unwrap();
        assert_eq!((lines.already, lines.joins.len()), (1, 1));
        assert_eq!(lines.joins[0], "the topic `health` is there already: add \"sea-2\" to its `feeds`");
        let after = Config::from_text(&format!("{BEFORE}\n{}", lines.text), "x", Path::new(""), []).unwrap();
        let slugs: Vec<&str> = after.feeds.iter().map(|feed| feed.slug.as_str()).collect();
        assert_eq!(slugs, ["sea", "sea-2", "feed"]);
        assert_eq!((after.topics.len(), after.topics[1].slug.as_str()), (2, "topic"));
    }

    #[test]
    fn a_folder_is_a_comment_where_no_topics_are_wanted() {
        let empty = Config::from_text("", "x", Path::new(""), []).unwrap();
        let lines = Lines::of(&empty, &outlines()[..1], false).unwrap();
        assert_eq!(lines.text, "# Sea (in Health)\n[[feed]]\nslug = \"sea\"\nurl = \"https://a.example/sea\"\n");
    }
}
