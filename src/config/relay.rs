//! `[relay]`: the server that takes our mail, and how long we wait for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::findings::Findings;
use super::{duration, size, throttle};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    #[serde(default)]
    pub host: Option<String>,
    /// See [`Relay::port`].
    #[serde(default, rename = "port")]
    own_port: Option<u16>,
    pub tls: Tls,
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    #[serde(default)]
    pub username: Option<String>,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    #[serde(default, deserialize_with = "secret")]
    pub password: Option<SecretString>,
    #[serde(default)]
    pub ehlo_name: Option<String>,
    pub connections: usize,
    /// Without it: as fast as it takes them.
    #[serde(default)]
    pub messages_per_second: Option<f64>,
    #[serde(deserialize_with = "duration::read")]
    pub connect_timeout: Duration,
    #[serde(deserialize_with = "duration::read")]
    pub command_timeout: Duration,
    #[serde(deserialize_with = "duration::read")]
    pub data_timeout: Duration,
    /// Bytes a second, on average over a body.
    #[serde(deserialize_with = "size::read")]
    pub slowest_body: u64,
    #[serde(deserialize_with = "duration::read")]
    pub final_answer_timeout: Duration,
    pub renew_after_messages: u32,
    #[serde(deserialize_with = "duration::read")]
    pub renew_after: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// From the first byte on.
    Implicit,
    /// Required, never opportunistic.
    Starttls,
    /// On loopback only.
    None,
}

impl Relay {
    /// As configured, else the usual one.
    pub fn port(&self) -> u16 {
        self.own_port.unwrap_or(match self.tls {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        })
    }

    /// Whether the relay is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host.as_deref().is_some_and(is_loopback_name)
    }

    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        self.check_host(findings);
        self.check_login(findings);
        if !(1..=1000).contains(&self.connections) {
            findings.wrong("relay.connections", format!("`relay.connections` is {}: use 1 to 1000", self.connections));
        }
        if let Some(rate) = self.messages_per_second {
            throttle::check_rate("relay.messages_per_second", rate, findings);
        }
        if self.renew_after_messages == 0 {
            findings.wrong("relay.renew_after_messages", "`relay.renew_after_messages` is 0: use at least 1");
        }
        if self.slowest_body == 0 {
            findings.wrong("relay.slowest_body", "`relay.slowest_body` is nothing: a body might never end");
        }
        for (key, timeout) in [
            ("connect_timeout", self.connect_timeout),
            ("command_timeout", self.command_timeout),
            ("data_timeout", self.data_timeout),
            ("final_answer_timeout", self.final_answer_timeout),
        ] {
            if timeout.is_zero() {
                findings
                    .wrong(&format!("relay.{key}"), format!("`relay.{key}` is nothing: no relay answers that fast"));
            }
        }
    }

    fn check_host(&self, findings: &mut Findings<'_>) {
        let Some(host) = self.host.as_deref() else { return };
        let is_address = host.parse::<std::net::IpAddr>().is_ok();
        if host.trim().is_empty() || (!is_address && host.contains(|c: char| c.is_whitespace() || ":/@".contains(c))) {
            findings.wrong("relay.host", "`relay.host` is the name of a server alone, such as smtp.example.org");
        }
        let mismatch = match (self.own_port, self.tls) {
            (Some(587), Tls::Implicit) => {
                Some("relay.port is 587 but relay.tls is \"implicit\"; use port 465, or tls = \"starttls\"")
            }
            (Some(465), Tls::Starttls) => {
                Some("relay.port is 465 but relay.tls is \"starttls\"; use port 587, or tls = \"implicit\"")
            }
            _ => None,
        };
        if let Some(message) = mismatch {
            findings.wrong("relay.port", message);
        }
        if self.tls == Tls::None && !self.is_loopback() {
            findings.wrong(
                "relay.tls",
                format!("relay.tls is \"none\" but {host} is not this machine; use tls = \"implicit\" or \"starttls\""),
            );
        }
    }

    fn check_login(&self, findings: &mut Findings<'_>) {
        if self.username.is_some() && self.tls == Tls::None {
            let message = "relay.username is set but relay.tls is \"none\": a login would go in the clear, so none is made; \
                           use tls = \"implicit\" or \"starttls\", or leave the login out";
            findings.wrong("relay.username", message);
        }
        if self.username.as_ref().is_some_and(|name| name.trim().is_empty()) {
            findings.wrong("relay.username", "relay.username is empty; leave it out where the relay wants no login");
        }
        if self.password.as_ref().is_some_and(|password| password.expose_secret().is_empty()) {
            findings.wrong("relay.password", "relay.password is empty: no relay takes such a login");
        }
        match (&self.username, &self.password, &self.password_file) {
            (Some(_), None, None) => findings.wrong(
                "relay.username",
                "relay.username has no password; name a file in relay.password_file, or set TIDINGS__RELAY__PASSWORD",
            ),
            (None, Some(_), _) => findings.wrong("relay.password", "relay.password has no relay.username beside it"),
            (None, _, Some(_)) => {
                findings.wrong("relay.password_file", "relay.password_file has no relay.username beside it");
            }
            (Some(_), Some(_), Some(_)) => {
                findings.wrong("relay.password", "there are both relay.password and relay.password_file; keep the file")
            }
            _ => {}
        }
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        for path in [&mut self.ca_file, &mut self.password_file] {
            *path = path.as_ref().map(|path| folder.join(path));
        }
    }
}

/// Whether this host is this machine itself.
pub fn is_loopback_name(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(from).map(|text| Some(text.into()))
}
