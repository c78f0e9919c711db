//! A digest made ready as it would leave, for somebody to look at: nothing is written, nobody gets it.

use chrono::{DateTime, Utc};

use super::press::Press;
use crate::model::address::Address;
use crate::model::edition::Content;
use crate::pipeline::{Error, Line};
use crate::store::subscriber::Subscriber;

/// A message in its forms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub subject: String,
    pub text: String,
    /// None for readers who want text alone.
    pub html: Option<String>,
    /// As it would be handed over.
    pub message: Vec<u8>,
}

/// The reader's mail with this content, or in words why it cannot be made. `held`: JSON, their topics.
pub async fn pull(
    line: &Line,
    content: &Content,
    held: &str,
    reader: &Subscriber,
    to: &Address,
    now: DateTime<Utc>,
) -> Result<Result<Proof, String>, Error> {
    Press::open(line).await?.proof(content, held, reader, to, now).await
}
