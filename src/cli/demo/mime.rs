//! A small reader of mails: enough for what Tidings itself writes, so that the demo looks into a mail as a mail program
//! does and not into the rows that it was made from.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::unescape;

/// A mail, taken apart and decoded.
#[derive(Debug, Clone)]
pub struct Message {
    headers: Vec<(String, String)>,
    pub text: String,
    pub html: String,
}

impl Message {
    /// None for what is not a `multipart/alternative` of a text and an HTML part, both in UTF-8.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (headers, body) = entity(bytes)?;
        let kind = value(&headers, "Content-Type")?;
        let boundary = kind.strip_prefix("multipart/alternative")?.split_once("boundary=\"")?.1.split_once('"')?.0;
        let (mut text, mut html) = (None, None);
        for part in parts(body, boundary)? {
            let (headers, body) = entity(part)?;
            let decoded = decode(value(&headers, "Content-Transfer-Encoding").unwrap_or("8bit"), body)?;
            match value(&headers, "Content-Type")? {
                kind if kind.starts_with("text/plain") => text = Some(decoded),
                kind if kind.starts_with("text/html") => html = Some(decoded),
                _ => return None,
            }
        }
        Some(Self { headers, text: text?, html: html? })
    }

    /// A header field's value, unfolded; only the first of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    pub fn subject(&self) -> String {
        decode_words(self.header("Subject").unwrap_or_default())
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

type Headers = Vec<(String, String)>;

fn value<'h>(headers: &'h Headers, name: &str) -> Option<&'h str> {
    headers.iter().find(|(named, _)| named.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Headers, unfolded, and what follows them.
fn entity(bytes: &[u8]) -> Option<(Headers, &[u8])> {
    let end = find(bytes, b"\r\n\r\n")?;
    let unfolded = str::from_utf8(&bytes[..end]).ok()?.replace("\r\n ", " ").replace("\r\n\t", " ");
    let field = |line: &str| line.split_once(':').map(|(name, value)| (name.to_owned(), value.trim().to_owned()));
    Some((unfolded.lines().map(field).collect::<Option<_>>()?, &bytes[end + 4..]))
}

/// What stands between the boundaries.
fn parts<'b>(body: &'b [u8], boundary: &str) -> Option<Vec<&'b [u8]>> {
    let delimiter = format!("--{boundary}");
    let mut rest = &body[find(body, delimiter.as_bytes())? + delimiter.len()..];
    let mut parts = Vec::new();
    while !rest.starts_with(b"--") {
        let (from, to) = (2, find(rest, delimiter.as_bytes())?);
        parts.push(rest.get(from..to)?);
        rest = &rest[to + delimiter.len()..];
    }
    Some(parts)
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// RFC 2045 §6.7 and §6.8.
fn decode(encoding: &str, body: &[u8]) -> Option<String> {
    let bytes = match encoding {
        "quoted-printable" => unquote(body, b'=')?,
        "base64" => {
            let packed: Vec<u8> = body.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            STANDARD.decode(packed).ok()?
        }
        _ => body.to_vec(),
    };
    Some(String::from_utf8(bytes).ok()?.replace("\r\n", "\n"))
}

fn unquote(body: &[u8], sign: u8) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, rest) {
            (b'=', [b'\r', b'\n', after @ ..]) => rest = after,
            (b'=', [high, low, after @ ..]) => {
                let hex = |digit: u8| char::from(digit).to_digit(16);
                out.push(u8::try_from(hex(*high)? * 16 + hex(*low)?).ok()?);
                rest = after;
            }
            (b'=', _) => return None,
            // Only where `_` is the sign for a space: in a header.
            (b'_', _) if sign == b'_' => out.push(b' '),
            _ => out.push(first),
        }
    }
    Some(out)
}

/// RFC 2047: the encoded words of a field; white space between two of them is none.
fn decode_words(value: &str) -> String {
    let mut out = String::new();
    let mut after_encoded = false;
    for (i, word) in value.split(' ').enumerate() {
        let decoded = encoded_word(word);
        if i > 0 && !(after_encoded && decoded.is_some()) {
            out.push(' ');
        }
        after_encoded = decoded.is_some();
        out.push_str(decoded.as_deref().unwrap_or(word));
    }
    out
}

fn encoded_word(word: &str) -> Option<String> {
    let inside = word.strip_prefix("=?utf-8?").or_else(|| word.strip_prefix("=?UTF-8?"))?.strip_suffix("?=")?;
    let bytes = match inside.split_once('?')? {
        ("B" | "b", packed) => STANDARD.decode(packed).ok()?,
        ("Q" | "q", quoted) => unquote(quoted.as_bytes(), b'_')?,
        _ => return None,
    };
    String::from_utf8(bytes).ok()
}
