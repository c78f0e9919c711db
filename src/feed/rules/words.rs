//! Words to compare: without case and accents, each between single spaces.
//!
//! What is a word differs: Latin, Cyrillic and Indic scripts put spaces between words; Arabic joins articles and
//! conjunctions to them; Chinese, Japanese and Thai put no spaces at all; Korean appends particles.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A text, ready to be searched.
pub(super) struct Words(String);

/// A word or phrase that is looked for. One without a letter or digit in it is found nowhere.
pub(super) enum Needle {
    Nothing,
    /// Between spaces.
    Whole(String),
    /// At the beginning of a word.
    Beginning(String),
    /// Anywhere.
    Part(String),
}

impl Words {
    pub(super) fn of(text: &str) -> Self {
        Self(format!(" {} ", words(text)))
    }

    pub(super) fn has(&self, needle: &Needle) -> bool {
        match needle {
            Needle::Nothing => false,
            Needle::Whole(text) | Needle::Beginning(text) | Needle::Part(text) => self.0.contains(text),
        }
    }
}

impl Needle {
    pub(super) fn of(text: &str) -> Self {
        let words = words(text);
        if words.is_empty() {
            Self::Nothing
        } else if words.chars().any(is_unspaced) {
            Self::Part(words)
        } else if words.chars().next_back().is_some_and(is_hangul) {
            Self::Beginning(format!(" {words}"))
        } else {
            Self::Whole(format!(" {words} "))
        }
    }
}

/// Lower case, without accents, trimmed: for names that are compared as a whole.
pub(super) fn fold(text: &str) -> String {
    let mut before = ' ';
    let kept = text.trim().nfkd().filter(move |&c| {
        let keep = !is_accent(c) || (c == '\u{306}' && matches!(before, 'и' | 'И'));
        before = c;
        keep
    });
    kept.nfc().flat_map(char::to_lowercase).map(same_letter).collect()
}

fn words(text: &str) -> String {
    let folded = fold(text);
    let words = folded.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c)).filter(|word| !word.is_empty());
    words.map(stem).collect::<Vec<_>>().join(" ")
}

/// Marks that are laid over a letter and leave it the letter it is. Those of Indic scripts and of Japanese make it
/// another; so does the breve that makes и into й, which is spared by its base.
fn is_accent(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6ed}')
}

/// Letters of Arabic that are written one for another.
fn same_letter(c: char) -> char {
    match c {
        'ى' | 'ی' => 'ي',
        'ة' => 'ه',
        'ک' => 'ك',
        c => c,
    }
}

/// An Arabic word without the article and the particles joined to it, as in the "light" stemmers of search engines.
fn stem(word: &str) -> &str {
    const ARTICLES: [&str; 8] = ["وبال", "وال", "بال", "كال", "فال", "ولل", "ال", "لل"];
    if !word.starts_with(|c| matches!(c, '\u{600}'..='\u{6ff}')) {
        return word;
    }
    let without = |prefix: &str, least: usize| word.strip_prefix(prefix).filter(|rest| rest.chars().count() >= least);
    ARTICLES.iter().find_map(|article| without(article, 2)).or_else(|| without("و", 3)).unwrap_or(word)
}

fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{ac00}'..='\u{d7a3}')
}
