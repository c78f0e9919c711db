//! What the snapshots show.

use super::below;
use super::source::Source;

/// Each snapshot, paragraph by paragraph; a blank is as good as a line's end.
pub struct Shown(Vec<String>);

impl Shown {
    /// The files of snapshots, and those that stand in the tests.
    pub fn everywhere() -> Self {
        let mut shown = Vec::new();
        for file in below(&["src", "tests"], "snap") {
            let text = std::fs::read_to_string(file).unwrap();
            let shot = text.splitn(3, "---\n").nth(2).expect("a head, and what was shot");
            shown.extend(shot.split("\n\n").map(in_one_line));
        }
        for file in below(&["src", "tests"], "rs") {
            shown.extend(Source::read(&file).snapshots().flat_map(|shot| shot.split("\n\n")).map(in_one_line));
        }
        Self(shown)
    }

    /// Whether somewhere the words stand, whatever stands in their places.
    pub fn has(&self, words: &str) -> bool {
        let pieces = pieces(words);
        self.0.iter().any(|shown| {
            let mut rest = shown.as_str();
            pieces.iter().all(|piece| match rest.split_once(piece.as_str()) {
                Some((_, after)) => {
                    rest = after;
                    true
                }
                None => false,
            })
        })
    }
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The fixed words between the places of a format, without blanks around them.
pub fn pieces(words: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut left = words.chars().peekable();
    while let Some(c) = left.next() {
        match c {
            '{' | '}' if left.next_if_eq(&c).is_some() => pieces.last_mut().expect("one").push(c),
            '{' => {
                left.by_ref().find(|c| *c == '}');
                pieces.push(String::new());
            }
            _ => pieces.last_mut().expect("one").push(c),
        }
    }
    pieces.iter().map(|piece| in_one_line(piece)).filter(|piece| !piece.is_empty()).collect()
}

#[test]
fn words_are_found_around_their_places() {
    assert_eq!(pieces("{url} answered {status}: {{x}}\n  y"), ["answered", ": {x} y"]);
    let shown = Shown(vec!["exit 1: https://a.example/ answered 503".to_owned()]);
    assert!(shown.has("{url} answered {status}"));
    assert!(!shown.has("{url} answered {status} twice"));
}
