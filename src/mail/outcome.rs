//! What a reply means for the reader it is about: sent, later, never, or our own fault.
//!
//! A wrong "hard" takes a reader's mail away for good, so whatever is not plainly about the address is not hard: full
//! mailboxes, policies, and every word of rate limits or blocking, whatever the code beside it.

use super::fault::Step;
use super::reply::Reply;
use crate::model::delivery::{Outcome, SlowDown};

/// Enhanced codes (RFC 3463, 7372, 7505 and what large inboxes add) that say the address does not exist or takes no mail.
const HARD: [(u16, u16); 9] = [(1, 1), (1, 2), (1, 3), (1, 6), (1, 10), (2, 1), (4, 4), (7, 17), (7, 18)];
/// Those that say the sender is not who it should be; 5.7.25 to 5.7.32 are beside them.
const OURS: [(u16, u16); 4] = [(1, 7), (1, 8), (7, 40), (7, 515)];
/// Plain words that say the same as [`HARD`], from servers without enhanced codes.
const NOBODY: [&str; 16] = [
    "user unknown",
    "unknown user",
    "user not found",
    "user does not exist",
    "user doesn't exist",
    "no such user",
    "no such recipient",
    "no such mailbox",
    "no mailbox here",
    "mailbox not found",
    "mailbox does not exist",
    "unknown recipient",
    "recipient unknown",
    "recipient not found",
    "account does not exist",
    "address does not exist",
];
/// Words of those that are written to too fast, whatever the code.
const TOO_FAST: [&str; 6] = ["throttl", "rate limit", "ratelimit", "sending rate", "too many", "too fast"];
/// Words that are about us or about the moment, not about the address.
const NOT_THE_ADDRESS: [&str; 18] = [
    "rate limit",
    "ratelimit",
    "rate-limit",
    "too many",
    "too fast",
    "throttl",
    "try again",
    "temporar",
    "blocked",
    "blocklist",
    "block list",
    "blacklist",
    "black list",
    "denylist",
    "spam",
    "reputation",
    "banned",
    "dnsbl",
];

/// A full mailbox. It is emptied one day, and says nothing against the address.
const FULL: (u16, u16) = (2, 2);

/// Words of a relay that does not know us, or not yet, whatever code it gives them: nobody's address is bad. Whether it is so for
/// this reader alone or for all cannot be told from one answer, so it waits instead of stopping all mail or ending theirs.
const NOT_FOR_US: [&str; 8] = [
    "relay access denied",
    "relaying denied",
    "relay denied",
    "relaying not allowed",
    "relay not permitted",
    "unable to relay",
    "not permitted to relay",
    "email address is not verified",
];

/// `step` is the one that was answered: MAIL, RCPT, DATA or the dot.
pub(super) fn of(step: Step, answer: &Reply) -> Outcome {
    let reply = answer.to_string();
    if answer.is_positive() {
        return Outcome::Sent { reply };
    }
    if !answer.is_permanent() {
        let slow_down = slow_down(step, answer, &reply.to_lowercase());
        return Outcome::Transient { reply, slow_down };
    }
    // 530 and 538: the relay wants a login, or a better one (RFC 4954 §6).
    let enhanced = enhanced(answer);
    let about = enhanced.and_then(|(class, about)| (class == 5).then_some(about));
    if step == Step::Mail || matches!(answer.code, 530 | 538) || about.is_some_and(is_ours) {
        return Outcome::Ours { reply };
    }
    let words = reply.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if says(&NOT_FOR_US) || enhanced == Some((5, FULL)) {
        return Outcome::Transient { reply, slow_down: None };
    }
    let nobody = about.map_or_else(|| says(&NOBODY), |about| HARD.contains(&about));
    Outcome::Permanent { hard: nobody && !says(&NOT_THE_ADDRESS), reply }
}

