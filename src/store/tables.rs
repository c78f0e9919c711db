//! The tables there are, as the open database itself says it: for what is done with all of them alike.

use std::collections::BTreeMap;

use super::sql::{args, same, statements, two};
use super::{Db, Error, Store, Tx};

statements! {
    COLUMNS = two(
        "SELECT m.name, c.name, lower(c.type) FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' ORDER BY m.name, c.cid",
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM information_schema.columns
         JOIN information_schema.tables USING (table_schema, table_name)
         WHERE table_type = 'BASE TABLE' AND table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%' ORDER BY table_name, ordinal_position",
    );
    REFERENCES = two(
        "SELECT m.name, f.\"table\" FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY m.name",
        "SELECT CAST(a.relname AS TEXT), CAST(b.relname AS TEXT) FROM pg_constraint c
         JOIN pg_class a ON a.oid = c.conrelid JOIN pg_class b ON b.oid = c.confrelid
         WHERE c.contype = 'f' AND a.relnamespace = current_schema()::regnamespace ORDER BY 1",
    );
    NOTHING_BUT_COUNTERS = same("SELECT count(*) FROM counter WHERE value <> 0");
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    /// At least one.
    pub columns: Vec<Column>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// SQLite has no truth values: there they are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Number,
    Truth,
    Text,
    Bytes,
}

impl Kind {
    fn of(word: &str) -> Self {
        match word {
            "boolean" => Self::Truth,
            "text" => Self::Text,
            "blob" | "bytea" => Self::Bytes,
            _ => Self::Number,
        }
    }
}

/// All of them, each after those that it refers to.
pub async fn all(store: &Store) -> Result<Vec<Table>, Error> {
    let mut tables = BTreeMap::<String, Vec<Column>>::new();
    for (table, name, kind) in store.db.all::<(String, String, String)>(&COLUMNS, args![]).await? {
        tables.entry(table).or_default().push(Column { name, kind: Kind::of(&kind) });
    }
    let references = store.db.all::<(String, String)>(&REFERENCES, args![]).await?;
    let tables = tables.into_iter().map(|(name, columns)| Table { name, columns }).collect();
    Ok(in_order(tables, &references))
}

/// One that refers to itself waits for nobody. Were there a ring, its tables would come as they are.
fn in_order(mut left: Vec<Table>, references: &[(String, String)]) -> Vec<Table> {
    let mut ordered = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let waits = |table: &Table| {
            let needs = references.iter().filter(|(from, to)| *from == table.name && from != to);
            needs.into_iter().any(|(_, to)| left.iter().any(|other| other.name == *to))
        };
        let next = left.iter().position(|table| !waits(table)).unwrap_or_default();
        ordered.push(left.remove(next));
    }
    ordered
}

/// How many rows it has.
pub async fn count(store: &Store, table: &Table) -> Result<i64, Error> {
    let text = count_text(table);
    Ok(match &store.db {
        Db::Lite { read, .. } => sqlx::query_scalar(text).fetch_one(read).await?,
        Db::Pg { pool, .. } => sqlx::query_scalar(text).fetch_one(pool).await?,
    })
}

/// The same, as the transaction sees it.
pub async fn count_in(tx: &mut Tx, table: &Table) -> Result<i64, Error> {
    let text = count_text(table);
    Ok(match tx {
        Tx::Lite(tx) => sqlx::query_scalar(text).fetch_one(&mut **tx).await?,
        Tx::Pg(tx, _) => sqlx::query_scalar(text).fetch_one(&mut **tx).await?,
    })
}

fn count_text(table: &Table) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(format!("SELECT count(*) FROM \"{}\"", table.name))
}

/// Whether the counters, which every schema begins with, still stand at 0.
pub async fn counters_are_new(tx: &mut Tx) -> Result<bool, Error> {
    Ok(tx.one::<(i64,)>(&NOTHING_BUT_COUNTERS, args![]).await?.0 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_comes_after_those_it_refers_to() {
        let table = |name: &str| Table { name: name.to_owned(), columns: vec![] };
        let refers = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        let tables = ["article", "delivery", "edition", "run", "topic"].map(table).to_vec();
        let references = [
            refers("delivery", "edition"),
            refers("edition", "run"),
            refers("topic", "topic"),
            refers("delivery", "run"),
        ];
        let names: Vec<String> = in_order(tables, &references).into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["article", "run", "edition", "delivery", "topic"]);
    }
}
