//! A field while it is being read: its text, and the markup in it written out again.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::chars;
use super::elements::Field;
use super::form::Form;
use super::html::{is_void, looks_like_html};
use super::tag::{Tag, split};
use crate::feed::{Text, TextKind};

pub(super) struct Capture {
    pub field: Field,
    /// How many elements were open around it.
    pub depth: usize,
    /// `isPermaLink` is not "false".
    pub permalink: bool,
    form: Form,
    text: String,
    declared_xhtml: bool,
    /// Elements that stand directly in the field, and whether text stands there too.
    tops: usize,
    first_top_is_div: bool,
    loose_text: bool,
}

impl Capture {
    pub(super) fn new(field: Field, depth: usize, form: Form, permalink: bool) -> Self {
        Self {
            field,
            depth,
            permalink,
            form,
            text: String::new(),
            declared_xhtml: form == Form::Xhtml,
            tops: 0,
            first_top_is_div: false,
            loose_text: false,
        }
    }

    /// `inner`: how many elements of markup are open around the text.
    pub(super) fn push(&mut self, text: &str, inner: usize) {
        self.loose_text |= inner == 0 && !text.trim().is_empty();
        if self.form == Form::Xhtml && text.contains(['&', '<', '>']) {
            chars::push(&mut self.text, &text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"));
        } else {
            chars::push(&mut self.text, text);
        }
    }

    /// Whether it has text in it and no markup of its own.
    pub(super) fn may_be_cut(&self) -> bool {
        self.loose_text && !self.declared_xhtml
    }

    /// Writes a start tag down. False for a `div` in what is declared as escaped: it only wraps.
    pub(super) fn start(&mut self, tag: &Tag, inner: usize) {
        let name = split(tag.name).1;
        if inner == 0 {
            self.first_top_is_div |= self.tops == 0 && name.eq_ignore_ascii_case("div");
            self.tops += 1;
        }
        if self.form != Form::Xhtml {
            if name.eq_ignore_ascii_case("div") {
                return;
            }
            // It declared itself as escaped, but it is not.
            self.form = Form::Xhtml;
        }
        let mut written = format!("<{name}");
        for (key, value) in tag.attributes.iter().filter(|(key, _)| !key.starts_with("xmlns")) {
            let value = value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
            written.push_str(&format!(" {key}=\"{value}\""));
        }
        written.push_str(if is_void(name) { " />" } else { ">" });
        chars::push(&mut self.text, &written);
    }

    pub(super) fn end(&mut self, name: &str) {
        let name = split(name).1;
        let only_wraps = self.form != Form::Xhtml && name.eq_ignore_ascii_case("div");
        if !only_wraps && !is_void(name) {
            chars::push(&mut self.text, &format!("</{name}>"));
        }
    }

    /// The field as text that is to be understood as it stands.
    pub(super) fn raw(self) -> String {
        chars::mend_twice_encoded(self.text.trim().to_owned())
    }

    /// The field as prose. RSS leaves one to guess whether plain text is plain (`may_guess`); in Atom 1.0 the `div`
    /// around XHTML is not part of it (`unwrap`).
    pub(super) fn prose(self, may_guess: bool, unwrap: bool) -> Text {
        let wrapped = self.declared_xhtml && self.tops == 1 && self.first_top_is_div && !self.loose_text;
        let form = self.form;
        let mut value = self.raw();
        match form {
            Form::Base64 { .. } => value = from_base64(&value).unwrap_or_default(),
            Form::Xhtml if unwrap && wrapped => value = without_wrapper(&value).to_owned(),
            _ => {}
        }
        let kind = match form {
            Form::Html | Form::Xhtml | Form::Base64 { html: true } => TextKind::Html,
            Form::Plain | Form::Base64 { html: false } if may_guess && looks_like_html(&value) => TextKind::Html,
            Form::Plain | Form::Base64 { html: false } => TextKind::Plain,
        };
        Text { value, kind }
    }
}

fn without_wrapper(value: &str) -> &str {
    let inner = value.split_once('>').map_or(value, |(_, inner)| inner);
    inner.strip_suffix("</div>").unwrap_or(inner).trim()
}

fn from_base64(value: &str) -> Option<String> {
    let packed: String = value.chars().filter(|c| !c.is_ascii_whitespace() && *c != '=').collect();
    let text = String::from_utf8(STANDARD_NO_PAD.decode(packed).ok()?).ok()?;
    let mut bounded = String::new();
    chars::push(&mut bounded, &text);
    Some(bounded.trim().to_owned())
}
