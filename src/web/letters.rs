//! Letters to addresses that are no reader's, and how often they may be written.

use chrono::TimeDelta;

use super::Pages;
use crate::model::address::Address;
use crate::store::delivery::{Answer, Kind};
use crate::store::letter::{self, Draft, Writing};
use crate::store::{self, Tx, delivery, nudge, suppression};

/// An address is asked at most once in this time, whatever the topics; and so often in a week.
const ASK_AGAIN: TimeDelta = TimeDelta::hours(24);
const IN_A_WEEK: i64 = 3;

/// Asks an address something, or leaves the same rows without asking, so that nobody learns what is known of it.
pub async fn ask(pages: &Pages, to: &Address, writing: &Writing<'_>) -> Result<(), store::Error> {
    let hash = pages.keys.hash_of_address(to);
    let suppressed = suppression::find(&pages.store, &hash).await?.is_some();
    let mut tx = pages.store.begin().await?;
    let withheld = withheld(pages, &mut tx, &hash, writing.kind, suppressed).await?;
    write(pages, &mut tx, to, &hash, writing, withheld).await?;
    tx.commit().await?;
    nudge::nudge(&pages.store).await.map(drop)
}

/// Tells an address something that it must learn, whatever it was told before.
pub async fn tell(pages: &Pages, tx: &mut Tx, to: &Address, writing: &Writing<'_>) -> Result<(), store::Error> {
    write(pages, tx, to, &pages.keys.hash_of_address(to), writing, None).await
}

/// Answers a reader.
pub async fn answer(pages: &Pages, tx: &mut Tx, kind: Kind, reader: i64) -> Result<(), store::Error> {
    let (key, mode) = (pages.chance.key(), pages.config.delivery.mode);
    let answer = Answer { kind, key, mode, subscriber: Some(reader), withheld: None };
    delivery::answer(tx, &answer, pages.clock.now()).await
}

/// Leaves the row of an answer that goes to nobody.
pub async fn withhold(pages: &Pages, tx: &mut Tx, kind: Kind, why: &'static str) -> Result<(), store::Error> {
    let (key, mode) = (pages.chance.key(), pages.config.delivery.mode);
    let answer = Answer { kind, key, mode, subscriber: None, withheld: Some(why) };
    delivery::answer(tx, &answer, pages.clock.now()).await
}

/// Why this address is not asked now, if it is not.
async fn withheld(
    pages: &Pages,
    tx: &mut Tx,
    hash: &[u8],
    kind: Kind,
    suppressed: bool,
) -> Result<Option<&'static str>, store::Error> {
    let now = pages.clock.now();
    let today = letter::asked_since(tx, hash, kind, now - ASK_AGAIN).await?;
    let this_week = letter::asked_since(tx, hash, kind, now - TimeDelta::days(7)).await?;
    Ok(match (suppressed, today, this_week) {
        (true, ..) => Some("suppressed"),
        (_, 1.., _) => Some("asked within the last day"),
        (_, _, IN_A_WEEK..) => Some("asked often enough this week"),
        _ => None,
    })
}

async fn write(
    pages: &Pages,
    tx: &mut Tx,
    to: &Address,
    hash: &[u8],
    writing: &Writing<'_>,
    withheld: Option<&'static str>,
) -> Result<(), store::Error> {
    let key = pages.chance.key();
    let draft = Draft { key, hash, sealed: pages.keys.seal(&key, to, pages.chance.bytes()), writing };
    letter::write(tx, &draft, pages.config.delivery.mode, withheld, pages.clock.now()).await
}
