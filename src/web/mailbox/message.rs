//! A captured mail, taken apart, and its HTML made fit for a frame.

use mail_parser::{Address, MessageParser, PartType};

/// Ways to show the colours of a mail, and their names.
pub const SCHEMES: [(&str, &str); 3] = [("", "As your browser"), ("light", "Light"), ("dark", "Dark")];

/// Header fields that tell something about a mail of ours, apart from those that every reader sees.
const FIELDS: [&str; 4] = ["Reply-To", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post"];

/// Longer is nothing that a person reads in a list.
const LONGEST_VALUE: usize = 500;

pub struct Message<'m>(mail_parser::Message<'m>);

impl<'m> Message<'m> {
    /// None: it is nothing that can be read as a mail.
    pub fn read(bytes: &'m [u8]) -> Option<Self> {
        MessageParser::default().parse(bytes).filter(|message| !message.headers().is_empty()).map(Self)
    }

    pub fn subject(&self) -> Option<String> {
        self.0.subject().map(|subject| subject.trim().to_owned()).filter(|subject| !subject.is_empty())
    }

    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let from = self.0.from().and_then(Address::first).map(|sender| match (&sender.name, &sender.address) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (_, address) => address.as_deref().unwrap_or_default().to_owned(),
        });
        let raw = |name: &'static str| {
            let value = self.0.header_raw(name)?.split_whitespace().collect::<Vec<_>>().join(" ");
            Some((name, value.chars().take(LONGEST_VALUE).collect()))
        };
        from.map(|from| ("From", from)).into_iter().chain(FIELDS.into_iter().filter_map(raw)).collect()
    }

    /// Only a part that is there: the parser would make text of HTML.
    pub fn text(&self) -> Option<String> {
        self.0.text_bodies().find_map(|part| match &part.body {
            PartType::Text(text) => Some(text.clone().into_owned()),
            _ => None,
        })
    }

    pub fn html(&self) -> Option<String> {
        self.0.html_bodies().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.clone().into_owned()),
            _ => None,
        })
    }
}

/// Its links open beside the mailbox. What a mail program does in dark mode (or in light) is done whatever mode the
/// browser is in: the question that style sheets ask gets its answer here.
pub fn framed(html: &str, scheme: &str) -> String {
    let answer = match scheme {
        "dark" => Some("(min-width:0)"),
        "light" => Some("(max-width:0)"),
        _ => None,
    };
    let html = match answer {
        Some(answer) => ["(prefers-color-scheme: dark)", "(prefers-color-scheme:dark)"]
            .iter()
            .fold(html.to_owned(), |html, question| html.replace(question, answer)),
        None => html.to_owned(),
    };
    format!("{html}<base target=\"_blank\">")
}
