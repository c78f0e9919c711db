//! Where the pages are asked for, and who answers there.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing::error;

use super::DaemonError;
use crate::web::{self, Pages};

/// How long requests that are under way have to come to their end when everything stops.
const LAST_VISITORS: Duration = Duration::from_secs(2);

/// Where the pages are asked for. It outlives the pages: who asks while others take over waits for a moment.
#[derive(Debug)]
pub struct Door {
    pub address: SocketAddr,
    listener: std::net::TcpListener,
}

impl Door {
    pub async fn open(address: SocketAddr) -> Result<Self, DaemonError> {
        let refused = |source| DaemonError::Listen { address, source };
        let listener = TcpListener::bind(address).await.and_then(TcpListener::into_std).map_err(refused)?;
        Ok(Self { address, listener })
    }

    pub(super) fn listener(&self) -> Result<TcpListener, DaemonError> {
        let refused = |source| DaemonError::Listen { address: self.address, source };
        self.listener.try_clone().and_then(TcpListener::from_std).map_err(refused)
    }
}

/// Answers for the pages, and does nothing else.
pub async fn answer(pages: Pages, door: &Door, until: CancellationToken) -> Result<(), DaemonError> {
    serve_pages(pages, door.listener()?, until).await
}

/// As long as requests that are under way have to come to their end.
pub async fn a_moment_after(stopping: &CancellationToken) {
    stopping.cancelled().await;
    tokio::time::sleep(LAST_VISITORS).await;
}

/// Who cannot be measured works all the same.
pub async fn serve_metrics(pages: Pages, address: SocketAddr, stopping: CancellationToken) -> Result<(), DaemonError> {
    let served = async {
        let listener = TcpListener::bind(address).await?;
        web::serve_metrics(pages, listener, stopping.clone().cancelled_owned()).await
    };
    tokio::select! {
        () = a_moment_after(&stopping) => {}
        served = served => {
            if let Err(broken) = served {
                error!("there are no metrics at http://{address}/metrics (web.metrics): {broken}");
                stopping.cancelled().await;
            }
        }
    }
    Ok(())
}

/// A listener that breaks does not stop the mail; /healthz tells whoever watches.
pub async fn serve_pages(pages: Pages, listener: TcpListener, stopping: CancellationToken) -> Result<(), DaemonError> {
    tokio::select! {
        // One who connected and asks nothing, as browsers do in advance, would keep us here for ever.
        () = a_moment_after(&stopping) => {}
        served = web::serve(pages, listener, stopping.clone().cancelled_owned()) => {
            if let Err(broken) = served {
                error!("the pages broke off: {broken}");
                stopping.cancelled().await;
            }
        }
    }
    Ok(())
}
