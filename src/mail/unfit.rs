//! Why a message cannot be made.

use thiserror::Error;

pub use super::wire::Flaw;

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MessageError {
    #[error("the subject is empty")]
    NoSubject,
    #[error("a hole was opened and not closed")]
    BrokenHole,
    #[error("nothing fills the hole `{0}`")]
    NoPlace(String),
    #[error("what was given for {0} cannot stand in a header")]
    Head(&'static str),
    #[error("the message cannot travel")]
    Wire(#[from] Flaw),
}
