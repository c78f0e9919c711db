//! From bytes to characters: byte order mark; else valid UTF-8; else what HTTP says; else the prolog; else windows-1252.
//!
//! Labels mean what browsers take them to mean (WHATWG): `gb2312` is gb18030, `latin-1` is windows-1252. Those that
//! browsers do not know are looked for among the [`code_pages`] of older systems.

mod code_pages;

use std::borrow::Cow;

use code_pages::CodePage;
use encoding_rs::{Encoding, ISO_2022_JP, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into the document a prolog is looked for.
const PROLOG: usize = 1024;

/// Other names of encodings that the standard knows.
const ALIASES: [(&str, &str); 14] = [
    ("mac-cyrillic", "x-mac-cyrillic"),
    ("mac-roman", "macintosh"),
    ("maccyrillic", "x-mac-cyrillic"),
    ("macroman", "macintosh"),
    ("ms-ansi", "windows-1252"),
    ("ms-arab", "windows-1256"),
    ("ms-cyrl", "windows-1251"),
    ("ms-ee", "windows-1250"),
    ("ms-greek", "windows-1253"),
    ("ms-hebr", "windows-1255"),
    ("ms-turk", "windows-1254"),
    ("utf8-sig", "utf-8"),
    ("win", "windows-1251"),
    ("winbaltrim", "windows-1257"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Standard(&'static Encoding),
    Old(&'static CodePage),
}

impl Charset {
    fn of_label(label: &str) -> Option<Self> {
        let standard = |label: &str| Encoding::for_label(label.as_bytes()).map(Self::Standard);
        let plain = label.trim().to_ascii_lowercase().replace('_', "-");
        let alias = || ALIASES.iter().find(|(alias, _)| *alias == plain).and_then(|(_, label)| standard(label));
        standard(label).or_else(|| standard(&plain)).or_else(alias).or_else(|| CodePage::named(&plain).map(Self::Old))
    }
}

/// Never fails: what cannot be decoded becomes U+FFFD.
pub(in crate::feed) fn decode<'a>(body: &'a [u8], content_type: Option<&str>) -> Cow<'a, str> {
    if let Some(text) = utf32(body) {
        return Cow::Owned(text);
    }
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[mark..]).0;
    }
    if let Some(encoding) = wide_without_mark(body) {
        return encoding.decode_without_bom_handling(body).0;
    }
    if let Some(text) = code_pages::ebcdic(body, declared_name) {
        return Cow::Owned(text);
    }
    let of_header = content_type.and_then(charset).and_then(Charset::of_label);
    let declared = of_header.or_else(|| Charset::of_label(&declared_name(body)?));
    if let Ok(text) = std::str::from_utf8(body) {
        // ISO-2022-JP is pure ASCII to the eye: its escapes are what tells it apart.
        if declared == Some(Charset::Standard(ISO_2022_JP)) && body.contains(&0x1b) {
            return ISO_2022_JP.decode_without_bom_handling(body).0;
        }
        return Cow::Borrowed(text);
    }
    if let Some(text) = cut_in_a_character(body) {
        return Cow::Borrowed(text);
    }
    let encoding = match declared {
        // It says UTF-8, but is not: one bad byte in much good text keeps the text, a page of Latin is Latin.
        Some(Charset::Old(page)) => return Cow::Owned(page.decode(body)),
        Some(Charset::Standard(encoding)) if encoding == UTF_8 && mostly_utf8(body) => UTF_8,
        Some(Charset::Standard(encoding)) if encoding != UTF_8 && encoding != UTF_16LE && encoding != UTF_16BE => {
            encoding
        }
        None if mostly_utf8(body) => UTF_8,
        _ => WINDOWS_1252,
    };
    encoding.decode_without_bom_handling(body).0
}

/// The name that a feed gives its encoding, whether there is such a one or not: its host's word goes before its own.
pub(in crate::feed) fn declared_encoding(body: &[u8], content_type: Option<&str>) -> Option<String> {
    content_type.and_then(charset).map(str::to_owned).or_else(|| declared_name(body))
}

fn charset(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']))
    })
}

/// What the prolog says the encoding is.
fn declared_name(body: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(&body[..body.len().min(PROLOG)]);
    let declaration = head.split_once("<?xml")?.1.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.trim().to_owned())
}

