//! What is kept, and for how long, once a day: the ledger for thirteen months, an address for four weeks after its reader
//! has stopped everything. (Captured mail and letters go with each delivery's round.)

use chrono::{DateTime, Months, TimeDelta, Utc};
use tracing::info;

use super::{Error, Line};
use crate::model::address::Address;
use crate::model::token::AGAIN_DAYS;
use crate::store::former::{self, Goes};
use crate::store::{retention, setting};

const LEDGER: Months = Months::new(13);
/// As long as one can start again.
const ADDRESS: TimeDelta = TimeDelta::days(AGAIN_DAYS as i64);
/// Readers in one transaction.
const AT_ONCE: i64 = 100;
/// The setting that says on which day it was done last.
const DONE: &str = "retained";

/// What went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retained {
    pub addresses: usize,
    pub deliveries: u64,
}

/// Once a day. What breaks off is done again.
pub async fn run(line: &Line, now: DateTime<Utc>) -> Result<Retained, Error> {
    let today = now.date_naive().to_string();
    if setting::get(&line.store, DONE).await?.as_deref() == Some(today.as_str()) {
        return Ok(Retained::default());
    }
    let mut tx = line.store.begin().await?;
    former::forget_tests(&mut tx, now - ADDRESS).await?;
    tx.commit().await?;
    give_up_unconfirmed(line, now).await?;
    let addresses = forget_gone(line, now).await?;
    let then = now.checked_sub_months(LEDGER).unwrap_or(DateTime::UNIX_EPOCH);
    let deliveries = retention::throw_away(&line.store, then).await?;
    let mut tx = line.store.begin().await?;
    setting::put(&mut tx, DONE, &today).await?;
    tx.commit().await?;
    if addresses > 0 || deliveries > 0 {
        info!(addresses, deliveries, "forgot {addresses} addresses of former readers, and {deliveries} old deliveries");
    }
    Ok(Retained { addresses, deliveries })
}

async fn give_up_unconfirmed(line: &Line, now: DateTime<Utc>) -> Result<(), Error> {
    loop {
        let mut tx = line.store.begin().await?;
        let given_up = former::give_up_unconfirmed(&mut tx, now - ADDRESS, AT_ONCE, now).await?;
        tx.commit().await?;
        if given_up == 0 {
            return Ok(());
        }
        line.store.let_others_in().await;
    }
}

async fn forget_gone(line: &Line, now: DateTime<Utc>) -> Result<usize, Error> {
    let (mut forgotten, mut after) = (0, 0);
    loop {
        let mut tx = line.store.begin().await?;
        let gone: Vec<(i64, Address, i64)> = former::gone_since(&mut tx, now - ADDRESS, after, AT_ONCE).await?;
        let Some((last, ..)) = gone.last() else { return Ok(tx.rollback().await.map(|()| forgotten)?) };
        after = *last;
        for (id, address, changed_at) in &gone {
            let hash = line.keys.hash_of_address(address);
            let goes = Goes { id: *id, address, hash: &hash };
            forgotten += usize::from(former::forget_gone(&mut tx, goes, *changed_at, now).await?);
        }
        tx.commit().await?;
        line.store.let_others_in().await;
    }
}
