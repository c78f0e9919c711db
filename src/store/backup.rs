//! A copy of a SQLite database, complete in one file: making it, and seeing whether one is whole.

use std::path::Path;

use super::sql::{args, same, statements};
use super::{Db, Error, Store};
use crate::model::words::with_causes;

statements! {
    /// In the columns of the first schema, for a backup may be as old as that.
    CONTENTS = same(
        "SELECT (SELECT count(DISTINCT subscriber) FROM subscription WHERE state = 'active'), (SELECT count(*) FROM article),
            (SELECT count(*) FROM run), (SELECT count(*) FROM delivery)",
    );
}

/// What a database of ours holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contents {
    pub schema: i64,
    /// With a subscription that is active, as `status` counts them.
    pub readers: i64,
    pub articles: i64,
    pub runs: i64,
    pub deliveries: i64,
}

/// What was seen of a file.
#[derive(Debug, Clone)]
pub struct Checked {
    /// None: the file is whole.
    pub problems: Vec<String>,
    /// None: it cannot be read, or is no database of ours.
    pub contents: Option<Contents>,
}

/// Writes a consistent copy to `copy`, which is not there or empty, while others go on writing.
pub async fn write(store: &Store, copy: &Path) -> Result<(), Error> {
    let Db::Lite { read, .. } = &store.db else { return Ok(()) };
    let written = sqlx::query("VACUUM INTO $1").bind(copy.display().to_string()).execute(read).await;
    written.map(drop).map_err(|source| Error::Copy { file: copy.to_owned(), source })
}

/// Reads every page of a file. One that cannot be read is a finding, not an error.
pub async fn check(file: &Path) -> Checked {
    let checked = async {
        let store = Store::read_file(file).await?;
        let checked = look_through(&store).await;
        store.close().await;
        checked
    };
    checked.await.unwrap_or_else(|error| Checked { problems: vec![with_causes(&error)], contents: None })
}

/// What a file says of itself, unchecked. None: it is no database of ours.
pub async fn contents_of_file(file: &Path) -> Result<Option<Contents>, Error> {
    let store = Store::read_file(file).await?;
    let contents = contents(&store).await;
    store.close().await;
    contents
}

async fn look_through(store: &Store) -> Result<Checked, Error> {
    let Db::Lite { read, .. } = &store.db else { return Ok(Checked { problems: vec![], contents: None }) };
    let said: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check").fetch_all(read).await?;
    let mut problems: Vec<String> = said.into_iter().filter(|line| line != "ok").collect();
    let orphans: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY \"table\", parent ORDER BY \"table\", parent",
    )
    .fetch_all(read)
    .await?;
    problems.extend(orphans.iter().map(|(table, parent, n)| format!("{table}: of {n} rows the {parent} is not there")));
    let contents = contents(store).await?;
    if contents.is_none() {
        problems.push("it is no database of Tidings".to_owned());
    }
    Ok(Checked { problems, contents })
}

/// None: it is no database of ours.
pub async fn contents(store: &Store) -> Result<Option<Contents>, Error> {
    let schema = store.schema().await?;
    if schema == 0 {
        return Ok(None);
    }
    let (readers, articles, runs, deliveries) = store.db.one(&CONTENTS, args![]).await?;
    Ok(Some(Contents { schema, readers, articles, runs, deliveries }))
}
