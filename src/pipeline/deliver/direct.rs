//! Mail outside the queue, handed over at once: tests, and what operators are told.

use chrono::{DateTime, Utc};

use super::press::Press;
use crate::mail::fault::SessionError;
use crate::mail::message::{Encoded, Message};
use crate::mail::session::Session;
use crate::model::address::Address;
use crate::model::delivery::{Key, Outcome};
use crate::model::rendering::{Holed, Piece, Places, Rendering};
use crate::model::words::with_causes;
use crate::pipeline::Line;

/// A text of ours, in English. In words, why it cannot be made.
pub(super) fn plain(
    press: &Press,
    key: &Key,
    to: &Address,
    (subject, text): (String, String),
    now: DateTime<Utc>,
) -> Result<Message, String> {
    let rendering = Rendering {
        subject,
        text: Holed(vec![Piece::Fixed(text)]),
        html: Holed::default(),
        language: "en".parse().expect("a language's tag"),
    };
    let encoded = Encoded::of(&rendering).map_err(|error| with_causes(&error))?;
    encoded.splice(&press.head(key, now, to), &Places::new()).map_err(|error| with_causes(&error))
}

/// To the relay, or to the mailbox inside.
pub(super) async fn hand_over(
    line: &Line,
    captured: bool,
    from: &str,
    to: &Address,
    message: &Message,
) -> Result<Outcome, SessionError> {
    let relay = if captured { &line.mailbox } else { line.relay.as_ref().unwrap_or(&line.mailbox) };
    let mut session = Session::open(relay).await?;
    if let Some(refused) = session.envelope(from, to).await? {
        return Ok(refused);
    }
    session.body(message).await?;
    let outcome = session.dot(None).await?;
    session.quit().await;
    Ok(outcome)
}
