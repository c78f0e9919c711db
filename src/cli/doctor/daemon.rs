//! Whether somebody is at work, and with this configuration.

use super::finding::Finding;
use crate::config::Config;
use crate::store::{Error, Store, adoption, lease};

const ABOUT: &str = "daemon";

pub async fn look(config: &Config, store: &Store) -> Result<Finding, Error> {
    let holders = lease::holders(store).await?;
    if holders.is_empty() {
        let what = "nobody is at work: no feed is asked, no mail is made, no page answers";
        return Ok(Finding::warning(ABOUT, what).then("start `tidings run`"));
    }
    let holders = holders.join(", ");
    if adoption::is_in_force(store, &config.fingerprint()).await? == Some(false) {
        let what = format!("at work, with another configuration than this: {holders}");
        return Ok(Finding::warning(ABOUT, what).then("`systemctl reload tidings`, or SIGHUP, has it read this one"));
    }
    Ok(Finding::ok(ABOUT, format!("at work: {holders}")))
}
