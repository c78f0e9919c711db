//! What must be true of the demo's mailbox, checked on the mails themselves against what the paper says.

use std::collections::HashSet;

use chrono::{Datelike, Timelike, Weekday};

use super::mailbox::Mail;
use super::mime;
use super::newsroom::Newsroom;
use super::readers::{Part, Reader};

/// One promise, and where it was not kept.
#[derive(Debug)]
pub struct Check {
    pub promise: &'static str,
    pub problems: Vec<String>,
}

impl Check {
    pub fn new(promise: &'static str, problems: Vec<String>) -> Self {
        Self { promise, problems }
    }

    pub fn holds(&self) -> bool {
        self.problems.is_empty()
    }
}

/// All that the mailbox alone can tell.
pub fn of_mailbox(newsroom: &Newsroom, readers: &[Reader], mails: &[Mail]) -> Vec<Check> {
    let for_each = |check: fn(&Newsroom, &Reader, &[&Mail]) -> Vec<String>| -> Vec<String> {
        readers.iter().flat_map(|reader| check(newsroom, reader, &digests(reader, mails))).collect()
    };
    vec![
        Check::new("each reader has exactly one digest, and who was refused has none", for_each(one_each)),
        Check::new("it came on the hour of the reader's own zone, weekly on Monday", for_each(on_the_hour)),
        Check::new("it has each new article of their topics once, in both parts, and nothing else", for_each(articles)),
        Check::new("its subject names one of them", for_each(subject)),
        Check::new("it can be told apart, and stopped with one click", for_each(headers)),
        Check::new("no two mails have the same Message-ID", distinct(mails)),
        Check::new("one question to confirm, and nobody else has mail", others(readers, mails)),
    ]
}

/// The digests that came to a reader.
pub fn digests<'m>(reader: &Reader, mails: &'m [Mail]) -> Vec<&'m Mail> {
    mails.iter().filter(|mail| mail.to == reader.address && mail.is_digest()).collect()
}

fn one_each(_: &Newsroom, reader: &Reader, digests: &[&Mail]) -> Vec<String> {
    let wanted = usize::from(reader.part != Part::Refused);
    let problem = format!("{}: expected {wanted}, found {}", reader.address, digests.len());
    if digests.len() == wanted { vec![] } else { vec![problem] }
}

fn on_the_hour(_: &Newsroom, reader: &Reader, digests: &[&Mail]) -> Vec<String> {
    let local = |mail: &&Mail| mail.at.with_timezone(&reader.zone);
    let times = digests.iter().map(local);
    let wrong = times.filter(|at| {
        let on_the_hour = at.hour() == u32::from(reader.hour) && at.minute() == 0;
        !on_the_hour || (reader.frequency == "weekly" && at.weekday() != Weekday::Mon)
    });
    wrong.map(|at| format!("{}: expected {}:00, came {}", reader.address, reader.hour, at.format("%a %H:%M"))).collect()
}

fn articles(newsroom: &Newsroom, reader: &Reader, digests: &[&Mail]) -> Vec<String> {
    let expected = newsroom.expected(&reader.language(), reader.topics, reader.regions);
    let titles: HashSet<&str> = newsroom.titles().collect();
    let of_mail = |mail: &&Mail| {
        let lines = mail.message.text.lines().filter(|line| titles.contains(line));
        let text = compare(&format!("{}, text part", reader.address), &expected, lines.map(str::to_owned).collect());
        let headlines = mime::headlines(&mail.message.html);
        [text, compare(&format!("{}, HTML part", reader.address), &expected, headlines)].concat()
    };
    digests.iter().flat_map(of_mail).collect()
}

/// What is missing, and what is too much; a title twice is one too much.
pub fn compare(place: &str, expected: &[&str], found: Vec<String>) -> Vec<String> {
    let mut too_much = found;
    let mut problems = Vec::new();
    for title in expected {
        match too_much.iter().position(|other| other == title) {
            Some(i) => drop(too_much.swap_remove(i)),
            None => problems.push(format!("{place}: expected “{title}”, found it not")),
        }
    }
    problems.extend(too_much.iter().map(|title| format!("{place}: did not expect “{title}”, or not twice")));
    problems
}

fn subject(newsroom: &Newsroom, reader: &Reader, digests: &[&Mail]) -> Vec<String> {
    let expected = newsroom.expected(&reader.language(), reader.topics, reader.regions);
    // A long one is cut.
    let begins = |title: &str| title.chars().take(60).collect::<String>();
    let subjects = digests.iter().map(|mail| mail.message.subject());
    let wrong = subjects.filter(|subject| !expected.iter().any(|title| subject.contains(&begins(title))));
    wrong.map(|subject| format!("{}: expected a title of theirs, found `{subject}`", reader.address)).collect()
}

fn headers(_: &Newsroom, reader: &Reader, digests: &[&Mail]) -> Vec<String> {
    let lacks = |mail: &&Mail| {
        let named = mail.message.header("Message-ID").is_some_and(|id| id.starts_with('<') && id.ends_with('>'));
        [(named, "Message-ID"), (mail.one_click().is_some(), "List-Unsubscribe with a link for one click")]
    };
    let lacking = digests.iter().flat_map(lacks).filter(|(there, _)| !there);
    lacking.map(|(_, what)| format!("{}: expected a {what}, found none", reader.address)).collect()
}

fn distinct(mails: &[Mail]) -> Vec<String> {
    let mut seen = HashSet::new();
    let repeated = mails.iter().filter_map(|mail| mail.message.header("Message-ID")).filter(|id| !seen.insert(*id));
    repeated.map(|id| format!("expected each once, found {id} again")).collect()
}

fn others(readers: &[Reader], mails: &[Mail]) -> Vec<String> {
    let asked = |mail: &Mail| readers.iter().any(|r| r.part == Part::Asked && r.address == mail.to);
    let known = |mail: &Mail| readers.iter().any(|r| r.part != Part::Refused && r.address == mail.to);
    let questions: Vec<&Mail> = mails.iter().filter(|mail| !mail.is_digest()).collect();
    let mut problems = Vec::new();
    if questions.len() != 1 || !asked(questions[0]) {
        let to: Vec<&str> = questions.iter().map(|mail| mail.to.as_str()).collect();
        problems.push(format!("expected one question, to the reader who is asked; found questions to {to:?}"));
    }
    let strangers = mails.iter().filter(|mail| !known(mail));
    problems.extend(strangers.map(|mail| format!("expected no mail to {}, found one", mail.to)));
    problems
}
