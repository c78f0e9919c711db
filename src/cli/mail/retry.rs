//! `tidings mail retry`

use clap::Args;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::open;
use super::super::output::Output;
use super::super::typed::number;
use super::super::words::count;
use crate::store::queue;

#[derive(Debug, Args)]
#[command(
    after_help = "What was put off is due at once instead of at its hour. A held mail goes again: it was in doubt, so its reader \
    may get it twice. What was refused for good stays so.\n\n\
    Examples:\n  tidings mail retry --all\n  tidings mail retry 1207"
)]
pub struct RetryArgs {
    #[command(flatten)]
    what: What,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    /// Mails by their numbers, as `tidings mail failures` names them; held ones too
    #[arg(value_name = "MAIL", value_parser = number)]
    mails: Vec<i64>,
    /// All of this run that was put off
    #[arg(long, value_name = "RUN", value_parser = number)]
    run: Option<i64>,
    /// All that was put off
    #[arg(long)]
    all: bool,
}

#[derive(Serialize)]
struct Retried {
    mails: u64,
    dry_run: bool,
}

pub async fn run(args: &RetryArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for(args.dry_run, global).await?;
    let now = app.clock.now();
    let mut tx = app.store.begin().await?;
    let mut mails = 0;
    if args.what.mails.is_empty() {
        mails = queue::retry_all(&mut tx, args.what.run, now).await?;
    }
    for &mail in &args.what.mails {
        match queue::retry(&mut tx, mail, now).await? {
            Ok(()) => mails += 1,
            Err(state) => return Err(cannot(mail, state.as_deref()).into()),
        }
    }
    if args.dry_run {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
        open::nudge(&app, output).await?;
    }
    output.result(&Retried { mails, dry_run: args.dry_run }, || {
        let mails = count(usize::try_from(mails).unwrap_or(usize::MAX), "mail");
        if args.dry_run {
            format!("{mails} would be tried again now")
        } else {
            format!("{mails} will be tried again now")
        }
    })?;
    Ok(Exit::Done)
}

fn cannot(mail: i64, state: Option<&str>) -> Failure {
    match state {
        None => Failure::new(Exit::NotFound, format!("there is no mail {mail}")).then("tidings mail failures"),
        Some("quarantined") => {
            let message = format!("mail {mail} was set aside: its template cannot make it");
            Failure::new(Exit::Refused, message)
                .then("`tidings template lint` says what is wrong; once that is mended it is tried again by itself")
        }
        Some(state) => {
            let message = format!("mail {mail} is {state}: only what was put off or is held is tried again");
            Failure::new(Exit::Refused, message).then("`tidings mail failures` lists what failed")
        }
    }
}
