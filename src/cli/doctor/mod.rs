//! `tidings doctor`: what is around it. The configuration says what is meant; here one sees whether the machine, the
//! database, the relay and the world beyond go along with it.
//!
//! It changes nothing, unless `--fix` says so, and then only who may read a secret, or that there is one. It makes no
//! database and brings none up to date; nothing is mailed and no feed is asked.

mod address;
mod clock;
mod configuration;
mod daemon;
mod database;
mod disk;
mod dns;
mod feeds;
mod finding;
mod relay;
mod secrets;
mod sender;
mod templates;
mod zones;

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use self::dns::Resolvers;
use self::finding::{Finding, Level};
use self::secrets::Repair;
use super::exit::Exit;
use super::global::Global;
use super::open;
use super::output::Output;
use super::words::count;
use crate::clock::{Chance, Clock};
use crate::config::Config;

/// How long a resolver may take.
const RESOLVERS: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
#[command(
    after_help = "A line for each finding: ok, warning or problem; what about; what; and what to do. `tidings check` looks\n\
    at the configuration alone, `tidings status` at the work. Exit code 8: there is a problem."
)]
pub struct DoctorArgs {
    /// Make a missing secret (in capture mode only), and close one that others can read (chmod 600)
    #[arg(long)]
    fix: bool,
    /// With --fix: say what it would do, and do nothing
    #[arg(short = 'n', long, requires = "fix")]
    dry_run: bool,
}

#[derive(Serialize)]
struct Looked {
    ok: bool,
    problems: usize,
    warnings: usize,
    findings: Vec<Finding>,
}

pub async fn run(args: &DoctorArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let findings = match Config::load(global.config.as_deref(), std::env::vars()) {
        Ok(config) => {
            open::in_the_right_folder(&config)?;
            let clock = open::clock(global, &config)?;
            let repair = match (args.fix, args.dry_run) {
                (false, _) => Repair::None,
                (true, true) => Repair::Tried,
                (true, false) => Repair::Done,
            };
            look(&config, &clock, repair).await?
        }
        Err(errors) => configuration::refused(&errors),
    };
    tell(findings, output)
}

async fn look(config: &Config, clock: &Clock, repair: Repair) -> anyhow::Result<Vec<Finding>> {
    let chance = Chance::system();
    let resolvers = Resolvers::of_the_system(RESOLVERS, chance.clone());
    let mut findings = configuration::look(config);
    findings.extend(templates::look(config));
    findings.extend(secrets::look(config, repair, &chance));

    let (database, store) = database::look(config).await;
    findings.push(database);
    findings.extend(disk::look(config));
    findings.push(clock::look(clock, store.as_ref()).await?);
    findings.push(zones::look(config, clock.now()));
    if let Some(store) = &store {
        findings.extend(feeds::look(config, store, clock.now()).await?);
        findings.extend(daemon::look(config, store).await?);
        store.close().await;
    }

    let (relay, address, sender) =
        tokio::join!(relay::look(config), address::look(config), sender::look(config, &resolvers));
    findings.extend([relay, address]);
    findings.extend(sender);
    Ok(findings)
}

fn tell(findings: Vec<Finding>, output: &Output) -> anyhow::Result<Exit> {
    let of = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (problems, warnings) = (of(Level::Problem), of(Level::Warning));
    let looked = Looked { ok: problems == 0, problems, warnings, findings };
    if output.is_json() {
        output.result(&looked, String::new)?;
    } else {
        print(&looked, output)?;
        output.say(&match (problems, warnings) {
            (0, 0) => "all is well".to_owned(),
            _ => format!("{}, {}", count(problems, "problem"), count(warnings, "warning")),
        });
    }
    Ok(if looked.ok { Exit::Done } else { Exit::Problems })
}

/// On a terminal what to do stands below what was found: the sentences are too long to stand side by side.
fn print(looked: &Looked, output: &Output) -> anyhow::Result<()> {
    if !std::io::stdout().is_terminal() {
        return output.list(&looked.findings, &["", "about", "what", "what to do"], cells);
    }
    output.result(looked, || {
        let line = |Finding { level, about, what, fix }: &Finding| {
            let fix = fix.as_ref().map_or_else(String::new, |fix| format!("\n{:25}try: {fix}", ""));
            format!("{:9}{about:16}{what}{fix}", level.word())
        };
        looked.findings.iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn cells(finding: &Finding) -> Vec<String> {
    let Finding { level, about, what, fix } = finding;
    vec![level.word().to_owned(), (*about).to_owned(), what.clone(), fix.clone().unwrap_or_default()]
}
