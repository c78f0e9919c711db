//! `[delivery]`: to whom mail really goes, in whose name, and how hard we try.

use std::time::Duration;

use serde::Deserialize;

use super::findings::Findings;
use super::mailbox::Mailbox;
use super::site::Site;
use super::{duration, value};
use crate::model::address::Address;
use crate::model::delivery::Mode;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    pub mode: Mode,
    #[serde(deserialize_with = "value::list")]
    pub allowlist: Vec<Address>,
    #[serde(deserialize_with = "value::parsed")]
    pub from: Mailbox,
    #[serde(default, deserialize_with = "value::optional")]
    pub reply_to: Option<Mailbox>,
    /// See [`Delivery::bounce_domain`].
    #[serde(default, rename = "bounce_domain", deserialize_with = "value::domain")]
    own_bounce_domain: Option<String>,
    /// The waits after the first, second, … try; the last repeats. At least one.
    #[serde(deserialize_with = "duration::list")]
    pub retry: Vec<Duration>,
    #[serde(deserialize_with = "duration::read")]
    pub give_up_after: Duration,
    pub uncertain: Uncertain,
    /// How often a message in doubt is sent again before it is held.
    pub resend_at_most: u32,
    #[serde(deserialize_with = "duration::read")]
    pub lease: Duration,
    /// Whether who has confirmed gets a mail that says so.
    pub welcome: bool,
    /// Whether who has stopped everything gets a last one.
    pub goodbye: bool,
}

/// What becomes of a message of which nobody knows whether the relay took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Uncertain {
    Resend,
    Hold,
}

impl Delivery {
    /// Where bounces come back to: as configured, else the domain we send from. In A-labels.
    pub fn bounce_domain(&self) -> &str {
        self.own_bounce_domain.as_deref().unwrap_or(self.from.address.domain())
    }

    /// Whether mail to this address leaves the house.
    pub fn is_for_real(&self, address: &Address) -> bool {
        match self.mode {
            Mode::Capture => false,
            Mode::Allowlist => self.allowlist.iter().any(|listed| listed.key() == address.key()),
            Mode::Live => true,
        }
    }

    pub(super) fn check(&self, site: &Site, findings: &mut Findings<'_>) {
        if self.retry.is_empty() || self.retry.iter().any(Duration::is_zero) {
            findings.wrong("delivery.retry", "`delivery.retry` needs at least one wait, and none of nothing");
        }
        if self.give_up_after.is_zero() {
            findings.wrong(
                "delivery.give_up_after",
                "`delivery.give_up_after` is nothing: each mail would be given up at once",
            );
        }
        if self.lease < Duration::from_millis(100) {
            findings.wrong("delivery.lease", "`delivery.lease` is under 100ms: nobody could renew it in time");
        }
        if self.mode != Mode::Capture {
            self.check_leaving(site, findings);
        }
    }

    /// Mail leaves the house: what a trial does without must be there.
    fn check_leaving(&self, site: &Site, findings: &mut Findings<'_>) {
        let mode = if self.mode == Mode::Live { "live" } else { "allowlist" };
        let mut needed = vec![
            ("relay.host", "name the server that takes our mail"),
            ("delivery.from", "say in whose name we write"),
            ("site.url", "links in mails need the public address of our pages"),
        ];
        if self.mode == Mode::Allowlist {
            needed.push(("delivery.allowlist", "list the addresses that get mail for real"));
        }
        for (path, what) in needed {
            if !findings.given(path) {
                findings
                    .wrong("delivery.mode", format!("`delivery.mode` is \"{mode}\" but there is no `{path}`: {what}"));
            } else if path == "delivery.allowlist" && self.allowlist.is_empty() {
                findings.wrong(path, format!("`delivery.allowlist` is empty: {what}"));
            }
        }
        if site.postal_address.trim().is_empty() {
            findings.warn("`site.postal_address` is empty: many countries want one in every mail of this kind");
        }
    }
}
