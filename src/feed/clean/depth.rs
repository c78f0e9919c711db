//! HTML made shallow before anything builds a tree of it: 100,000 nested `<div>` cost a tree builder half a minute.
//!
//! One pass, no tree: start tags beyond the depth are dropped, end tags that match nothing are dropped, and what was
//! left open is closed, so that the result nests no deeper for whoever reads it.

/// Deeper than any text means to be.
const DEPTH: usize = 64;

/// What stands in these is not for reading.
pub(super) const SILENT: [&str; 13] = [
    "applet", "audio", "canvas", "iframe", "math", "noscript", "object", "script", "select", "style", "svg",
    "template", "video",
];

pub(super) fn limit(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut open: Vec<&str> = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = match Markup::read(rest) {
            Markup::Text => {
                out.push_str("&lt;");
                &rest[1..]
            }
            Markup::Comment { after } => after,
            Markup::Start { name, after } if is_silent(name) => past_end_of(name, after),
            Markup::Start { name, after } => {
                if is_void(name) {
                    tag(&mut out, "<", name);
                } else if open.len() < DEPTH {
                    tag(&mut out, "<", name);
                    open.push(name);
                } else {
                    out.push(' ');
                }
                after
            }
            Markup::End { name, after } => {
                if let Some(at) = open.iter().rposition(|opened| opened.eq_ignore_ascii_case(name)) {
                    open.drain(at..).rev().for_each(|name| tag(&mut out, "</", name));
                }
                after
            }
        };
    }
    out.push_str(rest);
    open.drain(..).rev().for_each(|name| tag(&mut out, "</", name));
    out
}

/// Without attributes: text has no use for them, and a tree builder that has to compare them is slow.
fn tag(out: &mut String, bracket: &str, name: &str) {
    out.push_str(bracket);
    out.push_str(name);
    out.push('>');
}

enum Markup<'a> {
    Start {
        name: &'a str,
        after: &'a str,
    },
    End {
        name: &'a str,
        after: &'a str,
    },
    /// Comments, declarations, instructions.
    Comment {
        after: &'a str,
    },
    /// A `<` that begins nothing.
    Text,
}

impl<'a> Markup<'a> {
    /// `html` begins with `<`.
    fn read(html: &'a str) -> Self {
        let inner = &html[1..];
        if let Some(comment) = inner.strip_prefix("!--") {
            // One that nobody closed ends with its first bracket, or the text after it would be lost.
            let after = comment.find("-->").map(|at| &comment[at + 3..]);
            let after = after.or_else(|| comment.split_once('>').map(|(_, after)| after));
            return Self::Comment { after: after.unwrap_or_default() };
        }
        if inner.starts_with(['!', '?']) {
            return inner.split_once('>').map_or(Self::Text, |(_, after)| Self::Comment { after });
        }
        let (is_end, named) = inner.strip_prefix('/').map_or((false, inner), |named| (true, named));
        if !named.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Self::Text;
        }
        let name = &named[..named.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(named.len())];
        let after = past_bracket(&named[name.len()..]);
        if is_end { Self::End { name, after } } else { Self::Start { name, after } }
    }
}

/// After the `>` that ends a tag; those inside quotes end nothing. A tag that never ends takes the rest with it.
fn past_bracket(attributes: &str) -> &str {
    let mut quote = None;
    let mut before = b' ';
    for (at, byte) in attributes.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return &attributes[at + 1..],
            // As in HTML, a quote opens a value only after the sign.
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    ""
}

/// One that never ends takes the rest with it, as it does in a browser.
fn past_end_of<'a>(name: &str, html: &'a str) -> &'a str {
    let mut rest = html;
    while let Some(at) = rest.find("</") {
        let named = &rest[at + 2..];
        if named.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return named.find('>').map_or("", |end| &named[end + 1..]);
        }
        rest = named;
    }
    ""
}

fn is_silent(name: &str) -> bool {
    SILENT.iter().any(|silent| name.eq_ignore_ascii_case(silent))
}

fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "input", "wbr", "col", "area", "base", "link", "meta", "param", "source", "track"]
        .iter()
        .any(|void| name.eq_ignore_ascii_case(void))
}
