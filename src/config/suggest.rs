//! "Did you mean": the nearest of what is known, if it is near enough.

/// The known word most like `typed`.
pub(super) fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (likeness(&typed.to_lowercase(), &word.to_lowercase()), word))
        .filter(|(likeness, _)| *likeness >= 0.6)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, word)| word)
}

/// "; did you mean `word`?", or all that there is.
pub(super) fn or_else_list(typed: &str, known: &[&str]) -> String {
    match nearest(typed, known.iter().copied()) {
        Some(word) => format!("; did you mean `{word}`?"),
        None => format!("; what can stand here: {}", known.join(", ")),
    }
}

/// From 0 to 1. A word cut short is like the whole one.
fn likeness(typed: &str, word: &str) -> f64 {
    let cut_short = typed.len() >= 3 && word.starts_with(typed);
    strsim::normalized_damerau_levenshtein(typed, word).max(if cut_short { 0.7 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_recognised_and_another_word_is_not() {
        let known = ["feed", "topic", "region", "relay"];
        assert_eq!(nearest("topik", known), Some("topic"));
        assert_eq!(nearest("feeds", known), Some("feed"));
        assert_eq!(nearest("RELYA", known), Some("relay"));
        assert_eq!(nearest("reg", known), Some("region"));
        assert_eq!(nearest("smtp", known), None);
    }
}
