//! Styles, as far as the colours of text need them: rules by tag, class and ancestor, for light and for dark; custom
//! properties; inline styles. What is only so in some state (`:hover`) or on some screens is left out.

use std::collections::HashMap;

use super::html::Element;
use crate::model::colour::Colour;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

#[derive(Debug, Default)]
pub struct Sheet {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// For the dark scheme only.
    dark: bool,
    /// From the outermost ancestor to the element itself.
    selector: Vec<Compound>,
    declarations: Vec<Declaration>,
}

#[derive(Debug, Clone, Default)]
struct Compound {
    tag: Option<String>,
    classes: Vec<String>,
}

#[derive(Debug, Clone)]
struct Declaration {
    property: String,
    value: String,
    important: bool,
}

/// What stands first is overruled by what stands later.
type Weight = (bool, bool, usize, usize, usize);

impl Sheet {
    pub fn read(style: &str) -> Self {
        let mut sheet = Self::default();
        sheet.take(&without_comments(style), false);
        sheet
    }

    fn take(&mut self, style: &str, dark: bool) {
        let mut rest = style;
        while let Some((prelude, after)) = rest.split_once('{') {
            let (block, after) = block(after);
            rest = after;
            // A statement such as @import ends before what follows it.
            let prelude = prelude.rsplit(';').next().unwrap_or(prelude).trim();
            match prelude.strip_prefix("@media") {
                Some(condition) if condition.contains("prefers-color-scheme") => {
                    self.take(block, condition.contains("dark"));
                }
                Some(_) => {}
                None if prelude.starts_with('@') => {}
                None => {
                    let selectors = prelude.split(',').filter_map(selector);
                    self.rules.extend(selectors.map(|s| Rule { dark, selector: s, declarations: declarations(block) }));
                }
            }
        }
    }

    /// The properties that `:root` sets.
    pub fn variables(&self, scheme: Scheme) -> HashMap<String, String> {
        let in_force = self.rules.iter().filter(|rule| !rule.dark || scheme == Scheme::Dark);
        let of_root =
            in_force.filter(|rule| rule.selector.len() == 1 && rule.selector[0].tag.as_deref() == Some("html"));
        let custom = of_root.flat_map(|rule| &rule.declarations).filter(|d| d.property.starts_with("--"));
        custom.map(|d| (d.property.clone(), d.value.clone())).collect()
    }

    /// What an element, whose ancestors come before it in `path`, has for one of `properties`.
    pub fn value(&self, path: &[&Element], scheme: Scheme, properties: &[&str]) -> Option<String> {
        let inline = path.last()?.attribute("style").map(declarations).unwrap_or_default();
        let mut found: Vec<(Weight, &Declaration)> = Vec::new();
        for (at, declaration) in inline.iter().enumerate() {
            found.push(((declaration.important, true, 0, 0, at), declaration));
        }
        let in_force = self.rules.iter().enumerate().filter(|(_, rule)| !rule.dark || scheme == Scheme::Dark);
        for (at, rule) in in_force.filter(|(_, rule)| matches(&rule.selector, path)) {
            let classes = rule.selector.iter().map(|compound| compound.classes.len()).sum();
            let tags = rule.selector.iter().filter(|compound| compound.tag.is_some()).count();
            found.extend(rule.declarations.iter().map(|d| ((d.important, false, classes, tags, at), d)));
        }
        found.retain(|(_, declaration)| properties.contains(&declaration.property.as_str()));
        found.into_iter().max_by_key(|(weight, _)| *weight).map(|(_, declaration)| declaration.value.clone())
    }
}

/// What a style would load, if anything: by `@import`, a font, or an address that is no https picture's.
pub fn loads(style: &str) -> Option<String> {
    let style = without_comments(style).to_ascii_lowercase();
    if let Some(rule) = ["@import", "@font-face"].into_iter().find(|rule| style.contains(rule)) {
        return Some(rule.to_owned());
    }
    let addresses = style.split("url(").skip(1).filter_map(|rest| rest.split(')').next());
    let picture = |address: &str| address.starts_with("https://") || address.starts_with("data:image/");
    addresses.map(|address| address.trim_matches(['"', '\'', ' '])).find(|a| !picture(a)).map(|a| format!("url({a})"))
}

/// A colour as styles write it; a `var()` is looked up. None where it is no colour, or one that lets through.
pub fn colour(value: &str, variables: &HashMap<String, String>) -> Option<Colour> {
    value.split_ascii_whitespace().find_map(|word| single(word, variables, 8)).or_else(|| rgb(value))
}

fn single(word: &str, variables: &HashMap<String, String>, depth: u8) -> Option<Colour> {
    if let Some(inner) = word.strip_prefix("var(").and_then(|rest| rest.strip_suffix(')')) {
        let (name, fallback) = inner.split_once(',').map_or((inner, None), |(name, other)| (name, Some(other)));
        let value = variables.get(name.trim()).map(String::as_str).or(fallback)?;
        return single(value.trim(), variables, depth.checked_sub(1)?);
    }
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "black" => Some(Colour::of(0, 0, 0)),
        "white" => Some(Colour::of(255, 255, 255)),
        "gray" | "grey" => Some(Colour::of(128, 128, 128)),
        "silver" => Some(Colour::of(192, 192, 192)),
        "red" => Some(Colour::of(255, 0, 0)),
        "green" => Some(Colour::of(0, 128, 0)),
        "blue" => Some(Colour::of(0, 0, 255)),
        "yellow" => Some(Colour::of(255, 255, 0)),
        "orange" => Some(Colour::of(255, 165, 0)),
        short if short.len() == 4 && short.starts_with('#') => {
            let doubled: String = short[1..].chars().flat_map(|digit| [digit, digit]).collect();
            format!("#{doubled}").parse().ok()
        }
        other => other.parse().ok(),
    }
}

