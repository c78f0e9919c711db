//! What ends a daemon.

use insta::assert_snapshot;

use super::{broken_off, disk_full, in_use, page, printed, unnumbered};
use crate::app::AppError;
use crate::daemon::DaemonError;

#[tokio::test]
async fn what_ends_a_daemon() {
    let address = "127.0.0.1:8025".parse().unwrap();
    let told = page([
        printed(AppError::Daemon(DaemonError::Listen { address, source: in_use() })),
        printed(DaemonError::Signals(disk_full())),
        printed(AppError::Daemon(DaemonError::Broken(broken_off().await))),
    ]);
    assert_snapshot!(unnumbered(&told));
}
