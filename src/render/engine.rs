//! The template engine: how texts become templates, and templates output, within limits.

use std::collections::BTreeMap;
use std::io;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;

use super::error::{RenderError, TemplateError, place};
use super::script::one_line;
use super::theme::Theme;
use super::{escape, shipped};
use crate::model::rendering::Holed;

/// No mail or page comes near it; a template that loops does.
const OUTPUT_LIMIT: usize = 4 << 20;
/// Steps of the engine: a mail of 40 articles takes 8,000, the page of an edition of 1,000 articles 100,000.
const FUEL: u64 = 2_000_000;

/// Parses every template; the colours, and the pages' style with them, stand ready in all of them.
pub fn environment(
    over: BTreeMap<String, String>,
    theme: &Theme,
) -> Result<(Environment<'static>, String), TemplateError> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_formatter(escape::format);
    env.set_fuel(Some(FUEL));
    env.set_debug(true);
    env.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().expect("plain syntax"));

    let mut texts: BTreeMap<String, String> =
        shipped::SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    texts.extend(over);
    let style = theme.over(texts.remove("pages/style.css").unwrap_or_default());
    env.add_global("style", Value::from_safe_string(style.clone()));
    env.add_global("theme", Value::from(Serde(theme)));
    for (name, text) in texts.into_iter().filter(|(name, _)| !name.ends_with(".toml")) {
        env.add_template_owned(name.clone(), text).map_err(|source| {
            let (name, line, column) = place(&source, &name);
            TemplateError::Syntax { name, line, column, source }
        })?;
    }
    Ok((env, style))
}

/// What templates see, taken apart once for all that are rendered of it.
pub fn view(of: &impl Serialize) -> Value {
    Value::from(Serde(of))
}

pub fn subject(env: &Environment, name: &str, view: &Value) -> Result<String, RenderError> {
    Ok(one_line(&render(env, name, view)?))
}

/// Plain text: no spaces at the ends of lines, at most two empty lines in a row.
pub fn text(env: &Environment, name: &str, view: &Value) -> Result<Holed, RenderError> {
    let output = render(env, name, view)?;
    let mut tidy = String::with_capacity(output.len());
    let mut empty = 2;
    for line in output.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 2 {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    tidy.truncate(tidy.trim_end().len());
    tidy.push('\n');
    Ok(Holed::of(&tidy))
}

/// HTML without the indentation and empty lines that only people who read templates need.
pub fn html(env: &Environment, name: &str, view: &Value) -> Result<Holed, RenderError> {
    let output = render(env, name, view)?;
    let lines: Vec<&str> = output.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    Ok(Holed::of(&(lines.join("\n") + "\n")))
}

pub fn render(env: &Environment, name: &str, view: &Value) -> Result<String, RenderError> {
    let mut output = Bounded::default();
    let rendered = env.get_template(name).and_then(|template| template.render_captured_to(view, &mut output).map(drop));
    if output.over {
        return Err(RenderError::TooLong { name: name.to_owned(), limit: OUTPUT_LIMIT });
    }
    rendered.map_err(|source| {
        let (name, line, column) = place(&source, name);
        RenderError::Template { name, line, column, source }
    })?;
    Ok(String::from_utf8(output.bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// That nothing fills a hole of a mail, with the place where a template asks for it by name. One whose name is put
/// together is told without.
pub fn strange_hole(env: &Environment, kind: &str, hole: &str) -> RenderError {
    let asks = |source: &str| {
        let at = ['\'', '"'].into_iter().find_map(|quote| source.find(&format!("hole({quote}{hole}{quote}")))?;
        let before = &source[..at];
        let line = before.rsplit('\n').next().unwrap_or(before);
        Some((before.matches('\n').count() + 1, line.chars().count() + 1))
    };
    let mut mails: Vec<_> = env.templates().filter(|(name, _)| name.starts_with("mail/")).collect();
    mails.sort_by_key(|(name, _)| (!name.starts_with(kind), name.to_owned()));
    let found = mails.iter().find_map(|(name, template)| Some((*name, asks(template.source())?)));
    let (name, (line, column)) =
        found.map_or((format!("{kind}/body.html"), (1, 1)), |(n, place)| (n.to_owned(), place));
    RenderError::Hole { name, line, column, hole: hole.to_owned() }
}

/// Takes output up to the limit.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    over: bool,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.over = self.bytes.len() + bytes.len() > OUTPUT_LIMIT;
        if self.over {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
