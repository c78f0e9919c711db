//! Looks for what is wrong and does not mend itself: a run that is not made, a question that is not sent, mail that nobody
//! accepts, a relay that refuses us, a run that waits for a person, a feed that is gone.

use chrono::{DateTime, TimeDelta, Utc};

use super::deliver::Delivered;
use super::deliver::alert::addresses;
use super::{Error, Line};
use crate::model::trouble::{News, RelayLook, Seen};
use crate::model::words::count;
use crate::store::{self, Store, alert, delivery, feed, hold, queue, run, setting, slot, subscriber, trouble};

const RUN_LATE: TimeDelta = TimeDelta::hours(2);
/// Whoever signs up waits for it.
const ANSWER_LATE: TimeDelta = TimeDelta::minutes(15);
/// So long without a message that was accepted, while some wait.
const NOTHING_ACCEPTED: TimeDelta = TimeDelta::minutes(30);
/// So many different messages that were put off since the last one that was accepted are no accident.
const MANY: i64 = 10;
/// The scheduler looks every half minute.
const SILENT: TimeDelta = TimeDelta::minutes(10);
/// A page that is gone for an hour is being moved; one that is gone for days is not coming back.
const MISSING: TimeDelta = TimeDelta::days(3);
const RELAY: &str = "relay";
/// The setting that says what `run --once` saw of the relay: its words, or nothing where it takes our mail.
const SEEN_ONCE: &str = "relay-seen-once";
/// It says so after a daemon has come.
const NOBODY: &str = "-";

/// What is news since somebody looked last, whichever process that was.
pub async fn run(line: &Line, seen: &Seen, now: DateTime<Utc>) -> Result<Vec<News>, Error> {
    let mut tx = line.store.begin().await?;
    let accepted_at = trouble::accepted_at(&mut tx, seen.accepted, now).await?;
    tx.commit().await?;
    let found = troubles(&line.store, seen, accepted_at, now).await?;
    let unseen: &[&str] = if seen.relay == RelayLook::Unknown { &[RELAY] } else { &[] };
    let mut tx = line.store.begin().await?;
    let news = trouble::note(&mut tx, found, unseen, now).await?;
    if !news.is_empty() {
        alert::owe(&mut tx, &addresses(line), &news).await?;
    }
    tx.commit().await?;
    Ok(news)
}

/// After all that was due was done once: how the relay took our mail, for whoever looks. To tell somebody of it is the
/// daemon's, which looks for itself.
pub async fn seen_once(line: &Line, done: &Delivered, now: DateTime<Utc>) -> Result<(), Error> {
    let mut tx = line.store.begin().await?;
    trouble::accepted_at(&mut tx, done.sent > 0, now).await?;
    match look_of(done) {
        RelayLook::Refuses(why) => setting::put(&mut tx, SEEN_ONCE, &refuses(&why)).await?,
        RelayLook::Takes => setting::put(&mut tx, SEEN_ONCE, "").await?,
        RelayLook::Unknown => {}
    }
    tx.commit().await?;
    Ok(())
}

/// A daemon begins: what it sees of the relay counts.
pub async fn sees_for_itself(store: &Store) -> Result<(), store::Error> {
    if setting::get(store, SEEN_ONCE).await?.is_none_or(|seen| seen == NOBODY) {
        return Ok(());
    }
    let mut tx = store.begin().await?;
    setting::put(&mut tx, SEEN_ONCE, NOBODY).await?;
    tx.commit().await?;
    Ok(())
}

/// What is wrong while nobody is at work, who would look for it: as the rows are now. Of the relay, what whoever was at
/// work last saw of it.
pub async fn unattended(store: &Store, now: DateTime<Utc>) -> Result<Vec<(String, String)>, store::Error> {
    let mut tx = store.begin().await?;
    let accepted_at = trouble::accepted_at(&mut tx, false, now).await?;
    tx.rollback().await?;
    let mut found = troubles(store, &Seen::default(), accepted_at, now).await?;
    let relay = match setting::get(store, SEEN_ONCE).await?.filter(|seen| seen != NOBODY) {
        Some(seen) => Some(seen).filter(|seen| !seen.is_empty()),
        None => trouble::known(store).await?.remove(RELAY).map(|trouble| trouble.words),
    };
    found.extend(relay.map(|words| (RELAY.to_owned(), words)));
    Ok(found)
}

