//! Feeds and topics as the file declares them: written for people, in the form that [`super::Config`] reads.

use super::Feed;
use super::duration;
use crate::model::language::Language;
use crate::model::slug::Slug;

/// A text as TOML writes it. JSON escapes the same way, but for DEL.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

impl Feed {
    /// `[[feed]]` and its lines.
    pub fn text(&self) -> String {
        let mut text = format!("[[feed]]\nslug = \"{}\"\nurl = {}\n", self.slug, quoted(self.url.as_str()));
        if let Some(language) = &self.language {
            text.push_str(&format!("language = \"{language}\"\n"));
        }
        if self.allow_private {
            text.push_str("allow_private = true\n");
        }
        if let Some(interval) = self.interval {
            text.push_str(&format!("interval = \"{}\"\n", duration::shown(interval)));
        }
        text
    }
}

/// `[[topic]]` and its lines, for a topic of whatever comes in these feeds.
pub fn topic_of_feeds(slug: &Slug, language: &Language, name: &str, feeds: &[Slug]) -> String {
    let feeds: Vec<String> = feeds.iter().map(|feed| format!("\"{feed}\"")).collect();
    format!(
        "[[topic]]\nslug = \"{slug}\"\nname = {{ {language} = {} }}\nfeeds = [{}]\n",
        quoted(name),
        feeds.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::config::Config;

    #[test]
    fn what_is_written_is_what_is_read() {
        let feed = Feed {
            slug: "sea".parse().unwrap(),
            url: "https://news.example.org/sea?a=\"b\"".parse().unwrap(),
            language: Some("en".parse().unwrap()),
            allow_private: true,
            interval: Some(Duration::from_secs(5400)),
        };
        let name = "The \"Sea\" \\ \u{7f}\n";
        let topic = topic_of_feeds(&feed.slug, &"en".parse().unwrap(), name, std::slice::from_ref(&feed.slug));
        let config = Config::from_text(&format!("{}\n{topic}", feed.text()), "x.toml", Path::new(""), []).unwrap();
        assert_eq!(config.feeds, std::slice::from_ref(&feed));
        assert_eq!(config.topics[0].name.values().collect::<Vec<_>>(), [name]);
        assert_eq!(config.topics[0].rule.feeds, [feed.slug]);
    }
}
