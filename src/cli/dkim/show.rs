//! `tidings dkim show`: what the DNS has to say of the key that is configured.

use serde::Serialize;

use super::{Printed, told};
use crate::app::{self, AppError};
use crate::cli::exit::{Exit, Failure};
use crate::cli::global::Global;
use crate::cli::open;
use crate::cli::output::Output;

#[derive(Serialize)]
struct Shown {
    name: String,
    record: String,
    records: Vec<Printed>,
}

pub fn run(global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let config = open::config(global)?;
    let Some(signer) = app::prepared_signer(&config).map_err(AppError::from)? else {
        let message = "there is no key: [dkim] of the configuration names selector, domain and key_file";
        return Err(Failure::new(Exit::NotFound, message).then("`tidings dkim generate` makes one").into());
    };
    let records = Printed::all(&signer.records());
    let (name, record) = (records[0].name.clone(), records[0].record.clone());
    let shown = Shown { name, record, records };
    output.result(&shown, || told(&shown.records))?;
    Ok(Exit::Done)
}
