//! What operators are to be told by mail, kept until they have been: the relay may be what is wrong.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::{Error, Tx, setting};
use crate::model::trouble::News;

/// The setting that says it.
const OWED: &str = "alerts-owed";
/// A daemon that took it in hand and died keeps it so long.
const IN_HAND: TimeDelta = TimeDelta::minutes(10);
/// What began and ended so often while no mail went is not told one by one.
const MOST: usize = 100;

/// One address, and its news in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToTell {
    pub to: String,
    pub news: Vec<News>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Owed {
    /// It is in somebody's hands, or was tried in vain, and rests until then.
    rests_until: Option<DateTime<Utc>>,
    mails: Vec<ToTell>,
}

async fn read(tx: &mut Tx) -> Result<Owed, Error> {
    Ok(serde_json::from_str(&setting::take(tx, OWED, "{}").await?).unwrap_or_default())
}

async fn write(tx: &mut Tx, owed: &Owed) -> Result<(), Error> {
    let text = serde_json::to_string(owed).expect("words and times always serialise");
    setting::put(tx, OWED, &text).await
}

/// Each of these addresses is to be told.
pub async fn owe(tx: &mut Tx, addresses: &[String], news: &[News]) -> Result<(), Error> {
    let mut owed = read(tx).await?;
    for to in addresses {
        let place = owed.mails.iter().position(|mail| mail.to == *to).unwrap_or_else(|| {
            owed.mails.push(ToTell { to: to.clone(), news: vec![] });
            owed.mails.len() - 1
        });
        let waits = &mut owed.mails[place].news;
        waits.extend_from_slice(news);
        waits.drain(..waits.len().saturating_sub(MOST));
    }
    write(tx, &owed).await
}

/// Takes what is owed in hand, unless another daemon has it there. What is owed to others than these is forgotten.
pub async fn take(tx: &mut Tx, addresses: &[String], now: DateTime<Utc>) -> Result<Vec<ToTell>, Error> {
    let mut owed = read(tx).await?;
    // Farther ahead than that only a wrong clock can have put it.
    if owed.rests_until.is_some_and(|until| now < until && until <= now + IN_HAND) {
        return Ok(vec![]);
    }
    owed.mails.retain(|mail| addresses.contains(&mail.to));
    owed.rests_until = (!owed.mails.is_empty()).then(|| now + IN_HAND);
    write(tx, &owed).await?;
    Ok(owed.mails)
}

/// These have been told; the others may be tried again `from` then on.
pub async fn told(tx: &mut Tx, told: &[ToTell], from: Option<DateTime<Utc>>) -> Result<(), Error> {
    let mut owed = read(tx).await?;
    for ToTell { to, news } in told {
        // More may have come meanwhile, at the end.
        if let Some(mail) = owed.mails.iter_mut().find(|mail| mail.to == *to) {
            mail.news.retain(|one| !news.contains(one));
        }
    }
    owed.mails.retain(|mail| !mail.news.is_empty());
    owed.rests_until = from;
    write(tx, &owed).await
}
