//! What came, read from the mail itself: the demo does not look into the rows that it was made from.

use quick_xml::escape::unescape;

use crate::mail::parsed::Parsed;

/// A mail, taken apart and decoded.
#[derive(Debug, Clone)]
pub struct Message {
    /// As they came, unfolded.
    headers: Vec<(String, String)>,
    subject: String,
    pub text: String,
    pub html: String,
}

impl Message {
    /// None for what has not both a text and an HTML part.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mail = Parsed::read(bytes)?;
        let lines = |part: String| part.replace("\r\n", "\n");
        Some(Self {
            headers: mail.fields().map(|(name, value)| (name.to_owned(), value)).collect(),
            subject: mail.subject().unwrap_or_default(),
            text: lines(mail.text()?),
            html: lines(mail.html()?),
        })
    }

    /// A header field's value, unfolded; only the first of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(named, _)| named.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The first link between angle brackets in a field that begins so.
    pub fn link_in(&self, name: &str, begins: &str) -> Option<&str> {
        let links = self.header(name)?.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
        links.map(|(link, _)| link).find(|link| link.starts_with(begins))
    }

    /// The first line of the text part that is a link of this kind.
    pub fn line_that_begins(&self, begins: &str) -> Option<&str> {
        self.text.lines().find(|line| line.starts_with(begins))
    }
}

/// What a person reads in the `<h3>` elements of a page.
pub fn headlines(html: &str) -> Vec<String> {
    let chunks = html.split("<h3").skip(1).filter_map(|chunk| chunk.split_once('>')?.1.split_once("</h3>"));
    chunks.map(|(inside, _)| plain(inside)).collect()
}

fn plain(html: &str) -> String {
    let outside = html.split('<').enumerate().map(|(i, piece)| match (i, piece.split_once('>')) {
        (1.., Some((_, after))) => after,
        _ => piece,
    });
    let text: String = outside.collect();
    unescape(&text).map(|text| text.trim().to_owned()).unwrap_or(text)
}
