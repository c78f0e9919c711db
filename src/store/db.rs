//! The two engines behind one door: how they are opened, and a transaction on either.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use futures_util::{Stream, StreamExt, TryStreamExt};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, Executor, Postgres, Sqlite, Transaction};

use super::Error;
use super::checkpoint::Checkpoints;
use super::home::Home;
use super::lock::beside;
use super::sql::{Arg, Record, Row, Sql};
use super::writer::{self, BUSY, Writer};

/// An open database. SQLite has one writer, so it gets a pool of one, and readers of their own.
#[derive(Debug, Clone)]
pub enum Db {
    Lite { write: Writer, read: SqlitePool, file: PathBuf, checkpoints: Checkpoints },
    Pg { pool: PgPool, home: Home },
}

/// A transaction. Functions that write take `&mut Tx`: a nested acquire on a pool of one would never return.
#[derive(Debug)]
pub enum Tx {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>, Home),
}

/// What `[storage] url` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A file of ours.
    File(PathBuf),
    /// `postgres://…`, and how it may be used.
    /// `stands_still`: who is in the middle of a transaction and says nothing for so long is a process that is frozen or
    /// cut off; the server ends its session, or all others would wait for what it holds.
    Server { url: String, connections: u32, behind_pooler: bool, stands_still: Duration },
}

const READERS: u32 = 4;
/// Whoever writes works in its cache, in kibibytes, and moves what it has written ahead into the file after so many pages:
/// what a batch of deliveries touches; and 4 MB, since a file that grows is one more write for each wait for the disk …
const CLOSE: [(&str, &str); 2] = [("cache_size", "-8192"), ("wal_autocheckpoint", "1000")];
/// … and what a page of a run does that is being planned; and 32 MB, so that it is not written to both files at once.
const WIDE: [(&str, &str); 2] = [("cache_size", "-32768"), ("wal_autocheckpoint", "8000")];
/// A connection to a server that was used so lately is taken to work.
const FRESH: Duration = Duration::from_secs(1);

impl Db {
    pub async fn open(place: &Place) -> Result<Self, Error> {
        match place {
            Place::File(file) => Self::open_lite(file).await,
            Place::Server { url, connections, behind_pooler, stands_still } => {
                Self::open_pg(url, *connections, *behind_pooler, *stands_still).await
            }
        }
    }

    async fn open_lite(file: &Path) -> Result<Self, Error> {
        private(file)
            .map_err(|source| Error::Open { place: file.display().to_string(), source: sqlx::Error::Io(source) })?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL: what was committed survives a power cut. A mark before the dot rests on it.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            // What a statement may have to take back is kept in memory: of a page of deliveries it is every page of the file
            // that they touch.
            .pragma("temp_store", "memory")
            // Rows come from a thread of their own: 50 at once, the default, is a change of threads for each hand of them.
            .row_buffer_size(1000)
            .disable_statement_logging();
        let opened = |source| Error::Open { place: file.display().to_string(), source };

        let write =
            Writer::open(CLOSE.into_iter().fold(options.clone(), |options, (name, value)| options.pragma(name, value)))
                .await
                .map_err(opened)?;
        let checkpoints = Checkpoints::new(options.clone());
        let read = SqlitePoolOptions::new()
            .max_connections(READERS)
            // A file does not go away as a server does; to ask each time is one more change of threads.
            .test_before_acquire(false)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await
            .map_err(opened)?;
        Ok(Self::Lite { write, read, file: file.to_owned(), checkpoints })
    }

    /// A SQLite database to be looked at, whoever else has it open: it is not made, and its schema stays as it is.
    pub async fn look_at(file: &Path) -> Result<Self, Error> {
        // Read-only it would leave the files beside it that others use to agree; the last one to close takes them away.
        Self::open_one(SqliteConnectOptions::new().filename(file), file).await
    }

    /// A SQLite file that nobody writes. Nothing is written beside it, unless there is something to agree about.
    pub async fn read_file(file: &Path) -> Result<Self, Error> {
        let alone = !beside(file, "-wal").exists();
        Self::open_one(SqliteConnectOptions::new().filename(file).read_only(true).immutable(alone), file).await
    }

