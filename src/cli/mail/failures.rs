//! `tidings mail failures`: many, each with its own words, told as the few things that they are.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use serde::Serialize;

use super::super::exit::Exit;
use super::super::global::{Global, instant};
use super::super::open;
use super::super::output::Output;
use crate::store::queue::{self, Unsent};

/// Looked back, if nobody says how far.
const A_WEEK: TimeDelta = TimeDelta::days(7);
/// Mails that are looked at.
const LOOKED_AT: i64 = 100_000;
/// Mails of a group that are named.
const NAMED: usize = 3;
/// Words that tell of a kind of refusal; more would tell of one address.
const WORDS: usize = 12;

#[derive(Debug, Args)]
#[command(after_help = "A number of a mail is for `tidings mail retry`; a number of a reader is what the logs name \
    them by.")]
pub struct FailuresArgs {
    /// Only since then: "2026-11-23 08:00" (UTC), or a date [default: the last seven days]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    since: Option<DateTime<Utc>>,
}

/// Mails with which the same happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Group {
    pub state: String,
    /// The relay's, or ours; without addresses.
    pub words: String,
    pub mails: usize,
    /// When it happened last.
    pub last: Option<DateTime<Utc>>,
    /// The newest of them.
    pub examples: Vec<Example>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    pub mail: i64,
    pub reader: Option<i64>,
}

pub async fn run(args: &FailuresArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let since = args.since.unwrap_or_else(|| app.clock.now() - A_WEEK);
    let groups = grouped(queue::failed(&app.store, since, LOOKED_AT).await?);
    if groups.is_empty() {
        output.say(&format!("nothing has failed since {}", since.format("%Y-%m-%d %H:%M UTC")));
    }
    output.list(&groups, &["mails", "state", "what was said", "last", "such as"], |group| {
        let last = group.last.map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M").to_string());
        let such_as = group.examples.iter().map(|example| match example.reader {
            Some(reader) => format!("mail {} to reader {reader}", example.mail),
            None => format!("mail {}", example.mail),
        });
        let such_as: Vec<String> = such_as.collect();
        vec![group.mails.to_string(), group.state.clone(), group.words.clone(), last, such_as.join(", ")]
    })?;
    Ok(Exit::Done)
}

/// The largest group first.
pub fn grouped(unsent: Vec<Unsent>) -> Vec<Group> {
    let mut groups: BTreeMap<(String, String), Group> = BTreeMap::new();
    for one in unsent {
        let said = one.reply.or(one.reason).unwrap_or_else(|| "nothing was said".to_owned());
        let words = without_addresses(&said);
        let group = groups.entry((one.state.clone(), words.clone())).or_insert_with(|| Group {
            state: one.state,
            words,
            mails: 0,
            last: None,
            examples: vec![],
        });
        group.mails += 1;
        group.last = group.last.max(one.settled_at);
        if group.examples.len() < NAMED {
            group.examples.push(Example { mail: one.id, reader: one.subscriber });
        }
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.mails));
    groups
}

/// What relays say of one mail alone (an address, a queue's number) is left out, so that what they say of many is one.
fn without_addresses(said: &str) -> String {
    let is_of_one = |word: &str| {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        word.contains('@') || (bare.len() > 8 && bare.chars().any(|c| c.is_ascii_digit()))
    };
    let mut words: Vec<&str> = Vec::new();
    for word in said.split_whitespace() {
        let word = if is_of_one(word) { "…" } else { word };
        if word != "…" || words.last() != Some(&"…") {
            words.push(word);
        }
    }
    if words.len() > WORDS {
        words.truncate(WORDS);
        words.push("…");
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsent(id: i64, state: &str, reply: &str) -> Unsent {
        Unsent {
            id,
            state: state.to_owned(),
            reply: Some(reply.to_owned()),
            reason: None,
            settled_at: None,
            subscriber: Some(id + 100),
        }
    }

    #[test]
    fn what_is_said_of_many_is_one_thing() {
        let groups = grouped(vec![
            unsent(4, "refused", "552 5.2.2 <d@example.org>: mailbox full"),
            unsent(3, "refused", "550 5.1.1 <c@example.org>: Recipient address rejected: User unknown"),
            unsent(2, "refused", "550 5.1.1 <b@example.net>: Recipient address rejected: User unknown"),
            unsent(1, "held", "550 5.1.1 <a@example.net>: Recipient address rejected: User unknown"),
        ]);
        let told: Vec<_> = groups.iter().map(|g| (g.mails, g.state.as_str(), g.words.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "refused", "550 5.1.1 … Recipient address rejected: User unknown"),
                (1, "held", "550 5.1.1 … Recipient address rejected: User unknown"),
                (1, "refused", "552 5.2.2 … mailbox full"),
            ]
        );
        assert_eq!(groups[0].examples[0], Example { mail: 3, reader: Some(103) });
        let said = "550 5.6.7 SMTPUTF8, which a@example.org needs, is not offered (queued as 4FZ8xk2Lmz)";
        assert_eq!(without_addresses(said), "550 5.6.7 SMTPUTF8, which … needs, is not offered (queued as …");
    }
}
