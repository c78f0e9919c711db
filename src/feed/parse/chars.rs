//! Which characters may pass, what references stand for, and how long a text may grow.

use std::borrow::Cow;

use encoding_rs::WINDOWS_1252;
use markup5ever::data::NAMED_ENTITIES;

/// The longest text of one field, in bytes.
pub(super) const FIELD: usize = 1 << 20;
/// No name of an entity is longer, nor a number that means anything.
const LONGEST: usize = 40;

/// Appends what may pass, up to [`FIELD`] bytes in all.
pub(super) fn push(buffer: &mut String, text: &str) {
    if buffer.len() + text.len() <= FIELD && text.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n' | b'\t')) {
        buffer.push_str(text);
        return;
    }
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let c = match c {
            '\r' if characters.peek() == Some(&'\n') => continue,
            '\r' => '\n',
            '\u{80}'..='\u{9f}' => from_windows_1252(c as u8),
            c if forbidden(c) => continue,
            c => c,
        };
        if buffer.len() + c.len_utf8() > FIELD {
            break;
        }
        buffer.push(c);
    }
}

/// Without the characters that neither XML nor JSON allows anywhere: even a name of an element may have one in it.
pub(super) fn without_controls(text: Cow<str>) -> Cow<str> {
    let illegal = |b: u8| b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r');
    // As bytes, all of them, so that it costs next to nothing.
    if text.bytes().fold(false, |found, b| found | illegal(b)) {
        Cow::Owned(text.chars().filter(|&c| !u8::try_from(c).is_ok_and(illegal)).collect())
    } else {
        text
    }
}

/// Neither a database nor a mail wants these: U+0000, controls, noncharacters.
fn forbidden(c: char) -> bool {
    let noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || (c as u32) & 0xfffe == 0xfffe;
    noncharacter || matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}')
}

/// Who writes a C1 control means the character that windows-1252 has there.
fn from_windows_1252(byte: u8) -> char {
    let byte = [byte];
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&byte);
    text.chars().next().filter(|c| !c.is_control()).unwrap_or('\u{fffd}')
}

/// What `&name;` stands for: a character by number, or any entity of HTML.
pub(super) fn resolve(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else { return named(name) };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    let c = char::from_u32(code)?;
    Some(match c {
        '\u{80}'..='\u{9f}' => from_windows_1252(c as u8).into(),
        c if forbidden(c) => String::new(),
        c => c.into(),
    })
}

/// The table is that of the HTML parser: quick-xml's own (0.41) has `&oelig;` and all of Greek wrong.
fn named(name: &str) -> Option<String> {
    match name {
        "amp" => return Some("&".to_owned()),
        "lt" => return Some("<".to_owned()),
        "gt" => return Some(">".to_owned()),
        "quot" => return Some("\"".to_owned()),
        "apos" => return Some("'".to_owned()),
        // A made-up one may be as long as the document.
        _ if name.len() > LONGEST => return None,
        _ => {}
    }
    let &(first, second) = NAMED_ENTITIES.get(format!("{name};").as_str())?;
    // The table knows the beginnings of names too, with nothing behind them.
    let characters: String = [first, second].into_iter().filter(|&c| c != 0).filter_map(char::from_u32).collect();
    (!characters.is_empty()).then_some(characters)
}

/// Resolves the references in an attribute's value; what is none stays as it is.
pub(in crate::feed) fn unescape(raw: &str) -> String {
    let mut out = String::new();
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        push(&mut out, before);
        // Not looked for to the end of the value: millions of `&` and no `;` would take hours.
        let end = after.bytes().take(LONGEST + 1).position(|byte| byte == b';');
        let found = end.and_then(|end| Some((resolve(&after[..end])?, &after[end + 1..])));
        rest = match found {
            Some((text, rest)) => {
                push(&mut out, &text);
                rest
            }
            None => {
                push(&mut out, "&");
                after
            }
        };
    }
    push(&mut out, rest);
    out
}

/// Undoes a common accident: UTF-8 that was taken for windows-1252 and encoded once more.
pub(super) fn mend_twice_encoded(text: String) -> String {
    // Every such text has the first byte of a longer character in it, seen as a letter.
    if !text.contains(|c| matches!(c, '\u{c2}'..='\u{f4}')) {
        return text;
    }
    let (bytes, _, beyond) = WINDOWS_1252.encode(&text);
    match std::str::from_utf8(&bytes) {
        // What comes out has not been looked at yet: `Â‘` is a C1 control.
        Ok(mended) if !beyond => {
            let mut out = String::with_capacity(mended.len());
            push(&mut out, mended);
            out
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_nothing_but_ampersands_is_read_at_once() {
        assert_eq!(unescape(&"&".repeat(2 << 20)).len(), FIELD);
        assert_eq!(unescape(&"&#".repeat(1 << 20)).len(), FIELD);
    }

    #[test]
    fn references_of_xml_and_html_and_by_number() {
        assert_eq!(unescape("a &amp; b &eacute;&#233;&#xE9; &hellip;"), "a & b éé\u{e9} …");
        assert_eq!(unescape("&oelig;&Scaron;&alpha;&Omega;&circ;&NotEqualTilde;"), "œŠαΩˆ\u{2242}\u{338}");
        assert_eq!(unescape("&alph; &amp &eacut;"), "&alph; &amp &eacut;");
        assert_eq!(unescape("AT&T; &nosuch; & &#x110000; &#; &"), "AT&T; &nosuch; & &#x110000; &#; &");
        assert_eq!(unescape("&#147;&#x94;"), "“”");
        assert_eq!(unescape("a&#0;b&#xFDD0;c"), "abc");
    }

    #[test]
    fn what_no_mail_wants_is_dropped_and_lines_end_one_way() {
        let mut out = String::new();
        push(&mut out, "a\0b\u{1}c\u{fdd0}d\u{ffff}e\u{1fffe}f\tg\r\nh\ri\u{92}");
        assert_eq!(out, "abcdef\tg\nh\ni’");
    }

    #[test]
    fn a_field_has_an_end() {
        let mut out = String::new();
        for _ in 0..3 {
            push(&mut out, &"é".repeat(FIELD / 3));
        }
        assert!(out.len() <= FIELD && out.len() > FIELD - 2);
    }

    #[test]
    fn what_was_encoded_twice_is_mended() {
        assert_eq!(mend_twice_encoded("Ã©tÃ©".into()), "été");
        assert_eq!(mend_twice_encoded("été".into()), "été");
        assert_eq!(
            mend_twice_encoded("Â\u{2018}so\u{ef}\u{bf}\u{be}".into()),
            "\u{2018}so",
            "what comes out may pass, too"
        );
    }
}
