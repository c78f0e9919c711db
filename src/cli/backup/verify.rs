//! `tidings backup verify`

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::secret;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::progress;
use crate::cli::words::bytes;
use crate::store::backup::{self, Checked, Contents};
use crate::store::known_schema;

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The backup
    file: PathBuf,
}

#[derive(Serialize)]
struct Verified {
    file: PathBuf,
    whole: bool,
    problems: Vec<String>,
    bytes: u64,
    /// None: it cannot be read.
    schema: Option<i64>,
    /// Of this program.
    known_schema: i64,
    readers: Option<i64>,
    articles: Option<i64>,
    runs: Option<i64>,
    deliveries: Option<i64>,
    /// None: there is no copy of the site's secret beside it.
    secret: Option<PathBuf>,
}

pub async fn run(args: &VerifyArgs, output: &Output) -> anyhow::Result<Exit> {
    let bytes = size(&args.file)?;
    let bar = progress::spinner("reading it through", output);
    let Checked { problems, contents } = backup::check(&args.file).await;
    bar.finish_and_clear();
    let secret = secret::beside(&args.file);
    let verified = Verified {
        file: args.file.clone(),
        whole: problems.is_empty(),
        bytes,
        schema: contents.map(|c| c.schema),
        known_schema: known_schema(),
        readers: contents.map(|c| c.readers),
        articles: contents.map(|c| c.articles),
        runs: contents.map(|c| c.runs),
        deliveries: contents.map(|c| c.deliveries),
        secret: secret.is_file().then_some(secret),
        problems,
    };
    output.result(&verified, || verified.text(contents.as_ref()))?;
    Ok(if verified.whole { Exit::Done } else { Exit::Problems })
}

/// How long the file is; nobody looks into what is none.
pub fn size(file: &Path) -> anyhow::Result<u64> {
    match file.metadata() {
        Ok(there) if there.is_file() => Ok(there.len()),
        _ => {
            let message = format!("there is no file {}", file.display());
            Err(Failure::new(Exit::NotFound, message).then("`tidings backup list` shows the backups there are").into())
        }
    }
}

impl Verified {
    fn text(&self, contents: Option<&Contents>) -> String {
        let file = self.file.display();
        let mut lines = vec![if self.whole {
            format!("{file} is whole ({})", bytes(self.bytes))
        } else {
            format!("{file} is NOT whole ({}):", bytes(self.bytes))
        }];
        lines.extend(self.problems.iter().map(|problem| format!("  {problem}")));
        if let Some(Contents { schema, readers, articles, runs, deliveries }) = contents {
            let known = match self.known_schema {
                known if *schema > known => format!(", newer than this program's ({known}), which cannot restore it"),
                known if *schema < known => {
                    format!(", older than this program's ({known}): it is brought up to date when it is opened")
                }
                _ => ", this program's".to_owned(),
            };
            lines.push(format!("schema      {schema}{known}"));
            lines.push(format!("readers     {readers}"));
            lines.push(format!("articles    {articles}"));
            lines.push(format!("runs        {runs}"));
            lines.push(format!("deliveries  {deliveries}"));
        }
        lines.push(match &self.secret {
            Some(secret) => format!("secret      {}", secret.display()),
            None => "secret      none beside it: without the site's own, no stop link works".to_owned(),
        });
        lines.join("\n")
    }
}
