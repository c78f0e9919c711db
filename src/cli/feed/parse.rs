//! `tidings feed parse`

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use url::Url;

use crate::cli::exit::{Exit, Failure};
use crate::cli::file::could_not;
use crate::cli::output::Output;
use crate::feed::{Document, Entry, clean, parse};

#[derive(Debug, Args)]
pub struct ParseArgs {
    /// The file; `-` for standard input
    file: PathBuf,
    /// The address it was found at, to complete links that lack it
    #[arg(long, value_name = "BASE")]
    url: Option<Url>,
    /// The Content-Type header it came with
    #[arg(long, value_name = "CT")]
    content_type: Option<String>,
}

pub fn run(args: &ParseArgs, output: &Output) -> anyhow::Result<Exit> {
    let body = read(&args.file)?;
    match parse::document(&body, args.content_type.as_deref(), args.url.as_ref()) {
        Ok(mut document) => {
            document.entries.iter_mut().for_each(made_harmless);
            output.result(&document.to_json(), || as_text(&document))?;
            Ok(Exit::Done)
        }
        Err(no_feed) if output.is_json() => {
            let value = serde_json::json!({ "ok": false, "error": no_feed.to_string(), "feed": null, "entries": [] });
            output.result(&value, String::new)?;
            Ok(Exit::Problems)
        }
        Err(no_feed) => Err(Failure::new(Exit::Problems, format!("{}: {no_feed}", args.file.display()))
            .then("`tidings feed test URL` finds the feed behind the address of a page")
            .into()),
    }
}

/// What is printed may end in somebody's page.
fn made_harmless(entry: &mut Entry) {
    for text in [&mut entry.summary, &mut entry.content].into_iter().flatten() {
        text.value = clean::html(text);
    }
}

/// A document's bytes; `-` is standard input.
pub fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    if file.as_os_str() != "-" {
        return Ok(std::fs::read(file).map_err(could_not("read", file))?);
    }
    let mut body = Vec::new();
    std::io::stdin().read_to_end(&mut body).map_err(could_not("read", Path::new("standard input")))?;
    Ok(body)
}

fn as_text(document: &Document) -> String {
    let mut lines =
        vec![format!("{}: {} entries", document.title.as_deref().unwrap_or("(no title)"), document.entries.len())];
    if let Some(damage) = &document.damaged {
        lines.push(format!("damaged: {damage}"));
    }
    for entry in &document.entries {
        let date =
            entry.date.map_or_else(|| "no date".to_owned(), |date| date.format("%Y-%m-%d %H:%M UTC").to_string());
        lines.push(format!("{date}  {}", entry.title.as_deref().unwrap_or("(no title)")));
        lines.push(format!("  {}", entry.link.as_deref().unwrap_or("(no link)")));
    }
    lines.join("\n")
}