    async fn open_one(options: SqliteConnectOptions, file: &Path) -> Result<Self, Error> {
        let options = options.create_if_missing(false).busy_timeout(BUSY).disable_statement_logging();
        let opened = |source| Error::Open { place: file.display().to_string(), source };
        let read = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await.map_err(opened)?;
        // Nothing is read before the first question: another file than a database would show only then.
        sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&read).await.map_err(opened)?;
        let (write, checkpoints) = (Writer::lazy(options.clone()), Checkpoints::new(options));
        Ok(Self::Lite { write, read, file: file.to_owned(), checkpoints })
    }

    async fn open_pg(url: &str, connections: u32, behind_pooler: bool, stands_still: Duration) -> Result<Self, Error> {
        let mut options = PgConnectOptions::from_str(url)
            .map_err(|source| Error::Open { place: "PostgreSQL".into(), source })?
            .application_name("tidings")
            .disable_statement_logging();
        if behind_pooler {
            // Each statement may land on another connection, where nothing is prepared.
            options = options.statement_cache_capacity(0);
        } else {
            // A pooler shares its sessions out and refuses such a wish: there it is the server's configuration that says it.
            let millis = stands_still.as_millis().to_string();
            options = options.options([("idle_in_transaction_session_timeout", millis.as_str())]);
        }
        let place = format!("PostgreSQL at {}:{}", options.get_host(), options.get_port());
        // A pool would try for its whole time-out and then not say why.
        let opened = |source| Error::Open { place: place.clone(), source };
        options.connect().await.map_err(opened)?.close().await.map_err(opened)?;
        let pool = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(Duration::from_secs(30))
            // Whether a server is still there is asked where it could have gone meanwhile, and not before each statement.
            .test_before_acquire(false)
            .before_acquire(|connection, was| {
                Box::pin(async move {
                    if was.idle_for > FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await
            .map_err(opened)?;
        Ok(Self::Pg { pool, home: Home::here() })
    }

    /// A transaction that may write. The begin runs in a task of its own: one dropped half-way would give PostgreSQL's
    /// pool back a connection that is inside a transaction.
    pub async fn begin(&self) -> Result<Tx, Error> {
        self.begin_with(writer::FORCED).await
    }

    /// The same, but that on SQLite its commit does not wait for the disk. What a power cut takes of it, it takes whole, and
    /// with it all that was written later, and whoever wrote it. A server is another matter: we outlive its fall, and would go
    /// on with what is no more.
    pub async fn begin_relaxed(&self) -> Result<Tx, Error> {
        self.begin_with(writer::RELAXED).await
    }

    async fn begin_with(&self, lite: &'static str) -> Result<Tx, Error> {
        match self {
            Self::Lite { write, .. } => finish(&Home::here(), write.clone().begin(lite)).await.map(Tx::Lite),
            Self::Pg { pool, home } => {
                let pool = pool.clone();
                let tx = finish(home, async move { pool.begin().await }).await?;
                Ok(Tx::Pg(tx, home.clone()))
            }
        }
    }

    /// A statement that is a transaction by itself; how many rows it changed. To begin and to commit by themselves would be
    /// two more round trips to a server, and with SQLite as many changes of threads. It runs to its end even when the caller
    /// goes away.
    pub async fn exec(&self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<u64, Error> {
        match self {
            Self::Lite { write, .. } => {
                finish(&Home::here(), write.clone().exec(sql.lite, sql.lite_arguments(args)?)).await
            }
            Self::Pg { pool, home } => {
                let (pool, arguments) = (pool.clone(), sql.pg_arguments(args)?);
                let done =
                    finish(home, async move { sqlx::query_with(sql.pg, arguments).execute(&pool).await }).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Between two transactions of long work: SQLite has one writer, and other processes can only ask again and again.
    pub async fn let_others_in(&self) {
        if let Self::Lite { write, checkpoints, .. } = self {
            checkpoints.after_a_transaction();
            write.let_others_in().await;
        }
    }

    /// Before work that writes all over the file: its pages are kept at hand. [`Db::draws_in`] after it.
    pub async fn spreads_out(&self) -> Result<(), Error> {
        self.write_with(WIDE).await
    }

    pub async fn draws_in(&self) -> Result<(), Error> {
        self.write_with(CLOSE).await
    }

    async fn write_with(&self, settings: [(&str, &str); 2]) -> Result<(), Error> {
        if let Self::Lite { write, .. } = self {
            let pragmas = settings.map(|(name, value)| format!("PRAGMA {name} = {value};")).concat();
            write.acquire().await?.execute(sqlx::AssertSqlSafe(pragmas)).await?;
        }
        Ok(())
    }

    /// After many readers came at once: PostgreSQL plans by what it last saw of a table, and looks again when it has time.
    pub async fn look_again(&self) -> Result<(), Error> {
        if let Self::Pg { pool, home } = self {
            home.of(pool.execute("ANALYZE subscriber, subscriber_region, subscription, slot, enrolment")).await?;
        }
        Ok(())
    }

    /// One statement that only reads, on a connection for reading.
    pub async fn all<R: Record>(&self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<Vec<R>, Error> {
        match self {
            Self::Lite { read, .. } => {
                let rows = sqlx::query_with(sql.lite, sql.lite_arguments(args)?).fetch(read);
                records(rows, Row::Lite).await
            }
            Self::Pg { pool, home } => {
                let rows = sqlx::query_with(sql.pg, sql.pg_arguments(args)?).fetch(pool);
                home.of(records(rows, Row::Pg)).await
            }
        }
    }

    pub async fn opt<R: Record>(&self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<Option<R>, Error> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    pub async fn one<R: Record>(&self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<R, Error> {
        self.opt(sql, args).await?.ok_or(Error::NoRow { statement: sql.lite })
    }

    pub async fn close(&self) {
        match self {
            Self::Lite { write, read, checkpoints, .. } => {
                checkpoints.close().await;
                read.close().await;
                write.close().await;
            }
            Self::Pg { pool, .. } => pool.close().await,
        }
    }
}

/// Makes the file, if it is new, for our eyes only: it holds the addresses of readers. SQLite gives the files beside it
/// the same mode.
fn private(file: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(file).map(drop)
}

/// Rows are read while the database finds the next ones.
async fn records<T, R: Record>(
    rows: impl Stream<Item = Result<T, sqlx::Error>>,
    row: impl Fn(T) -> Row,
) -> Result<Vec<R>, Error> {
    rows.map(|found| R::of(&row(found?))).try_collect().await
}

/// Runs to its end even when the caller goes away.
async fn finish<T: Send + 'static>(
    home: &Home,
    work: impl Future<Output = Result<T, sqlx::Error>> + Send + 'static,
) -> Result<T, Error> {
    home.finishes(work).await.ok_or(Error::Stopped)?.map_err(Error::from)
}

impl Tx {
    /// Runs a statement; how many rows it changed.
    pub async fn exec(&mut self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<u64, Error> {
        Ok(match self {
            Self::Lite(tx) => {
                sqlx::query_with(sql.lite, sql.lite_arguments(args)?).execute(&mut **tx).await?.rows_affected()
            }
            Self::Pg(tx, _) => {
                sqlx::query_with(sql.pg, sql.pg_arguments(args)?).execute(&mut **tx).await?.rows_affected()
            }
        })
    }

    pub async fn all<R: Record>(&mut self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<Vec<R>, Error> {
        match self {
            Self::Lite(tx) => {
                let rows = sqlx::query_with(sql.lite, sql.lite_arguments(args)?).fetch(&mut **tx);
                records(rows, Row::Lite).await
            }
            Self::Pg(tx, _) => {
                let rows = sqlx::query_with(sql.pg, sql.pg_arguments(args)?).fetch(&mut **tx);
                records(rows, Row::Pg).await
            }
        }
    }

    pub async fn opt<R: Record>(&mut self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<Option<R>, Error> {
        Ok(self.all(sql, args).await?.into_iter().next())
    }

    pub async fn one<R: Record>(&mut self, sql: &'static Sql, args: &[Arg<'_>]) -> Result<R, Error> {
        self.opt(sql, args).await?.ok_or(Error::NoRow { statement: sql.lite })
    }

    /// Commits, to the end, even when the caller goes away: a commit dropped at its first poll did commit, and then
    /// nobody would know.
    pub async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Lite(tx) => finish(&Home::here(), async move { tx.commit().await }).await,
            Self::Pg(tx, home) => finish(&home, async move { tx.commit().await }).await,
        }
    }

    pub async fn rollback(self) -> Result<(), Error> {
        match self {
            Self::Lite(tx) => finish(&Home::here(), async move { tx.rollback().await }).await,
            Self::Pg(tx, home) => finish(&home, async move { tx.rollback().await }).await,
        }
    }

    pub fn is_pg(&self) -> bool {
        matches!(self, Self::Pg(..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn once_there_is_room_again_it_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&Place::File(folder.path().join("full.db"))).await.unwrap();
        let Db::Lite { write, .. } = &db else { unreachable!("it is a file") };
        write.acquire().await.unwrap().execute("CREATE TABLE much (bytes BLOB)").await.unwrap();

        write.acquire().await.unwrap().execute("PRAGMA max_page_count = 8").await.unwrap();
        let mut tx = db.begin().await.unwrap();
        let full = write_much(&mut tx).await.unwrap_err();
        assert!(full.to_string().contains("disk is full"), "{full}");
        drop(tx);

        // The limit was that of the connection which is no longer used.
        let mut tx = db.begin().await.unwrap();
        write_much(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn write_much(tx: &mut Tx) -> Result<(), sqlx::Error> {
        let Tx::Lite(tx) = tx else { unreachable!("it is a file") };
        tx.execute("INSERT INTO much VALUES (zeroblob(1000000))").await.map(drop)
    }
}
