//! DKIM (RFC 6376, RFC 8463): the field that says who answers for a message, and that nobody has changed it.
//!
//! Relaxed for header and body, the whole body (no `l=`), and as old as the delivery (`t=`, no `x=`): the same message
//! gets the same bytes at every attempt. What must not be laid on top of a message is named once more than it is there,
//! so that a second From, Subject or List-Unsubscribe breaks the signature.
//!
//! It reads no file and does not know the DNS: keys come in as PEM, and it says what record a key needs.

mod canonical;
mod key;
mod record;

use aws_lc_rs::digest;
use aws_lc_rs::error::Unspecified;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use thiserror::Error;

pub use key::{KeyError, Keys};
pub use record::{Published, Record, tag};

use super::message::Message;
use key::Key;

/// RFC 5322 §2.1.1
const WIDTH: usize = 78;

/// Which fields are signed, where they are there; and those that nobody may add.
const FIELDS: &[(&str, Added)] = &[
    ("From", Added::Breaks),
    ("To", Added::Breaks),
    ("Cc", Added::Breaks),
    ("Reply-To", Added::Breaks),
    ("Subject", Added::Breaks),
    ("Date", Added::Breaks),
    ("Message-ID", Added::Breaks),
    ("MIME-Version", Added::Breaks),
    ("Content-Type", Added::Breaks),
    ("Content-Language", Added::Passes),
    // Of a message of one part. A relay may add one to others.
    ("Content-Transfer-Encoding", Added::Passes),
    ("List-Id", Added::Passes),
    ("List-Unsubscribe", Added::Breaks),
    ("List-Unsubscribe-Post", Added::Breaks),
    ("List-Help", Added::Passes),
    ("List-Owner", Added::Passes),
    ("List-Archive", Added::Passes),
    ("List-Post", Added::Passes),
    ("List-Subscribe", Added::Passes),
    ("Auto-Submitted", Added::Passes),
    ("Feedback-ID", Added::Passes),
];

/// What one more field of a name, put there on the way, does to the signature.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Added {
    Breaks,
    Passes,
}

/// Signs for a domain, with one key or with two.
pub struct Signer {
    domain: String,
    keys: Vec<(String, Key)>,
}

#[derive(Debug, Error)]
#[error("the key for DKIM could not sign")]
pub struct SignError(#[from] Unspecified);

impl Signer {
    /// `domain` in A-labels. The Ed25519 key, if there is one, signs beside the other, under a selector of its own.
    pub fn new(domain: &str, selector: &str, keys: Keys) -> Self {
        let second = keys.ed25519.map(|key| (ed25519_selector(selector), key));
        let keys = [Some((selector.to_owned(), keys.rsa)), second];
        Self { domain: domain.to_owned(), keys: keys.into_iter().flatten().collect() }
    }

    /// What has to stand in the DNS, for each key.
    pub fn records(&self) -> Vec<Record> {
        self.keys.iter().map(|(selector, key)| Record::of(key, selector, &self.domain)).collect()
    }

    /// The fields to put on top of `message`, which has whole lines that end with CRLF.
    pub fn sign(&self, message: &[u8], at: DateTime<Utc>) -> Result<Vec<u8>, SignError> {
        let (header, body) = halves(message);
        let fields = fields(header);
        let mut names = Vec::with_capacity(2 * FIELDS.len());
        let mut signed = Vec::with_capacity(header.len() + 1024);
        for (name, added) in FIELDS {
            // Verifiers look for fields of a name from below.
            for field in fields.iter().rev().filter(|field| is_named(field, name)) {
                names.push(*name);
                canonical::field(field, &mut signed);
            }
            if *added == Added::Breaks {
                names.push(*name);
            }
        }
        let hash = body_hash(body);
        let mut out = Vec::with_capacity(1536);
        for (selector, key) in &self.keys {
            let begin = out.len();
            let mut field = Field { out: &mut out, column: 0 };
            field.open(key.algorithm(), &self.domain, selector, at, &names, &hash);
            let data = signed.len();
            canonical::field(&field.out[begin..], &mut signed);
            // Its own field is signed without the CRLF at its end (§3.7).
            let signature = key.sign(&signed[..signed.len() - 2]);
            signed.truncate(data);
            field.close(&signature?);
        }
        Ok(out)
    }

    /// The message with its signature on top.
    pub fn signed(&self, message: Message, at: DateTime<Utc>) -> Result<Message, SignError> {
        let fields = self.sign(&message, at)?;
        Ok(message.under(&fields))
    }
}

/// A selector has one key in the DNS, so the second key has its own.
pub fn ed25519_selector(selector: &str) -> String {
    format!("{selector}-ed25519")
}

/// The header without the empty line behind it, and the body.
fn halves(message: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memmem::find(message, b"\r\n\r\n") {
        Some(end) => (&message[..end + 2], &message[end + 4..]),
        None => (message, &[]),
    }
}

/// Each with its further lines.
fn fields(header: &[u8]) -> Vec<&[u8]> {
    let mut fields = Vec::with_capacity(32);
    let mut begin = 0;
    for end in memchr::memchr_iter(b'\n', header) {
        let goes_on = matches!(header.get(end + 1), Some(b' ' | b'\t'));
        if !goes_on {
            fields.push(&header[begin..=end]);
            begin = end + 1;
        }
    }
    fields
}

fn is_named(field: &[u8], name: &str) -> bool {
    field.split_at_checked(name.len()).is_some_and(|(begin, rest)| {
        begin.eq_ignore_ascii_case(name.as_bytes()) && rest.trim_ascii_start().starts_with(b":")
    })
}

fn body_hash(body: &[u8]) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    canonical::body(body, |piece| hash.update(piece));
    STANDARD.encode(hash.finish())
}

/// A DKIM-Signature field being written, folded where it can be.
struct Field<'o> {
    out: &'o mut Vec<u8>,
    column: usize,
}

impl Field<'_> {
    /// Up to the signature itself.
    fn open(&mut self, algorithm: &str, domain: &str, selector: &str, at: DateTime<Utc>, names: &[&str], hash: &str) {
        self.write("DKIM-Signature:");
        self.word(&format!("v=1; a={algorithm}; c=relaxed/relaxed;"));
        self.word(&format!("d={domain};"));
        self.word(&format!("s={selector};"));
        self.word(&format!("t={};", at.timestamp()));
        for (i, name) in names.iter().enumerate() {
            let mark = if i + 1 == names.len() { ";" } else { ":" };
            if i == 0 {
                self.word(&format!("h={name}{mark}"));
            } else {
                self.piece(&format!("{name}{mark}"));
            }
        }
        self.word(&format!("bh={hash};"));
        self.word("b=");
    }

    fn close(&mut self, signature: &[u8]) {
        let text = STANDARD.encode(signature);
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at(rest.len().min(WIDTH.saturating_sub(self.column).max(1)));
            self.write(line);
            rest = after;
            if !rest.is_empty() {
                self.fold();
            }
        }
        self.write("\r\n");
    }

    /// After a space, or on the next line.
    fn word(&mut self, text: &str) {
        if self.column + 1 + text.len() > WIDTH {
            self.fold();
        } else {
            self.write(" ");
        }
        self.write(text);
    }

    /// At once, or on the next line.
    fn piece(&mut self, text: &str) {
        if self.column + text.len() > WIDTH {
            self.fold();
        }
        self.write(text);
    }

    fn fold(&mut self) {
        self.write("\r\n ");
        self.column = 1;
    }

    fn write(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
        self.column += text.len();
    }
}

#[cfg(test)]
pub mod tests;
