//! Small rules of written text: which way it runs, where it may be cut, what must not be in one line of it.

use crate::model::rendering::{CLOSE, OPEN};

const LEFT_TO_RIGHT_MARK: char = '\u{200E}';
const RIGHT_TO_LEFT_MARK: char = '\u{200F}';

/// Whether the first letter is of a right-to-left script; None without letters (rules P2 and P3 of the Unicode
/// bidirectional algorithm, which mail programs use to lay out a subject).
pub fn runs_right_to_left(text: &str) -> Option<bool> {
    text.chars().find(|c| c.is_alphabetic()).map(is_of_the_right)
}

fn is_of_the_right(c: char) -> bool {
    matches!(u32::from(c), 0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFF | 0x10800..=0x10FFF | 0x1E800..=0x1EFFF)
}

/// Whether a text of a language is laid out from the right: it may be in another one. Arabic headlines begin with "WHO" or
/// "COVID-19", so one Arabic letter anywhere will do; what is said to be English and begins in Arabic is Arabic.
pub fn is_right_to_left(text: &str, language_is: bool) -> bool {
    match runs_right_to_left(text) {
        None => language_is,
        Some(first) => first || (language_is && text.chars().any(|c| c.is_alphabetic() && is_of_the_right(c))),
    }
}

/// `text` between marks of the direction of what surrounds it, if its own is the other: so that a line that begins with
/// it is still laid out from the right end.
pub fn marked(text: &str, surroundings_rtl: bool) -> String {
    match runs_right_to_left(text) {
        Some(rtl) if rtl != surroundings_rtl => {
            let mark = if surroundings_rtl { RIGHT_TO_LEFT_MARK } else { LEFT_TO_RIGHT_MARK };
            format!("{mark}{text}{mark}")
        }
        _ => text.to_owned(),
    }
}

/// At most `limit` characters, cut at the end of a word and closed with "…". Where there is room for none, nothing.
pub fn cut(text: &str, limit: usize) -> String {
    if limit == 0 {
        return String::new();
    }
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let end = text.char_indices().nth(limit.saturating_sub(1)).map_or(text.len(), |(at, _)| at);
    let head = &text[..end];
    let whole = if text[end..].starts_with(breaks) { head.len() } else { word_end(head) };
    let loose = |c: char| c.is_whitespace() || c.is_ascii_punctuation() || c == '،';
    // Where there is nothing but that, it is the text.
    let kept = Some(head[..whole].trim_end_matches(loose)).filter(|kept| !kept.is_empty()).unwrap_or(head);
    format!("{kept}…")
}

/// Where the last whole word of a torn text ends. Scripts without spaces, and words longer than half of it, are torn.
fn word_end(head: &str) -> usize {
    head.rfind(breaks).filter(|&at| at >= head.len() / 2).unwrap_or(head.len())
}

/// One line of text: white space is one space; controls, marks of holes, and characters that turn the direction of
/// what follows them are gone.
pub fn one_line(text: &str) -> String {
    if is_one_line(text.as_bytes()) {
        return text.to_owned();
    }
    let kept: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|&c| !turns(c)).collect();
    kept.split(breaks).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Visible ASCII with single spaces between: most of what there is in English.
fn is_one_line(text: &[u8]) -> bool {
    let spaced = |pair: &[u8]| pair == b"  ";
    text.iter().all(|b| (b' '..=b'~').contains(b))
        && !text.starts_with(b" ")
        && !text.ends_with(b" ")
        && !text.windows(2).any(spaced)
}

/// White space at which a line may end; French keeps its "?" and "»" by a space that is none.
fn breaks(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{A0}' | '\u{202F}')
}

fn turns(c: char) -> bool {
    matches!(c, OPEN | CLOSE | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_word_where_there_are_words() {
        assert_eq!(cut("Cholera, and how to stop it", 27), "Cholera, and how to stop it");
        assert_eq!(cut("Cholera, and how to stop it", 20), "Cholera, and how to…");
        assert_eq!(cut("Cholera in towns, and how to stop it", 19), "Cholera in towns…");
        assert_eq!(cut("世界卫生组织说霍乱病例减少了一半", 6), "世界卫生组…");
        assert_eq!(cut(&"x".repeat(90), 70).chars().count(), 70);
        assert_eq!(cut("", 5), "");
        assert_eq!(cut("Cholera", 0), "");
        assert_eq!(cut(&"!".repeat(160), 5), "!!!!…", "it is all there is");
    }

    #[test]
    fn a_text_runs_as_it_is_written_and_else_as_its_language() {
        let runs = |text: &str| (is_right_to_left(text, false), is_right_to_left(text, true));
        assert_eq!(runs("WHO reports"), (false, false), "whatever the feed is said to be");
        assert_eq!(runs("لقاح للجميع"), (true, true));
        assert_eq!(runs("WHO: لقاح للجميع"), (false, true));
        assert_eq!(runs("لقاح WHO"), (true, true));
        assert_eq!(runs("2026"), (false, true));
    }

    #[test]
    fn only_text_of_the_other_direction_is_marked() {
        assert_eq!(marked("WHO reports", true), "\u{200F}WHO reports\u{200F}");
        assert_eq!(marked("«سلام»", false), "\u{200E}«سلام»\u{200E}");
        assert_eq!(marked("WHO reports", false), "WHO reports");
        assert_eq!(marked("2026", true), "2026");
    }

    #[test]
    fn one_line_has_no_controls_and_no_overrides() {
        assert_eq!(one_line(" a\r\n\tb\u{202E}c\u{FDD0}stop\u{FDD1}\u{7f} "), "a bcstop");
        assert_eq!(one_line("Quoi\u{a0}?  Oui."), "Quoi\u{a0}? Oui.");
    }
}
