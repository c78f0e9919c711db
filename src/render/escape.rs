//! How values are written into a template's output.
//!
//! Not the engine's own way, which also turns `/` into `&#x2f;`: links would grow by half and no longer read as links.

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
    let text = value.to_string();
    if value.is_safe() {
        return text;
    }
    let text = text.replace([OPEN, CLOSE], "");
    if matches!(state.auto_escape(), AutoEscape::Html) { html(&text) } else { text }
}

/// Text, escaped for HTML content and quoted attributes.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}
