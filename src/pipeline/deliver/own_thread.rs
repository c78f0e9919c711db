//! Threads beside the runtime's: one for the connections and the writer of marks, one for what makes messages.
//!
//! The first hand each other on from message to message, and hardly compute: on the runtime's threads each of these steps
//! would wake another thread, and stand behind the rendering of editions and pages. The second computes for milliseconds on
//! end, and gives way to whatever is on its way already.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

/// Rare enough to cost nothing, and sooner than the deadlines of an exchange.
const TICK: Duration = Duration::from_millis(100);

/// What still runs on it when it is dropped breaks off.
pub(super) struct OwnThread {
    handle: Handle,
    _ends_with_it: Option<DropGuard>,
}

/// How it stands with others that want a core, as `nice` says it.
#[derive(Clone, Copy)]
pub(super) enum Manners {
    Usual = 0,
    GivesWay = 5,
}

impl OwnThread {
    /// Where the system gives no thread, it is the caller's runtime.
    pub fn start(name: &str, manners: Manners) -> Self {
        let end = CancellationToken::new();
        match spawn(name, manners, end.clone().cancelled_owned()) {
            Ok(handle) => Self { handle, _ends_with_it: Some(end.drop_guard()) },
            Err(_) => Self { handle: Handle::current(), _ends_with_it: None },
        }
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs there, and breaks off when the caller goes away.
    pub async fn run<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
        AbortOnDropHandle::new(self.handle.spawn(work)).await
    }
}

fn spawn(name: &str, manners: Manners, end: impl Future<Output = ()> + Send + 'static) -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new().name(name.to_owned()).spawn(move || {
        take_on(manners);
        runtime.block_on(async {
            tokio::select! {
                () = end => {}
                () = ticks() => {}
            }
        });
    })?;
    Ok(handle)
}

/// Whoever sets a timer that is due before all others makes a system call to wake the thread, though it is the same one.
/// Where one is always due soon, most deadlines cost none.
async fn ticks() {
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
    }
}

/// Linux has a niceness for each thread, other systems for the whole program.
fn take_on(manners: Manners) {
    if cfg!(target_os = "linux") && !matches!(manners, Manners::Usual) {
        // Where it is not allowed it stays as it is.
        let _ = rustix::process::setpriority_process(None, manners as i32);
    }
}
