//! What each section's button does.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::super::choices::Numbers;
use super::super::form::Form;
use super::super::{Pages, confirm, link};
use super::Visit;
use crate::model::address::Address;
use crate::model::edition::Format;
use crate::model::holdings::{Pause, PauseReason, Return, StartReason, StopReason, Wanted};
use crate::model::slug::Slug;
use crate::render::{Fault, Said};
use crate::store;
use crate::store::consent::{self, Consent};
use crate::store::subscription::{self, Otherwise, Subscription, Wish};

/// The longest pause with an end.
const LONGEST: Days = Days::new(366);

/// What a press of a button came to.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    pub said: Option<Said>,
    pub faults: Vec<Fault>,
    /// As it was typed, where it was wrong.
    pub until: String,
    pub new_address: String,
}

impl Changed {
    /// The sentence, or that it was like that already.
    fn or_nothing(did: bool, said: Said) -> Self {
        Self { said: Some(if did { said } else { Said::Nothing }), ..Self::default() }
    }

    fn wrong(field: &'static str, message: &'static str) -> Self {
        Self { faults: vec![Fault { field, message }], ..Self::default() }
    }
}

pub async fn make(pages: &Pages, visit: &Visit, form: &Form) -> Result<Changed, store::Error> {
    match form.text("section") {
        "topics" => topics(pages, visit, form).await,
        "regions" => regions(pages, visit, form).await,
        "settings" => settings(pages, visit, form).await,
        "pause" => pause(pages, visit, form.text("until")).await,
        "resume" => resume(pages, visit, form.text("how")).await,
        "link" => {
            link::send(pages, Some(visit.reader.id)).await?;
            Ok(Changed { said: Some(Said::LinkSent), ..Changed::default() })
        }
        "address" => address(pages, visit, form.text("address")).await,
        _ => Ok(Changed::default()),
    }
}

/// Unticked ones stop, newly ticked ones start, and those that stay may come at another frequency: all at once.
async fn topics(pages: &Pages, visit: &Visit, form: &Form) -> Result<Changed, store::Error> {
    let numbers = Numbers::of(pages).await?;
    let ticked: Vec<Slug> = form.all("topic").filter_map(|slug| slug.parse().ok()).collect();
    let frequency = |slug: &Slug| -> Option<i64> {
        let chosen: Option<Slug> = form.text(&format!("frequency-{slug}")).parse().ok();
        chosen.and_then(|chosen| numbers.frequencies.get(&chosen)).copied()
    };
    let usual = pages.config.frequencies.first().and_then(|f| numbers.frequencies.get(&f.slug)).copied();
    let held = subscription::of_reader(&pages.store, visit.reader.id).await?;
    let live: Vec<&Slug> = held.iter().filter(|s| s.state != "ended").map(|s| &s.topic).collect();
    // One that is given up stands on no page: what is not shown is not unticked.
    let shown = |slug: &Slug| numbers.topics.get(slug).copied();

    let (reader, now) = (visit.reader.id, pages.clock.now());
    let unticked: Vec<i64> = live.iter().filter(|slug| !ticked.contains(slug)).filter_map(|slug| shown(slug)).collect();
    let mut new: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut kept: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for slug in &ticked {
        let Some(topic) = shown(slug) else { continue };
        let (chosen, is_live) = (frequency(slug), live.contains(&slug));
        match chosen.or(usual.filter(|_| !is_live)) {
            Some(frequency) if is_live => kept.entry(frequency).or_default().push(topic),
            Some(frequency) => new.entry(frequency).or_default().push(topic),
            None => {}
        }
    }

    let (mut did, mut added) = (false, Vec::new());
    let mut tx = pages.store.begin().await?;
    if !unticked.is_empty() {
        did |= !subscription::stop(&mut tx, reader, Some(&unticked), StopReason::Reader, now).await?.is_empty();
    }
    for (frequency, topics) in kept {
        let wish = Otherwise { frequency: Some((Some(topics), frequency)), ..Otherwise::default() };
        did |= !subscription::set(&mut tx, reader, &wish, now).await?.moved.is_empty();
    }
    let paused = common_pause(&held, &ticked);
    for (frequency, topics) in new {
        let Some(wish) = wish(pages, visit, topics, frequency) else { continue };
        added.extend(subscription::grant(&mut tx, &wish, now).await?.given.added);
    }
    if let Some(pause) = paused.filter(|_| !added.is_empty()) {
        subscription::pause(&mut tx, reader, Some(&added), pause, now).await?;
    }
    if !added.is_empty() {
        did = true;
        let topics: Vec<Slug> =
            ticked.into_iter().filter(|slug| shown(slug).is_some_and(|id| added.contains(&id))).collect();
        let consent = Consent {
            subscriber: reader,
            wording: pages.templates.version(),
            language: &visit.reader.settings().language,
            origin: "/preferences",
            topics: &topics,
        };
        consent::record(&mut tx, &consent, now).await?;
    }
    tx.commit().await?;
    Ok(Changed::or_nothing(did, Said::Topics))
}

