//! From HTML to plain text, and plain text made fit for one paragraph.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::depth::{self, Keep};
use crate::feed::document::{Text, TextKind};

/// As much HTML as is looked at: a summary is made of the beginning.
const HTML: usize = 64 << 10;

/// And as many references in it: more than a title and a summary have characters.
const REFERENCES: usize = 4096;

/// The elements that survive cleaning. Nothing of them reaches a reader, since the result is text; they are what
/// separates words from words.
const BLOCKS: [&str; 27] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "caption",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "section",
    "td",
    "tr",
    "ul",
];

static CLEANER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut cleaner = ammonia::Builder::empty();
    cleaner.tags(HashSet::from(BLOCKS));
    cleaner.clean_content_tags(HashSet::from(depth::SILENT));
    cleaner
});

/// The text of a text: tags out, references decoded, white space and controls folded, one line.
pub fn plain_text(text: &Text) -> String {
    match text.kind {
        TextKind::Plain => fold(&text.value),
        TextKind::Html if !text.value.contains(['<', '&']) => fold(&text.value),
        TextKind::Html => {
            let shallow = depth::limit(head(&text.value, HTML), Keep::Words);
            let bounded = depth::with_references(&shallow, REFERENCES);
            fold(&decode(&CLEANER.clean(bounded).to_string()))
        }
    }
}

fn head(text: &str, most: usize) -> &str {
    if text.len() <= most { text } else { &text[..text.floor_char_boundary(most)] }
}

/// What the cleaner wrote is well-formed: tags of [`BLOCKS`] without attributes, and five references.
fn decode(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        let end = if rest.as_bytes()[at] == b'<' { '>' } else { ';' };
        let Some((mark, after)) = rest[at..].split_once(end) else { break };
        match mark {
            "&amp" => out.push('&'),
            "&lt" => out.push('<'),
            "&gt" => out.push('>'),
            "&quot" => out.push('"'),
            _ => out.push(' '),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// White space of every kind becomes one space; what controls a terminal or the direction of a line is dropped. What has
/// nothing to see is empty.
pub(super) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let before = out.len();
        if !out.is_empty() {
            out.push(' ');
        }
        let space = out.len();
        out.extend(word.chars().filter(|&c| !invisible(c)));
        if out.len() == space {
            out.truncate(before);
        }
    }
    if out.chars().all(is_blank) { String::new() } else { out }
}

/// What takes part in a text and is not seen by itself: joiners, marks of direction, selectors, fillers.
fn is_blank(c: char) -> bool {
    let joins = matches!(c, '\u{34f}' | '\u{200c}' | '\u{200d}' | '\u{2061}'..='\u{206f}' | '\u{e0000}'..='\u{e0fff}');
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}');
    let selects = matches!(c, '\u{180b}'..='\u{180f}' | '\u{fe00}'..='\u{fe0f}');
    let fills = matches!(c, '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}' | '\u{ffa0}');
    c == ' ' || joins || turns || selects || fills
}

/// Embeddings and overrides that reach beyond their text, soft hyphens, zero-width spaces, noncharacters. Joiners and
/// marks of direction stay: Persian, Arabic and emoji need them.
fn invisible(c: char) -> bool {
    let noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || (c as u32) & 0xfffe == 0xfffe;
    noncharacter
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// At most `most` characters, cut at a word where there is one, with an ellipsis for what is missing.
pub(super) fn cut(text: &str, most: usize) -> String {
    let Some((end, _)) = text.char_indices().nth(most) else { return text.to_owned() };
    let Some((room, _)) = most.checked_sub(1).and_then(|room| text.char_indices().nth(room)) else {
        return String::new();
    };
    // A word that ends just where the room does is whole.
    let whole = text[room..end].starts_with(' ');
    let kept = match text[..room].rfind(' ') {
        _ if whole => &text[..room],
        Some(space) if space * 2 >= room => &text[..space],
        _ => &text[..room],
    };
    let loose = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–' | '،');
    let tidy = Some(kept.trim_end_matches(loose)).filter(|tidy| !tidy.is_empty());
    format!("{}…", tidy.unwrap_or(kept))
}
