//! `[alerts]`: who is told when something is wrong that does not mend itself.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::delivery::Delivery;
use super::findings::Findings;
use super::value;
use crate::model::address::Address;
use crate::model::delivery::Mode;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// A program; the log is told in any case.
    #[serde(default)]
    pub command: Option<PathBuf>,
    /// Operators who are told by mail.
    #[serde(deserialize_with = "value::list")]
    pub mail: Vec<Address>,
}

impl Alerts {
    pub(super) fn check(&self, delivery: &Delivery, findings: &mut Findings<'_>) {
        let captured = self.mail.iter().find(|address| !delivery.is_for_real(address));
        if let Some(address) = captured.filter(|_| delivery.mode == Mode::Allowlist) {
            findings.warn(format!(
                "`alerts.mail` has {address}, which is not in `delivery.allowlist`: what it is told is captured"
            ));
        }
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        self.command = self.command.as_ref().map(|path| folder.join(path));
    }
}
