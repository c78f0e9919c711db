//! One connection to the relay, driven phase by phase.
//!
//! ```text
//! envelope ── refused: an outcome, the connection lives on
//!    │ 354
//!  body ──── the caller makes its mark durable here, or drops the session: the relay then has nothing
//!    │
//!   dot ──── an outcome, or nobody knows; the next envelope is on its way with it, where there is one
//! ```
//!
//! Until [`Session::dot`] is called the relay cannot have the message; an error after that is
//! [`SessionError::AfterDot`], and only then. A session whose exchange did not complete (a fault, a deadline, a future
//! that was dropped) is never used again, since the next message would read the last one's answer.

use std::time::Duration;

use lettre::transport::smtp::commands::{Quit, Rset};
use tokio::time::Instant;

use super::envelope::{Answers, Envelope};
use super::fault::{Fault, SessionError, Step};
use super::message::Message;
use super::offers::Offers;
use super::opening;
use super::outcome;
use super::relay::{Deadlines, Relay};
use super::stream::{Wire, within};
use crate::model::address::Address;
use crate::model::delivery::Outcome;

/// How long a server may take to say goodbye.
const FAREWELL: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Session {
    wire: Wire,
    offers: Offers,
    deadlines: Deadlines,
    turn: Turn,
    /// Said behind the last dot, and not answered yet.
    asked: Option<Envelope>,
    messages: u32,
    opened: Instant,
}

/// Where the exchange stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    /// Ready for an envelope.
    Idle,
    /// An envelope is on its way.
    Asked,
    /// 354 was said.
    Body,
    /// All but the dot is written.
    Dot,
    /// In the middle of something, or broken off there.
    Broken,
}

impl Session {
    pub async fn open(relay: &Relay) -> Result<Self, SessionError> {
        let (wire, offers) = opening::open(relay).await?;
        Ok(Self {
            wire,
            offers,
            deadlines: relay.deadlines.clone(),
            turn: Turn::Idle,
            asked: None,
            messages: 0,
            opened: Instant::now(),
        })
    }

    /// MAIL, RCPT and DATA, in one flight where the relay allows it. `None`: it waits for the message. What was said
    /// behind the last dot already has to be the same, and only its answers are read.
    pub async fn envelope(&mut self, from: &str, to: &Address) -> Result<Option<Outcome>, SessionError> {
        if to.needs_smtputf8() && !self.offers.smtputf8 {
            return Ok(Some(outcome::needs_smtputf8()));
        }
        let envelope = Envelope::of(from, to)?;
        let asked = self.asked.take();
        let as_asked = asked.as_ref().is_none_or(|asked| *asked == envelope);
        self.take(if asked.is_some() && as_asked { Turn::Asked } else { Turn::Idle }, Step::Mail)?;
        let reused = self.messages > 0;
        self.messages += 1;
        if reused && asked.is_none() {
            self.wire.still_quiet().map_err(|fault| SessionError::Closing { fault })?;
        }
        let flight = (self.offers.pipelining && asked.is_none()).then(|| envelope.flight());
        let answers = self.exchange(&envelope, flight, reused).await?;
        let Some((step, reply)) = answers.refused else {
            self.turn = Turn::Body;
            return Ok(None);
        };
        if !answers.lost && self.reset(answers.data_open).await.is_ok() {
            self.turn = Turn::Idle;
        }
        Ok(Some(outcome::of(step, &reply)))
    }

    /// The message; everything but the final dot.
    pub async fn body(&mut self, message: &Message) -> Result<(), SessionError> {
        self.take(Turn::Body, Step::Body)?;
        let limit = self.deadlines.body(message.len());
        within(limit, self.wire.send(message))
            .await
            .map_err(|source| SessionError::BeforeDot { step: Step::Body, source })?;
        self.turn = Turn::Dot;
        Ok(())
    }

    /// The final dot and its answer. The envelope of the `next` message leaves with it where the relay allows that (RFC
    /// 2920 §3.1: the end of a message may be the first of a group), which saves a round trip; [`Session::envelope`] reads
    /// what is answered to it.
    pub async fn dot(&mut self, next: Option<(&str, &Address)>) -> Result<Outcome, SessionError> {
        self.take(Turn::Dot, Step::Dot)?;
        // An answer that is there already is not about this message, and would be taken for the one that is.
        self.wire.still_quiet().map_err(|source| SessionError::BeforeDot { step: Step::Dot, source })?;

        let next = next.and_then(|(from, to)| self.may_ask(from, to));
        let said = format!(".\r\n{}", next.as_ref().map(Envelope::flight).unwrap_or_default());
        let lost = |source| SessionError::AfterDot { source };
        let reply = within(self.deadlines.answer, async {
            self.wire.send(said.as_bytes()).await?;
            self.wire.reply().await
        });
        let reply = reply.await.map_err(lost)?;
        if reply.code != 250 && !reply.is_transient() && !reply.is_permanent() {
            return Err(lost(Fault::Unexpected(reply)));
        }
        if reply.code != 421 {
            self.turn = if next.is_some() { Turn::Asked } else { Turn::Idle };
            self.asked = next;
        }
        Ok(outcome::of(Step::Dot, &reply))
    }

