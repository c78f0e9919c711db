//! A mail as a reader sees it, parsed by somebody else's parser.

use mail_parser::{Message, MessageParser};

use super::relay::Received;
use crate::store::captured_mail::Captured;

pub struct Mail {
    pub envelope_from: String,
    pub bytes: Vec<u8>,
    message: Message<'static>,
}

impl Mail {
    pub fn sent(received: Received) -> Self {
        assert_eq!(received.to.len(), 1, "one message, one reader");
        Self::of(received.from, received.bytes)
    }

    pub fn captured(captured: Captured) -> Self {
        Self::of(captured.envelope_from, captured.bytes)
    }

    fn of(envelope_from: String, bytes: Vec<u8>) -> Self {
        let message = MessageParser::default().parse(&bytes).expect("a message").into_owned();
        Self { envelope_from, bytes, message }
    }

    pub fn subject(&self) -> &str {
        self.message.subject().expect("a subject")
    }

    pub fn text(&self) -> String {
        self.message.body_text(0).expect("a plain part").into_owned()
    }

    /// Only what is really there: the parser would make HTML of plain text.
    pub fn html(&self) -> String {
        let part = self.message.html_bodies().find(|part| part.is_text_html()).expect("an HTML part");
        part.text_contents().expect("text").to_owned()
    }

    /// The articles' titles as a browser would show them in the HTML part.
    pub fn headlines(&self) -> Vec<String> {
        let html = self.html();
        let headings = html.split("<h3").skip(1).filter_map(|after| after.split_once('>')?.1.split_once("</h3>"));
        headings.map(|(heading, _)| shown(heading)).collect()
    }

    /// Its Date, as `2026-03-02 07:00`.
    pub fn date(&self) -> String {
        let date = self.message.date().expect("a Date").to_timestamp();
        chrono::DateTime::from_timestamp(date, 0).expect("a time").format("%Y-%m-%d %H:%M").to_string()
    }

    /// The only link of the plain part that has this in it.
    pub fn link(&self, with: &str) -> String {
        let text = self.text();
        let mut links = text.lines().map(str::trim).filter(|line| line.starts_with("http") && line.contains(with));
        let link = links.next().unwrap_or_else(|| panic!("no link with {with} in:\n{text}")).to_owned();
        assert_eq!(links.next(), None, "one link with {with}");
        link
    }

    /// Where it can be read in a browser.
    pub fn edition(&self) -> String {
        let text = self.text();
        text.lines().find(|line| line.contains("/edition/")).expect("a link to its page").trim().to_owned()
    }

    /// What List-Unsubscribe names.
    pub fn one_click(&self) -> String {
        let head = String::from_utf8_lossy(&self.bytes).replace("\r\n ", " ").replace("\r\n\t", " ");
        let line = head.lines().find_map(|line| line.strip_prefix("List-Unsubscribe: ")).expect("List-Unsubscribe");
        line.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
    }

    /// How often these words stand in the plain part.
    pub fn count(&self, words: &str) -> usize {
        self.text().matches(words).count()
    }

    pub fn says(&self, words: &str) -> bool {
        self.count(words) > 0
    }

    /// The plain part, with what differs by reader and edition taken out of the links.
    pub fn told(&self) -> String {
        let cut = |line: &str, path: &str| {
            let (before, after) = line.split_once(path)?;
            let rest = after.find(['?', '#']).map_or("", |query| &after[query..]);
            Some(format!("{before}{path}…{rest}"))
        };
        let shorten = |line: &str| {
            ["/stop/", "/confirm/", "/edition/", "/preferences/"]
                .iter()
                .find_map(|path| cut(line, path))
                .unwrap_or(line.to_owned())
        };
        let text = self.text().replace("\r\n", "\n");
        format!("Subject: {}\n\n{}", self.subject(), text.lines().map(shorten).collect::<Vec<_>>().join("\n"))
    }
}

/// Holds a whole mail against the one on record, whatever story and engine it comes from.
pub fn assert_told(name: &str, mail: &Mail) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name, mail.told());
    });
}

/// The text of a piece of HTML: without tags, characters as they are meant.
fn shown(html: &str) -> String {
    let pieces = html.split('<').enumerate();
    let text: String = pieces
        .map(|(i, piece)| if i == 0 { piece } else { piece.split_once('>').map_or("", |(_, text)| text) })
        .collect();
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
    ];
    entities.iter().fold(text, |text, (entity, meant)| text.replace(entity, meant)).replace("&amp;", "&")
}
