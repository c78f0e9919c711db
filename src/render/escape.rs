//! How values are written into a template's output.
//!
//! Not the engine's own way, which also turns `/` into `&#x2f;`: links would grow by half and no longer read as links.

use std::borrow::Cow;

use minijinja::value::Value;
use minijinja::{AutoEscape, Error, Output, State};

use crate::model::rendering::{CLOSE, OPEN};

/// Writes a value: as it is where it is known to be safe, escaped in HTML, and always without marks of holes, which
/// only `hole()` may write.
pub fn format(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    if value.is_safe() {
        return Ok(out.write_str(value.as_str().unwrap_or_default())?);
    }
    Ok(out.write_str(&written(state, value))?)
}

/// A value as it stands in this template's output.
pub fn written(state: &State, value: &Value) -> String {
    let text = value.as_str().map_or_else(|| Cow::Owned(value.to_string()), Cow::Borrowed);
    if value.is_safe() {
        return text.into_owned();
    }
    let marked = !text.is_ascii() && (text.contains(OPEN) || text.contains(CLOSE));
    let text = if marked { text.replace([OPEN, CLOSE], "").into() } else { text };
    if matches!(state.auto_escape(), AutoEscape::Html) { html(&text) } else { text.into_owned() }
}

/// Text, escaped for HTML content and quoted attributes.
pub fn html(text: &str) -> String {
    let has_meaning = |b: u8| (b == b'&') | (b == b'<') | (b == b'>') | (b == b'"') | (b == b'\'');
    // Without an early end, which makes it several bytes at a time.
    if !text.bytes().fold(false, |any, byte| any | has_meaning(byte)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(has_meaning) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out
}
