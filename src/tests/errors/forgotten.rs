//! No error without a snapshot: the sources are read for the words of errors, and the snapshots for where they show.

mod shown;
mod source;

use std::path::{Path, PathBuf};

use shown::Shown;
use source::Source;

/// Words that no snapshot has, and why.
const NOT_SHOWN: [(&str, &str); 17] = [
    ("could not wake the daemon; it looks by itself within 30 seconds", A_MOMENT),
    ("{} was erased in the meantime", A_MOMENT),
    ("could not read the answer", "the terminal must break while somebody types"),
    ("the configuration has no frequency, so no reader can have a digest", "a configuration without one is refused"),
    ("write a [[frequency]] into it: `tidings init` in an empty folder shows how one looks", "as before"),
    ("could not set up the demo's HTTP client", "it asks nothing of the machine"),
    ("a page of the demo does not answer", THE_DEMO),
    ("a page of the demo broke off half-way", THE_DEMO),
    ("could not open a port on this machine for the demo's newspaper", "every port must be taken"),
    ("could not open a port on this machine for the demo's pages", "every port must be taken"),
    ("could not remove the demo's temporary folder", A_MOMENT),
    ("the system makes no key", "the system must be out of chance"),
    ("the key cannot be written down", "the crypto library must refuse a key of its own"),
    ("more than the limit", "it comes out as `sent more than … bytes`"),
    ("the mail to {} cannot be taken apart", THE_DEMO),
    ("no mail with a link to confirm came to {}", THE_DEMO),
    ("this does not hold: {}\n  {}", THE_DEMO),
];

const A_MOMENT: &str = "it takes somebody else at just the right moment";
const THE_DEMO: &str = "the demo must find a fault in Tidings itself";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files with this ending below a folder.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files(&entry, ending, found);
        } else if entry.extension().is_some_and(|there| there == ending) {
            found.push(entry);
        }
    }
}

fn below(folders: &[&str], ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    folders.iter().for_each(|folder| files(&root().join(folder), ending, &mut found));
    found
}

#[test]
fn every_error_has_a_snapshot() {
    let shown = Shown::everywhere();
    let mut without = Vec::new();
    let mut excused: Vec<&str> = Vec::new();
    for file in below(&["src"], "rs") {
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        if name.contains("tests") {
            continue;
        }
        for words in Source::read(&file).without_tests().errors() {
            if shown.has(&words.text) {
                continue;
            }
            match NOT_SHOWN.iter().find(|(text, _)| *text == words.text) {
                Some((text, _)) => excused.push(text),
                None => without.push(format!("{name}:{}: {}", words.line, words.text)),
            }
        }
    }
    assert!(
        without.is_empty(),
        "no snapshot shows these words of errors: add one in src/tests/errors/ or tests/program/errors/\n{}",
        without.join("\n")
    );
    let idle: Vec<&str> = NOT_SHOWN.iter().map(|(text, _)| *text).filter(|text| !excused.contains(text)).collect();
    assert!(idle.is_empty(), "these are shown by now, or gone: take them out of the list\n{}", idle.join("\n"));
}
