//! Samples of pages: each question with its answer, and what stands where nothing is.

use super::super::digest::Item;
use super::super::page::{Ask, Content, Step, Stopping, Trouble};
use super::super::site::Site;
use super::{digest, words};
use crate::model::language::Language;

/// A step, and what its samples are called: to stop everything, a topic, the last one; to confirm, with and without a
/// first digest in sight.
type Steps = [(Step, [&'static str; 5]); 2];

pub fn all(site: &Site, language: &Language) -> Vec<(&'static str, Content)> {
    let mut all = Vec::new();
    for (step, [everything, topic, last, confirm, soon]) in steps() {
        all.push((everything, stop(everything_of(language), &step)));
        all.push((topic, stop(topic_of(language, true), &step)));
        all.push((last, stop(topic_of(language, false), &step)));
        all.push((confirm, confirmation(language, true, &step)));
        all.push((soon, confirmation(language, false, &step)));
    }
    all.push(("not-found", Content::Error { trouble: Trouble::NotFound }));
    all.push(("expired", Content::Error { trouble: Trouble::Expired }));
    all.push(("wrong", Content::Error { trouble: Trouble::Wrong }));
    all.extend(editions(site, language));
    all
}

fn steps() -> Steps {
    let hidden = vec![("form".to_owned(), "signed".to_owned())];
    let ask = Step::Ask(Ask { action: "/sample".to_owned(), hidden });
    [
        (ask, ["everything-ask", "topic-ask", "last-topic-ask", "ask", "ask-soon"]),
        (Step::Done, ["everything-done", "topic-done", "last-topic-done", "done", "done-soon"]),
    ]
}

fn stop(what: Stopping, step: &Step) -> Content {
    Content::Stop { what, step: step.clone() }
}

fn everything_of(language: &Language) -> Stopping {
    Stopping::Everything { topics: topics(language) }
}

fn topic_of(language: &Language, others_stay: bool) -> Stopping {
    let mut left = topics(language);
    let name = left.remove(0);
    if !others_stay {
        left.clear();
    }
    Stopping::Topic { name, left, everything_url: "/stop/sample".to_owned() }
}

fn confirmation(language: &Language, known: bool, step: &Step) -> Content {
    Content::Confirm {
        topics: topics(language),
        frequency: words::of(language).daily.to_owned(),
        first: known.then(|| digest::moment("2026-11-24T08:00:00")),
        zone: "Africa/Nairobi".to_owned(),
        step: step.clone(),
    }
}

fn editions(site: &Site, language: &Language) -> [(&'static str, Content); 3] {
    let edition = |digest| Content::Edition { digest: Box::new(digest) };
    let mut withdrawn = digest::ordinary(site, language);
    withdrawn.sections[0].articles[0] = Item::withdrawn();
    [
        ("ordinary", edition(digest::ordinary(site, language))),
        ("withdrawn", edition(withdrawn)),
        ("empty", edition(digest::empty(site, language))),
    ]
}

fn topics(language: &Language) -> Vec<String> {
    let words = words::of(language);
    [words.health, words.climate, words.women].map(str::to_owned).to_vec()
}
