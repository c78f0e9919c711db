//! A thread for the connections and for the writer of marks.
//!
//! They hand each other on from message to message, and hardly compute. On the runtime's threads each of these steps would
//! wake another thread, and stand behind the rendering of editions and pages.

use std::future::Future;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// What still runs on it when it is dropped breaks off.
pub(super) struct OwnThread {
    handle: Handle,
    _ends_with_it: Option<DropGuard>,
}

impl OwnThread {
    /// Where the system gives no thread, it is the caller's runtime.
    pub fn start() -> Self {
        let end = CancellationToken::new();
        match spawn(end.clone().cancelled_owned()) {
            Ok(handle) => Self { handle, _ends_with_it: Some(end.drop_guard()) },
            Err(_) => Self { handle: Handle::current(), _ends_with_it: None },
        }
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

fn spawn(end: impl Future<Output = ()> + Send + 'static) -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new().name("delivery".to_owned()).spawn(move || runtime.block_on(end))?;
    Ok(handle)
}
