//! The runtime in which a database was opened.
//!
//! A connection to a server belongs to the runtime that opened it and ends with it, and the pool would hand it on, dead, to
//! whoever asks next. Whoever asks from another runtime, as the thread of delivering does, asks at home.

use std::future::Future;

use tokio::runtime::Handle;
use tokio_util::context::TokioContext;

#[derive(Debug, Clone)]
pub struct Home(Handle);

impl Home {
    /// Where the caller runs.
    pub fn here() -> Self {
        Self(Handle::current())
    }

    /// Runs where the caller runs; what it opens belongs here.
    pub async fn of<T>(&self, work: impl Future<Output = T>) -> T {
        TokioContext::new(work, self.0.clone()).await
    }

    /// Runs here, to its end even when the caller goes away. None: the runtime itself has ended.
    pub async fn finishes<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Option<T> {
        self.0.spawn(work).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Place;
    use super::super::db::Db;
    use super::super::sql::{Sql, args, same};
    use crate::tests::engine::Engine;

    static SESSION: Sql = same("SELECT CAST(pg_backend_pid() AS BIGINT)");
    static CUT_OFF: Sql = same("SELECT pg_terminate_backend(pg_backend_pid())");

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_connection_outlives_the_runtime_that_first_asked_for_it() {
        let Some(database) = Engine::Postgres.database() else { return };
        let Place::Server { url, stands_still, .. } = database.place.clone() else { unreachable!("it is a server") };
        let place = Place::Server { url, connections: 1, behind_pooler: false, stands_still };
        let db = Db::open(&place).await.unwrap();
        for in_a_transaction in [false, true] {
            db.one::<(bool,)>(&CUT_OFF, args![]).await.expect_err("the only connection is gone");
            let asked = db.clone();
            let opened = std::thread::spawn(move || elsewhere(asked, in_a_transaction)).join().unwrap();
            assert_eq!(session(&db).await, opened, "it works, and no other one took its place");
        }
    }

    /// Asks for the connection in a runtime that ends then; which one it got.
    fn elsewhere(db: Db, in_a_transaction: bool) -> i64 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            if in_a_transaction {
                db.exec(&SESSION, args![]).await.unwrap();
            }
            session(&db).await
        })
    }

    async fn session(db: &Db) -> i64 {
        db.one::<(i64,)>(&SESSION, args![]).await.unwrap().0
    }
}
