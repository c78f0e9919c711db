//! HTML, as far as the rules need it: elements, attributes and text, of whatever an operator's template makes. Comments
//! are left out, and with them what they keep for one mail program. It forgives as browsers do, more simply.

use super::super::script;

/// Elements in elements, deeper than any mail; what is nested deeper is hung in here.
const DEPTH_LIMIT: usize = 150;
const VOID: [&str; 13] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"];
/// What stands in them is no markup.
const RAW: [&str; 4] = ["style", "script", "title", "textarea"];

#[derive(Debug, Default)]
pub struct Element {
    /// In lower case, as names of attributes are.
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Node>,
}

#[derive(Debug)]
pub enum Node {
    Element(Element),
    Text(String),
}

impl Element {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub fn is_of_class(&self, class: &str) -> bool {
        self.attribute("class").is_some_and(|all| all.split_ascii_whitespace().any(|own| own == class))
    }

    /// It and all in it, in order.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        for child in &self.children {
            if let Node::Element(element) = child {
                all.extend(element.all());
            }
        }
        all
    }

    /// What stands in it, in one line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.gather(&mut text);
        script::one_line(&text)
    }

    fn gather(&self, text: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(own) => text.push_str(own),
                Node::Element(element) => element.gather(text),
            }
        }
    }

    /// Its opening tag and the beginning of its text, for somebody to find it by.
    pub fn tag(&self) -> String {
        let attributes: String =
            self.attributes.iter().filter(|(name, _)| name != "style").map(|(n, v)| format!(" {n}=\"{v}\"")).collect();
        let tag = script::cut(&format!("<{}{attributes}>", self.name), 80);
        let text = if RAW.contains(&self.name.as_str()) { String::new() } else { self.text() };
        if text.is_empty() { tag } else { format!("{tag} {}", script::cut(&text, 40)) }
    }
}

/// The document; its own name is empty.
pub fn parse(html: &str) -> Element {
    let mut open = vec![Element::default()];
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        say(&mut open, &rest[..at]);
        rest = &rest[at..];
        rest = if let Some(comment) = rest.strip_prefix("<!--") {
            comment.split_once("-->").map_or("", |(_, after)| after)
        } else if rest.starts_with("<!") || rest.starts_with("<?") {
            rest.split_once('>').map_or("", |(_, after)| after)
        } else if let Some(closing) = rest.strip_prefix("</") {
            let (name, after) = closing.split_once('>').unwrap_or((closing, ""));
            close(&mut open, &name.trim().to_ascii_lowercase());
            after
        } else if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            begin(&mut open, &rest[1..])
        } else {
            say(&mut open, "<");
            &rest[1..]
        };
    }
    say(&mut open, rest);
    while open.len() > 1 {
        shut(&mut open);
    }
    open.pop().unwrap_or_default()
}

/// Reads a tag that begins at `rest`, and says what comes after it.
fn begin<'h>(open: &mut Vec<Element>, rest: &'h str) -> &'h str {
    let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(rest.len());
    let name = rest[..end].to_ascii_lowercase();
    let (attributes, mut rest) = attributes(&rest[end..]);
    let raw = RAW.contains(&name.as_str());
    let mut element = Element { attributes, children: vec![], name };
    if raw {
        let closing = format!("</{}", element.name);
        let at = rest.to_ascii_lowercase().find(&closing).unwrap_or(rest.len());
        element.children.push(Node::Text(rest[..at].to_owned()));
        rest = rest[at..].split_once('>').map_or("", |(_, after)| after);
    }
    let stays_open = !raw && !VOID.contains(&element.name.as_str()) && open.len() < DEPTH_LIMIT;
    open.push(element);
    if !stays_open {
        shut(open);
    }
    rest
}

/// Attributes up to the end of the tag, and what comes after it.
fn attributes(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (found, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (found, after);
        }
        // A name has at least one character, whatever it is.
        let ends = |c: char| c.is_whitespace() || matches!(c, '=' | '>' | '/');
        let end = rest.char_indices().skip(1).find(|(_, c)| ends(*c)).map_or(rest.len(), |(at, _)| at);
        let (name, after) = rest.split_at(end);
        let (value, after) = value(after);
        found.push((name.to_ascii_lowercase(), read(value)));
        rest = after;
    }
}

/// The value of an attribute whose name was read, and what comes after it.
fn value(rest: &str) -> (&str, &str) {
    let Some(rest) = rest.trim_start().strip_prefix('=') else { return ("", rest) };
    let rest = rest.trim_start();
    for quote in ['"', '\''] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    rest.split_at(rest.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(rest.len()))
}

fn say(open: &mut [Element], text: &str) {
    if let (Some(innermost), false) = (open.last_mut(), text.is_empty()) {
        innermost.children.push(Node::Text(read(text)));
    }
}

/// Closes the innermost of that name and all in it; one that is not open is nothing.
fn close(open: &mut Vec<Element>, name: &str) {
    let Some(at) = open.iter().skip(1).rposition(|element| element.name == name) else { return };
    while open.len() > at + 1 {
        shut(open);
    }
}

fn shut(open: &mut Vec<Element>) {
    if let Some(element) = open.pop()
        && let Some(around) = open.last_mut()
    {
        around.children.push(Node::Element(element));
    }
}

fn read(escaped: &str) -> String {
    const NAMED: [(&str, &str); 7] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", "\u{a0}"),
        ("&copy;", "©"),
        ("&amp;", "&"),
    ];
    if !escaped.contains('&') {
        return escaped.to_owned();
    }
    NAMED.iter().fold(escaped.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_comes_apart_into_elements_and_text() {
        let document = parse(
            "<!DOCTYPE html><p CLASS='a b' hidden>1 &lt; 2<br>x<!-- <b>no</b> --> </p></i><style>p>a{}</style><img src=x.png alt=\"\"/>",
        );
        let names: Vec<&str> = document.all().iter().map(|element| element.name.as_str()).collect();
        assert_eq!(names, ["", "p", "br", "style", "img"]);
        let paragraph = document.all()[1];
        assert!(paragraph.is_of_class("b") && paragraph.attribute("hidden") == Some(""));
        assert_eq!(paragraph.text(), "1 < 2x");
        assert_eq!(document.all()[4].attributes, [("src".into(), "x.png".into()), ("alt".into(), String::new())]);
        assert_eq!(paragraph.tag(), "<p class=\"a b\" hidden=\"\"> 1 < 2x");
    }

    #[test]
    fn what_is_broken_comes_apart_too() {
        for broken in
            ["<", "<p", "<p a", "<p a=", "<p a=\"", "a < b", "</", "</p", "<!--", "<style>", "<é>", "<p é=ü>ö"]
        {
            parse(broken);
        }
        assert!(parse(&"<b>".repeat(100_000)).all().len() > 100_000);
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_comes_apart(text in "[<>/!='\"&;a-cé \\-]{0,60}", rest in ".{0,20}") {
            parse(&text);
            parse(&format!("<p {text}{rest}"));
        }
    }
}
