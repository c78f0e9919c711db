//! The relay we speak to: where it is, how the way to it is secured, and how long each phase may take.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt;
use secrecy::SecretString;

use super::transcript::Listener;

#[derive(Debug, Clone)]
pub struct Relay {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub login: Option<Login>,
    /// What we call ourselves in EHLO: our host name, or an address in brackets.
    pub hello: String,
    pub deadlines: Deadlines,
    /// Hears all that is said.
    pub listener: Option<Listener>,
}

/// There is no opportunistic mode: what can be taken off by whoever stands between protects nothing.
#[derive(Debug, Clone)]
pub enum Tls {
    /// From the first byte, as on port 465.
    Implicit(Roots),
    /// After STARTTLS, which the relay must offer.
    StartTls(Roots),
    /// To this machine only.
    None,
}

#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: SecretString,
}

/// Whose certificates we believe. Made once and shared by all connections, which resume each other's TLS sessions.
#[derive(Debug, Clone)]
pub struct Roots(pub(super) Arc<ClientConfig>);

/// How long to wait for what (RFC 5321 §4.5.3.2, except where it would keep readers waiting).
#[derive(Debug, Clone)]
pub struct Deadlines {
    pub connect: Duration,
    /// Greeting, EHLO, STARTTLS, AUTH, MAIL, RCPT, RSET: each.
    pub command: Duration,
    pub data: Duration,
    /// The body may take a minute and what it takes at this many bytes a second.
    pub body_rate: u32,
    /// Too short, and messages that the relay did accept are in doubt.
    pub answer: Duration,
    /// A connection is renewed after so many messages …
    pub messages: u32,
    /// … or after so long: relays tire of long sessions, and one that moves to another machine of theirs spreads the load.
    pub session: Duration,
}

impl Relay {
    /// `host:port`, for errors and logs.
    pub fn name(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Deadlines {
    pub(super) fn body(&self, length: usize) -> Duration {
        Duration::from_secs(60) + Duration::from_secs(length as u64) / self.body_rate.max(1)
    }
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            command: Duration::from_secs(60),
            data: Duration::from_secs(120),
            body_rate: 1_000,
            answer: Duration::from_secs(600),
            messages: 100,
            session: Duration::from_secs(300),
        }
    }
}

impl Roots {
    /// Those of the operating system.
    pub fn of_the_system() -> Result<Self, rustls::Error> {
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// These and no others.
    pub fn only(certificates: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Self, rustls::Error> {
        let mut store = RootCertStore::empty();
        for certificate in certificates {
            store.add(certificate)?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }
}
