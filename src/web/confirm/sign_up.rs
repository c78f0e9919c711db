//! A sign-up on our pages. All that wait at one address have their word at once: it is asked once a day, however often
//! somebody signs it up.

use std::collections::HashSet;

use axum::http::StatusCode;
use axum::response::Response;

use super::super::choices::Numbers;
use super::super::letters;
use super::super::{Pages, upcoming};
use super::{Button, button, by_address, confirmed, expired, parts, send_now};
use crate::model::address::Address;
use crate::model::edition::Format;
use crate::model::holdings::{Settings, StartReason, Wanted};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::render::{Confirming, Content, Step};
use crate::store::consent::{self, Consent};
use crate::store::delivery::Kind;
use crate::store::letter::{self, Letter};
use crate::store::subscription::{self, Subscription, Wish};
use crate::store::{self, Tx, former, nudge, suppression};

pub async fn ask(pages: &Pages, token: &str, letter: &Letter, address: &Address) -> Result<Response, store::Error> {
    if !letter.is_open(pages.clock.now()) {
        return had_its_word(pages, token, letter, address).await;
    }
    let numbers = Numbers::of(pages).await?;
    let open = letter::open_of(&pages.store, &letter.hash, pages.clock.now()).await?;
    let wanted = Asked::all(&numbers, &open);
    if wanted.is_empty() {
        return Ok(expired(pages));
    }
    let reader = by_address(pages, address).await?;
    let held = match &reader {
        Some(reader) => subscription::of_reader(&pages.store, reader.id).await?,
        None => vec![],
    };
    let will_come = will_come(&held, wanted);
    // All that is asked for is paused: nothing is started by a word.
    if let Some(reader) = reader.as_ref().filter(|_| will_come.is_empty()) {
        return confirmed(pages, token, reader, false).await;
    }
    // Whoever is known keeps what they have set.
    let (hour, zone) = reader.as_ref().map_or((letter.hour, letter.zone), |reader| (reader.hour, reader.zone));
    // A suppression would end their digests: whoever gets mail is told that they need do nothing.
    let gets_mail = held.iter().any(gets_mail);
    let content = Confirming {
        parts: parts(pages, &letter.language, will_come.iter().map(|asked| (&asked.topic, &asked.frequency))),
        first: upcoming::first(pages, will_come.iter().map(|asked| &asked.frequency), hour, zone),
        zone: zone.name().to_owned(),
        step: Step::Ask(button(pages, token, "yes")),
        not_me: (!gets_mail).then(|| button(pages, token, "not-me")),
        gets_mail,
        now: None,
        is_coming: false,
        preferences_url: None,
    };
    Ok(pages.page(StatusCode::OK, &letter.language, Content::Confirm(Box::new(content))))
}

pub async fn press(
    pages: &Pages,
    token: &str,
    letter: &Letter,
    address: &Address,
    pressed: Button,
) -> Result<Response, store::Error> {
    let is_open = letter.is_open(pages.clock.now());
    match pressed {
        Button::Yes if is_open => {
            start(pages, letter, address).await?;
            had_its_word(pages, token, letter, address).await
        }
        Button::Yes => had_its_word(pages, token, letter, address).await,
        Button::Now => match by_address(pages, address).await? {
            Some(reader) => send_now(pages, token, &reader).await,
            None => Ok(expired(pages)),
        },
        // Their mail goes on: nothing of it is promised to end.
        Button::NotMe if is_open && is_reader(pages, address).await? => ask(pages, token, letter, address).await,
        Button::NotMe if is_open => {
            refuse(pages, letter).await?;
            Ok(refused(pages, token, &letter.language))
        }
        Button::NotMe => had_its_word(pages, token, letter, address).await,
        Button::Undo => {
            take_back(pages, &letter.hash).await?;
            let mut waiting = letter.clone();
            waiting.answered_at = None;
            ask(pages, token, &waiting, address).await
        }
    }
}

/// A topic at a frequency.
struct Asked {
    topic: Slug,
    frequency: Slug,
}

impl Asked {
    /// What letters ask for, each topic once, as it was asked for first.
    fn all(numbers: &Numbers, letters: &[Letter]) -> Vec<Self> {
        let mut seen = HashSet::new();
        let of_letter = |letter: &Letter| {
            let frequency = letter.frequency.and_then(|id| Numbers::slug_of(&numbers.frequencies, id)).cloned();
            let topics = letter.topics().into_iter().filter_map(|id| Numbers::slug_of(&numbers.topics, id).cloned());
            topics.filter_map(|topic| Some(Self { topic, frequency: frequency.clone()? })).collect::<Vec<_>>()
        };
        letters.iter().flat_map(of_letter).filter(|asked| seen.insert(asked.topic.clone())).collect()
    }
}

/// What comes after the word: what comes already, as it does, and what starts.
fn will_come(held: &[Subscription], wanted: Vec<Asked>) -> Vec<Asked> {
    let comes = held.iter().filter(|s| s.state == "active");
    let comes = comes.map(|s| Asked { topic: s.topic.clone(), frequency: s.frequency.clone() });
    let starts = wanted.into_iter().filter(|asked| !held.iter().any(|s| s.topic == asked.topic && gets_mail(s)));
    comes.chain(starts).collect()
}

