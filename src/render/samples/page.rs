//! Samples of pages: each question with its answer, and what stands where nothing is.

use super::super::digest::Item;
use super::super::form::Fault;
use super::super::page::{
    Again, Confirming, Content, DayLine, Elsewhere, Glimpse, Often, Pause, Per, Preferences, Said, Sent, SignUp,
    Snippets, Started, Step, Stopping, Topic, TopicLine, Trouble,
};
use super::super::site::Site;
use super::{digest, forms, words};
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
    all.push(("old-link", Content::Error { trouble: Trouble::OldLink }));
    all.push(("elsewhere", Content::Error { trouble: Trouble::Elsewhere }));
    all.push(("taken", Content::Error { trouble: Trouble::Taken }));
    all.extend(of_a_reader(language));
    all.extend(for_anybody(language));
    all.extend(editions(site, language));
    all
}

fn steps() -> Steps {
    [
        (Step::Ask(forms::ask()), ["everything-ask", "topic-ask", "last-topic-ask", "ask", "ask-soon"]),
        (Step::Done, ["everything-done", "topic-done", "last-topic-done", "done", "done-soon"]),
    ]
}

fn stop(what: Stopping, step: &Step) -> Content {
    let has_left = *step == Step::Done && matches!(what, Stopping::Everything { .. });
    let again = has_left.then(|| Again { ask: forms::ask(), topics: vec![], missed: true });
    Content::Stop { what, step: step.clone(), again }
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
    let is_done = *step == Step::Done;
    Content::Confirm(Box::new(Confirming {
        parts: vec![Often { topics: topics(language), frequency: words::of(language).daily.to_owned() }],
        first: known.then(|| digest::moment("2026-11-24T08:00:00")),
        zone: "Africa/Nairobi".to_owned(),
        step: step.clone(),
        not_me: (!is_done).then(forms::ask),
        gets_mail: false,
        now: (is_done && known).then(forms::ask),
        is_coming: is_done && !known,
        preferences_url: is_done.then(|| "/preferences/sample".to_owned()),
    }))
}

/// Pages behind links.
fn of_a_reader(language: &Language) -> Vec<(&'static str, Content)> {
    let again = |missed| Again { ask: forms::ask(), topics: topics(language), missed };
    let first = Some(digest::moment("2026-11-24T08:00:00"));
    let started = Started { first, zone: "Africa/Nairobi".to_owned() };
    let refused = match confirmation(language, false, &Step::Ask(forms::ask())) {
        Content::Confirm(page) => {
            Content::Confirm(Box::new(Confirming { step: Step::Refused(forms::ask()), not_me: None, ..*page }))
        }
        other => other,
    };
    let one_who_reads = match confirmation(language, true, &Step::Ask(forms::ask())) {
        Content::Confirm(page) => Content::Confirm(Box::new(Confirming { not_me: None, gets_mail: true, ..*page })),
        other => other,
    };
    let paused = Preferences { pause: Pause::Open, said: Some(Said::Paused), ..preferences(language) };
    let until = Pause::Until(digest::moment("2026-12-01T08:00:00").day);
    let wrong = Preferences { faults: vec![forms::fault("until", "until_wrong")], ..preferences(language) };
    vec![
        ("refused", refused),
        ("reader", one_who_reads),
        ("ask", Content::Again { again: again(false), done: None }),
        ("ask-missed", Content::Again { again: again(true), done: None }),
        ("done", Content::Again { again: again(false), done: Some(started) }),
        ("ask", Content::AddressChange { step: Step::Ask(forms::ask()) }),
        ("done", Content::AddressChange { step: Step::Done }),
        ("ordinary", Content::Preferences(Box::new(preferences(language)))),
        ("paused", Content::Preferences(Box::new(paused))),
        ("paused-until", Content::Preferences(Box::new(Preferences { pause: until, ..preferences(language) }))),
        ("wrong", Content::Preferences(Box::new(Preferences { fresh: true, ..wrong }))),
    ]
}