/// What a run of deliveries says of the relay. One that offered it nothing says nothing.
pub fn look_of(done: &Delivered) -> RelayLook {
    let answered = done.sent - done.captured + done.deferred + done.refused;
    match &done.relay_fault {
        Some(why) => RelayLook::Refuses(why.clone()),
        None if answered > 0 => RelayLook::Takes,
        None => RelayLook::Unknown,
    }
}

fn refuses(why: &str) -> String {
    format!("the relay takes no mail from us: {why}")
}

async fn troubles(
    store: &Store,
    seen: &Seen,
    accepted_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<(String, String)>, store::Error> {
    let mut found = Vec::new();
    let mut add = |name: String, words: String| found.push((name, words));
    if let Some(due) = slot::next_run(store).await?.filter(|due| now - *due > RUN_LATE) {
        add(
            "run-late".into(),
            format!("a run has been due since {} and is not made", due.format("%Y-%m-%d %H:%M UTC")),
        );
    }
    if let Some(looked) = seen.scheduler.filter(|looked| now - *looked > SILENT) {
        let words = format!("nobody has looked for what is due since {}", looked.format("%Y-%m-%d %H:%M UTC"));
        add("scheduler-silent".into(), words);
    }
    let answers = queue::waiting(store).await?.into_iter();
    let mut answers = answers.filter(|w| w.kind == "confirm" && matches!(w.state.as_str(), "ready" | "deferred"));
    if let Some(late) = answers.find(|w| now - w.oldest > ANSWER_LATE) {
        let words = format!("a confirmation has waited since {} to be sent", late.oldest.format("%Y-%m-%d %H:%M UTC"));
        add("confirmation-late".into(), words);
    }
    if nothing_accepted(store, accepted_at, now).await? {
        let since = accepted_at.format("%Y-%m-%d %H:%M UTC");
        let words =
            format!("mail waits, and none was accepted since {since}; `tidings mail queue` shows what was said");
        add("nothing-accepted".into(), words);
    }
    if let RelayLook::Refuses(why) = &seen.relay {
        add(RELAY.into(), refuses(why));
    }
    // A person who stops all mail knows it.
    if let Some(why) = hold::by_guard(store).await? {
        add("mail-held".into(), format!("no mail leaves: {why}; `tidings digest release --all` lets it go"));
    }
    for (id, frequency, why) in run::held(store).await? {
        let why = why.map_or_else(String::new, |why| format!(": {why}"));
        add(format!("run-held:{id}"), format!("run {id} ({frequency}) is held{why}; `tidings digest release {id}`"));
    }
    for feed in feed::list(store).await? {
        if feed.held > 0 {
            add(format!("feed-held:{}", feed.slug), held(&feed));
        }
        if feed.gone_at.is_some() {
            let words = format!("the feed `{}` is gone for good; take it out, or give it another address", feed.slug);
            add(format!("feed-gone:{}", feed.slug), words);
        } else if let Some(since) = feed.missing_since.filter(|since| now - *since >= MISSING) {
            let since = since.format("%Y-%m-%d %H:%M UTC");
            let words = format!(
                "the feed `{}` has not been found since {since} (404); take it out, or give it another address",
                feed.slug
            );
            add(format!("feed-missing:{}", feed.slug), words);
        }
    }
    Ok(found)
}

/// Mail that was due so long ago, or was put off by whoever takes it: one full mailbox is no trouble, many are, or a good
/// part of a small house.
async fn nothing_accepted(store: &Store, accepted_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, store::Error> {
    let then = now - NOTHING_ACCEPTED;
    if accepted_at > then {
        return Ok(false);
    }
    if delivery::next_attempt(store).await?.is_some_and(|due| due <= then) {
        return Ok(true);
    }
    let put_off = queue::put_off_since(store, accepted_at, then, MANY).await?;
    if put_off == 0 || put_off >= MANY {
        return Ok(put_off > 0);
    }
    let (readers, _) = subscriber::count(store).await?;
    Ok(4 * put_off >= readers)
}

fn held(feed: &feed::Listed) -> String {
    let (slug, n) = (&feed.slug, feed.held);
    let since = feed.held_since.map(|since| since.format(" since %Y-%m-%d %H:%M UTC").to_string()).unwrap_or_default();
    let articles = count(usize::try_from(n).unwrap_or_default(), "article");
    format!(
        "the feed `{slug}` holds {articles}{since}, far more than usual at once; `tidings feed release {slug}` mails them, with --archive they are kept and not mailed"
    )
}
