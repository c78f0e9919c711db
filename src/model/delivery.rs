//! One message to one address: its kind, its states, what a reply means for it, and when to try again.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::address::Address;

/// What others see of a delivery (Message-ID, envelope sender) comes from this: random, never the row's number,
/// since a restored backup hands the same numbers to other people.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub [u8; 16]);

impl fmt::Display for Key {
    /// 26 characters of lower-case base32, fit for an address and a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&super::token::base32(&self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Everything goes to a mailbox inside Tidings.
    Capture,
    /// Listed addresses for real, all others captured.
    Allowlist,
    Live,
}

/// What an exchange with the relay came to, for this one message. What a relay says is data, not an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay accepted it.
    Sent { reply: String },
    /// A 4xx about this recipient, a full mailbox, or a lost connection: try again later.
    Transient { reply: String, slow_down: Option<SlowDown> },
    /// A 5xx about this recipient. `hard`: the address itself is bad and is suppressed.
    Permanent { reply: String, hard: bool },
    /// The relay refuses *us* (sender, policy, authentication): nobody is charged, the run stops.
    Ours { reply: String },
}

/// Who is to be written to more slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlowDown {
    Relay,
    /// The servers of the recipient's domain.
    Domain,
}

impl Outcome {
    pub fn is_sent(&self) -> bool {
        matches!(self, Self::Sent { .. })
    }

    pub fn reply(&self) -> &str {
        match self {
            Self::Sent { reply }
            | Self::Transient { reply, .. }
            | Self::Permanent { reply, .. }
            | Self::Ours { reply } => reply,
        }
    }

    /// Without the reader's address in the words: they are kept, and logged.
    pub fn without(self, address: &Address) -> Self {
        let hidden = |reply: String| address.hidden_in(&reply);
        match self {
            Self::Sent { reply } => Self::Sent { reply: hidden(reply) },
            Self::Transient { reply, slow_down } => Self::Transient { reply: hidden(reply), slow_down },
            Self::Permanent { reply, hard } => Self::Permanent { reply: hidden(reply), hard },
            Self::Ours { reply } => Self::Ours { reply: hidden(reply) },
        }
    }
}

impl Mode {
    pub fn word(self) -> &'static str {
        match self {
            Self::Capture => "capture",
            Self::Allowlist => "allowlist",
            Self::Live => "live",
        }
    }
}

/// When to try again after `attempts` that came to nothing before this one; the last of `waits` goes on. None: it would
/// be older than `patience` (RFC 5321 §4.5.4.1).
pub fn retry(
    waits: &[Duration],
    patience: Duration,
    attempts: i64,
    created_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Option<DateTime<Utc>> {
    let wait = usize::try_from(attempts).ok().and_then(|n| waits.get(n)).or(waits.last())?;
    let next = now + TimeDelta::from_std(*wait).ok()?;
    (next - created_at <= TimeDelta::from_std(patience).unwrap_or(TimeDelta::MAX)).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_tried_for_five_days() {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        let waits = [5, 15, 60, 120, 240].map(minutes);
        let patience = minutes(5 * 24 * 60);
        let created = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
        assert_eq!(retry(&waits, patience, 0, created, created), Some(created + TimeDelta::minutes(5)));
        let (mut now, mut attempts) = (created, 0);
        while let Some(next) = retry(&waits, patience, attempts, created, now) {
            assert!(next > now && next - now <= TimeDelta::hours(4));
            (now, attempts) = (next, attempts + 1);
        }
        assert!(now - created > TimeDelta::days(4));
    }
}
