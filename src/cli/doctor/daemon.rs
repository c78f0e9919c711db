//! Whether somebody is at work, and with this configuration.

use super::finding::{Finding, Level};
use crate::app;
use crate::config::Config;
use crate::store::{Error, Store, adoption, lease};

const ABOUT: &str = "daemon";

const RELOAD: &str = "`systemctl reload tidings`, or SIGHUP, has it read this one";

pub async fn look(config: &Config, store: &Store) -> Result<Vec<Finding>, Error> {
    let mut findings = vec![at_work(config, store).await?];
    let differences = app::at_work_by(store, config).await?.differences;
    if !differences.is_empty() {
        findings.retain(|finding| finding.level != Level::Ok);
        findings.extend(differences.into_iter().map(|difference| Finding::warning(ABOUT, difference).then(RELOAD)));
    }
    Ok(findings)
}

async fn at_work(config: &Config, store: &Store) -> Result<Finding, Error> {
    let holders = lease::holders(store).await?;
    if holders.is_empty() {
        let what = "nobody is at work: no feed is asked, no mail is made, no page answers";
        return Ok(Finding::warning(ABOUT, what).then("start `tidings run`"));
    }
    let holders = holders.join(", ");
    if adoption::is_in_force(store, &config.fingerprint()).await? == Some(false) {
        let what = format!("at work, with another configuration than this: {holders}");
        return Ok(Finding::warning(ABOUT, what).then(RELOAD));
    }
    Ok(Finding::ok(ABOUT, format!("at work: {holders}")))
}
