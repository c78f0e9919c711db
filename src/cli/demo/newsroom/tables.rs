//! The newsroom as an operator would declare it: the tables of a `tidings.toml`.

use std::fmt::Write;

use super::Newsroom;
use super::paper::Place;

impl Newsroom {
    /// `[[feed]]`, `[[topic]]` and `[[region]]`, for a newsroom served at `base` (`http://127.0.0.1:PORT`). A topic with
    /// sections takes what stands in them; the others, and regions, go by category.
    pub fn config(&self, base: &str) -> String {
        let feeds = self.paper.feed.iter().map(|feed| {
            format!(
                "[[feed]]\nslug = \"{slug}\"\nurl = \"{base}/feeds/{slug}\"\nlanguage = \"{language}\"\n\
                 allow_private = true\n\n",
                slug = feed.slug,
                language = feed.language,
            )
        });
        let topics = self.paper.topic.iter().map(|topic| {
            if self.has_sections(&topic.slug) {
                place("topic", topic, "feeds", &self.sections(&topic.slug))
            } else {
                by_category("topic", topic)
            }
        });
        let regions = self.paper.region.iter().map(|region| by_category("region", region));
        feeds.chain(topics).chain(regions).collect()
    }

    fn sections(&self, topic: &str) -> Vec<&str> {
        let sections = self.paper.feed.iter().filter(|feed| feed.topic.as_deref() == Some(topic));
        sections.map(|feed| feed.slug.as_str()).collect()
    }
}

fn by_category(table: &str, of: &Place) -> String {
    let mut names: Vec<&str> = of.name.values().map(String::as_str).collect();
    names.dedup();
    place(table, of, "any_category", &names)
}

fn place(table: &str, of: &Place, rule: &str, hits: &[&str]) -> String {
    let mut text = format!("[[{table}]]\nslug = \"{}\"\n", of.slug);
    let names: Vec<String> = of.name.iter().map(|(language, name)| format!("{language} = \"{name}\"")).collect();
    // Writing to a string does not fail.
    let _ = writeln!(text, "name = {{ {} }}", names.join(", "));
    let _ = writeln!(text, "{rule} = [\"{}\"]\n", hits.join("\", \""));
    text
}
