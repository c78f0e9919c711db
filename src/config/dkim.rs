//! `[dkim]`: the signature under our mail.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::findings::Findings;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dkim {
    pub mode: Signing,
    #[serde(default)]
    pub selector: Option<String>,
    #[serde(default)]
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
    pub(super) fn check(&self, findings: &mut Findings<'_>) {
        if self.mode != Signing::None {
            findings
                .wrong("dkim.mode", "this version does not sign mail yet; use mode = \"none\" and let the relay sign");
        }
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        self.key_file = self.key_file.as_ref().map(|path| folder.join(path));
    }
}
