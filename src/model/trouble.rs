//! What is wrong and does not mend itself: told once when it begins, and once when it has ended.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// By their names: `run-late`, `feed-gone:health-en`.
pub type Troubles = BTreeMap<String, Trouble>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// A sentence, without addresses.
    pub words: String,
    pub since: DateTime<Utc>,
}

/// How the relay takes our mail, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RelayLook {
    /// Nothing was offered to it.
    #[default]
    Unknown,
    Takes,
    /// And why.
    Refuses(String),
}

/// What a daemon saw itself, since it looked for trouble last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub relay: RelayLook,
    /// Mail was accepted, be it by the mailbox inside.
    pub accepted: bool,
    /// When the scheduler looked last. None: it has not yet.
    pub scheduler: Option<DateTime<Utc>>,
}

/// What somebody is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    pub has_ended: bool,
    pub name: String,
    pub trouble: Trouble,
}

/// From what was known to what is found now: what is news, and what is known from here on. What goes on keeps the time at
/// which it began.
pub fn compare(known: &Troubles, found: Vec<(String, String)>, now: DateTime<Utc>) -> (Troubles, Vec<News>) {
    let mut next = Troubles::new();
    let mut news = Vec::new();
    for (name, words) in found {
        let since = known.get(&name).map_or(now, |trouble| trouble.since);
        let trouble = Trouble { words, since };
        if !known.contains_key(&name) {
            news.push(News { has_ended: false, name: name.clone(), trouble: trouble.clone() });
        }
        next.insert(name, trouble);
    }
    let ended = known.iter().filter(|(name, _)| !next.contains_key(*name));
    news.extend(ended.map(|(name, trouble)| News { has_ended: true, name: name.clone(), trouble: trouble.clone() }));
    (next, news)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u32) -> DateTime<Utc> {
        format!("2026-11-23T08:{minute:02}:00Z").parse().unwrap()
    }

    #[test]
    fn each_is_told_once_when_it_begins_and_once_when_it_has_ended() {
        let late = |words: &str| vec![("run-late".to_owned(), words.to_owned())];
        let (known, news) = compare(&Troubles::new(), late("since 6"), at(0));
        assert!(!news[0].has_ended && news[0].name == "run-late" && known["run-late"].since == at(0));
        let (known, news) = compare(&known, late("since 6, still"), at(1));
        assert_eq!(news, []);
        assert_eq!(known["run-late"], Trouble { words: "since 6, still".to_owned(), since: at(0) });
        let (known, news) = compare(&known, vec![], at(2));
        assert!(known.is_empty() && news[0].has_ended && news[0].trouble.since == at(0));
    }
}
