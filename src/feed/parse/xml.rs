//! One forgiving pass over XML. What it meets it tells the [`Reading`]; what is wrong it steps over and notes.
//!
//! A document that breaks keeps what was read before. Never recursive; what is read a second time because a quote or
//! a bracket was missing is bounded.

use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::events::{BytesStart, Event};
use url::Url;

use super::chars;
use super::entities::Entities;
use super::reading::Reading;
use super::tag::Tag;
use crate::feed::Document;

/// How many times the length of the document may be read again after something broken, in all.
const AGAIN: usize = 4;

/// None when it is no feed.
pub(super) fn read(text: &str, base: Option<&Url>) -> Option<Document> {
    let mut pass = Pass { text, at: 0, again: 0, entities: Entities::default(), reading: Reading::new(base) };
    while pass.stretch() {}
    pass.reading.finish()
}

fn begins_a_name(tag: &[u8]) -> bool {
    tag.first().is_some_and(|&b| b.is_ascii_alphabetic() || b == b'_' || b == b':' || !b.is_ascii())
}

struct Pass<'a> {
    text: &'a str,
    /// Where the next stretch begins.
    at: usize,
    /// Bytes that had to be read again so far.
    again: usize,
    entities: Entities,
    reading: Reading,
}

impl Pass<'_> {
    /// Reads until something is broken. True when there is more to read after it.
    fn stretch(&mut self) -> bool {
        // The reader drops a byte order mark where it begins, and does not count it.
        let rest = self.text[self.at..].trim_start_matches('\u{feff}');
        self.at = self.text.len() - rest.len();
        let mut reader = Reader::from_str(rest);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;

        loop {
            let before = reader.buffer_position() as usize;
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(Error::IllFormed(_)) => continue,
                Err(error) => {
                    let from = self.at;
                    let goes_on = self.broken(from + reader.error_position() as usize, &error);
                    return goes_on
                        && self.may_read_again((from + reader.buffer_position() as usize).saturating_sub(self.at));
                }
            };
            if let Event::Start(start) | Event::Empty(start) = &event
                && !begins_a_name(start)
                && self.may_read_again(start.len())
            {
                // "I <3 tides": not a tag.
                self.reading.damage("a bare < in text");
                self.reading.text("<");
                self.at += before + 1;
                return true;
            }
            match event {
                Event::Start(start) => match self.runaway(&start) {
                    Some(length) => return self.mend_tag(self.at + before, length),
                    None => self.reading.start(&Tag::of(&start), false),
                },
                Event::Empty(start) => match self.runaway(&start) {
                    Some(length) => return self.mend_tag(self.at + before, length),
                    None => self.reading.start(&Tag::of(&start), true),
                },
                Event::End(end) => self.reading.end(&String::from_utf8_lossy(end.name().into_inner())),
                Event::Text(text) => self.reading.text(&String::from_utf8_lossy(&text)),
                Event::CData(text) => self.reading.text(&String::from_utf8_lossy(&text)),
                Event::GeneralRef(name) => self.reference(&String::from_utf8_lossy(&name)),
                Event::DocType(declaration) => self.entities.hear(&String::from_utf8_lossy(&declaration)),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => return false,
            }
            if self.reading.is_over() {
                return false;
            }
        }
    }

    fn reference(&mut self, name: &str) {
        if let Some(text) = chars::resolve(name) {
            self.reading.text(&text);
        } else if let Some(text) = self.entities.expand(name) {
            self.reading.text(text);
        } else {
            // Not a reference, then: "AT&T is large; so is …".
            self.reading.text("&");
            self.reading.text(name);
            self.reading.text(";");
        }
    }

    /// A tag whose quote was never closed runs on into the text after it: where it should have ended.
    fn runaway(&mut self, start: &BytesStart) -> Option<usize> {
        let end = start.iter().position(|&b| b == b'>')?;
        let bracket = start.iter().position(|&b| b == b'<')?;
        (end < bracket && self.may_read_again(start.len() - end)).then_some(end)
    }

    /// Whether there is patience left for so many bytes more.
    fn may_read_again(&mut self, bytes: usize) -> bool {
        self.again += bytes;
        self.again <= AGAIN * self.text.len()
    }

    /// Takes the tag at `at` to end at its first `>`, `length` bytes after its `<`, and goes on from there.
    fn mend_tag(&mut self, at: usize, length: usize) -> bool {
        self.reading.damage("a quote is missing in a tag");
        let inner = &self.text[at + 1..][..length];
        let (inner, empty) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
        let name = inner.find(|c: char| c.is_ascii_whitespace()).unwrap_or(inner.len());
        self.reading.start(&Tag::of(&BytesStart::from_content(inner, name)), empty);
        self.at = at + 1 + length + 1;
        true
    }

    fn broken(&mut self, at: usize, error: &Error) -> bool {
        self.reading.damage(&error.to_string());
        let rest = &self.text[at..];
        match error {
            Error::Syntax(SyntaxError::UnclosedCData) => {
                self.reading.text(rest.get("<![CDATA[".len()..).unwrap_or_default());
                false
            }
            Error::Syntax(
                SyntaxError::UnclosedSingleQuotedAttributeValue | SyntaxError::UnclosedDoubleQuotedAttributeValue,
            ) => match rest.find('>') {
                Some(end) if !rest.starts_with("</") => self.mend_tag(at, end - 1),
                Some(end) => {
                    self.at = at + end + 1;
                    true
                }
                None => false,
            },
            // Cut off in the middle of a tag: there is nothing after it.
            Error::Syntax(SyntaxError::UnclosedTag) => false,
            _ => {
                let mark = rest.len() - rest.trim_start_matches(['<', '!', '?', '-', '[']).len();
                self.at = at + mark;
                mark > 0
            }
        }
    }
}
