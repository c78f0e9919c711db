//! The straight line from a feed to an inbox, a file per stage.
//!
//! There is no job queue beside the tables: a row's own state says what it needs next, so a crash loses nothing and
//! every stage is safe to run twice. One bad feed or address is recorded on its own row; a stage returns an error only
//! when it cannot work at all.

pub mod ahead;
pub mod collect;
pub mod compose;
pub mod deliver;
pub mod explaining;
pub mod matching;
pub mod receive;
pub mod retain;
mod shelves;
pub mod troubles;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::clock::{Chance, Clock};
use crate::config::Config;
use crate::feed::fetch::Fetcher;
use crate::mail::relay::Relay;
use crate::mail::sign::Signer;
use crate::model::breaker::Breaker;
use crate::model::token::Keys;
use crate::render::Templates;
use crate::store::delivery::Token;
use crate::store::{self, Store, adoption};
use deliver::traffic::Traffic;

/// What the stages work with. Built by `app`; clones share everything.
#[derive(Clone)]
pub struct Line {
    pub config: Arc<Config>,
    pub store: Store,
    pub fetcher: Fetcher,
    pub templates: Arc<Templates>,
    pub keys: Keys,
    pub clock: Clock,
    pub chance: Chance,
    /// Where mail for the world goes; none in capture mode without a relay.
    pub relay: Option<Arc<Relay>>,
    /// Before that relay.
    pub breaker: Breaker,
    /// How fast it, and each domain behind it, takes mail.
    pub traffic: Traffic,
    /// Of all mail, also of what is captured; none where the relay signs, or nobody.
    pub signer: Option<Arc<Signer>>,
    /// The mailbox inside Tidings.
    pub mailbox: Arc<Relay>,
    /// What our claims carry.
    pub token: Token,
    /// Set when the program is asked to stop: a stage finishes what it has in hand.
    pub stopping: CancellationToken,
}

impl Line {
    /// Whoever has another text than the database is in line with would file under what is no more, and compose by
    /// hours that are not.
    async fn must_be_in_force(&self) -> Result<(), Error> {
        match adoption::is_in_force(&self.store, &self.config.fingerprint()).await? {
            Some(false) => Err(Error::StaleConfiguration),
            Some(true) | None => Ok(()),
        }
    }
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub collected: collect::Collected,
    pub composed: compose::Composed,
    pub delivered: deliver::Delivered,
    pub retained: retain::Retained,
}

#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(
        "another configuration was put in force; this process collects and composes nothing until it reads it: send it SIGHUP (`systemctl reload tidings`), or start it again"
    )]
    StaleConfiguration,
    #[error("the frequency of this digest never falls due again")]
    NeverAgain,
    #[error("a task of the stage broke off")]
    Broken(#[from] tokio::task::JoinError),
}

/// Does everything that is due at `now`, in order.
pub async fn run_due(line: &Line, now: DateTime<Utc>) -> Result<Tally, Error> {
    ahead::run(line, now).await?;
    Ok(Tally {
        collected: collect::run(line, now).await?,
        composed: compose::run(line, now).await?,
        delivered: deliver::run(line, now).await?,
        retained: retain::run(line, now).await?,
    })
}
