//! The connection itself: a socket, plain or under TLS, with a reader of replies. It knows bytes, not phases.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{self, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::either::Either;

use super::fault::Fault;
use super::reply::{Partial, Reply};
use super::transcript::{Listener, Transcript};

const READ_AT_ONCE: usize = 4096;

#[derive(Debug)]
pub(super) struct Wire {
    io: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    /// What came and has not been read as a reply yet.
    received: Vec<u8>,
    transcript: Transcript,
}

/// `work`, or a fault when its time is over.
pub(super) async fn within<T, E: Into<Fault>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, Fault> {
    match timeout(limit, work).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(Fault::Deadline(limit)),
    }
}

impl Wire {
    pub async fn connect(host: &str, port: u16, listener: Option<Listener>) -> io::Result<Self> {
        let tcp = TcpStream::connect((host, port)).await?;
        // Nagle's algorithm and delayed acknowledgements together cost 44 ms a message.
        tcp.set_nodelay(true)?;
        let transcript = Transcript::heard_by(listener);
        Ok(Self { io: Either::Left(tcp), received: Vec::new(), transcript })
    }

    /// Whether what is written here stays on this machine.
    pub fn is_local(&self) -> bool {
        self.tcp().peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback())
    }

    fn tcp(&self) -> &TcpStream {
        match &self.io {
            Either::Left(tcp) => tcp,
            Either::Right(tls) => tls.get_ref().0,
        }
    }

    /// The same connection under TLS, its certificate verified for `host`.
    pub async fn secure(self, host: &str, config: Arc<ClientConfig>) -> io::Result<Self> {
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        match self.io {
            Either::Left(tcp) => {
                let tls = TlsConnector::from(config).connect(name, tcp).await?;
                self.transcript.secured();
                Ok(Self { io: Either::Right(Box::new(tls)), received: Vec::new(), transcript: self.transcript })
            }
            Either::Right(_) => Err(io::Error::other("the connection is under TLS already")),
        }
    }

    /// Writes and flushes: TLS keeps what is not flushed.
    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.transcript.sent(bytes);
        self.io.write_all(bytes).await?;
        self.io.flush().await
    }

    /// The next whole reply.
    pub async fn reply(&mut self) -> Result<Reply, Fault> {
        let mut partial = Partial::default();
        let mut at = 0;
        loop {
            while let Some(length) = self.received[at..].iter().position(|&b| b == b'\n') {
                let reply = partial.line(&self.received[at..at + length])?;
                at += length + 1;
                if let Some(reply) = reply {
                    self.received.drain(..at);
                    self.transcript.came(&reply);
                    return Ok(reply);
                }
            }
            partial.refuses(&self.received[at..])?;
            self.received.drain(..std::mem::take(&mut at));
            self.received.reserve(READ_AT_ONCE);
            if self.io.read_buf(&mut self.received).await? == 0 {
                return Err(Fault::Closed);
            }
        }
    }

    /// Whether anything has come that nobody has read.
    pub fn has_unread(&self) -> bool {
        !self.received.is_empty()
    }

    /// Looks, without waiting, whether the other side has spoken or gone while it was not its turn.
    pub fn still_quiet(&mut self) -> Result<(), Fault> {
        if !self.has_unread() {
            self.received.reserve(READ_AT_ONCE);
            match self.io.read_buf(&mut self.received).now_or_never() {
                None => return Ok(()),
                Some(Ok(0)) => return Err(Fault::Closed),
                Some(Ok(_)) => {}
                Some(Err(source)) => return Err(source.into()),
            }
        }
        Err(Fault::Early)
    }

    /// Says the end of the stream, and waits for that of the other side.
    pub async fn close(mut self) -> io::Result<()> {
        self.io.shutdown().await?;
        io::copy(&mut self.io, &mut io::sink()).await.map(drop)
    }
}
