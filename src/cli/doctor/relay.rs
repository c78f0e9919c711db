//! The relay: connected to, greeted, secured, logged in to, and left again without a mail.

use std::time::Duration;

use super::finding::Finding;
use crate::app::{self, RelayTrialError};
use crate::config::{Config, Tls};
use crate::mail::fault::{RelayError, SessionError};
use crate::model::delivery::Mode;
use crate::model::words::with_causes;

const ABOUT: &str = "relay";
/// For each step.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn look(config: &Config) -> Finding {
    let relay = &config.relay;
    let Some(host) = &relay.host else {
        return Finding::ok(ABOUT, "none is configured; all mail stays in the mailbox inside");
    };
    match app::try_relay(config, PATIENCE).await {
        Ok(()) => {
            let way = if relay.tls == Tls::None { "in the clear, on this machine" } else { "encrypted" };
            let login =
                relay.username.as_ref().map_or("without a login".to_owned(), |user| format!("logged in as {user}"));
            Finding::ok(ABOUT, format!("{host}:{} answers, {way}, {login}", relay.port()))
        }
        Err(error) => {
            let leaves = config.delivery.mode != Mode::Capture;
            Finding::once_mail_leaves(leaves, ABOUT, with_causes(&error), fix(&error))
        }
    }
}

fn fix(error: &RelayTrialError) -> &'static str {
    match error {
        RelayTrialError::Settings(_) => "put the file there that [relay] names, readable for the user of Tidings",
        RelayTrialError::Session(SessionError::Relay(error)) => match error {
            RelayError::Connect { .. } => "see relay.host and relay.port, and whether a firewall stands between",
            RelayError::Tls { .. } | RelayError::NoStartTls { .. } | RelayError::Injected { .. } => {
                "see relay.tls (\"implicit\" on port 465, \"starttls\" on 587) and, with an authority of your own, relay.ca_file"
            }
            RelayError::InTheClear { .. } | RelayError::LoginInTheClear { .. } => "see relay.tls",
            RelayError::LoginRefused { .. } | RelayError::NoLogin { .. } => "see relay.username and its password",
            _ => "ask whoever runs the relay what these words mean",
        },
        RelayTrialError::Session(_) => "ask whoever runs the relay what these words mean",
    }
}
