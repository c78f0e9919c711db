//! `[dkim]`: the signature under our mail.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::delivery::Delivery;
use super::findings::Findings;
use super::value;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    pub mode: Signing,
    #[serde(default)]
    pub selector: Option<String>,
    /// In A-labels.
    #[serde(default, deserialize_with = "value::domain")]
    pub domain: Option<String>,
    #[serde(default)]
    pub key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signing {
    None,
    Rsa,
    #[serde(rename = "rsa+ed25519")]
    RsaAndEd25519,
}

impl Dkim {
    pub(super) fn check(&self, delivery: &Delivery, findings: &mut Findings<'_>) {
        if let Some(selector) = self.selector.as_deref().filter(|selector| !is_selector(selector)) {
            let message = format!("`{selector}` is not a selector: letters, digits, `-` and dots, such as d1");
            findings.wrong("dkim.selector", message);
        }
        let mode = match self.mode {
            Signing::None => return,
            Signing::Rsa => "rsa",
            Signing::RsaAndEd25519 => "rsa+ed25519",
        };
        for (path, what) in [
            ("dkim.selector", "say under which name the public key stands in the DNS"),
            ("dkim.domain", "say in whose name we sign"),
            ("dkim.key_file", "name the file of the private key; `tidings dkim generate` makes one"),
        ] {
            if !findings.has(path) {
                findings.wrong("dkim.mode", format!("`dkim.mode` is \"{mode}\" but there is no `{path}`: {what}"));
            }
        }
        self.check_alignment(delivery, findings);
    }

    fn check_alignment(&self, delivery: &Delivery, findings: &mut Findings<'_>) {
        let (Some(domain), true) = (&self.domain, findings.given("delivery.from")) else { return };
        let from = delivery.from.address.domain();
        if !is_under(from, domain) && !is_under(domain, from) {
            findings.warn(format!(
                "`dkim.domain` is {domain} but delivery.from is at {from}: for DMARC a signature counts only under the domain that readers see; set domain = \"{from}\", or one above it"
            ));
        }
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        self.key_file = self.key_file.as_ref().map(|path| folder.join(path));
    }
}

/// Room is left for what the selector of a second key has at its end.
pub fn is_selector(text: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let is_label = |label: &str| {
        let (begin, end) = (label.as_bytes().first(), label.as_bytes().last());
        label.len() <= 50
            && label.bytes().all(is_inner)
            && begin.is_some_and(u8::is_ascii_alphanumeric)
            && end.is_some_and(u8::is_ascii_alphanumeric)
    };
    text.split('.').all(is_label)
}

fn is_under(domain: &str, above: &str) -> bool {
    domain.strip_suffix(above).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
