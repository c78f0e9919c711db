//! `tidings dkim generate`: a new key in a file of its own. Nothing is ever written over: the old key may still be needed.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{Printed, told};
use crate::cli::exit::{Exit, Failure};
use crate::cli::file::could_not;
use crate::cli::output::Output;
use crate::config::is_selector;
use crate::mail::sign::{Keys, Signer, ed25519_selector};
use crate::model::address::Address;

#[derive(Debug, Args)]
#[command(
    after_help = "The key stays in FILE, for its owner alone. The record goes into the DNS; when it is there (`tidings doctor` says \
    so), name selector, domain and key file under [dkim] in the configuration, with mode = \"rsa\". To change the key, \
    make another under another selector, and leave the old record for a week.\n\n\
    Example:  tidings dkim generate --selector d1 --domain example.org --out secrets/d1.pem"
)]
pub struct GenerateArgs {
    /// The name of the key in the DNS, such as d1: SELECTOR._domainkey.DOMAIN
    #[arg(long, value_parser = selector)]
    selector: String,
    /// Whose mail it signs: the domain of `delivery.from`, or one above it
    #[arg(long, value_parser = domain)]
    domain: String,
    /// The file to make; one that is there is never written over
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Make an Ed25519 key beside the RSA key, in the same file, for mode = "rsa+ed25519"
    #[arg(long)]
    ed25519: bool,
    /// Say what would be made, and make nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Generated {
    file: PathBuf,
    name: String,
    /// None under --dry-run: there is no key yet.
    record: Option<String>,
    records: Vec<Printed>,
    dry_run: bool,
}

pub fn run(args: &GenerateArgs, output: &Output) -> anyhow::Result<Exit> {
    if args.out.symlink_metadata().is_ok() {
        return Err(is_there(&args.out));
    }
    if args.dry_run {
        return would(args, output);
    }
    let keys = Keys::generate(args.ed25519).context("the system makes no key")?;
    write(&args.out, &keys.to_pem().context("the key cannot be written down")?)?;

    let records = Printed::all(&Signer::new(&args.domain, &args.selector, keys).records());
    let first = &records[0];
    let (file, name, record) = (args.out.clone(), first.name.clone(), Some(first.record.clone()));
    let made = Generated { file, name, record, records, dry_run: false };
    output.result(&made, || told(&made.records))?;
    output.say(&next(args));
    Ok(Exit::Done)
}

fn would(args: &GenerateArgs, output: &Output) -> anyhow::Result<Exit> {
    let (file, name) = (args.out.clone(), format!("{}._domainkey.{}", args.selector, args.domain));
    let second = if args.ed25519 {
        format!(", and an Ed25519 key for {}._domainkey.{}", ed25519_selector(&args.selector), args.domain)
    } else {
        String::new()
    };
    let made = Generated { file, name, record: None, records: Vec::new(), dry_run: true };
    output.result(&made, || {
        format!("{} would be made: an RSA key of 2048 bits for {}{second}", made.file.display(), made.name)
    })?;
    output.say("nothing was made");
    Ok(Exit::Done)
}

fn next(args: &GenerateArgs) -> String {
    let GenerateArgs { selector, domain, out, ed25519, .. } = args;
    let (out, mode) = (out.display(), if *ed25519 { "rsa+ed25519" } else { "rsa" });
    let what = if *ed25519 { "both records" } else { "the record" };
    format!(
        "made {out}; back it up, and keep it secret. Publish {what}, then sign with\n\n  [dkim]\n  mode = \"{mode}\"\n  \
         selector = \"{selector}\"\n  domain = \"{domain}\"\n  key_file = \"{out}\"\n\n`tidings doctor` says whether the DNS \
         has what the file has"
    )
}

fn write(file: &Path, pem: &SecretString) -> anyhow::Result<()> {
    let failed = could_not("make", file);
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(&failed)?;
    }
    let mut out = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(there) if there.kind() == io::ErrorKind::AlreadyExists => return Err(is_there(file)),
        opened => opened.map_err(&failed)?,
    };
    let written = out.write_all(pem.expose_secret().as_bytes()).and_then(|()| out.sync_all());
    if written.is_err() {
        // Half a key is worse than none.
        let _ = fs::remove_file(file);
    }
    Ok(written.map_err(failed)?)
}

fn is_there(file: &Path) -> anyhow::Error {
    let message = format!("{} is there already, and a key is never written over", file.display());
    Failure::new(Exit::Refused, message).then("another file, under another selector").into()
}

fn selector(text: &str) -> Result<String, String> {
    if is_selector(text) { Ok(text.to_owned()) } else { Err("letters, digits, `-` and dots, such as d1".to_owned()) }
}

/// In A-labels.
fn domain(text: &str) -> Result<String, String> {
    format!("postmaster@{text}")
        .parse::<Address>()
        .map(|address| address.domain().to_owned())
        .map_err(|bad| bad.why.to_string())
}
