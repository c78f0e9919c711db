//! Character sets from before the web, which browsers do not know and old systems still write: those of DOS, of the
//! Macintosh, of Tajikistan and Vietnam, and EBCDIC.

use std::collections::HashMap;
use std::sync::LazyLock;

/// A line for each: its names, and its characters from 0x80 on; those of EBCDIC from 0x40 on.
const TABLE: &str = include_str!("code_pages.txt");

/// The one that has the letters of the prolog where all of EBCDIC has them.
const EBCDIC: &str = "cp037";
/// `<?xm` in any EBCDIC.
const EBCDIC_PROLOG: [u8; 4] = [0x4c, 0x6f, 0xa7, 0x94];

static BY_NAME: LazyLock<HashMap<&str, CodePage>> = LazyLock::new(|| {
    TABLE
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .flat_map(|(names, characters)| {
            let page = CodePage::new(characters);
            names.split(' ').map(move |name| (name, page.clone()))
        })
        .collect()
});

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CodePage {
    /// The character that `first` stands for, and those after it.
    characters: Vec<char>,
    first: usize,
}

impl CodePage {
    fn new(characters: &str) -> Self {
        let characters: Vec<char> = characters.chars().collect();
        Self { first: 256 - characters.len(), characters }
    }

    pub(super) fn named(name: &str) -> Option<&'static Self> {
        BY_NAME.get(name)
    }

    fn is_ebcdic(&self) -> bool {
        self.first < 0x80
    }

    pub(super) fn decode(&self, body: &[u8]) -> String {
        body.iter()
            .map(|&byte| match usize::from(byte).checked_sub(self.first) {
                Some(at) => self.characters[at],
                None if self.is_ebcdic() => control(byte),
                None => byte.into(),
            })
            .collect()
    }
}

/// Of EBCDIC's controls only white space means something to us.
fn control(byte: u8) -> char {
    match byte {
        0x05 => '\t',
        0x0d | 0x15 | 0x25 => '\n',
        _ => ' ',
    }
}

/// A body that begins with a prolog in EBCDIC; `encoding` finds a character set's name in a prolog.
pub(super) fn ebcdic(body: &[u8], name: impl FnOnce(&[u8]) -> Option<String>) -> Option<String> {
    if !body.starts_with(&EBCDIC_PROLOG) {
        return None;
    }
    let usual = CodePage::named(EBCDIC)?;
    let head = usual.decode(&body[..body.len().min(super::PROLOG)]);
    let declared = name(head.as_bytes()).and_then(|name| CodePage::named(&name)).filter(|page| page.is_ebcdic());
    Some(declared.unwrap_or(usual).decode(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_whole_table() {
        for line in TABLE.lines() {
            let (names, characters) = line.split_once('\t').unwrap();
            assert!(matches!(characters.chars().count(), 128 | 192), "{names}");
            assert!(!characters.contains(|c: char| c.is_control()), "{names}");
        }
    }

    #[test]
    fn old_systems_are_understood() {
        assert_eq!(CodePage::named("ibm850").unwrap().decode(b"caf\x82"), "café");
        assert_eq!(CodePage::named("viscii").unwrap().decode(b"Vi\xaet"), "Việt");
        assert_eq!(CodePage::named("no such"), None);
    }
}
