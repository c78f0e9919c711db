//! A mail, taken apart as a mail program does: for the mailbox that shows what was captured, and for the demo that reads it.

use mail_parser::{Address, MessageParser, PartType};

pub struct Parsed<'m>(mail_parser::Message<'m>);

impl<'m> Parsed<'m> {
    /// None: it is nothing that can be read as a mail.
    pub fn read(bytes: &'m [u8]) -> Option<Self> {
        MessageParser::default().parse(bytes).filter(|message| !message.headers().is_empty()).map(Self)
    }

    pub fn subject(&self) -> Option<String> {
        self.0.subject().map(|subject| subject.trim().to_owned()).filter(|subject| !subject.is_empty())
    }

    /// `Name <address>`, or the address alone.
    pub fn from(&self) -> Option<String> {
        self.0.from().and_then(Address::first).map(|sender| match (&sender.name, &sender.address) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (_, address) => address.as_deref().unwrap_or_default().to_owned(),
        })
    }

    /// All header fields as they came, unfolded.
    pub fn fields(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.headers_raw().map(|(name, value)| (name, value.split_whitespace().collect::<Vec<_>>().join(" ")))
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
