//! `tidings db status`

use serde::Serialize;

use super::place;
use crate::cli::exit::Exit;
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;
use crate::cli::words;
use crate::store::{health, known_schema, tables};

#[derive(Serialize)]
struct Status {
    engine: &'static str,
    /// Without a password.
    place: String,
    schema: i64,
    /// Of this program.
    known_schema: i64,
    bytes: i64,
    tables: Vec<Table>,
}

#[derive(Serialize)]
struct Table {
    name: String,
    rows: i64,
}

pub async fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let store = place::look_at(&config).await?;
    let mut counted = Vec::new();
    let mut tables = tables::all(&store).await?;
    tables.sort_by(|a, b| a.name.cmp(&b.name));
    for table in tables {
        counted.push(Table { rows: tables::count(&store, &table).await?, name: table.name });
    }
    let database = &config.storage.database;
    let status = Status {
        engine: place::engine(database),
        place: place::words(database),
        schema: store.schema().await?,
        known_schema: known_schema(),
        bytes: health::size(&store).await?,
        tables: counted,
    };
    store.close().await;
    output.result(&status, || status.text())?;
    Ok(Exit::Done)
}

impl Status {
    fn text(&self) -> String {
        let schema = match (self.schema, self.known_schema) {
            (0, known) => format!("none yet; this program's is {known}, `tidings db migrate` makes it"),
            (found, known) if found > known => {
                format!("{found}, made by a newer Tidings: this program knows {known} and opens nothing newer")
            }
            (found, known) if found < known => {
                format!("{found}; this program's is {known}, `tidings db migrate` brings it there")
            }
            (found, _) => format!("{found}, this program's"),
        };
        let mut lines = vec![
            format!("engine   {}", self.engine),
            format!("place    {}", self.place),
            format!("schema   {schema}"),
            format!("size     {}", words::bytes(u64::try_from(self.bytes).unwrap_or_default())),
        ];
        let width = self.tables.iter().map(|table| table.name.len()).max().unwrap_or_default();
        if !self.tables.is_empty() {
            lines.push("rows".to_owned());
        }
        lines.extend(self.tables.iter().map(|Table { name, rows }| format!("  {name:width$}  {rows}")));
        lines.join("\n")
    }
}
