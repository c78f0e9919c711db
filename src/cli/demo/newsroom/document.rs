//! The feeds as documents: RSS 2.0, Atom 1.0 and JSON Feed 1.1, each as a careful publisher would write it.

use chrono::{DateTime, SecondsFormat, Utc};
use quick_xml::escape::escape;
use serde_json::json;

use super::Newsroom;
use super::paper::{Article, Feed, Format};

pub(super) struct Document {
    pub content_type: &'static str,
    pub body: String,
}

impl Newsroom {
    /// A feed as it stands now, served at `base`; nothing for one that is gone.
    pub(super) fn document(&self, feed: &Feed, base: &str) -> Option<Document> {
        let (content_type, body) = match feed.format {
            Format::Rss => ("application/rss+xml; charset=utf-8", self.rss(feed, base)),
            Format::Atom => ("application/atom+xml; charset=utf-8", self.atom(feed, base)),
            Format::Json => ("application/feed+json", self.json(feed, base)),
            Format::Gone => return None,
        };
        Some(Document { content_type, body })
    }

    fn rss(&self, feed: &Feed, base: &str) -> String {
        let items: String = self.entries(feed).iter().map(|entry| self.rss_item(entry, base)).collect();
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0">
<channel>
<title>{title}</title>
<link>{base}/</link>
<description>{title}</description>
<language>{language}</language>
{items}</channel>
</rss>
"#,
            title = escape(&feed.title),
            language = feed.language,
        )
    }

    /// A description is HTML, so its text is escaped twice.
    fn rss_item(&self, (article, date): &(Article, DateTime<Utc>), base: &str) -> String {
        let category = |name| format!("<category>{}</category>\n", escape(name));
        format!(
            "<item>\n<title>{title}</title>\n<link>{link}</link>\n<guid isPermaLink=\"false\">{id}</guid>\n\
             <pubDate>{date}</pubDate>\n<description>{summary}</description>\n{categories}</item>\n",
            title = escape(&article.title),
            link = link(article, base),
            id = id(article),
            date = date.to_rfc2822(),
            summary = escape(escape(&article.summary)),
            categories = self.categories(article).into_iter().map(category).collect::<String>(),
        )
    }

    fn atom(&self, feed: &Feed, base: &str) -> String {
        let entries = self.entries(feed);
        let updated = entries.first().map_or(self.opened, |(_, date)| *date);
        let entries: String = entries.iter().map(|entry| self.atom_entry(entry, base)).collect();
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">
<id>tag:harbourpost.example,2026:feed:{slug}</id>
<title>{title}</title>
<updated>{updated}</updated>
<link rel="self" href="{base}/feeds/{slug}"/>
<author><name>{author}</name></author>
{entries}</feed>
"#,
            language = feed.language,
            slug = feed.slug,
            title = escape(&feed.title),
            updated = rfc3339(updated),
            author = escape(&self.paper.name),
        )
    }

    fn atom_entry(&self, (article, date): &(Article, DateTime<Utc>), base: &str) -> String {
        let category = |name| format!("<category term=\"{}\"/>\n", escape(name));
        format!(
            "<entry>\n<id>{id}</id>\n<title type=\"text\">{title}</title>\n<link rel=\"alternate\" href=\"{link}\"/>\n\
             <published>{date}</published>\n<updated>{date}</updated>\n<summary type=\"text\">{summary}</summary>\n\
             {categories}</entry>\n",
            id = id(article),
            title = escape(&article.title),
            link = link(article, base),
            date = rfc3339(*date),
            summary = escape(&article.summary),
            categories = self.categories(article).into_iter().map(category).collect::<String>(),
        )
    }

    fn json(&self, feed: &Feed, base: &str) -> String {
        let item = |(article, date): &(Article, DateTime<Utc>)| {
            json!({
                "id": id(article),
                "url": link(article, base),
                "title": article.title,
                "content_text": article.summary,
                "date_published": rfc3339(*date),
                "tags": self.categories(article),
            })
        };
        let document = json!({
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "home_page_url": format!("{base}/"),
            "feed_url": format!("{base}/feeds/{}", feed.slug),
            "language": feed.language,
            "items": self.entries(feed).iter().map(item).collect::<Vec<_>>(),
        });
        document.to_string()
    }
}

fn id(article: &Article) -> String {
    format!("tag:harbourpost.example,2026:{}/{}", article.language, article.slug)
}

fn link(article: &Article, base: &str) -> String {
    format!("{base}/{}/{}", article.language, article.slug)
}

fn rfc3339(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Secs, true)
}
