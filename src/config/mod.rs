//! What the newsroom declares: feeds, topics, regions, frequencies and settings, as text.
//!
//! `config/default.toml` is embedded and is both the documentation and the source of the defaults. The operator's file
//! lies over it, table by table, and `TIDINGS__SECTION__KEY` over both; the result is read once. A file per section
//! holds its fields and what must be true of them together.
//!
//! It does no I/O but reading that one file: whether a secret exists or a relay answers is for others to see.

mod alerts;
mod collect;
mod delivery;
mod dkim;
mod duration;
mod feed;
mod findings;
mod fingerprint;
mod frequency;
mod log;
mod mailbox;
mod names;
mod network;
mod problem;
mod reader;
mod region;
mod relay;
mod retired;
mod site;
mod size;
mod sources;
mod storage;
mod suggest;
mod text;
mod throttle;
mod topic;
mod tree;
mod value;
mod web;
mod wording;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use alerts::Alerts;
pub use collect::{Collect, FirstFetch};
pub use delivery::{Delivery, Uncertain};
pub use dkim::{Dkim, Signing, is_selector};
pub use feed::Feed;
pub use frequency::Frequency;
pub use log::{Log, LogFormat, LogLevel};
pub use mailbox::Mailbox;
pub use network::Network;
pub use problem::{ConfigErrors, Place, Problem};
pub use region::Region;
pub use relay::{Relay, Tls, is_loopback_name};
pub use retired::Retired;
pub use site::{Site, is_loopback};
pub use storage::{Database, Storage};
pub use text::{quoted, topic_of_feeds};
pub use throttle::Throttle;
pub use topic::Topic;
pub use web::{ShownMail, Web};

use findings::Findings;
use sources::Sources;

/// Every option with its default, its unit, and why one would change it.
pub const DEFAULTS: &str = include_str!("../../config/default.toml");

/// The file that is read when none is named.
pub const FILE: &str = "tidings.toml";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub site: Site,
    pub storage: Storage,
    pub web: Web,
    pub delivery: Delivery,
    pub relay: Relay,
    pub collect: Collect,
    pub dkim: Dkim,
    pub log: Log,
    pub alerts: Alerts,
    #[serde(default, rename = "feed")]
    pub feeds: Vec<Feed>,
    /// Those that stay, as with regions and frequencies; the others are in `retired`.
    #[serde(default, rename = "topic")]
    pub topics: Vec<Topic>,
    #[serde(default, rename = "region")]
    pub regions: Vec<Region>,
    /// At least one; the first is what a reader gets who does not choose.
    #[serde(default, rename = "frequency")]
    pub frequencies: Vec<Frequency>,
    #[serde(default, rename = "throttle")]
    pub throttles: Vec<Throttle>,

    /// What is given up, and what becomes of its readers.
    #[serde(skip)]
    pub retired: Retired,
    /// What is allowed but probably not meant; a sentence each.
    #[serde(skip)]
    pub warnings: Vec<String>,
    /// The file it was read from, if there was one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
    /// SHA-256, in hexadecimal, of what that file says, whatever is written around it.
    #[serde(skip)]
    pub text: String,
}

impl Config {
    /// Reads `file`; without one, `tidings.toml` in the current folder; without that, the defaults stand alone.
    pub fn load(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        let here = Path::new(FILE);
        let Some(path) = file.or_else(|| here.exists().then_some(here)) else {
            return Self::from_text("", FILE, Path::new(""), env);
        };
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigErrors::Unreadable { path: path.to_owned(), source })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut config = Self::from_text(&text, &path.display().to_string(), folder, env)?;
        config.file = Some(path.to_owned());
        Ok(config)
    }

    /// Reads a text known to errors as `name`, whose relative paths begin at `folder`.
    pub fn from_text(
        text: &str,
        name: &str,
        folder: &Path,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let sources = Sources::of(DEFAULTS, name, text, env);
        let mut reading = reader::read(&sources)?;
        let read = reading.config.take();

        let mut findings = Findings::new(&sources, &reading);
        let Some(mut config) = read else { return Err(findings.into_errors()) };
        config.check(&mut findings);
        if findings.any_problem() {
            return Err(findings.into_errors());
        }
        config.warnings = findings.into_warnings();
        config.text = fingerprint::of_text(text);
        config.retire();
        config.rebase(folder);
        Ok(config)
    }

    fn check(&self, findings: &mut Findings) {
        self.site.check(findings);
        self.web.check(findings);
        self.delivery.check(&self.site, findings);
        self.relay.check(findings);
        self.collect.check(findings);
        self.dkim.check(&self.delivery, findings);
        self.alerts.check(&self.delivery, findings);
        feed::check(&self.feeds, &self.collect, &self.site, findings);
        topic::check(&self.topics, &self.site, findings);
        region::check(&self.regions, &self.site, findings);
        throttle::check(&self.throttles, findings);
        frequency::check(&self.frequencies, &self.site, findings);
    }

    fn rebase(&mut self, folder: &Path) {
        self.site.rebase(folder);
        self.storage.rebase(folder);
        self.relay.rebase(folder);
        self.dkim.rebase(folder);
        self.alerts.rebase(folder);
    }
}

#[cfg(test)]
mod tests;
