//! What is typed about readers, and whom it means.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::ValueEnum;

use super::super::exit::{Exit, Failure};
use crate::app::App;
use crate::model::address::Address;
use crate::model::edition;
use crate::store::subscriber::{self, Subscriber};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Full,
    NoImages,
    Text,
}

impl From<Format> for edition::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Full => Self::Full,
            Format::NoImages => Self::NoImages,
            Format::Text => Self::Text,
        }
    }
}

pub fn zone(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| {
        let near =
            chrono_tz::TZ_VARIANTS.iter().map(|tz| (strsim::damerau_levenshtein(name, tz.name()), tz.name())).min();
        match near {
            Some((distance, tz)) if distance <= 4 && 2 * distance <= name.len() => {
                format!("there is no such zone; did you mean {tz}?")
            }
            _ => "use an IANA name, such as Africa/Nairobi".to_owned(),
        }
    })
}

/// Nothing may be sent there.
pub fn suppressed(address: &Address, reason: &str, since: DateTime<Utc>) -> Failure {
    let message =
        format!("{address} is suppressed since {} ({reason}): nothing is sent there", since.format("%Y-%m-%d"));
    Failure::new(Exit::Refused, message)
        .then(format!("if mail is welcome there again: tidings mail suppressions remove {address}"))
}

/// The reader of this address, or the words for whoever mistyped it.
pub async fn reader(app: &App, address: &Address) -> anyhow::Result<Subscriber> {
    let Some(reader) = subscriber::by_address(&app.store, address).await? else {
        return Err(Failure::new(Exit::NotFound, format!("{address} is no reader"))
            .then(format!("tidings subscriber add {address} --topic SLUG"))
            .into());
    };
    Ok(reader)
}
