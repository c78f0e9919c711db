//! What can go wrong with a connection, sorted by what it means for the message on its way.

use std::fmt;
use std::io;
use std::time::Duration;

use thiserror::Error;

use super::reply::{BadReply, Reply};

/// The steps of a session, as an operator reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Greeting,
    Hello,
    StartTls,
    Login,
    Mail,
    Rcpt,
    Data,
    Body,
    Dot,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Greeting => "the greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Login => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Body => "the message",
            Self::Dot => "the end of the message",
        })
    }
}

/// Why an exchange broke off.
#[derive(Debug, Error)]
pub enum Fault {
    #[error("the connection was closed")]
    Closed,
    #[error("nothing came within {0:?}")]
    Deadline(Duration),
    #[error("the connection failed")]
    Io(#[from] io::Error),
    #[error("the answer cannot be read")]
    Unreadable(#[from] BadReply),
    #[error("`{0}` is no answer to what was asked")]
    Unexpected(Reply),
    #[error("an answer came before it was asked for")]
    Early,
    #[error("the session had not come to this point")]
    OutOfTurn,
}

/// No session came about. The relay's fault or the operator's, never a reader's: no attempt is charged.
#[derive(Debug, Error)]
pub enum RelayError {
    #[error("could not connect to {relay}")]
    Connect { relay: String, source: Fault },
    #[error(
        "{relay} is not on this machine, and nothing is sent to it in the clear; use tls = \"implicit\" or \"starttls\""
    )]
    InTheClear { relay: String },
    #[error("a login to {relay} would go in the clear; use tls = \"implicit\" or \"starttls\"")]
    LoginInTheClear { relay: String },
    #[error("could not agree on TLS with {relay}")]
    Tls { relay: String, source: Fault },
    #[error("{relay} does not offer STARTTLS")]
    NoStartTls { relay: String },
    #[error("{relay} sent something in the clear after it had agreed to STARTTLS")]
    Injected { relay: String },
    #[error("{relay} refused {step}: {reply}")]
    Refused { relay: String, step: Step, reply: Reply },
    #[error("the mail server refused our login: {relay} said {reply} (user \"{user}\")")]
    LoginRefused { relay: String, user: String, reply: Reply },
    #[error("{relay} offers no login that we know (it offers: {offered})")]
    NoLogin { relay: String, offered: String },
    #[error("lost the connection to {relay} at {step}")]
    Lost { relay: String, step: Step, source: Fault },
    #[error("{what} cannot be said in SMTP")]
    Unspeakable { what: &'static str },
}

/// A message did not get through to an answer about it. What the caller does follows from the variant.
#[derive(Debug, Error)]
pub enum SessionError {
    /// No session: nobody is charged.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// A connection that had carried mail was closed by the relay (421, or without a word) before it took anything of
    /// this message: connect again, nobody is charged.
    #[error("the relay closed the connection between messages")]
    Closing {
        #[source]
        fault: Fault,
    },
    /// The dot has not left: the relay does not have the message. Transient, and charged, since a message on which the
    /// relay falls over must not come round for ever.
    #[error("the connection was lost at {step}")]
    BeforeDot { step: Step, source: Fault },
    /// The dot has left and no answer came: nobody knows.
    #[error("no answer came after the end of the message")]
    AfterDot { source: Fault },
}
