//! A text with holes, in its transfer encoding (RFC 2045 §6).
//!
//! Quoted-printable pieces can be joined as bytes when each ends at a line end or at a soft break, so the fixed pieces
//! are encoded once for all readers and only what fills a hole is encoded for each. Base64 has no soft break: where a
//! piece begins in its group of three depends on the length of every hole before it. Texts that are mostly beyond ASCII
//! are therefore kept as they are and encoded for each delivery, about 10 µs for 30 KB.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::rendering::{Holed, Piece};

/// RFC 2045 §6.7: 76 characters a line, of which the last may be the `=` of a soft break.
const QUOTED_WIDTH: usize = 75;
/// 57 bytes make a line of 76 characters.
const BASE64_BYTES: usize = 57;
const SOFT_BREAK: &[u8] = b"=\r\n";
const LINE_END: &[u8] = b"\r\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transfer {
    QuotedPrintable,
    Base64,
}

#[derive(Debug, Clone)]
enum Part {
    /// Encoded already if quoted-printable; text with CRLF line ends if base64.
    Fixed(Vec<u8>),
    Hole(String),
}

/// The body of one MIME part.
#[derive(Debug, Clone)]
pub(super) struct Body {
    transfer: Transfer,
    parts: Vec<Part>,
}

impl Body {
    pub fn of(holed: &Holed) -> Self {
        let transfer = Transfer::for_text(holed);
        let part = |piece: &Piece| match piece {
            Piece::Hole(name) => Part::Hole(name.clone()),
            Piece::Fixed(text) => {
                let mut fixed = Vec::with_capacity(text.len() + text.len() / 8);
                transfer.prepare(&canonical(text), &mut fixed);
                Part::Fixed(fixed)
            }
        };
        Self { transfer, parts: holed.0.iter().map(part).collect() }
    }

    /// The value of Content-Transfer-Encoding.
    pub fn transfer(&self) -> &'static str {
        match self.transfer {
            Transfer::QuotedPrintable => "quoted-printable",
            Transfer::Base64 => "base64",
        }
    }

    /// About how long a splice will be.
    pub fn size(&self) -> usize {
        let fixed = |part: &Part| match part {
            Part::Fixed(bytes) => bytes.len(),
            Part::Hole(_) => 160,
        };
        let length: usize = self.parts.iter().map(fixed).sum();
        if self.transfer == Transfer::Base64 { length + length * 3 / 8 } else { length }
    }

    /// Appends the encoded text with its holes filled. It ends with a line end of its own, so that the one before the
    /// boundary is not taken for it. Gives the name of a hole
    /// that `value` does not know.
    pub fn splice<'a, 'p>(&'a self, value: impl Fn(&str) -> Option<&'p str>, out: &mut Vec<u8>) -> Result<(), &'a str> {
        match self.transfer {
            Transfer::QuotedPrintable => {
                let start = out.len();
                self.fill(value, out)?;
                // No body ends with a soft break.
                if out[start..].ends_with(SOFT_BREAK) {
                    out.extend_from_slice(LINE_END);
                }
            }
            Transfer::Base64 => {
                let mut text = Vec::with_capacity(self.size());
                self.fill(value, &mut text)?;
                if !text.is_empty() && !text.ends_with(LINE_END) {
                    text.extend_from_slice(LINE_END);
                }
                base64_lines(&text, out);
            }
        }
        Ok(())
    }

    fn fill<'a, 'p>(&'a self, value: impl Fn(&str) -> Option<&'p str>, out: &mut Vec<u8>) -> Result<(), &'a str> {
        for part in &self.parts {
            match part {
                Part::Fixed(bytes) => out.extend_from_slice(bytes),
                Part::Hole(name) => self.transfer.prepare(&canonical(value(name).ok_or(name.as_str())?), out),
            }
        }
        Ok(())
    }
}

