//! What commands begin with: the configuration, the clock, the open program.

use anyhow::Context;

use super::exit::{Exit, Failure};
use super::global::Global;
use super::output::Output;
use crate::app::App;
use crate::clock::{Chance, Clock};
use crate::config::{Config, Database};
use crate::model::delivery::Mode;
use crate::store::{adoption, nudge};

/// Reads the configuration.
pub fn config(global: &Global) -> anyhow::Result<Config> {
    Ok(Config::load(global.config.as_deref(), std::env::vars())?)
}

/// Where the clock starts. A made-up time never leaves the house.
pub fn clock(global: &Global, config: &Config) -> anyhow::Result<Clock> {
    let Some(at) = global.at else { return Ok(Clock::system()) };
    if config.delivery.mode != Mode::Capture && !config.relay.is_loopback() {
        let message =
            "--at is for trying things out: where mail leaves the house it works only with a relay on this machine";
        return Err(Failure::new(Exit::Refused, message)
            .then("leave --at out, or set delivery.mode = \"capture\"")
            .into());
    }
    Ok(Clock::starting_at(at))
}

/// Opens everything for a command that only reads.
pub async fn app(global: &Global) -> anyhow::Result<App> {
    let config = config(global)?;
    in_the_right_folder(&config)?;
    let clock = clock(global, &config)?;
    Ok(App::open(config, clock, Chance::system()).await?)
}

/// A command that is typed in the wrong folder must not make a second, empty site there.
pub fn in_the_right_folder(config: &Config) -> anyhow::Result<()> {
    match &config.storage.database {
        Database::Sqlite(file) if config.file.is_none() && !file.exists() => {
            let message = format!("there is neither a {} nor a database here", crate::config::FILE);
            let next = "name the configuration with -c FILE, or begin one with `tidings init`";
            Err(Failure::new(Exit::NotFound, message).then(next).into())
        }
        _ => Ok(()),
    }
}

/// Opens everything for a command that writes, and puts its configuration in force.
pub async fn app_for_writing(global: &Global) -> anyhow::Result<App> {
    let app = app(global).await?;
    app.adopt().await?;
    Ok(app)
}

/// Opens everything for a command that writes, or under --dry-run only looks what it would write.
pub async fn app_for(dry_run: bool, global: &Global) -> anyhow::Result<App> {
    if dry_run { app_for_looking(global).await } else { app_for_writing(global).await }
}

/// What a changed configuration does to readers is not done under --dry-run. A database that has seen none has no
/// readers: there it is put in force.
async fn app_for_looking(global: &Global) -> anyhow::Result<App> {
    let app = app(global).await?;
    match adoption::is_in_force(&app.store, &app.config.fingerprint()).await? {
        Some(true) => Ok(app),
        None => {
            app.adopt().await?;
            Ok(app)
        }
        Some(false) => {
            let message = format!(
                "{} was changed and is not in force yet. This command would put it in force first, and -n does not: so it \
                 cannot tell what would be",
                app.config.source()
            );
            let next = "have it put in force: by `systemctl reload tidings` where a daemon is at work, else by `tidings feed fetch`";
            Err(Failure::new(Exit::Refused, message).then(next).into())
        }
    }
}

/// Wakes the daemon, if there is one, and says so.
pub async fn nudge(app: &App, output: &Output) -> anyhow::Result<()> {
    let at_work =
        nudge::nudge(&app.store).await.context("could not wake the daemon; it looks by itself within 30 seconds")?;
    if at_work {
        output.say("told the running daemon");
    }
    Ok(())
}
