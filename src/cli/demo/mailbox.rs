//! The demo's mailbox: what Tidings captures, read back; and the one address that it refuses on purpose.

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

use super::mime::Message;
use crate::app::Capture;
use crate::mail::inbox::{Arrival, Receiver, Verdict};
use crate::store::{Store, captured_mail};

/// Keeps everything but mail for one address.
pub struct Postbox {
    pub capture: Capture,
    pub refused: String,
}

impl Receiver for Postbox {
    fn recipient(&self, address: &str) -> Verdict {
        if address.eq_ignore_ascii_case(&self.refused) {
            return Verdict::Refuse { code: 550, text: "5.1.1 there is nobody of that name here".to_owned() };
        }
        self.capture.recipient(address)
    }

    fn arrived(&self, arrival: Arrival) -> BoxFuture<'_, Verdict> {
        self.capture.arrived(arrival)
    }
}

/// A mail in it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: String,
    pub at: DateTime<Utc>,
    pub message: Message,
}

impl Mail {
    /// A digest, and not a question to confirm.
    pub fn is_digest(&self) -> bool {
        self.message.header("List-Unsubscribe").is_some()
    }

    /// Where the mail program stops everything with one click.
    pub fn one_click(&self) -> Option<&str> {
        let says = self.message.header("List-Unsubscribe-Post") == Some("List-Unsubscribe=One-Click");
        self.message.link_in("List-Unsubscribe", "http").filter(|_| says)
    }
}

/// All mails, the oldest first.
pub async fn mails(store: &Store) -> anyhow::Result<Vec<Mail>> {
    const ALL: i64 = 10_000;
    let captured = captured_mail::after(store, 0, ALL).await?;
    let read = |mail: captured_mail::Captured| {
        let message = Message::read(&mail.bytes)
            .ok_or_else(|| anyhow::anyhow!("the mail to {} cannot be taken apart", mail.envelope_to))?;
        Ok(Mail { to: mail.envelope_to, at: mail.received_at, message })
    };
    captured.into_iter().map(read).collect()
}