impl Transfer {
    /// Base64 grows a text by a third, quoted-printable each byte beyond ASCII threefold: they meet at about a sixth.
    fn for_text(holed: &Holed) -> Self {
        let (mut all, mut beyond) = (0, 0);
        for piece in &holed.0 {
            if let Piece::Fixed(text) = piece {
                all += text.len();
                beyond += text.bytes().filter(|b| !b.is_ascii()).count();
            }
        }
        if beyond * 6 > all { Self::Base64 } else { Self::QuotedPrintable }
    }

    /// A piece in the form in which pieces can be joined.
    fn prepare(self, text: &str, out: &mut Vec<u8>) {
        match self {
            Self::QuotedPrintable => quoted_printable(text, out),
            Self::Base64 => crlf(text, out),
        }
    }
}

/// Line ends as LF alone, and no control character but those and tabs.
fn canonical(text: &str) -> Cow<'_, str> {
    let dropped = |byte: u8| byte.is_ascii_control() && byte != b'\n' && byte != b'\t';
    // Without an early end, which makes it several bytes at a time.
    if !text.bytes().fold(false, |any, byte| any | dropped(byte)) {
        return Cow::Borrowed(text);
    }
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(lines.chars().filter(|&c| !c.is_ascii() || !dropped(c as u8)).collect())
}

/// Without their ends, and whether they have one.
fn lines(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let line = &rest[..end.unwrap_or(rest.len())];
        let found = (!rest.is_empty()).then_some((line, end.is_some()));
        rest = end.map_or("", |end| &rest[end + 1..]);
        found
    })
}

fn crlf(text: &str, out: &mut Vec<u8>) {
    for (line, ended) in lines(text) {
        out.extend_from_slice(line.as_bytes());
        if ended {
            out.extend_from_slice(LINE_END);
        }
    }
}

/// Ends with a line end or a soft break, never in the middle of a line, and no line of it begins with a dot (which could
/// end the message) or with `From ` (which mailboxes change, and with it the signature).
fn quoted_printable(text: &str, out: &mut Vec<u8>) {
    for (line, ended) in lines(text) {
        let mut width = 0;
        let mut at = 0;
        while at < line.len() {
            let rest = &line.as_bytes()[at..];
            let escapes_first = width == 0
                && match rest[0] {
                    b'.' => true,
                    b'F' => rest.starts_with(b"From "),
                    _ => false,
                };
            let run = if escapes_first { 0 } else { run_as_it_is(rest, QUOTED_WIDTH - width, ended) };
            if run > 0 {
                out.extend_from_slice(&rest[..run]);
                (width, at) = (width + run, at + run);
                continue;
            }
            let Some(c) = line[at..].chars().next() else { break };
            if width + 3 * c.len_utf8() > QUOTED_WIDTH {
                out.extend_from_slice(SOFT_BREAK);
                width = 0;
                continue;
            }
            width += escape(c, out);
            at += c.len_utf8();
        }
        if ended {
            out.extend_from_slice(LINE_END);
        } else if width > 0 {
            out.extend_from_slice(SOFT_BREAK);
        }
    }
}

/// How much of what begins here stands for itself, up to `room`.
fn run_as_it_is(rest: &[u8], room: usize, ended: bool) -> usize {
    let window = &rest[..room.min(rest.len())];
    // Sixteen at a time, as long as each of them is visible or a space.
    let even = 16 * window.as_chunks().0.iter().take_while(all_stand_for_themselves).count();
    let run = even + window[even..].iter().take_while(|&&byte| stands_for_itself(byte)).count();
    // White space at the end of a line would be lost on the way.
    let lost = ended && run == rest.len() && matches!(rest.last(), Some(b' ' | b'\t'));
    if lost { run - 1 } else { run }
}

/// But for tabs. Without an early end, which makes it all of them at a time.
fn all_stand_for_themselves(bytes: &&[u8; 16]) -> bool {
    !bytes.iter().fold(false, |any, &b| any | (b.wrapping_sub(b' ') > b'~' - b' ') | (b == b'='))
}

