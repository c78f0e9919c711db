//! An installation moves from one database to another, whichever engine each is: all rows as they are, with their ids.
//!
//! Rows travel as JSON arrays, which both engines write and read. The target is empty and nobody's yet, so it is filled in
//! one transaction: broken off, it is empty again.

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use sqlx::AssertSqlSafe;

use super::sql::{args, same, statements, two};
use super::tables::{self, Kind, Table};
use super::{Error, Store, Tx};

statements! {
    /// The numbers that rows were given: one that is gone is not given again.
    NUMBERS = two(
        "SELECT name, seq FROM sqlite_sequence ORDER BY name",
        "SELECT CAST(t.relname AS TEXT), coalesce(s.last_value, 0) FROM pg_class t
         JOIN pg_depend d ON d.refobjid = t.oid AND d.deptype = 'i' JOIN pg_class q ON q.oid = d.objid AND q.relkind = 'S'
         JOIN pg_sequences s ON s.sequencename = q.relname AND s.schemaname = current_schema()
         WHERE t.relnamespace = current_schema()::regnamespace ORDER BY 1",
    );
    /// SQLite takes a second row for the same table without a word.
    FORGET_NUMBER = two("DELETE FROM sqlite_sequence WHERE name = $1 RETURNING TRUE", "SELECT CAST($1 AS TEXT) IS NOT NULL");
    PUT_NUMBER = two(
        "INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2) RETURNING TRUE",
        "SELECT setval(pg_get_serial_sequence($1, 'id'), $2) IS NOT NULL",
    );
    /// Every schema begins with counters at 0; they come from the other one.
    CLEAR_COUNTERS = same("DELETE FROM counter");
}

/// Who is at work on the old database is not at work on the new one.
pub const STAYS: &str = "lease";
/// Rows in one statement, and their bytes.
const ROWS: usize = 5000;
const BYTES: usize = 4 << 20;

#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error(transparent)]
    Store(#[from] Error),
    #[error("the two databases have different schemas: {from} here, {to} there")]
    OtherSchema { from: i64, to: i64 },
    #[error("the target is not empty: there are rows in `{table}`")]
    NotEmpty { table: String },
    #[error("`{table}` has {from} rows here and {to} there, so nothing was kept")]
    Miscounted { table: String, from: i64, to: i64 },
}

/// Whether nothing has been written to a database since its tables were made: else, where something was found.
pub async fn find_rows(store: &Store) -> Result<Option<String>, Error> {
    let tables = tables::all(store).await?;
    let mut tx = store.begin().await?;
    let found = find_rows_in(&mut tx, &tables).await;
    tx.rollback().await?;
    found
}

async fn find_rows_in(tx: &mut Tx, tables: &[Table]) -> Result<Option<String>, Error> {
    for table in tables.iter().filter(|table| table.name != "counter") {
        if tables::count_in(tx, table).await? > 0 {
            return Ok(Some(table.name.clone()));
        }
    }
    Ok((!tables::counters_are_new(tx).await?).then(|| "counter".to_owned()))
}

/// Copies every row; `copied` hears how many more went over. How many of each table.
pub async fn copy(from: &Store, to: &Store, mut copied: impl FnMut(u64)) -> Result<Vec<(String, i64)>, CopyError> {
    let schemas = (from.schema().await?, to.schema().await?);
    if schemas.0 != schemas.1 {
        return Err(CopyError::OtherSchema { from: schemas.0, to: schemas.1 });
    }
    // What the target's constraints want is what counts.
    let tables = tables::all(to).await?;
    let here = tables::all(from).await?;
    let mut old = from.begin().await?;
    stand_still(&mut old).await?;
    let mut new = to.begin().await?;
    if let Some(table) = find_rows_in(&mut new, &tables).await? {
        return Err(CopyError::NotEmpty { table });
    }
    new.exec(&CLEAR_COUNTERS, args![]).await?;

    let mut counts = Vec::new();
    for table in tables.iter().filter(|table| table.name != STAYS) {
        let source = here.iter().find(|other| other.name == table.name).unwrap_or(table);
        copy_table(&mut old, &mut new, source, table, &mut copied).await?;
        let (was, is) = (tables::count_in(&mut old, table).await?, tables::count_in(&mut new, table).await?);
        if was != is {
            return Err(CopyError::Miscounted { table: table.name.clone(), from: was, to: is });
        }
        counts.push((table.name.clone(), is));
    }
    for (table, number) in old.all::<(String, i64)>(&NUMBERS, args![]).await? {
        new.all::<(bool,)>(&FORGET_NUMBER, args![&table]).await?;
        if number > 0 {
            new.all::<(bool,)>(&PUT_NUMBER, args![&table, number]).await?;
        }
    }
    new.commit().await?;
    old.rollback().await?;
    to.look_again().await?;
    Ok(counts)
}

