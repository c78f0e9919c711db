//! MAIL, RCPT and DATA as one flight: what is said, and what the answers come to together. No I/O.

use lettre::Address as Path;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::MailParameter;

use super::fault::{Fault, RelayError, SessionError, Step};
use super::field;
use super::reply::Reply;
use crate::model::address::Address;

/// The three commands, each with its line end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Envelope([(Step, String); 3]);

impl Envelope {
    /// `from` is a plain ASCII path; a recipient beyond ASCII takes the parameter of RFC 6531.
    pub fn of(from: &str, to: &Address) -> Result<Self, SessionError> {
        let good = |c: char| c.is_ascii_graphic() && c != '<' && c != '>';
        let (local, domain) = from
            .rsplit_once('@')
            .filter(|_| from.chars().all(good))
            .ok_or(RelayError::Unspeakable { what: "the envelope sender" })?;
        let parameters = if to.needs_smtputf8() { vec![MailParameter::SmtpUtfEight] } else { Vec::new() };
        let mail = Mail::new(Some(Path::new_dangerous(local, domain)), parameters);

        let to = field::addr_spec(to);
        let (local, domain) = to.rsplit_once('@').unwrap_or((&to, ""));
        let rcpt = Rcpt::new(Path::new_dangerous(local, domain), Vec::new());
        Ok(Self([(Step::Mail, mail.to_string()), (Step::Rcpt, rcpt.to_string()), (Step::Data, Data.to_string())]))
    }

    pub fn commands(&self) -> &[(Step, String)] {
        &self.0
    }

    /// All three, for one write (RFC 2920).
    pub fn flight(&self) -> String {
        self.0.iter().map(|(_, command)| command.as_str()).collect()
    }
}

/// What came of the flight so far.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The first that was refused.
    pub refused: Option<(Step, Reply)>,
    /// The relay waits for a message although it refused something before.
    pub data_open: bool,
    /// The connection is of no use any more.
    pub lost: bool,
}

impl Answers {
    /// Takes in the next answer. On a connection that is `reused`, a goodbye is not this message's fault.
    pub fn take(&mut self, step: Step, answer: Result<Reply, Fault>, reused: bool) -> Result<(), SessionError> {
        if self.refused.is_some() {
            self.after_refusal(answer);
            return Ok(());
        }
        match answer {
            Err(fault @ (Fault::Closed | Fault::Io(_))) if reused && step == Step::Mail => {
                Err(SessionError::Closing { fault })
            }
            Err(source) => Err(SessionError::BeforeDot { step, source }),
            Ok(reply) if reply.code == 421 && reused => Err(SessionError::Closing { fault: Fault::Unexpected(reply) }),
            Ok(reply) if reply.is_transient() || reply.is_permanent() => {
                self.lost = reply.code == 421;
                self.refused = Some((step, reply));
                Ok(())
            }
            Ok(reply) if takes(step, reply.code) => Ok(()),
            Ok(reply) => Err(SessionError::BeforeDot { step, source: Fault::Unexpected(reply) }),
        }
    }

    /// What follows a refusal cannot change it, but can end the connection.
    fn after_refusal(&mut self, answer: Result<Reply, Fault>) {
        match answer {
            Ok(reply) if reply.code != 421 => self.data_open = reply.code == 354,
            _ => self.lost = true,
        }
    }
}

/// The positive answers that the protocol knows here; any other means that we and the relay are not in step.
fn takes(step: Step, code: u16) -> bool {
    match step {
        Step::Rcpt => matches!(code, 250..=252),
        Step::Data => code == 354,
        _ => code == 250,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_cannot_carry_commands() {
        let to = "a@example.org".parse().unwrap();
        for from in ["a@b.c>\r\nRCPT TO:<x@y.z", "a b@c.d", "nobody", "a@b.c\n", "é@b.c"] {
            assert!(Envelope::of(from, &to).is_err(), "{from:?}");
        }
    }

    #[test]
    fn a_flight_is_three_commands() {
        let flight = |to: &str| Envelope::of("b+1@example.org", &to.parse().unwrap()).unwrap().flight();
        assert_eq!(
            flight("a.@docomo.ne.jp"),
            "MAIL FROM:<b+1@example.org>\r\nRCPT TO:<\"a.\"@docomo.ne.jp>\r\nDATA\r\n"
        );
        assert!(flight("用户@example.org").starts_with("MAIL FROM:<b+1@example.org> SMTPUTF8\r\n"));
    }

    #[test]
    fn the_first_refusal_stands_whatever_follows() {
        let reply = |code| Ok(Reply { code, lines: Vec::new() });
        let refusal = |then| {
            let mut answers = Answers::default();
            answers.take(Step::Mail, reply(250), false).unwrap();
            answers.take(Step::Rcpt, reply(550), false).unwrap();
            answers.take(Step::Data, then, true).unwrap();
            assert_eq!(answers.refused.as_ref().unwrap().1.code, 550);
            (answers.data_open, answers.lost)
        };
        assert_eq!(refusal(reply(554)), (false, false));
        assert_eq!(refusal(reply(354)), (true, false));
        assert_eq!(refusal(reply(421)), (false, true));
        assert_eq!(refusal(Err(Fault::Closed)), (false, true));
    }
}
