//! The mailbox inside Tidings: a small SMTP server on loopback, so that captured mail goes the whole way too.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::relay::deadlines;
use crate::config::Config;
use crate::mail::inbox::{Arrival, Inbox, InboxError, Receiver, Verdict};
use crate::mail::relay::{Relay, Tls};
use crate::model::words::with_causes;
use crate::pipeline::receive::Mailbox;

pub struct Capture(pub Mailbox);

impl Receiver for Capture {
    fn arrived(&self, arrival: Arrival) -> BoxFuture<'_, Verdict> {
        async move {
            match self.0.keep(&arrival.from, &arrival.to, &arrival.bytes).await {
                Ok(()) => Verdict::Accept,
                Err(failure) => {
                    error!("the capture mailbox cannot keep a mail: {}", with_causes(&failure));
                    Verdict::Refuse { code: 451, text: "4.3.0 the mailbox cannot be written".to_owned() }
                }
            }
        }
        .boxed()
    }
}

/// Opens it on a free port, and tells how to reach it. It answers as long as the program runs: what is being handed over
/// when everything stops still gets its answer.
pub async fn open(receiver: Arc<dyn Receiver>, config: &Config) -> Result<Relay, InboxError> {
    let inbox = Inbox::listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), receiver).await?;
    let address = inbox.address();
    tokio::spawn(inbox.serve(CancellationToken::new()));
    Ok(Relay {
        host: address.ip().to_string(),
        port: address.port(),
        tls: Tls::None,
        login: None,
        hello: "localhost".to_owned(),
        deadlines: deadlines(&config.relay),
        listener: None,
    })
}
