//! Header fields: folding (RFC 5322 §2.2.3), words beyond ASCII (RFC 2047), names and addresses.
//!
//! Written here rather than with lettre's headers, because those leave an ASCII word that looks like an encoded word as
//! it is (it would be decoded at the other end), never break a word, let control characters pass, and cost more than
//! all the rest of a delivery.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::model::address::Address;

/// RFC 5322 §2.1.1 says 78; RFC 2047 §2 says 76 for a line with an encoded word in it.
const WIDTH: usize = 76;
const WORD_OPEN: &str = "=?UTF-8?B?";
const WORD_CLOSE: &str = "?=";
/// RFC 2047 §2: an encoded word is at most 75 characters long.
const WORD_BYTES: usize = 45;

/// `name: text`, folded, encoded if it must be. The text becomes one line.
pub(super) fn unstructured(name: &str, text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    let mut column = name.len() + 2;
    let text = one_line(text);
    if reads_as_it_is(&text) {
        fold(&text, &mut column, out);
    } else {
        encoded_words(&text, &mut column, out);
    }
    out.extend_from_slice(b"\r\n");
}

/// `name: Display Name <what>`; with an empty display name, `name: <what>`.
pub(super) fn named(name: &str, display: &str, what: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b": ");
    let mut column = name.len() + 2;
    let display = one_line(display);
    if !display.is_empty() {
        phrase(&display, &mut column, out);
        let folded = column + what.len() + 3 > WIDTH;
        out.extend_from_slice(if folded { b"\r\n " } else { b" " });
    }
    out.push(b'<');
    out.extend_from_slice(what.as_bytes());
    out.extend_from_slice(b">\r\n");
}

/// The address as RFC 5321 and 5322 write it: a local part that is not a dot-atom (`a.`, as some providers hand out)
/// stands in quotes. Our own check leaves no other character that would need them.
pub(super) fn addr_spec(address: &Address) -> String {
    let local = address.local();
    if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        format!("\"{local}\"@{}", address.domain())
    } else {
        address.wire()
    }
}

/// Control characters and runs of white space become one space.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if !(c.is_ascii_control() || c == ' ') {
            line.push(c);
        } else if !line.is_empty() && !line.ends_with(' ') {
            line.push(' ');
        }
    }
    line.truncate(line.trim_end_matches(' ').len());
    line
}

/// ASCII, nothing in it that a reader would decode, and no word too long to be folded.
fn reads_as_it_is(text: &str) -> bool {
    text.is_ascii() && !text.contains("=?") && text.split(' ').all(|word| word.len() < WIDTH - 10)
}

fn phrase(text: &str, column: &mut usize, out: &mut Vec<u8>) {
    if !reads_as_it_is(text) || text.len() > WIDTH - 10 {
        return encoded_words(text, column, out);
    }
    let quoted = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    *column += quoted.len();
    out.extend_from_slice(quoted.as_bytes());
}

fn fold(text: &str, column: &mut usize, out: &mut Vec<u8>) {
    for (n, word) in text.split(' ').enumerate() {
        if n > 0 {
            if *column + 1 + word.len() > WIDTH {
                out.extend_from_slice(b"\r\n");
                *column = 0;
            }
            out.push(b' ');
            *column += 1;
        }
        out.extend_from_slice(word.as_bytes());
        *column += word.len();
    }
}

fn encoded_words(text: &str, column: &mut usize, out: &mut Vec<u8>) {
    let mut rest = text;
    while !rest.is_empty() {
        let room = WIDTH.saturating_sub(*column + WORD_OPEN.len() + WORD_CLOSE.len()) / 4 * 3;
        let (word, after) = rest.split_at(rest.floor_char_boundary(room.clamp(4, WORD_BYTES)));
        let encoded = STANDARD.encode(word);
        for piece in [WORD_OPEN, &encoded, WORD_CLOSE] {
            out.extend_from_slice(piece.as_bytes());
            *column += piece.len();
        }
        rest = after;
        if !rest.is_empty() {
            out.extend_from_slice(b"\r\n ");
            *column = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(text: &str) -> String {
        let mut out = Vec::new();
        unstructured("Subject", text, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn from(name: &str) -> String {
        let mut out = Vec::new();
        named("From", name, "news@example.org", &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn plain_text_stays_readable_and_folds_at_spaces() {
        assert_eq!(subject("Your  news\r\nfor\ttoday "), "Subject: Your news for today\r\n");
        let folded = subject(&"health ".repeat(20));
        assert!(folded.lines().count() > 1 && folded.lines().all(|line| line.len() <= 76), "{folded}");
        assert_eq!(folded.replace("\r\n ", " "), format!("Subject: {}\r\n", "health ".repeat(20).trim_end()));
    }

    #[test]
    fn what_would_be_decoded_or_cannot_be_folded_is_encoded() {
        for text in ["=?utf-8?b?Ym9v?=", "naïve", &"a".repeat(2000)] {
            let field = subject(text);
            assert!(field.starts_with("Subject: =?UTF-8?B?"), "{field}");
            assert!(field.lines().all(|line| line.len() <= 76), "{field}");
        }
    }

    #[test]
    fn a_name_is_quoted_or_encoded() {
        assert_eq!(from(r#"News, "daily""#), "From: \"News, \\\"daily\\\"\" <news@example.org>\r\n");
        assert_eq!(from("Nuñez"), "From: =?UTF-8?B?TnXDsWV6?= <news@example.org>\r\n");
        assert_eq!(from(""), "From: <news@example.org>\r\n");
        assert!(from(&"word ".repeat(60)).lines().all(|line| line.len() <= 76));
    }

    #[test]
    fn a_local_part_that_is_no_dot_atom_is_quoted() {
        assert_eq!(addr_spec(&"a.@docomo.ne.jp".parse().unwrap()), "\"a.\"@docomo.ne.jp");
        assert_eq!(addr_spec(&"a.b+c@example.org".parse().unwrap()), "a.b+c@example.org");
    }
}