/// Whoever says "later" of a message, and not of one mailbox, gets fewer of them.
fn slow_down(step: Step, answer: &Reply, words: &str) -> Option<SlowDown> {
    // Greylisting is about a sender that is new here: it ends by itself, however fast one is.
    let about_one = enhanced(answer).is_some_and(|(_, (subject, _))| matches!(subject, 1 | 2));
    if about_one || ["greylist", "graylist", "grey-list", "gray-list"].iter().any(|word| words.contains(word)) {
        return None;
    }
    let too_fast = TOO_FAST.iter().any(|phrase| words.contains(phrase));
    match (answer.code, step) {
        (421, _) => Some(SlowDown::Relay),
        (450..=452, Step::Rcpt | Step::Dot) => Some(SlowDown::Domain),
        (450..=452, _) => Some(SlowDown::Relay),
        // As Amazon's: "454 Throttling failure".
        _ => too_fast.then_some(SlowDown::Relay),
    }
}

/// The relay cannot carry the address (RFC 6531); the address itself may be good.
pub(super) fn needs_smtputf8() -> Outcome {
    Outcome::Permanent { reply: "needs SMTPUTF8, which the relay does not offer".to_owned(), hard: false }
}

fn is_ours((subject, detail): (u16, u16)) -> bool {
    OURS.contains(&(subject, detail)) || subject == 7 && (25..=32).contains(&detail)
}

