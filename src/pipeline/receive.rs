//! Mail that comes in. For now one kind: what the capture mailbox is sent, which is kept to be looked at.

use crate::clock::Clock;
use crate::store::{Error, Store, captured_mail};

/// Keeps captured mail. A message is accepted only when its row is committed.
#[derive(Debug, Clone)]
pub struct Mailbox {
    pub store: Store,
    pub clock: Clock,
}

impl Mailbox {
    pub async fn keep(&self, from: &str, to: &[String], bytes: &[u8]) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        for recipient in to {
            captured_mail::add(&mut tx, from, recipient, bytes, self.clock.now()).await?;
        }
        tx.commit().await
    }
}