/// On SQLite whoever has begun is alone. On PostgreSQL what others write from here on is not seen.
async fn stand_still(tx: &mut Tx) -> Result<(), Error> {
    if let Tx::Pg(tx, _) = tx {
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").execute(&mut **tx).await?;
    }
    Ok(())
}

async fn copy_table(
    old: &mut Tx,
    new: &mut Tx,
    source: &Table,
    target: &Table,
    copied: &mut impl FnMut(u64),
) -> Result<(), Error> {
    let insert = match new {
        Tx::Lite(_) => insert_lite(target),
        Tx::Pg(..) => insert_pg(target),
    };
    let mut rows = rows(old, source, target);
    let (mut batch, mut count) = (String::new(), 0);
    while let Some(row) = rows.next().await {
        batch.push(if count == 0 { '[' } else { ',' });
        batch.push_str(&row?);
        count += 1;
        if count == ROWS || batch.len() > BYTES {
            put(new, &insert, &mut batch).await?;
            copied(count as u64);
            count = 0;
        }
    }
    if count > 0 {
        put(new, &insert, &mut batch).await?;
        copied(count as u64);
    }
    Ok(())
}

/// Each row as a JSON array, in the target's order of columns.
fn rows<'a>(tx: &'a mut Tx, source: &Table, target: &Table) -> BoxStream<'a, Result<String, sqlx::Error>> {
    let is_pg = tx.is_pg();
    let bytes = |name: &str| source.columns.iter().any(|column| column.name == name && column.kind == Kind::Bytes);
    let values = target.columns.iter().map(|column| {
        let name = format!("\"{}\"", column.name);
        match (bytes(&column.name), is_pg) {
            (true, true) => format!("encode({name}, 'hex')"),
            // Of nothing, SQLite's is an empty text.
            (true, false) => format!("CASE WHEN {name} IS NOT NULL THEN hex({name}) END"),
            (false, _) => name,
        }
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let (array, first) = if is_pg { ("json_build_array", "::text") } else { ("json_array", "") };
    let text =
        format!("SELECT {array}({values}){first} FROM \"{}\" ORDER BY \"{}\"", source.name, target.columns[0].name);
    match tx {
        Tx::Lite(tx) => sqlx::query_scalar(AssertSqlSafe(text)).fetch(&mut **tx),
        Tx::Pg(tx, _) => sqlx::query_scalar(AssertSqlSafe(text)).fetch(&mut **tx),
    }
}

fn insert_lite(table: &Table) -> String {
    let value = |(i, kind): (usize, Kind)| match kind {
        Kind::Bytes => format!("unhex(value ->> {i})"),
        _ => format!("value ->> {i}"),
    };
    insert(table, value, "json_each($1)")
}

fn insert_pg(table: &Table) -> String {
    let value = |(i, kind): (usize, Kind)| match kind {
        Kind::Bytes => format!("decode(value ->> {i}, 'hex')"),
        Kind::Number => format!("(value ->> {i})::bigint"),
        Kind::Truth => format!("(value ->> {i})::boolean"),
        Kind::Text => format!("value ->> {i}"),
    };
    insert(table, value, "jsonb_array_elements($1::text::jsonb)")
}

fn insert(table: &Table, value: impl Fn((usize, Kind)) -> String, source: &str) -> String {
    let names: Vec<String> = table.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    let values: Vec<String> = table.columns.iter().map(|column| column.kind).enumerate().map(value).collect();
    format!("INSERT INTO \"{}\" ({}) SELECT {} FROM {source}", table.name, names.join(", "), values.join(", "))
}

/// Ends the batch, writes it, and leaves room for the next.
async fn put(tx: &mut Tx, insert: &str, batch: &mut String) -> Result<(), Error> {
    batch.push(']');
    let text = AssertSqlSafe(insert.to_owned());
    match tx {
        Tx::Lite(tx) => sqlx::query(text).bind(batch.as_str()).execute(&mut **tx).await.map(drop)?,
        Tx::Pg(tx, _) => sqlx::query(text).bind(batch.as_str()).execute(&mut **tx).await.map(drop)?,
    }
    batch.clear();
    Ok(())
}