    /// An envelope that may leave before the last message is answered.
    fn may_ask(&self, from: &str, to: &Address) -> Option<Envelope> {
        let can_be_said = self.offers.smtputf8 || !to.needs_smtputf8();
        let may = self.offers.pipelining && can_be_said && self.lasts();
        may.then(|| Envelope::of(from, to).ok()).flatten()
    }

    /// Whether the next message may go over this connection.
    pub fn reusable(&self) -> bool {
        self.turn == Turn::Asked || self.turn == Turn::Idle && self.lasts()
    }

    /// Whether what was begun on it has come to its end; otherwise there is nothing more to be said on it.
    pub fn is_whole(&self) -> bool {
        matches!(self.turn, Turn::Idle | Turn::Asked)
    }

    /// Whether the next envelope has left already.
    pub fn is_asked(&self) -> bool {
        self.turn == Turn::Asked
    }

    fn lasts(&self) -> bool {
        self.messages < self.deadlines.messages && self.opened.elapsed() < self.deadlines.session
    }

    /// Says goodbye where that is due, and closes; the server has closed, too, when it comes back, or takes too long. What
    /// comes of it no longer matters. Amid a message that is not to be ended there is nothing to be said, and the server
    /// forgets it; one that broke off is not waited for.
    pub async fn quit(mut self) {
        if matches!(self.turn, Turn::Broken) {
            return;
        }
        let goodbye = async {
            if self.turn == Turn::Idle {
                self.wire.send(Quit.to_string().as_bytes()).await?;
                self.wire.reply().await?;
            }
            Ok::<_, Fault>(self.wire.close().await?)
        };
        let _ = within(FAREWELL, goodbye).await;
    }

    /// Begins a phase: whatever happens before it ends leaves the session broken.
    fn take(&mut self, turn: Turn, step: Step) -> Result<(), SessionError> {
        if std::mem::replace(&mut self.turn, Turn::Broken) == turn {
            Ok(())
        } else {
            Err(SessionError::BeforeDot { step, source: Fault::OutOfTurn })
        }
    }

    /// The `flight` of all commands, unless it has left already, and then their answers; without pipelining one after the
    /// other up to the first refusal.
    async fn exchange(
        &mut self,
        envelope: &Envelope,
        mut flight: Option<String>,
        reused: bool,
    ) -> Result<Answers, SessionError> {
        let pipelining = self.offers.pipelining;
        let mut answers = Answers::default();
        for (step, command) in envelope.commands() {
            let said = match flight.take() {
                Some(all) => self.say(*step, &all).await,
                None if pipelining => Ok(()),
                None => self.say(*step, command).await,
            };
            let answer = match said {
                Ok(()) => within(self.limit(*step), self.wire.reply()).await,
                Err(fault) => Err(fault),
            };
            answers.take(*step, answer, reused)?;
            if answers.lost || answers.refused.is_some() && !pipelining {
                break;
            }
        }
        Ok(answers)
    }

    async fn say(&mut self, step: Step, text: &str) -> Result<(), Fault> {
        within(self.limit(step), self.wire.send(text.as_bytes())).await
    }

    /// Back to where an envelope can begin. A relay that opened the message though it refused the recipient gets the
    /// lone dot of RFC 2920 §3.1, whose answer changes nothing.
    async fn reset(&mut self, data_open: bool) -> Result<(), Fault> {
        if data_open {
            self.say(Step::Dot, ".\r\n").await?;
            within(self.deadlines.answer, self.wire.reply()).await?;
        }
        self.say(Step::Mail, &Rset.to_string()).await?;
        let reply = within(self.deadlines.command, self.wire.reply()).await?;
        if reply.code == 250 { Ok(()) } else { Err(Fault::Unexpected(reply)) }
    }

    fn limit(&self, step: Step) -> Duration {
        if step == Step::Data { self.deadlines.data } else { self.deadlines.command }
    }
}

#[cfg(test)]
mod tests;
