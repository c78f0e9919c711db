//! The header of one message: what differs from delivery to delivery, and what the site puts on all of them.

use std::io::Write;

use chrono::{DateTime, Utc};

use super::field;
use super::unfit::MessageError;
use crate::model::address::Address;
use crate::model::delivery::Key;

/// An address and the name that mail programs show for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    pub name: Option<String>,
    pub address: Address,
}

/// All that a header needs besides the edition. The same head gives the same bytes at every attempt.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub from: &'a Mailbox,
    pub to: &'a Address,
    /// Must accept mail.
    pub reply_to: Option<&'a Address>,
    /// When the delivery was composed, not when it is tried.
    pub date: DateTime<Utc>,
    /// Message-ID and MIME boundary come from it.
    pub key: Key,
    pub message_id_domain: &'a str,
    /// On digests only: the fields by which mail programs know a list and leave it.
    pub list: Option<List<'a>>,
    /// For the sender's own statistics at large inboxes; nothing in it may point at a reader.
    pub feedback_id: Option<&'a str>,
}

/// RFC 2369, 2919 and 8058.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// One for the whole site and stable, such as `digest.example.org`.
    pub id: &'a str,
    pub name: &'a str,
    /// https; a POST to it ends everything (RFC 8058).
    pub unsubscribe_url: &'a str,
    /// Only where receiving is configured; the token is in the address, since programs drop subjects and bodies.
    pub unsubscribe_address: Option<&'a Address>,
    pub help_url: &'a str,
    pub owner: &'a Address,
    pub archive_url: &'a str,
}

impl Head<'_> {
    /// Everything before the subject.
    pub(super) fn write_from(&self, out: &mut Vec<u8>) -> Result<(), MessageError> {
        if self.from.address.needs_smtputf8() {
            return Err(MessageError::Head("From"));
        }
        let name = self.from.name.as_deref().unwrap_or_default();
        field::named("From", name, &field::addr_spec(&self.from.address), out);
        line(out, "To", &format!("<{}>", field::addr_spec(self.to)));
        if let Some(address) = self.reply_to {
            line(out, "Reply-To", &format!("<{}>", field::addr_spec(address)));
        }
        Ok(())
    }

    /// Everything between the subject and the MIME fields.
    pub(super) fn write_rest(&self, out: &mut Vec<u8>) -> Result<(), MessageError> {
        let domain = domain("Message-ID", self.message_id_domain)?;
        line(out, "Date", &self.date.to_rfc2822());
        line(out, "Message-ID", &format!("<{}@{domain}>", self.key));
        if let Some(list) = &self.list {
            list.write(out)?;
        }
        // Not "All", which would ask for no reports about failures either.
        out.extend_from_slice(b"Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: OOF, AutoReply\r\n");
        if let Some(id) = self.feedback_id {
            line(out, "Feedback-ID", visible("Feedback-ID", id)?);
        }
        Ok(())
    }

    /// Cannot appear in quoted-printable or base64, where `=` is never followed by `_`.
    pub(super) fn boundary(&self) -> String {
        format!("=_{}", self.key)
    }
}

impl List<'_> {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), MessageError> {
        field::named("List-Id", self.name, domain("List-Id", self.id)?, out);
        let url = visible("List-Unsubscribe", self.unsubscribe_url)?;
        match self.unsubscribe_address {
            None => line(out, "List-Unsubscribe", &format!("<{url}>")),
            Some(address) => {
                line(out, "List-Unsubscribe", &format!("<{url}>,\r\n <mailto:{}>", field::addr_spec(address)));
            }
        }
        line(out, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        line(out, "List-Help", &format!("<{}>", visible("List-Help", self.help_url)?));
        line(out, "List-Owner", &format!("<mailto:{}>", field::addr_spec(self.owner)));
        line(out, "List-Archive", &format!("<{}>", visible("List-Archive", self.archive_url)?));
        line(out, "List-Post", "NO");
        line(out, "Precedence", "bulk");
        Ok(())
    }
}

fn line(out: &mut Vec<u8>, name: &str, value: &str) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{name}: {value}\r\n");
}

/// Visible ASCII that cannot close its angle brackets.
fn visible<'v>(field: &'static str, value: &'v str) -> Result<&'v str, MessageError> {
    let good = |b: u8| b.is_ascii_graphic() && b != b'<' && b != b'>';
    if !value.is_empty() && value.bytes().all(good) { Ok(value) } else { Err(MessageError::Head(field)) }
}

fn domain<'v>(field: &'static str, value: &'v str) -> Result<&'v str, MessageError> {
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !value.is_empty() && value.bytes().all(good) { Ok(value) } else { Err(MessageError::Head(field)) }
}
