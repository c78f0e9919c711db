//! Mail to operators: what is wrong and does not mend itself, when it begins and when it has ended. It goes outside the
//! queue, also while all mail is held; what the relay does not take is owed.

use chrono::{DateTime, TimeDelta, Utc};
use tracing::{info, warn};

use super::direct::{hand_over, plain};
use super::press::{Press, envelope_from, is_captured};
use super::signing::signed;
use crate::model::address::Address;
use crate::model::delivery::Outcome;
use crate::model::trouble::News;
use crate::model::words::with_causes;
use crate::pipeline::{Error, Line};
use crate::store::alert::{self, ToTell};

/// How soon what was not taken is tried again.
const AGAIN: TimeDelta = TimeDelta::minutes(1);
/// A subject is no longer than so many characters.
const SUBJECT: usize = 120;

/// Mails what operators are owed. In words, why something did not go; it is owed still.
pub async fn send(line: &Line, now: DateTime<Utc>) -> Result<Option<String>, Error> {
    let addresses = addresses(line);
    if addresses.is_empty() {
        return Ok(None);
    }
    let mut tx = line.store.begin().await?;
    let owed = alert::take(&mut tx, &addresses, now).await?;
    tx.commit().await?;
    if owed.is_empty() {
        return Ok(None);
    }
    let press = Press::open(line).await?;
    let (mut told, mut failed) = (Vec::new(), None);
    for mail in owed {
        match one(line, &press, &mail, now).await {
            Ok(()) => told.push(mail),
            Err(why) => failed = Some(why),
        }
    }
    let mut tx = line.store.begin().await?;
    alert::told(&mut tx, &told, failed.is_some().then(|| now + AGAIN)).await?;
    tx.commit().await?;
    Ok(failed)
}

/// As they are kept: in the order of the configuration.
pub fn addresses(line: &Line) -> Vec<String> {
    line.config.alerts.mail.iter().map(ToString::to_string).collect()
}

async fn one(line: &Line, press: &Press, mail: &ToTell, now: DateTime<Utc>) -> Result<(), String> {
    let to: Address = mail.to.parse().map_err(|error| with_causes(&error))?;
    let key = line.chance.key();
    let message = plain(press, &key, &to, (subject(line, &mail.news), text(line, &mail.news)), now)?;
    let message = signed(line, message, now).await?;
    let captured = is_captured(line, line.config.delivery.mode, &to);
    let outcome = hand_over(line, captured, &envelope_from(line, &key), &to, &message).await;
    match outcome.map_err(|error| with_causes(&error))?.without(&to) {
        Outcome::Sent { .. } => {
            let where_to = if captured { "into the mailbox inside" } else { "by mail" };
            info!("an operator was told {where_to}");
            Ok(())
        }
        // Another try would end the same way.
        Outcome::Permanent { reply, .. } => {
            warn!("an address of alerts.mail is refused, and was not told: {reply}");
            Ok(())
        }
        Outcome::Transient { reply, .. } | Outcome::Ours { reply } => Err(reply),
    }
}

fn subject(line: &Line, news: &[News]) -> String {
    let site = &line.config.site.name;
    let whole = match news {
        [one] if one.has_ended => format!("[{site}] over: {}", one.trouble.words),
        [one] => format!("[{site}] {}", one.trouble.words),
        several => {
            let ended = several.iter().filter(|one| one.has_ended).count();
            let begun = several.len() - ended;
            format!("[{site}] what is wrong: {begun} new, {ended} over")
        }
    };
    match whole.char_indices().nth(SUBJECT) {
        Some((end, _)) => format!("{}…", &whole[..end]),
        None => whole,
    }
}

fn text(line: &Line, news: &[News]) -> String {
    let mut text = String::new();
    for (heading, has_ended) in [("This is wrong:", false), ("This is over:", true)] {
        let of_these: Vec<&News> = news.iter().filter(|one| one.has_ended == has_ended).collect();
        if of_these.is_empty() {
            continue;
        }
        text.push_str(&format!("{heading}\n\n"));
        for News { name, trouble, .. } in of_these {
            let since = trouble.since.format("%Y-%m-%d %H:%M UTC");
            text.push_str(&format!("{}\n({name}, noticed on {since})\n\n", trouble.words));
        }
    }
    let site = line.config.site.link("/");
    text.push_str("On the machine, `tidings status` says what needs you, and `tidings doctor` looks around.\n\n");
    text.push_str(&format!("{site} writes this to the addresses of alerts.mail in its configuration.\n"));
    text
}