fn rgb(value: &str) -> Option<Colour> {
    let inner = value.trim().strip_prefix("rgb(")?.split(')').next()?;
    let parts: Vec<u8> =
        inner.split([',', ' ']).filter(|part| !part.is_empty()).map_while(|p| p.parse().ok()).collect();
    match parts[..] {
        [red, green, blue] => Some(Colour::of(red, green, blue)),
        _ => None,
    }
}

/// What stands up to the brace that closes, and what comes after it.
fn block(rest: &str) -> (&str, &str) {
    let mut depth = 0_usize;
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return (&rest[..at], &rest[at + 1..]),
            '}' => depth -= 1,
            _ => {}
        }
    }
    (rest, "")
}

fn declarations(block: &str) -> Vec<Declaration> {
    let one = |text: &str| {
        let (property, value) = text.split_once(':')?;
        let value = value.trim();
        let plain = value.strip_suffix("!important");
        let value = plain.unwrap_or(value).trim().to_owned();
        Some(Declaration { property: property.trim().to_ascii_lowercase(), value, important: plain.is_some() })
    };
    block.split(';').filter_map(one).collect()
}

/// None for one that holds in some state only, or that asks for more than tags and classes.
fn selector(text: &str) -> Option<Vec<Compound>> {
    let words = text.split(|c: char| c.is_whitespace() || c == '>').filter(|word| !word.is_empty());
    words.map(compound).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())
}

fn compound(word: &str) -> Option<Compound> {
    if word == ":root" {
        return Some(Compound { tag: Some("html".to_owned()), classes: vec![] });
    }
    if word.contains([':', '[', '#', '+', '~']) {
        return None;
    }
    let mut parts = word.split('.');
    let tag = parts.next().filter(|tag| !tag.is_empty() && *tag != "*").map(str::to_ascii_lowercase);
    Some(Compound { tag, classes: parts.map(str::to_owned).collect() })
}

fn matches(selector: &[Compound], path: &[&Element]) -> bool {
    let (Some((own, ancestors)), Some((element, around))) = (selector.split_last(), path.split_last()) else {
        return false;
    };
    if !fits(own, element) {
        return false;
    }
    let mut wanted = ancestors.iter().rev().peekable();
    for ancestor in around.iter().rev() {
        wanted.next_if(|compound| fits(compound, ancestor));
    }
    wanted.peek().is_none()
}

fn fits(compound: &Compound, element: &Element) -> bool {
    compound.tag.as_ref().is_none_or(|tag| *tag == element.name)
        && compound.classes.iter().all(|class| element.is_of_class(class))
}

fn without_comments(style: &str) -> String {
    let mut parts = style.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once("*/").map_or("", |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::html;
    use super::*;

    #[test]
    fn the_last_word_is_had_as_in_a_browser() {
        let sheet = Sheet::read(
            "p{color:#111}.a{color:#222}/* p{color:#333} */@media (max-width:9px){p{color:#444}}p:hover{color:#555}\
             @media (prefers-color-scheme:dark){.a{color:#666!important}div .b{color:#777!important}}",
        );
        let document =
            html::parse("<div><p>x<p class=a>y<p class=a style='color:#888'>z<p class=b style=\"color:#999\">");
        let (div, all) = (document.all()[1], document.all());
        let colours =
            |scheme| all[2..].iter().map(|p| sheet.value(&[div, p], scheme, &["color"]).unwrap()).collect::<Vec<_>>();
        assert_eq!(colours(Scheme::Light), ["#111", "#222", "#888", "#999"]);
        assert_eq!(colours(Scheme::Dark), ["#111", "#666", "#666", "#777"]);
    }

    #[test]
    fn colours_are_read_as_styles_write_them() {
        let variables = HashMap::from([
            ("--ink".to_owned(), "var(--deep)".to_owned()),
            ("--deep".to_owned(), "#0b0c0c".to_owned()),
        ]);
        let read = |value: &str| colour(value, &variables).map(|colour| colour.to_string());
        for (value, is) in [
            ("#FfF", "#ffffff"),
            ("var(--ink)", "#0b0c0c"),
            ("var(--no,red)", "#ff0000"),
            ("rgb(1, 2, 3)", "#010203"),
            ("url(x) #abc no-repeat", "#aabbcc"),
        ] {
            assert_eq!(read(value).as_deref(), Some(is), "{value}");
        }
        assert_eq!(read("transparent").or(read("var(--none)")).or(read("#é1")), None);
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_is_read(text in "[{}:;@.,#()*/!a-cé0-9 ]{0,60}", rest in ".{0,20}") {
            let sheet = Sheet::read(&format!("{text}{rest}"));
            let document = html::parse(&format!("<p style=\"{text}\">x"));
            let path = document.all();
            sheet.value(&path, Scheme::Dark, &["a"]);
            colour(&rest, &sheet.variables(Scheme::Light));
            colour(&text, &HashMap::new());
            loads(&text);
        }
    }

    #[test]
    fn a_style_that_loads_is_known() {
        assert_eq!(loads("a{background:url('https://x.example/y.png')}"), None);
        assert_eq!(loads("@import 'x.css';").as_deref(), Some("@import"));
        assert_eq!(loads("a{src:url(http://x.example/y.woff)}").as_deref(), Some("url(http://x.example/y.woff)"));
    }
}