/// UTF-16 betrays itself by the zero beside the first `<`.
fn wide_without_mark(body: &[u8]) -> Option<&'static Encoding> {
    match body {
        [b'<', 0, second, 0, ..] if *second != 0 => Some(UTF_16LE),
        [0, b'<', 0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// UTF-32 is no encoding of the web, but some feeds were written in it.
fn utf32(body: &[u8]) -> Option<String> {
    let (body, unit): (_, fn([u8; 4]) -> u32) = match body {
        [0, 0, 0xfe, 0xff, rest @ ..] => (rest, u32::from_be_bytes),
        [0xff, 0xfe, 0, 0, rest @ ..] => (rest, u32::from_le_bytes),
        [0, 0, 0, b'<', ..] => (body, u32::from_be_bytes),
        [b'<', 0, 0, 0, ..] => (body, u32::from_le_bytes),
        _ => return None,
    };
    let units = body.as_chunks::<4>().0.iter();
    Some(units.map(|&bytes| char::from_u32(unit(bytes)).unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

/// UTF-8 whose very last character is not all there, as when a connection broke: what is before it.
fn cut_in_a_character(body: &[u8]) -> Option<&str> {
    let error = std::str::from_utf8(body).err().filter(|error| error.error_len().is_none())?;
    let text = std::str::from_utf8(&body[..error.valid_up_to()]).ok()?;
    (!text.is_ascii()).then_some(text)
}

/// Whether at least four in five of what goes beyond ASCII is UTF-8 as it should be.
fn mostly_utf8(body: &[u8]) -> bool {
    let (mut good, mut bad) = (0usize, 0usize);
    for chunk in body.utf8_chunks() {
        good += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    good > 0 && bad * 4 <= good
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &[u8], content_type: &str) -> String {
        decode(body, Some(content_type)).into_owned()
    }

    #[test]
    fn what_is_utf_8_is_utf_8_whatever_is_declared() {
        assert_eq!(read("<a>é</a>".as_bytes(), "text/xml; charset=iso-8859-1"), "<a>é</a>");
        assert_eq!(read(b"\xef\xbb\xbf<a>\xc3\xa9</a>", ""), "<a>é</a>");
    }

    #[test]
    fn http_goes_before_the_prolog_and_both_before_windows_1252() {
        let greek = b"<?xml version='1.0' encoding='iso-8859-7'?><a>\xe1</a>";
        assert!(read(greek, "text/xml").ends_with("<a>α</a>"));
        assert!(read(greek, "text/xml; charset=\"windows-1251\"").ends_with("<a>б</a>"));
        assert_eq!(read(b"<a>\x93\xe9\x94</a>", ""), "<a>“é”</a>");
        assert_eq!(read(b"<a>\xd6\xd0</a>", "text/xml; charset=gb2312"), "<a>中</a>");
        assert_eq!(read(b"<?xml encoding=\"utf-8\"?><a>caf\xe9</a>", ""), "<?xml encoding=\"utf-8\"?><a>café</a>");
        assert_eq!(read(b"<?xml encoding=\"iso-2022-jp\"?>\x1b$B%O\x1b(B", ""), "<?xml encoding=\"iso-2022-jp\"?>ハ");
    }

    #[test]
    fn wide_characters_are_known_with_and_without_a_mark() {
        let little: Vec<u8> = "<a>é".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}<a>é".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let widest: Vec<u8> = "<a>é".chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
        for body in [little, big, widest] {
            assert_eq!(read(&body, "application/xml"), "<a>é");
        }
    }

    #[test]
    fn a_character_that_is_not_all_there_is_left_out() {
        assert_eq!(read(b"<a>\xc3\xa9t\xc3", "text/xml; charset=iso-8859-1"), "<a>ét");
        assert_eq!(read(b"<a>caf\xe9", ""), "<a>café");
    }

    #[test]
    fn one_bad_byte_does_not_cost_the_rest() {
        let body = [b"<a>".as_slice(), "été à Genève, où l’été".as_bytes(), b"\xff"].concat();
        assert_eq!(read(&body, "text/xml; charset=utf-8"), "<a>été à Genève, où l’été\u{fffd}");
    }
}
