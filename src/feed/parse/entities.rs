//! Entities that a document declares for itself: only plain text, only short, and only so much in all.

use std::collections::HashMap;

const COUNT: usize = 64;
const LENGTH: usize = 1024;
/// All that declared entities may add to one document: a "billion laughs" ends here.
const BUDGET: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Entities {
    declared: HashMap<String, String>,
    spent: usize,
}

impl Entities {
    /// Takes the harmless ones from a document type declaration. External ones (`SYSTEM`, `PUBLIC`) are never followed.
    pub(super) fn hear(&mut self, declaration: &str) {
        for part in declaration.split("<!ENTITY").skip(1) {
            if self.declared.len() == COUNT {
                return;
            }
            let Some((name, value)) = declared(part) else { continue };
            self.declared.entry(name.to_owned()).or_insert_with(|| super::chars::unescape(value));
        }
    }

    pub(super) fn expand(&mut self, name: &str) -> Option<&str> {
        let text = self.declared.get(name)?;
        self.spent += text.len();
        Some(if self.spent <= BUDGET { text } else { "" })
    }
}

fn declared(part: &str) -> Option<(&str, &str)> {
    let (name, rest) = part.trim_start().split_once(|c: char| c.is_ascii_whitespace())?;
    let rest = rest.trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let value = rest[1..].split_once(quote)?.0;
    let harmless = value.len() <= LENGTH && !value.contains('<') && only_characters(value);
    (name != "%" && harmless).then_some((name, value))
}

/// References to other entities are what makes bombs; those to characters are fine.
fn only_characters(value: &str) -> bool {
    value.split('&').skip(1).all(|after| after.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_ones_are_taken_and_no_others() {
        let mut entities = Entities::default();
        entities.hear(
            r#"feed [<!ENTITY org "World &#38; Co"> <!ENTITY ext SYSTEM "file:///etc/passwd"> <!ENTITY two "&org;&org;"> <!ENTITY % p 'x'>]"#,
        );
        assert_eq!(entities.expand("org"), Some("World & Co"));
        for name in ["ext", "two", "p", "%"] {
            assert_eq!(entities.expand(name), None, "{name}");
        }
    }

    #[test]
    fn expansion_comes_to_an_end() {
        let mut entities = Entities::default();
        entities.hear(&format!("x [<!ENTITY a '{}'>]", "a".repeat(LENGTH)));
        let total: usize = (0..10_000).map(|_| entities.expand("a").unwrap().len()).sum();
        assert!(total <= BUDGET);
    }
}
