//! What a message of a catalogue asks for in braces and the shipped English one does not: what a template that fails for
//! want of it most likely stumbled over. By itself it is no mistake: a template of the operator's may give it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use toml::de::{DeTable, DeValue};

use super::catalogue::{Catalogue, Message};
use super::error::TemplateError;
use super::shipped::{self, SHIPPED};

/// Looks through the catalogues in the operator's folder.
pub fn look_through(folder: &Path) -> Result<(), TemplateError> {
    let english =
        SHIPPED.iter().find(|(name, _)| *name == "locale/en.toml").map(|(name, text)| Catalogue::read(name, text));
    let Some(english) = english.transpose()? else { return Ok(()) };
    let over = shipped::over(folder)?;
    let mut catalogues = over.iter().filter(|(name, _)| name.starts_with("locale/"));
    catalogues.try_for_each(|(name, text)| check(name, text, &Catalogue::read(name, text)?, &english))
}

/// Refuses the catalogue `name` where one of its messages asks for something that `english` is not given. A message
/// that English does not have is for the operator's own templates.
fn check(name: &str, text: &str, catalogue: &Catalogue, english: &Catalogue) -> Result<(), TemplateError> {
    for (group, messages) in &catalogue.messages {
        for (key, message) in messages {
            let Some(known) = english.messages.get(group).and_then(|messages| messages.get(key)).map(asked) else {
                continue;
            };
            if let Some(stranger) = asked(message).into_iter().find(|asked| !known.contains(asked)) {
                let (line, column) = place(text, group, key);
                let (message, asked) = (format!("{group}.{key}"), stranger.to_owned());
                let name = name.to_owned();
                return Err(TemplateError::CatalogueMessage {
                    name,
                    line,
                    column,
                    message,
                    asked,
                    known: in_words(&known),
                });
            }
        }
    }
    Ok(())
}

/// Names in braces, of all forms.
fn asked(message: &Message) -> BTreeSet<&str> {
    let forms: Vec<&str> = match message {
        Message::Plain(text) => vec![text],
        Message::Plural(forms) => forms.values().map(String::as_str).collect(),
    };
    forms
        .into_iter()
        .flat_map(|text| text.split('{').skip(1))
        .filter_map(|rest| Some(rest.split_once('}')?.0))
        .collect()
}

fn in_words(known: &BTreeSet<&str>) -> String {
    if known.is_empty() {
        return "and nothing can be filled into it".to_owned();
    }
    let known: Vec<String> = known.iter().map(|name| format!("{{{name}}}")).collect();
    format!("and it can have {}", known.join(", "))
}

/// Line and column, from 1.
fn place(text: &str, group: &str, key: &str) -> (usize, usize) {
    let at = DeTable::parse(text).ok().and_then(|table| span(table.get_ref(), &["messages", group, key]));
    let before = at.and_then(|at| text.get(..at.start)).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or(before);
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

fn span(table: &DeTable<'_>, path: &[&str]) -> Option<Range<usize>> {
    let (first, rest) = path.split_first()?;
    let value = table.get(*first)?;
    match value.get_ref() {
        _ if rest.is_empty() => Some(value.span()),
        DeValue::Table(inner) => span(inner, rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> Option<String> {
        let english = SHIPPED.iter().find(|(name, _)| *name == "locale/en.toml").unwrap().1;
        let read = |text| Catalogue::read("locale/fr.toml", text).unwrap();
        check("locale/fr.toml", text, &read(text), &read(english)).err().map(|error| error.to_string())
    }

    #[test]
    fn a_message_asks_for_what_there_is() {
        assert_eq!(
            refused("[messages.digest]\nstop_all = \"Stop\"\nlate = \"{city}: {due}\"\n[messages.ours]\na = \"{b}\"\n"),
            None
        );
        assert_eq!(
            refused("[messages.digest]\nend = \"Voilà\"\n\nmore = { one = \"{n}\", other = \"{n} de {theme}\" }\n")
                .unwrap(),
            "catalogue locale/fr.toml, line 4, column 8: the message `digest.more` asks for `{theme}`, and it can have {n}, {topic}"
        );
        assert_eq!(
            refused("[messages.digest]\nend = \"{n}\"\n").unwrap(),
            "catalogue locale/fr.toml, line 2, column 7: the message `digest.end` asks for `{n}`, and nothing can be filled into it"
        );
    }
}
