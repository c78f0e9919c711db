//! The nouns and their rules. No I/O, no async; it never asks what time it is and never rolls dice.

pub mod address;
pub mod article;
pub mod breaker;
pub mod choice;
pub mod colour;
pub mod declaration;
pub mod delivery;
pub mod directory;
pub mod edition;
pub mod explanation;
pub mod flood;
pub mod holdings;
pub mod language;
#[cfg(test)]
pub mod oracle;
pub mod pulse;
pub mod rendering;
pub mod revision;
pub mod schedule;
pub mod slug;
pub mod throttle;
pub mod token;
pub mod topic;
pub mod trouble;
pub mod words;