/// The pause of everything that goes on; None: something comes, or nothing is left. What is added meanwhile is paused
/// likewise, and comes back with the rest: the reader wanted no mail for now.
fn common_pause(held: &[Subscription], ticked: &[Slug]) -> Option<Pause> {
    let mut left = held.iter().filter(|s| s.state != "ended" && ticked.contains(&s.topic)).map(pause_of);
    let first = left.next()??;
    // Of several pauses the one that ends first, as the page says.
    left.try_fold(first, |first, pause| {
        let pause = pause?;
        let is_first = pause.until.is_some_and(|until| first.until.is_none_or(|other| until < other));
        Some(if is_first { pause } else { first })
    })
}

fn pause_of(subscription: &Subscription) -> Option<Pause> {
    if subscription.state != "paused" {
        return None;
    }
    let until = subscription.paused_until.as_ref().and_then(|day| day.parse().ok());
    Some(Pause { until, reason: PauseReason::of_word(subscription.pause_reason.as_deref()?)? })
}

fn wish(pages: &Pages, visit: &Visit, topics: Vec<i64>, frequency: i64) -> Option<Wish> {
    Some(Wish {
        address: visit.reader.address.clone()?,
        key: pages.chance.key(),
        settings: visit.reader.settings(),
        set: false,
        regions: None,
        wanted: Wanted { topics, frequency, reason: StartReason::Confirmed, pending: false, respects_stops: false },
    })
}

async fn regions(pages: &Pages, visit: &Visit, form: &Form) -> Result<Changed, store::Error> {
    let numbers = Numbers::of(pages).await?;
    let ticked = form.all("region").filter_map(|slug| slug.parse::<Slug>().ok());
    let mut chosen: Vec<i64> = ticked.filter_map(|slug| numbers.regions.get(&slug).copied()).collect();
    // All of them, those of next year too: none.
    if chosen.len() == numbers.regions.len() {
        chosen.clear();
    }
    let wish = Otherwise { regions: Some(chosen), ..Otherwise::default() };
    let altered = set(pages, visit, &wish).await?;
    Ok(Changed::or_nothing(altered.regions, Said::Regions))
}

async fn settings(pages: &Pages, visit: &Visit, form: &Form) -> Result<Changed, store::Error> {
    let mut settings = visit.reader.settings();
    if let Some(hour) = form.text("hour").parse().ok().filter(|hour| (0..24).contains(hour)) {
        settings.hour = hour;
    }
    if let Ok(zone) = form.text("zone").parse() {
        settings.zone = zone;
    }
    let languages = &pages.config.site.languages;
    if let Some(language) = languages.iter().find(|language| language.as_str() == form.text("language")) {
        settings.language = language.clone();
    }
    settings.format = match form.text("format") {
        "full" => Format::Full,
        "no-images" => Format::NoImages,
        "text" => Format::Text,
        _ => settings.format,
    };
    let altered = set(pages, visit, &Otherwise { settings: Some(settings), ..Otherwise::default() }).await?;
    Ok(Changed::or_nothing(altered.settings, Said::Settings))
}

async fn set(pages: &Pages, visit: &Visit, wish: &Otherwise) -> Result<subscription::Altered, store::Error> {
    let mut tx = pages.store.begin().await?;
    let altered = subscription::set(&mut tx, visit.reader.id, wish, pages.clock.now()).await?;
    tx.commit().await?;
    Ok(altered)
}

async fn pause(pages: &Pages, visit: &Visit, typed: &str) -> Result<Changed, store::Error> {
    let now = pages.clock.now();
    let today = now.with_timezone(&visit.reader.zone).date_naive();
    let fits = |day: &NaiveDate| *day >= today && today.checked_add_days(LONGEST).is_some_and(|last| *day <= last);
    let until = typed.parse().ok().filter(fits);
    if until.is_none() && !typed.is_empty() {
        return Ok(Changed { until: typed.to_owned(), ..Changed::wrong("until", "until_wrong") });
    }
    let mut tx = pages.store.begin().await?;
    let pause = Pause { until, reason: PauseReason::Reader };
    let paused = subscription::pause(&mut tx, visit.reader.id, None, pause, now).await?;
    tx.commit().await?;
    Ok(Changed::or_nothing(!paused.is_empty(), Said::Paused))
}

async fn resume(pages: &Pages, visit: &Visit, how: &str) -> Result<Changed, store::Error> {
    let how = if how == "now" { Return::FromNow } else { Return::CatchUp };
    let mut tx = pages.store.begin().await?;
    let back = subscription::resume(&mut tx, visit.reader.id, None, how, pages.clock.now()).await?;
    tx.commit().await?;
    Ok(Changed::or_nothing(!back.is_empty(), Said::Resumed))
}

/// Only by a link that was asked for: one in a digest may have been forwarded with it.
async fn address(pages: &Pages, visit: &Visit, typed: &str) -> Result<Changed, store::Error> {
    if !visit.fresh {
        return Ok(Changed::default());
    }
    let wrong = |message| Ok(Changed { new_address: typed.to_owned(), ..Changed::wrong("address", message) });
    let new: Address = match typed.parse() {
        Ok(address) => address,
        Err(_) if typed.is_empty() => return wrong("address_missing"),
        Err(_) => return wrong("address_wrong"),
    };
    if visit.reader.address.as_ref().is_some_and(|old| old.wire() == new.wire()) {
        return wrong("address_same");
    }
    confirm::ask_new_address(pages, &visit.reader, &new).await?;
    Ok(Changed { said: Some(Said::AddressAsked), ..Changed::default() })
}
