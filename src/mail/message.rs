//! RFC 5322 messages: an edition encoded once, spliced for each delivery.
//!
//! A delivery is copy, splice, headers; [`super::sign`] puts its field on top. What comes out is handed over byte by
//! byte.

use std::ops::Deref;

use super::encode::Body;
use super::field;
use super::head::Head;
use super::unfit::MessageError;
use super::wire::{self, Flaw};
use crate::model::language::Language;
use crate::model::rendering::{CLOSE, Holed, OPEN, Piece, Places, Rendering};

/// Room for a header, and for a signature or two on top of it.
const HEADER: usize = 3072;

/// A rendering in its transfer encoding, shared by all its readers.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The whole field.
    subject: Vec<u8>,
    language: Language,
    text: Body,
    /// None for readers who want text alone.
    html: Option<Body>,
}

impl Encoded {
    pub fn of(rendering: &Rendering) -> Result<Self, MessageError> {
        if has_mark(&rendering.subject) || broken(&rendering.text) || broken(&rendering.html) {
            return Err(MessageError::BrokenHole);
        }
        if field::one_line(&rendering.subject).is_empty() {
            return Err(MessageError::NoSubject);
        }
        let mut subject = Vec::new();
        field::unstructured("Subject", &rendering.subject, &mut subject);
        Ok(Self {
            subject,
            language: rendering.language.clone(),
            text: Body::of(&rendering.text),
            html: (!rendering.html.0.is_empty()).then(|| Body::of(&rendering.html)),
        })
    }

    /// The message for one reader. Octets beyond ASCII only in the To of an address that cannot be written otherwise (RFC
    /// 6532).
    pub fn splice(&self, head: &Head, places: &Places) -> Result<Message, MessageError> {
        let size = self.text.size() + self.html.as_ref().map_or(0, Body::size);
        let mut out = Vec::with_capacity(HEADER + size);
        let utf8 = head.to.needs_smtputf8();
        self.header(head, &mut out)?;
        wire::check(&out, utf8)?;

        let text = |name: &str| places.get(name).map(|place| place.text.as_str());
        match &self.html {
            None => part("text/plain", &self.text, text, &mut out)?,
            Some(html) => {
                let boundary = head.boundary();
                push(&mut out, &["Content-Type: multipart/alternative;\r\n boundary=\"", &boundary, "\"\r\n\r\n"]);
                push(&mut out, &["--", &boundary, "\r\n"]);
                part("text/plain", &self.text, text, &mut out)?;
                push(&mut out, &["--", &boundary, "\r\n"]);
                part("text/html", html, |name| places.get(name).map(|place| place.html.as_str()), &mut out)?;
                push(&mut out, &["--", &boundary, "--\r\n"]);
            }
        }
        Ok(Message::of(out, utf8)?)
    }

    /// The header, but for what says how the body is written.
    fn header(&self, head: &Head, out: &mut Vec<u8>) -> Result<(), MessageError> {
        head.write_from(out)?;
        out.extend_from_slice(&self.subject);
        head.write_rest(out)?;
        push(out, &["MIME-Version: 1.0\r\nContent-Language: ", self.language.as_str(), "\r\n"]);
        Ok(())
    }
}

/// The bytes of a message, as they travel: whole lines, none of which begins with a dot, so that a session has nothing to
/// double and nobody can end the message before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(Vec<u8>);

impl Message {
    /// Whoever makes it sees to it that none of the flaws of [`wire::check`] is in it. A dot would give what follows it to the
    /// relay as commands: that there is none is looked at once more.
    pub(super) fn of(bytes: Vec<u8>, utf8: bool) -> Result<Self, Flaw> {
        if bytes.starts_with(b".") || memchr::memmem::find(&bytes, b"\n.").is_some() {
            return Err(Flaw::Dot);
        }
        debug_assert_eq!(wire::check(&bytes, utf8), Ok(()));
        Ok(Self(bytes))
    }

    /// The same message with whole fields on top.
    pub(super) fn under(mut self, fields: &[u8]) -> Self {
        debug_assert_eq!(wire::check(fields, false), Ok(()));
        self.0.splice(0..0, fields.iter().copied());
        self
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl Deref for Message {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A body with the fields that say how it is written.
fn part<'p>(
    kind: &str,
    body: &Body,
    value: impl Fn(&str) -> Option<&'p str>,
    out: &mut Vec<u8>,
) -> Result<(), MessageError> {
    push(out, &["Content-Type: ", kind, "; charset=utf-8\r\n"]);
    push(out, &["Content-Transfer-Encoding: ", body.transfer(), "\r\n\r\n"]);
    body.splice(value, out).map_err(|name| MessageError::NoPlace(name.to_owned()))?;
    push(out, &["\r\n"]);
    Ok(())
}

fn push(out: &mut Vec<u8>, pieces: &[&str]) {
    for piece in pieces {
        out.extend_from_slice(piece.as_bytes());
    }
}

fn broken(holed: &Holed) -> bool {
    holed.0.iter().any(|piece| matches!(piece, Piece::Fixed(text) if has_mark(text)))
}

fn has_mark(text: &str) -> bool {
    // One after the other, which looks for bytes and not for characters.
    text.contains(OPEN) || text.contains(CLOSE)
}

#[cfg(test)]
mod tests;
