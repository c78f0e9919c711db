//! Who writes to SQLite next. It has one writer, and those of this process who want to write come to it one by one, in the
//! order in which they asked.
//!
//! A commit waits for the disk, unless whoever begins says that it need not: one that is lost in a power cut is lost whole,
//! and the next one that does wait takes along what was written before it.
//!
//! Between two statements that are transactions by themselves the connection stays here. Its pool asks each connection that
//! comes back whether it still works: a change of threads there and back for every group of marks.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, Executor, Sqlite, Transaction};
use tokio::sync::{Mutex, MutexGuard};

/// How long another process may write before we give up …
pub const BUSY: Duration = Duration::from_secs(10);
/// … and how soon it is asked again. SQLite's own way of waiting asks ever more rarely, down to ten times a second, so that
/// one process which writes page after page would keep all others out.
const ASK_AGAIN: Duration = Duration::from_millis(1);

/// How a transaction begins whose commit waits for the disk …
pub const FORCED: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// … and one whose commit does not.
pub const RELAXED: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";
/// Whoever takes the connection out of the pool finds it as the last one left it.
const FORCE: &str = "PRAGMA synchronous = FULL";

#[derive(Debug, Clone)]
pub struct Writer {
    /// Of one connection.
    pool: SqlitePool,
    /// The turn: whoever has it may ask for the connection, however often they have to.
    turn: Arc<Mutex<AtHand>>,
}

/// The connection, if the last one to write has left it here; its commits wait for the disk.
#[derive(Debug, Default)]
struct AtHand(Option<PoolConnection<Sqlite>>);

impl Drop for AtHand {
    /// The last one out may be outside of any runtime, where a pool takes nothing back.
    fn drop(&mut self) {
        self.0.take().map(PoolConnection::leak);
    }
}

impl Writer {
    /// A new file gets its journal here. SQLite does not wait for another process that does the same, so we do.
    pub async fn open(file: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let asked = Instant::now();
        loop {
            match Self::connect(file.clone()).await {
                Err(error) if is_busy(&error) && asked.elapsed() < BUSY => tokio::time::sleep(ASK_AGAIN).await,
                done => return done,
            }
        }
    }

    async fn connect(file: SqliteConnectOptions) -> Result<Self, sqlx::Error> {
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            // Others are waited for here, see [`ASK_AGAIN`].
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute("PRAGMA busy_timeout = 0").await.map(drop) })
            })
            // When the disk is full, SQLite takes a transaction back by itself. sqlx does not hear of it, and would refuse
            // to begin another on that connection for ever: another one takes its place.
            .before_acquire(|connection, _| {
                let is_free = !connection.is_in_transaction();
                Box::pin(async move { Ok(is_free) })
            })
            .connect_with(file)
            .await?;
        Ok(Self { pool, turn: Arc::default() })
    }

    /// For a database that is only looked at: it does not connect before somebody writes.
    pub fn lazy(file: SqliteConnectOptions) -> Self {
        let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(file);
        Self { pool, turn: Arc::default() }
    }

    /// A transaction, [`FORCED`] or [`RELAXED`], as soon as no other process writes.
    pub async fn begin(self, how: &'static str) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
        let _turn = self.turn_to_the_pool().await;
        let asked = Instant::now();
        loop {
            match self.pool.begin_with(how).await {
                Err(error) if is_busy(&error) && asked.elapsed() < BUSY => tokio::time::sleep(ASK_AGAIN).await,
                done => return done,
            }
        }
    }

    /// A statement that is a transaction by itself; how many rows it changed.
    pub async fn exec(self, text: &'static str, arguments: SqliteArguments) -> Result<u64, sqlx::Error> {
        let mut turn = self.turn.lock().await;
        let mut connection = match turn.0.take() {
            Some(connection) => connection,
            None => self.forced().await?,
        };
        let asked = Instant::now();
        loop {
            match sqlx::query_with(text, arguments.clone()).execute(&mut *connection).await {
                Err(error) if is_busy(&error) && asked.elapsed() < BUSY => tokio::time::sleep(ASK_AGAIN).await,
                // Whatever is wrong with it, the pool finds out.
                Err(error) => return Err(error),
                Ok(done) => {
                    turn.0 = Some(connection);
                    return Ok(done.rows_affected());
                }
            }
        }
    }

    /// The connection itself. Nobody writes until it is dropped.
    pub async fn acquire(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        let _turn = self.turn_to_the_pool().await;
        self.forced().await
    }

    async fn forced(&self) -> Result<PoolConnection<Sqlite>, sqlx::Error> {
        let mut connection = self.pool.acquire().await?;
        connection.execute(FORCE).await?;
        Ok(connection)
    }

    /// Stands back for other processes. Who of this one came before is served first, to the end of what they write; who comes
    /// meanwhile waits, too: it is the others' turn.
    pub async fn let_others_in(&self) {
        let _turn = self.turn_to_the_pool().await;
        let _nobody_of_us = self.pool.acquire().await;
        tokio::time::sleep(ASK_AGAIN * 3).await;
    }

    pub async fn close(&self) {
        // Nobody leaves the connection here again while the pool waits for it.
        let _turn = self.turn_to_the_pool().await;
        self.pool.close().await;
    }

    /// The turn, with the connection back in its pool.
    async fn turn_to_the_pool(&self) -> MutexGuard<'_, AtHand> {
        let mut turn = self.turn.lock().await;
        drop(turn.0.take());
        turn
    }
}

/// SQLITE_BUSY, or one of its extended codes.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

#[cfg(test)]
mod tests {
    use super::super::sql::{Sql, args, same};
    use super::super::{Store, setting};
    use crate::store::Db;
    use crate::tests::engine::{Engine, TestDatabase};

    static PUT: Sql = same(
        "INSERT INTO setting (name, value) VALUES ($1, 'x') ON CONFLICT (name) DO UPDATE SET value = value || 'x'",
    );

    async fn open() -> (Store, TestDatabase) {
        let database = Engine::Sqlite.database().unwrap();
        (Store::open(&database.place).await.unwrap(), database)
    }

    #[tokio::test]
    async fn whoever_asks_gets_the_connection_that_was_kept_at_hand() {
        let (store, _database) = open().await;
        let Db::Lite { write, .. } = store.db() else { unreachable!() };
        let one = async || store.db().exec(&PUT, args!["a"]).await;

        one().await.unwrap();
        let mut tx = store.begin().await.unwrap();
        tx.exec(&PUT, args!["a"]).await.unwrap();
        tx.commit().await.unwrap();
        one().await.unwrap();
        drop(write.acquire().await.unwrap());
        one().await.unwrap();
        store.db().let_others_in().await;
        one().await.unwrap();
        // One that is taken back leaves nothing behind for the next.
        let mut tx = store.begin().await.unwrap();
        tx.exec(&PUT, args!["a"]).await.unwrap();
        drop(tx);
        one().await.unwrap();

        assert_eq!(setting::get(&store, "a").await.unwrap().as_deref(), Some("xxxxxx"));
        store.close().await;
        assert!(one().await.is_err(), "it is closed");
    }

    #[test]
    fn the_last_one_out_may_be_outside_of_a_runtime() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (store, _database) = runtime.block_on(open());
        runtime.block_on(store.db().exec(&PUT, args!["a"])).unwrap();
        drop(runtime);
        drop(store);
    }
}