fn preferences(language: &Language) -> Preferences {
    let words = words::of(language);
    Preferences {
        ask: forms::ask(),
        address: "reader@example.org".to_owned(),
        said: None,
        faults: vec![],
        topics: forms::topics(language, true),
        regions: vec![forms::choice("africa", words.africa, true), forms::choice("asia", words.asia, false)],
        hours: forms::hours(),
        zones: forms::zones(),
        languages: vec![forms::choice("en", "English", true), forms::choice("ar", "العربية", false)],
        formats: ["full", "no-images", "text"].map(|word| forms::choice(word, word, word == "full")).into(),
        next: Some(digest::moment("2026-11-24T08:00:00")),
        zone: "Africa/Nairobi".to_owned(),
        pause: Pause::None,
        until: String::new(),
        new_address: String::new(),
        fresh: false,
        stop_url: "/stop/sample".to_owned(),
    }
}

fn for_anybody(language: &Language) -> Vec<(&'static str, Content)> {
    let wrong = vec![forms::fault("topics", "topic_missing"), forms::fault("address", "address_wrong")];
    vec![
        ("ordinary", home(language)),
        ("ordinary", Content::SignUp(Box::new(sign_up(language, vec![])))),
        ("wrong", Content::SignUp(Box::new(sign_up(language, wrong)))),
        ("confirmation", Content::Sent { what: Sent::Confirmation }),
        ("link", Content::Sent { what: Sent::Link }),
        ("ordinary", Content::Topic(Box::new(topic(language, false)))),
        ("day", Content::Topic(Box::new(topic(language, true)))),
        ("ordinary", Content::Link { ask: forms::ask(), address: String::new(), faults: vec![] }),
        ("ordinary", Content::Privacy { captured: true, confirm_days: 7, again_days: 28 }),
        ("ordinary", embed(language)),
    ]
}

fn home(language: &Language) -> Content {
    let line = |name: &str| TopicLine {
        name: name.to_owned(),
        description: Some(digest::arabic_or_english(language).to_owned()),
        url: "/sample".to_owned(),
        pace: forms::pace(3, Per::Day),
    };
    Content::Home {
        topics: topics(language).iter().map(|name| line(name)).collect(),
        subscribe_url: "/sample".to_owned(),
    }
}

fn sign_up(language: &Language, faults: Vec<Fault>) -> SignUp {
    let day = digest::moment("2026-11-23T08:00:00").day;
    SignUp {
        ask: forms::ask(),
        topics: forms::topics(language, false),
        frequencies: forms::frequencies(language),
        hours: forms::hours(),
        zones: forms::zones(),
        address: if faults.is_empty() { String::new() } else { "reader@example".to_owned() },
        faults,
        sample: Some(Glimpse { topic: words::of(language).health.to_owned(), day, url: "/sample".to_owned() }),
    }
}

fn topic(language: &Language, of_a_day: bool) -> Topic {
    let day = digest::moment("2026-11-23T08:00:00").day;
    let articles = digest::items(language);
    let line = DayLine { day, url: "/sample".to_owned(), count: 2 };
    Topic {
        name: words::of(language).health.to_owned(),
        description: None,
        pace: forms::pace(1, Per::Month),
        topic_url: "/sample".to_owned(),
        subscribe_url: "/sample".to_owned(),
        articles,
        days: if of_a_day { vec![] } else { vec![line] },
        day: of_a_day.then_some(day),
    }
}

fn embed(language: &Language) -> Content {
    let snippet = || "<p><a href=\"https://digest.example.org/en/subscribe?topic=health\">…</a></p>".to_owned();
    let name = words::of(language).health.to_owned();
    Content::Embed { topics: vec![Snippets { name, link: snippet(), button: snippet(), form: snippet() }] }
}

/// What stands in the head of pages for anybody.
pub fn elsewhere(language: &Language, content: &Content) -> Vec<Elsewhere> {
    let is_open = matches!(
        content,
        Content::Home { .. } | Content::SignUp(_) | Content::Topic(_) | Content::Sent { .. } | Content::Privacy { .. }
    );
    let line = |tag: &str, name: &str| {
        let other: Language = tag.parse().expect("a language");
        let (dir, here) = (other.direction(), other == *language);
        Elsewhere { language: other, dir, name: name.to_owned(), url: format!("/{tag}/"), here }
    };
    let all = [line("en", "English"), line("fr", "Français"), line("ar", "العربية")];
    if is_open { all.into() } else { vec![] }
}

fn editions(site: &Site, language: &Language) -> [(&'static str, Content); 3] {
    let subscribe_url = || "/en/subscribe?topic=health".to_owned();
    let edition = |digest| Content::Edition { digest: Box::new(digest), subscribe_url: subscribe_url() };
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
