//! What templates can call, in one language: `t('digest.more', n=3)`, `hole('stop')`, `{{ date | day }}` and so on.

use std::sync::Arc;

use minijinja::value::{Kwargs, Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, State};

use super::catalogue::{Wording, fill};
use super::escape::{html, written};
use super::script;
use super::site::{Day, Moment};
use crate::model::language::Language;
use crate::model::rendering::{CLOSE, OPEN};
use crate::model::topic::Names;

/// Gives `env` its words: functions, filters and globals of `language`.
pub fn speak(env: &mut Environment<'static>, language: &Language, wording: Wording) {
    let wording = Arc::new(wording);
    let rtl = language.is_right_to_left();

    env.add_global("lang", language.as_str());
    env.add_global("dir", language.direction());
    env.add_global("start", if rtl { "right" } else { "left" });

    env.add_function("hole", hole);
    env.add_function("bdi", |state: &State, text: Value| bdi(state, &text));
    let words = wording.clone();
    env.add_function("t", move |state: &State, key: String, args: Kwargs| message(&words, state, &key, &args));

    let words = wording.clone();
    env.add_filter("day", move |day: Serde<Day>| words.day(day.0));
    let words = wording.clone();
    env.add_filter("short_day", move |day: Serde<Day>| words.short_day(day.0));
    let words = wording.clone();
    env.add_filter("moment", move |moment: Serde<Moment>| words.moment(moment.0));
    let words = wording.clone();
    env.add_filter("city", move |zone: String| words.city(&zone));
    let words = wording.clone();
    env.add_filter("spoken", move |texts: Serde<Names>| lines(words.choose(&texts.0)));
    env.add_filter("names", move |state: &State, names: Vec<String>| {
        let names = names.iter().map(|name| bdi(state, &Value::from(name.as_str())).to_string());
        Value::from_safe_string(list(&wording, names))
    });
    env.add_filter("cut", |text: String, limit: usize| script::cut(&text, limit));
    env.add_filter("marked", move |text: String| script::marked(&text, rtl));
}

/// The message, filled. Marked as safe: its words and values are escaped here.
fn message(wording: &Wording, state: &State, key: &str, args: &Kwargs) -> Result<Value, Error> {
    let n: Option<u64> = if args.has("n") { Some(args.peek("n")?) } else { None };
    let text = wording
        .message(key, n)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("no catalogue has a message `{key}`")))?;

    let words = written(state, &Value::from(text));
    let value = |name: &str| match args.peek::<Value>(name) {
        Ok(value) if args.has(name) && !value.is_undefined() => Some(written(state, &value)),
        _ => None,
    };
    let filled = fill(&words, value)
        .map_err(|name| Error::new(ErrorKind::MissingArgument, format!("message `{key}` wants `{name}`")))?;
    Ok(Value::from_safe_string(filled))
}

/// "A, B, C", with the language's comma. Without an "and": names of topics have their own ("Peace and security").
pub fn list(wording: &Wording, names: impl IntoIterator<Item = String>) -> String {
    let comma = wording.message("list.comma", None).unwrap_or(", ");
    names.into_iter().collect::<Vec<_>>().join(comma)
}

/// What is in none of the languages has no lines.
fn lines(text: Option<&String>) -> Vec<String> {
    text.into_iter().flat_map(|text| text.trim().lines()).map(script::one_line).collect()
}

/// A run of text whose direction must not disturb its neighbours.
fn bdi(state: &State, text: &Value) -> Value {
    let text = written(state, text);
    Value::from_safe_string(if matches!(state.auto_escape(), AutoEscape::Html) { isolated(&text) } else { text })
}

fn isolated(escaped: &str) -> String {
    format!("<bdi>{escaped}</bdi>")
}

/// One name for HTML, as `bdi()` writes it.
pub fn html_name(name: &str) -> String {
    isolated(&html(name))
}

/// A place that is filled for each reader.
fn hole(name: String) -> Result<Value, Error> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    if name.is_empty() || !name.bytes().all(fits) {
        let detail = format!("`{name}` cannot name a hole: use a-z, 0-9, _ and -");
        return Err(Error::new(ErrorKind::InvalidOperation, detail));
    }
    Ok(Value::from_safe_string(format!("{OPEN}{name}{CLOSE}")))
}
