//! `tidings subscriber export`: readers as a file that `import` reads.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use clap::Args;

use super::super::exit::Exit;
use super::super::file::could_not;
use super::super::global::Global;
use super::super::open;
use super::super::output::{Output, written_out};
use super::super::words::count;
use super::lines::{COLUMNS, SEPARATOR};
use crate::app::App;
use crate::model::edition::Format;
use crate::model::slug::Slug;
use crate::store::subscriber::{self, Subscriber};
use crate::store::subscription::{self, Live};

#[derive(Debug, Args)]
#[command(
    after_help = "A line for each reader, frequency and status (`active`, `paused`, `pending`); `import` reads it \
    and takes in the active ones. Who stopped everything is not in it. The file holds addresses: it is made for your \
    eyes only, keep it so.\n\n\
    Example:  tidings subscriber export -o readers.csv"
)]
pub struct ExportArgs {
    /// Where to [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Readers read at once.
const PAGE: i64 = 1000;

pub async fn run(args: &ExportArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let Some(file) = &args.output else {
        return match write(&app, std::io::stdout().lock()).await {
            Err(error) => told(error).map(|()| Exit::Done),
            Ok(_) => Ok(Exit::Done),
        };
    };
    // The old file stays until the new one is whole.
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part);
    let opened = opened.map_err(could_not("write", file))?;
    let lines = write(&app, std::io::BufWriter::new(opened)).await?;
    std::fs::rename(&part, file).map_err(could_not("write", file))?;
    output.say(&format!(
        "{} written to {}",
        count(usize::try_from(lines).unwrap_or(usize::MAX), "line"),
        file.display()
    ));
    Ok(Exit::Done)
}

/// What went wrong with standard output is said as other commands say it; the rest as it is.
fn told(error: anyhow::Error) -> anyhow::Result<()> {
    match error.downcast::<csv::Error>() {
        Ok(cause) => written_out(Err(cause.into())),
        Err(error) => error.downcast::<std::io::Error>().map_or_else(Err, |cause| written_out(Err(cause))),
    }
}

/// How many lines, without the header.
async fn write(app: &App, to: impl Write) -> anyhow::Result<u64> {
    let mut csv = csv::Writer::from_writer(to);
    csv.write_record(COLUMNS)?;
    let (mut after, mut lines) = (0, 0);
    loop {
        let page = subscriber::list(&app.store, after, PAGE).await?;
        let (Some(first), Some(last)) = (page.first(), page.last()) else { break };
        after = last.id;
        let mut live: HashMap<i64, Vec<Live>> = HashMap::new();
        for one in subscription::live(&app.store, first.id, last.id).await? {
            live.entry(one.subscriber).or_default().push(one);
        }
        let mut regions: HashMap<i64, Vec<Slug>> = HashMap::new();
        for (reader, region) in subscription::regions(&app.store, first.id, last.id).await? {
            regions.entry(reader).or_default().push(region);
        }
        for reader in &page {
            let regions = regions.remove(&reader.id).unwrap_or_default();
            for record in records(reader, &live.remove(&reader.id).unwrap_or_default(), &regions) {
                csv.write_record(&record)?;
                lines += 1;
            }
        }
    }
    csv.flush()?;
    Ok(lines)
}

/// A line for each frequency and status, in the order of the reader's topics.
fn records(reader: &Subscriber, live: &[Live], regions: &[Slug]) -> Vec<[String; COLUMNS.len()]> {
    let Some(address) = &reader.address else { return vec![] };
    let mut lines: Vec<((&Slug, &str), Vec<&str>)> = Vec::new();
    for one in live {
        let key = (&one.frequency, one.state.as_str());
        match lines.iter_mut().find(|(k, _)| *k == key) {
            Some((_, topics)) => topics.push(one.topic.as_str()),
            None => lines.push((key, vec![one.topic.as_str()])),
        }
    }
    let separator = SEPARATOR.to_string();
    let regions = regions.iter().map(Slug::as_str).collect::<Vec<_>>().join(&separator);
    let format = match reader.format {
        Format::Full => "full",
        Format::NoImages => "no-images",
        Format::Text => "text",
    };
    let record = |((frequency, status), topics): ((&Slug, &str), Vec<&str>)| {
        [
            address.to_string(),
            topics.join(&separator),
            frequency.to_string(),
            reader.language.to_string(),
            reader.zone.name().to_owned(),
            reader.hour.to_string(),
            regions.clone(),
            format.to_owned(),
            status.to_owned(),
        ]
    };
    lines.into_iter().map(record).collect()
}
