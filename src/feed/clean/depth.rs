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

/// What is wanted of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Names of elements, to tell words from words. Attributes are nothing to a text, nor what stands in a drawing.
    Words,
    /// Attributes too, in a tag of bearable length: a tree builder compares each with each. Only code is left out.
    Markup,
}

impl Keep {
    fn leaves_out(self, name: &str) -> bool {
        match self {
            Self::Words => is_silent(name),
            Self::Markup => is_code(name),
        }
    }
}

/// The longest tag whose attributes are kept.
const TAG: usize = 2048;

/// What is written of HTML that has more than so many `&` ends there: each costs whoever writes it out again a search
/// through all the text that follows.
pub(super) fn with_references(html: &str, most: usize) -> &str {
    html.match_indices('&').nth(most).map_or(html, |(at, _)| &html[..at])
}

pub(super) fn limit(html: &str, keep: Keep) -> String {
    let mut out = String::with_capacity(html.len());
    let mut open: Vec<&str> = Vec::new();
    let mut ends = Ends::default();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = match Markup::read(rest, &mut ends) {
            Markup::Text => {
                out.push_str("&lt;");
                &rest[1..]
            }
            Markup::Comment { after } => after,
            Markup::Start { name, after } if keep.leaves_out(name) => ends.past_end_of(name, after),
            Markup::Start { name, after } => {
                let written = &rest[..rest.len() - after.len()];
                let whole = keep == Keep::Markup && written.len() <= TAG && written.ends_with('>');
                let written = whole.then_some(written);
                if is_void(name) {
                    start(&mut out, name, written);
                } else if open.len() < DEPTH {
                    start(&mut out, name, written);
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

fn start(out: &mut String, name: &str, written: Option<&str>) {
    match written {
        Some(written) => out.push_str(written),
        None => tag(out, "<", name),
    }
}

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
    fn read(html: &'a str, ends: &mut Ends) -> Self {
        let inner = &html[1..];
        if let Some(comment) = inner.strip_prefix("!--") {
            // One that nobody closed ends with its first bracket, or the text after it would be lost.
            let after = ends.after("-->", comment).or_else(|| ends.after(">", comment));
            return Self::Comment { after: after.unwrap_or_default() };
        }
        if inner.starts_with(['!', '?']) {
            return ends.after(">", inner).map_or(Self::Text, |after| Self::Comment { after });
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

/// Finds ends, and remembers which there are no more of: otherwise a thousand beginnings without an end would be a
/// thousand searches through all the rest.
#[derive(Default)]
struct Ends {
    none: Vec<&'static str>,
    no_element: Vec<&'static str>,
}

impl Ends {
    fn after<'a>(&mut self, mark: &'static str, text: &'a str) -> Option<&'a str> {
        if self.none.contains(&mark) {
            return None;
        }
        let found = text.find(mark).map(|at| &text[at + mark.len()..]);
        if found.is_none() {
            self.none.push(mark);
        }
        found
    }

    /// After the end of a silent element. A script that never ends takes the rest with it, as it does in a browser; of
    /// others only the tag is gone.
    fn past_end_of<'a>(&mut self, name: &str, html: &'a str) -> &'a str {
        let Some(&known) = SILENT.iter().find(|silent| name.eq_ignore_ascii_case(silent)) else { return html };
        let found = if self.no_element.contains(&known) { None } else { end_of(known, html) };
        found.unwrap_or_else(|| {
            if !self.no_element.contains(&known) {
                self.no_element.push(known);
            }
            if is_code(known) { "" } else { html }
        })
    }
}

fn end_of<'a>(name: &str, html: &'a str) -> Option<&'a str> {
    let mut rest = html;
    while let Some(at) = rest.find("</") {
        let named = &rest[at + 2..];
        if named.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)) {
            return Some(named.find('>').map_or("", |end| &named[end + 1..]));
        }
        rest = named;
    }
    None
}

fn is_code(name: &str) -> bool {
    ["script", "style"].iter().any(|code| name.eq_ignore_ascii_case(code))
}

fn is_silent(name: &str) -> bool {
    SILENT.iter().any(|silent| name.eq_ignore_ascii_case(silent))
}

fn is_void(name: &str) -> bool {
    ["br", "hr", "img", "input", "wbr", "col", "area", "base", "link", "meta", "param", "source", "track"]
        .iter()
        .any(|void| name.eq_ignore_ascii_case(void))
}
