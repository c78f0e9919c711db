//! `tidings mail test`: does the relay take a mail from us? With -v, all that is said.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::open;
use super::super::output::{self, Output};
use crate::mail::relay::Relay;
use crate::mail::transcript::Listener;
use crate::model::address::Address;
use crate::pipeline::deliver::trial;

#[derive(Debug, Args)]
#[command(
    after_help = "A short text of ours, marked [Test], outside the queue. With -v all that is said on the connection is \
    shown, except the login. In the mode `capture` it goes into the mailbox inside Tidings.\n\n\
    Example:  tidings mail test me@example.org -v"
)]
pub struct TestArgs {
    /// The address to send it to
    address: Address,
}

#[derive(Serialize)]
struct Tested {
    to: String,
    mode: &'static str,
    /// Into the mailbox inside Tidings.
    captured: bool,
    accepted: bool,
    reply: String,
}

pub async fn run(args: &TestArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for_writing(global).await?;
    let mut line = app.line().await?;
    if global.verbose > 0 {
        line.mailbox = overheard(&line.mailbox);
        line.relay = line.relay.as_ref().map(overheard);
    }
    let tried = trial::greet(&line, &args.address, app.clock.now()).await?;
    let (accepted, reply) = (tried.outcome.is_sent(), tried.outcome.reply().to_owned());
    let (to, mode, captured) = (args.address.to_string(), app.config.delivery.mode.word(), tried.captured);
    let tested = Tested { to, mode, captured, accepted, reply };
    output.result(&tested, || {
        let Tested { to, mode, reply, .. } = &tested;
        let what = match (captured, accepted) {
            (true, _) => format!("captured (mode {mode}): nothing left this machine; it would have gone to {to}"),
            (false, true) => format!("sent to {to} (mode {mode})"),
            (false, false) => format!("offered for {to} and not taken (mode {mode})"),
        };
        format!("a test was {what}\nthe server said: {reply}")
    })?;
    if accepted {
        return Ok(Exit::Done);
    }
    Err(Failure::new(Exit::Outside, format!("the relay did not take the test mail: {}", tested.reply))
        .then(format!("`tidings mail test {} -v` shows all that is said", tested.to))
        .into())
}

fn overheard(relay: &Arc<Relay>) -> Arc<Relay> {
    let listener = Listener::new(output::write_err);
    Arc::new(Relay { listener: Some(listener), ..Relay::clone(relay) })
}
