//! How the relay treats a recipient, read from the local part; what follows a `+` makes addresses different only.
//!
//! | local part | at | what happens |
//! |---|---|---|
//! | `refuse-550`, `refuse-550-5.7.1`, `later-451` | RCPT | this answer; 550 alone says 5.1.1 |
//! | `refuse-550-echo` | RCPT | 550 5.1.1, with the address in its words |
//! | `open-550` | RCPT, DATA | refused, yet DATA is answered 354 |
//! | `goodbye` | RCPT | 421, and closes |
//! | `data-451` | DATA | this answer |
//! | `early` | DATA | 354 and, unasked, 250 |
//! | `drop-before-dot` | body | closes in the middle |
//! | `dot-550`, `dot-451-4.7.1` | dot | this answer, message not kept |
//! | `drop-at-dot` | dot | message kept, closes without a word |
//! | `wrong-dot`, `garbage-dot`, `endless-dot` | dot | 354, no SMTP, no end; message not kept |
//! | `split-dot` | dot | message kept, 250 octet by octet |
//! | `slow-rcpt`, `slow-data`, `slow-dot` | there | never answers; `slow-dot` keeps the message |
//! | `step-7` … `step-12` | there | closes |
//!
//! The twelve steps: 1 before the greeting, 2 in the middle of it, 3 at EHLO, 4 after its answer, 5 at MAIL, 6 after
//! its answer, 7 at RCPT, 8 after its answer, 9 at DATA, 10 after its answer, 11 in the body, 12 at the dot (message
//! not kept). The first six come before the recipient is known: `Script::close_at` is for them.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    Rcpt,
    Data,
    Body,
    Dot,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Proceed,
    Answer(String),
    AnswerAndClose(String),
    Close,
    Hang,
    KeepAndClose,
    KeepAndHang,
    Endless,
    Split,
}

/// What happens at `moment` to mail for `recipient`.
pub fn act(moment: Moment, recipient: &str) -> Act {
    let local = recipient.rsplit_once('@').map_or(recipient, |(local, _)| local);
    let name = local.split('+').next().unwrap_or_default();
    let (verb, rest) = name.split_once('-').unwrap_or((name, ""));
    match (moment, verb, rest) {
        (Moment::Rcpt, "refuse", "550-echo") => Act::Answer(format!("550 5.1.1 <{recipient}>: no such user")),
        (Moment::Rcpt, "refuse" | "later" | "open", answer) => Act::Answer(reply(answer)),
        (Moment::Rcpt, "goodbye", _) => Act::AnswerAndClose("421 4.3.2 closing".into()),
        (Moment::Rcpt, "step", "7") | (Moment::Data, "step", "9") => Act::Close,
        (Moment::Rcpt, "step", "8") => Act::AnswerAndClose("250 2.1.5 ok".into()),
        (Moment::Rcpt, "slow", "rcpt") | (Moment::Data, "slow", "data") => Act::Hang,

        (Moment::Data, "data", answer) => Act::Answer(reply(answer)),
        (Moment::Data, "early", _) => Act::Answer("354 go on\r\n250 2.0.0 ok".into()),
        (Moment::Data, "step", "10") => Act::AnswerAndClose("354 go on".into()),

        (Moment::Body, "drop", "before-dot") | (Moment::Body, "step", "11") => Act::Close,

        (Moment::Dot, "dot", answer) => Act::Answer(reply(answer)),
        (Moment::Dot, "drop", "at-dot") => Act::KeepAndClose,
        (Moment::Dot, "slow", "dot") => Act::KeepAndHang,
        (Moment::Dot, "step", "12") => Act::Close,
        (Moment::Dot, "wrong", "dot") => Act::Answer("354 go on".into()),
        (Moment::Dot, "garbage", "dot") => Act::Answer("what?".into()),
        (Moment::Dot, "endless", "dot") => Act::Endless,
        (Moment::Dot, "split", "dot") => Act::Split,
        _ => Act::Proceed,
    }
}

/// Whether DATA is opened although this recipient was refused.
pub fn opens_anyway(recipient: &str) -> bool {
    recipient.starts_with("open-")
}

/// `550-5.7.1` → `550 5.7.1 …`; without an enhanced code one that fits.
fn reply(answer: &str) -> String {
    let (code, enhanced) = answer.split_once('-').unwrap_or((answer, ""));
    match (code, enhanced) {
        ("550", "") => "550 5.1.1 user unknown".into(),
        (code, "") => format!("{code} {}.0.0 not this one", &code[..1]),
        (code, enhanced) => format!("{code} {enhanced} not this one"),
    }
}
