//! `tidings dkim generate|show`: the key that signs our mail, and what the DNS has to say of it.

mod generate;
mod show;

use clap::Subcommand;
use serde::Serialize;

use super::exit::Exit;
use super::global::Global;
use super::output::Output;
use crate::mail::sign::Record;

#[derive(Debug, Subcommand)]
pub enum DkimCommand {
    /// Make a key that signs mail, and print the record to publish in the DNS
    Generate(generate::GenerateArgs),
    /// Print the record of the key in the configuration
    #[command(
        after_help = "The key is the one of [dkim], whether `mode` signs with it yet or not. `tidings doctor` says what the DNS has."
    )]
    Show,
}

pub fn run(command: &DkimCommand, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    match command {
        DkimCommand::Generate(args) => generate::run(args, output),
        DkimCommand::Show => show::run(global, output),
    }
}

/// A record as it is printed.
#[derive(Serialize)]
struct Printed {
    name: String,
    record: String,
    /// The whole line for a zone file.
    zone: String,
}

impl Printed {
    fn all(records: &[Record]) -> Vec<Self> {
        let one = |record: &Record| Self {
            name: record.name.clone(),
            record: record.value.clone(),
            zone: record.zone_line(),
        };
        records.iter().map(one).collect()
    }
}

/// For a web form, and below it for a zone file.
fn told(records: &[Printed]) -> String {
    let one = |Printed { name, record, zone }: &Printed| {
        format!("name   {name}\ntype   TXT\nvalue  {record}\n\nin a zone file:\n{zone}\n")
    };
    records.iter().map(one).collect::<Vec<_>>().join("\n")
}