/// Makes a reader of an address, or gives a reader more topics, in one transaction with what they said yes to.
async fn start(pages: &Pages, letter: &Letter, address: &Address) -> Result<(), store::Error> {
    let now = pages.clock.now();
    let numbers = Numbers::of(pages).await?;
    let open = letter::open_of(&pages.store, &letter.hash, now).await?;
    // What starts, each letter says for itself; how, the one that is before them: others may never have been mailed.
    let settings =
        Settings { language: letter.language.clone(), zone: letter.zone, hour: letter.hour, format: Format::default() };
    let wish = |letter: &Letter| {
        Some(Wish {
            address: address.clone(),
            key: pages.chance.key(),
            settings: settings.clone(),
            set: false,
            regions: None,
            wanted: Wanted {
                topics: letter.topics(),
                frequency: letter.frequency?,
                reason: StartReason::Confirmed,
                pending: false,
                respects_stops: false,
            },
        })
    };
    let wishes: Vec<Wish> = open.iter().filter_map(wish).collect();
    let topics: Vec<Slug> = Asked::all(&numbers, &open).into_iter().map(|asked| asked.topic).collect();

    let mut tx = pages.store.begin().await?;
    // Of two presses at the same time one is first.
    if letter::answer(&mut tx, &letter.hash, now).await? > 0 {
        let granted = subscription::grant_all(&mut tx, &wishes, now).await?;
        if let Some(first) = granted.first() {
            let consent = Consent {
                subscriber: first.subscriber,
                wording: pages.templates.version(),
                language: &letter.language,
                origin: &letter.origin,
                topics: &topics,
            };
            consent::record(&mut tx, &consent, now).await?;
            former::returns(&mut tx, &letter.hash).await?;
            welcome(pages, &mut tx, first.subscriber, first.new_reader).await?;
        }
    }
    tx.commit().await?;
    nudge::nudge(&pages.store).await.map(drop)
}

/// Off by default: the page says it already.
async fn welcome(pages: &Pages, tx: &mut Tx, subscriber: i64, new_reader: bool) -> Result<(), store::Error> {
    if new_reader && pages.config.delivery.welcome {
        letters::answer(pages, tx, Kind::Welcome, subscriber).await?;
    }
    Ok(())
}

/// Whether digests come to this address, or will after a pause. Whoever has stopped is known for a while, too.
async fn is_reader(pages: &Pages, address: &Address) -> Result<bool, store::Error> {
    let Some(reader) = by_address(pages, address).await? else { return Ok(false) };
    Ok(subscription::of_reader(&pages.store, reader.id).await?.iter().any(gets_mail))
}

fn gets_mail(subscription: &Subscription) -> bool {
    matches!(subscription.state.as_str(), "active" | "paused")
}

/// Nobody asks this address again.
async fn refuse(pages: &Pages, letter: &Letter) -> Result<(), store::Error> {
    let now = pages.clock.now();
    let mut tx = pages.store.begin().await?;
    letter::answer(&mut tx, &letter.hash, now).await?;
    suppression::add_not_me(&mut tx, &letter.hash, now).await?;
    tx.commit().await
}

async fn take_back(pages: &Pages, hash: &[u8]) -> Result<(), store::Error> {
    let mut tx = pages.store.begin().await?;
    letter::reopen(&mut tx, hash).await?;
    suppression::take_back_not_me(&mut tx, hash).await?;
    tx.commit().await
}

/// The same without a letter that could be confirmed now: they can sign up again.
pub async fn undo(pages: &Pages, hash: &[u8]) -> Result<Response, store::Error> {
    take_back(pages, hash).await?;
    Ok(expired(pages))
}

pub async fn is_refused(pages: &Pages, hash: &[u8]) -> Result<bool, store::Error> {
    let suppressed = suppression::find(&pages.store, hash).await?;
    Ok(suppressed.is_some_and(|(reason, _)| reason == "not-me"))
}

pub fn refused(pages: &Pages, token: &str, language: &Language) -> Response {
    let content = Confirming {
        parts: vec![],
        first: None,
        zone: pages.config.site.timezone.name().to_owned(),
        step: Step::Refused(button(pages, token, "undo")),
        not_me: None,
        gets_mail: false,
        now: None,
        is_coming: false,
        preferences_url: None,
    };
    pages.page(StatusCode::OK, language, Content::Confirm(Box::new(content)))
}

/// The link was used: what it started, or that it was refused.
async fn had_its_word(
    pages: &Pages,
    token: &str,
    letter: &Letter,
    address: &Address,
) -> Result<Response, store::Error> {
    if is_refused(pages, &letter.hash).await? {
        return Ok(refused(pages, token, &letter.language));
    }
    match by_address(pages, address).await? {
        Some(reader) => confirmed(pages, token, &reader, false).await,
        None => Ok(expired(pages)),
    }
}
