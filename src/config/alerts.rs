//! `[alerts]`: who is told when something is wrong that does not mend itself.

use std::path::{Path, PathBuf};

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// A program; the log is told in any case.
    #[serde(default)]
    pub command: Option<PathBuf>,
}

impl Alerts {
    pub(super) fn rebase(&mut self, folder: &Path) {
        self.command = self.command.as_ref().map(|path| folder.join(path));
    }
}
