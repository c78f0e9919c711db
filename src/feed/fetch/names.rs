//! Names to addresses. What the guard lets through here is what gets connected to: there is no second look-up between
//! the check and the connection in which a name could change its mind.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

use super::guard::{Guard, Kind};

/// The system's own resolver.
pub struct SystemNames;

impl Resolve for SystemNames {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Another resolver, of whose answers only those remain that the guard lets through.
pub(super) struct Guarded {
    pub(super) names: Arc<dyn Resolve>,
    pub(super) guard: Guard,
}

/// A name all of whose addresses were refused; travels through reqwest as the cause of its error.
#[derive(Debug, Clone, Copy, Error)]
#[error("{address} is {kind}")]
pub(super) struct Refusal {
    pub(super) address: IpAddr,
    pub(super) kind: Kind,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let looking = self.names.resolve(name);
        let guard = self.guard;
        Box::pin(async move {
            let found: Vec<SocketAddr> = looking.await?.collect();
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|a| guard(a.ip()).is_none()).collect();
            match found.first() {
                Some(first) if allowed.is_empty() => Err(refusal(first.ip(), guard)),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

fn refusal(address: IpAddr, guard: Guard) -> Box<dyn Error + Send + Sync> {
    let kind = guard(address).unwrap_or(Kind::Reserved);
    Refusal { address, kind }.into()
}
