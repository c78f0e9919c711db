//! Moves what SQLite has written ahead into its file, while others go on writing.
//!
//! Whoever commits past the limit (`wal_autocheckpoint`) moves it all, and everybody who wants to write waits for that: a
//! tenth of a second. Long work has most of it moved before, on a connection of its own, where nobody waits for it.

use std::sync::Arc;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tokio::sync::Mutex;
use tracing::debug;

#[derive(Debug, Clone)]
pub struct Checkpoints {
    connection: SqlitePool,
    under_way: Arc<Mutex<()>>,
}

impl Checkpoints {
    /// Connects when it is needed.
    pub fn new(options: SqliteConnectOptions) -> Self {
        let connection = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
        Self { connection, under_way: Arc::default() }
    }

    /// After a transaction of long work, unless one is under way. It does not wait.
    pub fn after_a_transaction(&self) {
        let Ok(turn) = Arc::clone(&self.under_way).try_lock_owned() else { return };
        let connection = self.connection.clone();
        tokio::spawn(async move {
            let _turn = turn;
            // PASSIVE waits for nobody. What it leaves, the next one takes, or whoever commits past the limit.
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&connection).await {
                debug!(%error, "a checkpoint was left to the next one");
            }
        });
    }

    pub async fn close(&self) {
        self.connection.close().await;
    }
}
