//! `[web]`: where our pages listen.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::findings::Findings;
use super::network::Network;
use super::site::Site;
use super::value;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Web {
    #[serde(deserialize_with = "listen")]
    pub listen: SocketAddr,
    /// Whose `X-Forwarded-For` counts.
    #[serde(deserialize_with = "value::list")]
    pub trusted_proxies: Vec<Network>,
    pub mailbox: ShownMail,
    /// Where `/metrics` is served; none: nowhere.
    #[serde(default, deserialize_with = "optional_listen")]
    pub metrics: Option<SocketAddr>,
}

/// Whether captured mail can be read in the browser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShownMail {
    /// As long as our pages are for this machine alone.
    Auto,
    Open,
    Closed,
}

impl Web {
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Whether captured mail can be read in the browser, by people on this machine at least.
    pub fn shows_mail(&self, site: &Site) -> bool {
        match self.mailbox {
            ShownMail::Auto => self.listen.ip().is_loopback() && self.trusted_proxies.is_empty() && site.is_here(),
            ShownMail::Open => true,
            ShownMail::Closed => false,
        }
    }

    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.trusts(IpAddr::from([8, 8, 8, 8])) {
            findings.warn("`web.trusted_proxies` holds public addresses: anybody there can pretend to be anybody");
        }
    }
}

fn listen<'de, D: serde::Deserializer<'de>>(from: D) -> Result<SocketAddr, D::Error> {
    let text: String = value::text(from, "an address and a port in quotes, such as \"127.0.0.1:8025\",")?;
    text.parse().map_err(|_| {
        serde::de::Error::custom(format!(
            "`{text}` is not an address and a port, such as \"127.0.0.1:8025\" or \"[::]:80\""
        ))
    })
}

fn optional_listen<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<SocketAddr>, D::Error> {
    listen(from).map(Some)
}
