//! A small SMTP server on loopback: it takes what Tidings captures instead of sending, and what comes back.
//!
//! It knows the protocol and its limits, not what happens to a message: that is its [`Receiver`]'s. A message is
//! accepted only after the receiver has returned, so what was answered with 250 is stored.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::visit::Visit;

mod visit;

const MOST_CONNECTIONS: usize = 128;

/// A message as it arrived: its envelope, and its bytes with the dots undoubled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// Empty for a report.
    pub from: String,
    pub to: Vec<String>,
    pub bytes: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    /// A code from 400 to 599 and what to say with it, on one line.
    Refuse {
        code: u16,
        text: String,
    },
}

/// What happens to mail that arrives.
pub trait Receiver: Send + Sync + 'static {
    /// Asked at RCPT.
    fn recipient(&self, _address: &str) -> Verdict {
        Verdict::Accept
    }

    /// Asked at the end of the message; the sender waits.
    fn arrived(&self, arrival: Arrival) -> BoxFuture<'_, Verdict>;
}

#[derive(Debug, Error)]
pub enum InboxError {
    #[error("{0} is not on this machine; the inbox listens on loopback only")]
    NotLoopback(SocketAddr),
    #[error("could not listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
}

pub struct Inbox {
    listener: TcpListener,
    address: SocketAddr,
    receiver: Arc<dyn Receiver>,
}

impl Inbox {
    /// Takes the address (port 0: any). From here on connections wait; [`Inbox::serve`] answers them.
    pub async fn listen(address: SocketAddr, receiver: Arc<dyn Receiver>) -> Result<Self, InboxError> {
        if !address.ip().is_loopback() {
            return Err(InboxError::NotLoopback(address));
        }
        let failed = |source| InboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, receiver })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop`; then lets the commands that are under way end.
    pub async fn serve(self, stop: CancellationToken) {
        let seats = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let visits = TaskTracker::new();
        loop {
            let seat = tokio::select! {
                () = stop.cancelled() => break,
                seat = Arc::clone(&seats).acquire_owned() => seat,
            };
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, _)) => {
                    let visit = Visit::new(tcp, Arc::clone(&self.receiver));
                    let stop = stop.clone();
                    visits.spawn(async move {
                        // A visitor who leaves in the middle is no news.
                        let _ = visit.run(stop).await;
                        drop(seat);
                    });
                }
                // Out of file handles, or a visitor who is gone already: others may still come.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        visits.close();
        visits.wait().await;
    }
}

#[cfg(test)]
mod tests;