fn stands_for_itself(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t') && byte != b'='
}

fn escape(c: char, out: &mut Vec<u8>) -> usize {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut bytes = [0; 4];
    let bytes = c.encode_utf8(&mut bytes).as_bytes();
    for byte in bytes {
        out.extend_from_slice(&[b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
    }
    3 * bytes.len()
}

fn base64_lines(text: &[u8], out: &mut Vec<u8>) {
    let mut line = [0; BASE64_BYTES / 3 * 4];
    for chunk in text.chunks(BASE64_BYTES) {
        if let Ok(length) = STANDARD.encode_slice(chunk, &mut line) {
            out.extend_from_slice(&line[..length]);
            out.extend_from_slice(LINE_END);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(text: &str) -> String {
        let mut out = Vec::new();
        quoted_printable(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quoted_pieces_end_where_they_can_be_joined() {
        assert_eq!(quoted("a=b\n"), "a=3Db\r\n");
        assert_eq!(quoted("é "), "=C3=A9 =\r\n");
        assert_eq!(quoted("white \nend\t\n"), "white=20\r\nend=09\r\n");
        assert_eq!(quoted(""), "");
    }

    #[test]
    fn lines_are_at_most_76_wide_and_never_split_a_character() {
        let text = quoted(&format!("{}{}", "a".repeat(70), "é".repeat(40)));
        for line in text.split("\r\n") {
            assert!(line.len() <= 76, "{line}");
            assert!(!line.ends_with("=C3="), "{line}");
        }
    }

    #[test]
    fn no_line_begins_with_a_dot_or_looks_like_a_mailbox_separator() {
        assert_eq!(quoted(".\n..a\nFrom me\nFromage\n"), "=2E\r\n=2E.a\r\n=46rom me\r\nFromage\r\n");
        let wrapped = quoted(&format!("{}...", "a".repeat(75)));
        assert_eq!(wrapped, format!("{}=\r\n=2E..=\r\n", "a".repeat(75)));
    }

    /// Character by character.
    fn plainly(text: &str) -> String {
        let mut out = Vec::new();
        for line in text.split_inclusive('\n') {
            let (line, ended) = line.strip_suffix('\n').map_or((line, false), |line| (line, true));
            let mut width = 0;
            for (at, c) in line.char_indices() {
                let rest = &line[at..];
                let white_at_end = ended && rest.len() == 1 && matches!(c, ' ' | '\t');
                let stands = matches!(c, ' '..='<' | '>'..='~' | '\t') && !white_at_end;
                let size = if stands { 1 } else { 3 * c.len_utf8() };
                if width + size > QUOTED_WIDTH {
                    out.extend_from_slice(SOFT_BREAK);
                    width = 0;
                }
                if stands && !(width == 0 && (c == '.' || rest.starts_with("From "))) {
                    out.push(c as u8);
                    width += 1;
                } else {
                    width += escape(c, &mut out);
                }
            }
            if ended {
                out.extend_from_slice(LINE_END);
            } else if width > 0 {
                out.extend_from_slice(SOFT_BREAK);
            }
        }
        String::from_utf8(out).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn run_by_run_is_what_character_by_character_is(pieces in prop::collection::vec("( |\t|\n|a|[!-~]{1,40}|=|\\.|From |é|語){0,9}", 0..12)) {
            let text = pieces.concat();
            prop_assert_eq!(quoted(&text), plainly(&text));
        }
    }

    #[test]
    fn a_text_that_is_mostly_beyond_ascii_goes_as_base64() {
        let body = |text: &str| Body::of(&Holed(vec![Piece::Fixed(text.into())]));
        assert_eq!(body("Deux cafés, s'il vous plaît").transfer(), "quoted-printable");
        assert_eq!(body("أخبار الأمم المتحدة").transfer(), "base64");
    }
}
