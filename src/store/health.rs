//! How the database itself is: how large it is, whether it can be written, what its clock says.

use chrono::{DateTime, Utc};

use super::sql::{args, same, statements, two};
use super::{Error, Store};

statements! {
    /// Each engine has its own words for its size.
    SIZE = two(
        "SELECT CAST(page_count * page_size AS INTEGER) FROM pragma_page_count(), pragma_page_size()",
        "SELECT CAST(pg_database_size(current_database()) AS BIGINT)",
    );
    /// SQLite has no clock of its own.
    CLOCK = two("SELECT 0", "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)");
    /// Changes nothing, and fails where nothing can be changed.
    TOUCH = same("UPDATE counter SET value = value WHERE name = 'mark'");
}

/// In bytes.
pub async fn size(store: &Store) -> Result<i64, Error> {
    Ok(store.db.one::<(i64,)>(&SIZE, args![]).await?.0)
}

/// What the server's clock says; None on SQLite.
pub async fn clock(store: &Store) -> Result<Option<DateTime<Utc>>, Error> {
    if !store.is_pg() {
        return Ok(None);
    }
    Ok(Some(store.db.one::<(DateTime<Utc>,)>(&CLOCK, args![]).await?.0))
}

/// Writes something and takes it back.
pub async fn try_to_write(store: &Store) -> Result<(), Error> {
    let mut tx = store.begin().await?;
    let touched = tx.exec(&TOUCH, args![]).await;
    tx.rollback().await?;
    touched.map(drop)
}
