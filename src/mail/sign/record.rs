//! What stands in the DNS for a key, so that others can verify what it signed (RFC 6376 §3.6).

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use super::key::Key;

/// Some leave the `=` at the end out.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// A string of a TXT record is no longer than this (RFC 1035 §3.3).
const STRING: usize = 255;

/// A TXT record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// `SELECTOR._domainkey.DOMAIN`
    pub name: String,
    pub value: String,
    kind: &'static str,
    public: Vec<u8>,
    bare: Vec<u8>,
}

/// How what the DNS says goes with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// So that others believe what it signs.
    Same,
    /// The same, with `t=y`: others are asked not to go by it.
    Testing,
    Missing,
    /// `p=` is empty.
    Revoked,
    Another,
    /// Receivers then go by none, or by either.
    Several,
}

impl Record {
    pub(super) fn of(key: &Key, selector: &str, domain: &str) -> Self {
        let (kind, public) = (key.kind(), key.public());
        Self {
            name: format!("{selector}._domainkey.{domain}"),
            value: format!("v=DKIM1; k={kind}; p={}", STANDARD.encode(&public)),
            kind,
            bare: key.bare().to_vec(),
            public,
        }
    }

    /// As a line of a zone file, the value in strings of 255 octets at most.
    pub fn zone_line(&self) -> String {
        let strings = self.value.as_bytes().chunks(STRING).map(|part| format!("\"{}\"", String::from_utf8_lossy(part)));
        format!("{}. IN TXT ( {} )", self.name, strings.collect::<Vec<_>>().join(" "))
    }

    /// `texts`: the TXT records that are found under its name.
    pub fn published(&self, texts: &[String]) -> Published {
        let found: Vec<&String> = texts.iter().filter(|text| tag(text, "p").is_some()).collect();
        let text = match found.as_slice() {
            [] => return Published::Missing,
            [one] => one,
            _ => return Published::Several,
        };
        let key: String = tag(text, "p").unwrap_or_default().split_whitespace().collect();
        if key.is_empty() {
            return Published::Revoked;
        }
        let bytes = LENIENT.decode(key).unwrap_or_default();
        let is_ours = (bytes == self.public || bytes == self.bare) && tag(text, "k").unwrap_or("rsa") == self.kind;
        let is_test = tag(text, "t").is_some_and(|flags| flags.split(':').any(|flag| flag.trim() == "y"));
        match (is_ours, is_test) {
            (false, _) => Published::Another,
            (true, true) => Published::Testing,
            (true, false) => Published::Same,
        }
    }
}

/// The value of a tag in `a=b; c=d`.
pub fn tag<'r>(record: &'r str, name: &str) -> Option<&'r str> {
    let tags = record.split(';').filter_map(|tag| tag.split_once('='));
    tags.map(|(tag, value)| (tag.trim(), value.trim())).find(|(tag, _)| *tag == name).map(|(_, value)| value)
}
