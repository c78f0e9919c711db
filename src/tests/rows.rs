//! All that is in a database, to see that it is as it was.

use crate::store::Db;

/// Of each table, its name and its rows as text.
#[derive(Debug, PartialEq, Eq)]
pub struct Rows(pub Vec<(String, Vec<String>)>);

impl Rows {
    pub async fn all(db: &Db) -> Self {
        Self::of(db, &tables(db).await).await
    }

    /// By these columns.
    pub async fn of(db: &Db, tables: &[(String, String)]) -> Self {
        let mut all = Vec::new();
        for (table, columns) in tables {
            let text = match db {
                Db::Lite { .. } => {
                    let quoted: Vec<String> = columns.split(',').map(|column| format!("quote({column})")).collect();
                    format!("SELECT {} AS one FROM {table} ORDER BY one", quoted.join(" || ',' || "))
                }
                Db::Pg { .. } => format!("SELECT row({columns})::text AS one FROM {table} ORDER BY one"),
            };
            all.push((table.clone(), strings(db, text).await));
        }
        Self(all)
    }
}

async fn strings(db: &Db, text: String) -> Vec<String> {
    let text = sqlx::AssertSqlSafe(text);
    match db {
        Db::Lite { write, .. } => {
            sqlx::query_scalar(text).fetch_all(&mut *write.acquire().await.unwrap()).await.unwrap()
        }
        Db::Pg { pool, .. } => sqlx::query_scalar(text).fetch_all(pool).await.unwrap(),
    }
}

/// Each table with its columns.
pub async fn tables(db: &Db) -> Vec<(String, String)> {
    let text = match db {
        Db::Lite { .. } => {
            "SELECT m.name || ':' || group_concat('\"' || c.name || '\"', ',') FROM sqlite_master m, pragma_table_info(m.name) c
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND m.name NOT LIKE '\\_sqlx%' ESCAPE '\\' GROUP BY m.name ORDER BY m.name"
        }
        Db::Pg { .. } => {
            "SELECT table_name || ':' || string_agg('\"' || column_name || '\"', ',' ORDER BY ordinal_position) FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name NOT LIKE '\\_sqlx%' GROUP BY table_name ORDER BY table_name"
        }
    };
    let all = strings(db, text.to_owned()).await;
    all.iter().map(|line| line.split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap()).collect()
}