/// Class, subject and detail of the first enhanced code of its own class that begins a line (RFC 2034 §4).
fn enhanced(answer: &Reply) -> Option<(u16, (u16, u16))> {
    answer.lines.iter().find_map(|line| {
        let code = line.split_whitespace().next()?.trim_start_matches('#').trim_end_matches([':', ',', ';']);
        let mut parts = code.split('.').map(|part| part.parse::<u16>().ok().filter(|n| *n < 1000));
        match (parts.next()??, parts.next()??, parts.next()??, parts.next()) {
            (class, subject, detail, None) if class == answer.code / 100 => Some((class, (subject, detail))),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    enum Means {
        Sent,
        Later,
        Hard,
        Soft,
        Ours,
    }
    use Means::*;

    fn meaning(step: Step, code: u16, text: &str) -> Means {
        match of(step, &Reply { code, lines: text.split('|').map(str::to_owned).collect() }) {
            Outcome::Sent { .. } => Sent,
            Outcome::Transient { .. } => Later,
            Outcome::Permanent { hard: true, .. } => Hard,
            Outcome::Permanent { hard: false, .. } => Soft,
            Outcome::Ours { .. } => Ours,
        }
    }

    #[test]
    fn who_is_to_be_written_to_more_slowly() {
        for (step, code, text, who) in [
            (Step::Rcpt, 451, "4.7.1 try again later", Some(SlowDown::Domain)),
            (Step::Dot, 452, "4.3.1 no room", Some(SlowDown::Domain)),
            (Step::Rcpt, 450, "", Some(SlowDown::Domain)),
            (Step::Mail, 451, "4.3.2 too busy", Some(SlowDown::Relay)),
            (Step::Data, 451, "4.3.0 later", Some(SlowDown::Relay)),
            (Step::Rcpt, 421, "4.7.0 closing", Some(SlowDown::Relay)),
            (Step::Dot, 454, "Throttling failure: Maximum sending rate exceeded.", Some(SlowDown::Relay)),
            (Step::Dot, 454, "4.7.0 temporary authentication failure", None),
            // About one mailbox.
            (Step::Rcpt, 452, "4.2.2 mailbox full", None),
            (Step::Rcpt, 450, "4.1.1 not now", None),
            (Step::Rcpt, 451, "4.7.1 greylisted, come back in five minutes", None),
            (Step::Rcpt, 552, "5.2.2 mailbox full", None),
        ] {
            let reply = Reply { code, lines: vec![text.to_owned()] };
            let Outcome::Transient { slow_down, .. } = of(step, &reply) else { panic!("{code} {text}") };
            assert_eq!(slow_down, who, "{step}: {code} {text}");
        }
    }

    #[test]
    fn the_table_of_replies() {
        for (step, code, text, means) in [
            (Step::Dot, 250, "2.0.0 Ok: queued as 4F", Sent),
            // Anything with a 4 is for later, whoever it is about.
            (Step::Mail, 450, "4.7.1 greylisted", Later),
            (Step::Rcpt, 451, "4.1.1 user unknown", Later),
            (Step::Rcpt, 452, "4.2.2 mailbox full", Later),
            (Step::Rcpt, 552, "5.2.2 mailbox full", Later),
            (Step::Dot, 421, "4.7.0 try again", Later),
            // So is what a relay says that does not know us yet.
            (Step::Rcpt, 554, "5.7.1 <a@b.c>: Relay access denied", Later),
            (Step::Rcpt, 550, "5.7.54 SMTP; Unable to relay recipient in non-accepted domain", Later),
            (Step::Rcpt, 550, "relaying denied", Later),
            (Step::Dot, 554, "Message rejected: Email address is not verified.", Later),
            // The address.
            (Step::Rcpt, 550, "5.1.1 <a@b.c>: Recipient address rejected", Hard),
            (Step::Rcpt, 550, "5.1.2 bad destination", Hard),
            (Step::Rcpt, 550, "5.1.3 bad syntax", Hard),
            (Step::Rcpt, 551, "5.1.6 moved", Hard),
            (Step::Rcpt, 556, "5.1.10 null MX", Hard),
            (Step::Rcpt, 550, "5.2.1 disabled", Hard),
            (Step::Rcpt, 550, "5.4.4 no MX", Hard),
            (Step::Dot, 550, "5.7.17 mailbox owner has changed", Hard),
            (Step::Dot, 550, "5.7.18 domain owner has changed", Hard),
            (Step::Dot, 550, "#5.1.1 not here", Hard),
            (Step::Rcpt, 550, "the account you tried to reach|5.1.1 is not there", Hard),
            (Step::Rcpt, 550, "User unknown", Hard),
            (Step::Rcpt, 550, "No such user here", Hard),
            // Not the address.
            (Step::Rcpt, 550, "mailbox unavailable", Soft),
            (Step::Rcpt, 550, "5.7.1 user unknown or not allowed", Soft),
            (Step::Dot, 554, "5.7.1 message refused by policy", Soft),
            (Step::Dot, 552, "5.3.4 too big", Soft),
            (Step::Dot, 554, "Transaction failed", Soft),
            (Step::Rcpt, 550, "5.1.1 user unknown; you are sending too fast: rate limit", Soft),
            (Step::Rcpt, 550, "5.1.1 blocked by Spamhaus", Soft),
            (Step::Rcpt, 550, "user unknown, try again later", Soft),
            // We.
            (Step::Mail, 550, "5.1.1 sender rejected", Ours),
            (Step::Mail, 530, "5.7.0 authentication required", Ours),
            (Step::Rcpt, 530, "authentication required", Ours),
            (Step::Rcpt, 550, "5.1.7 bad sender address", Ours),
            (Step::Rcpt, 550, "5.1.8 bad sender domain", Ours),
            (Step::Dot, 550, "5.7.25 no reverse DNS", Ours),
            (Step::Dot, 550, "5.7.26 unauthenticated mail", Ours),
            (Step::Dot, 550, "5.7.32 alignment", Ours),
            (Step::Dot, 550, "5.7.40 BIMI", Ours),
            (Step::Dot, 550, "5.7.515 does not meet the required authentication level", Ours),
            // Numbers that only look like codes.
            (Step::Dot, 550, "5.1.1.1 is my address", Soft),
            (Step::Dot, 550, "4.1.1 confused", Soft),
            (Step::Dot, 550, "5.1.1000 what", Soft),
        ] {
            assert_eq!(meaning(step, code, text), means, "{step}: {code} {text}");
        }
    }
}
