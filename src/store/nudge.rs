//! Waking the process at work when another has written: a socket beside a SQLite file, a notice on PostgreSQL.

use std::os::unix::net::UnixDatagram as StdDatagram;

use sqlx::postgres::PgListener;
use tokio::net::UnixDatagram;
use tracing::warn;

use super::db::Db;
use super::lock::beside;
use super::sql::{args, statements, two};
use super::{Error, Store, lease};

statements! {
    NOTIFY = two("SELECT TRUE", "SELECT pg_notify('tidings', '') IS NOT NULL");
}

/// What wakes the process at work when another has written.
#[derive(Debug)]
pub enum Nudges {
    Lite(UnixDatagram),
    Pg(Box<PgListener>),
    /// There can be no socket beside the file. Nobody is heard; whoever waits looks by themselves.
    Deaf,
}

impl Nudges {
    /// Listens: on the socket beside the file (its lock must be held), or to PostgreSQL's notices.
    pub async fn listen(store: &Store) -> Result<Self, Error> {
        match &store.db {
            Db::Lite { file, .. } => {
                let socket = beside(file, ".sock");
                let _ = std::fs::remove_file(&socket);
                Ok(UnixDatagram::bind(&socket).map_or_else(
                    |refused| {
                        warn!("cannot hear other commands, their changes are seen within half a minute: {refused}");
                        Self::Deaf
                    },
                    Self::Lite,
                ))
            }
            Db::Pg { pool, .. } => {
                let mut listener = PgListener::connect_with(pool).await?;
                listener.listen("tidings").await?;
                Ok(Self::Pg(Box::new(listener)))
            }
        }
    }

    /// Comes back when somebody nudged. A hint only: whoever waits here also looks by themselves.
    pub async fn wait(&mut self) -> Result<(), Error> {
        match self {
            Self::Lite(socket) => {
                socket.recv(&mut [0; 8]).await.map_err(sqlx::Error::Io)?;
            }
            Self::Pg(listener) => {
                listener.recv().await?;
            }
            Self::Deaf => std::future::pending().await,
        }
        Ok(())
    }
}

/// Wakes the process at work. Whether there seems to be one.
pub async fn nudge(store: &Store) -> Result<bool, Error> {
    match &store.db {
        Db::Lite { file, .. } => {
            let sent = StdDatagram::unbound().and_then(|socket| socket.send_to(b"wake", beside(file, ".sock")));
            Ok(sent.is_ok())
        }
        Db::Pg { .. } => {
            store.db.one::<(bool,)>(&NOTIFY, args![]).await?;
            Ok(!lease::holders(store).await?.is_empty())
        }
    }
}
