//! From a claimed delivery to the bytes of its message. An edition is rendered and encoded once for all its readers;
//! one that cannot be rendered is set aside with what waits for it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio_util::task::TaskTracker;
use tracing::error;

use super::answers::address_of;
use super::proof::Proof;
use super::signing::signed;
use super::{Line, Parcel};
use crate::config::Config;
use crate::mail::head::{Head, List, Mailbox};
use crate::mail::message::{Encoded, Message};
use crate::model::address::Address;
use crate::model::article::Story;
use crate::model::delivery::{Key, Mode};
use crate::model::directory::Directory;
use crate::model::edition::Content;
use crate::model::language::Language;
use crate::model::rendering::{Place, Places, Rendering};
use crate::model::token::{Purpose, base32};
use crate::model::words::with_causes;
use crate::pipeline::Error;
use crate::render::{Reading, Site};
use crate::store::article::{self, Version};
use crate::store::claim::{Claimed, Taken};
use crate::store::delivery::{Kind, Settled};
use crate::store::edition::Edition;
use crate::store::subscriber::Subscriber;
use crate::store::{self, Tx, declared, edition, lease, suppression};

/// Beginnings of a rendering without an end, by each daemon, after which an edition is set aside.
const MARKS: i64 = 3;

/// Editions whose articles are read together.
const AT_ONCE: usize = 20;

/// What a claimed delivery became.
pub enum Pressed {
    Parcel(Box<Parcel>),
    Ended(Settled),
    SetAside,
}

/// An edition, ready for its readers.
#[derive(Clone)]
struct Plate {
    encoded: Arc<Encoded>,
    edition_url: Arc<str>,
    /// Slugs and names of its topics, for the links and the "why".
    topics: Arc<[(String, String)]>,
}

/// What differs from reader to reader.
struct Recipient<'a> {
    to: &'a Address,
    /// What the reader's links carry.
    reader: &'a Key,
    delivery: &'a Key,
    /// By which topics they get it.
    why: &'a Place,
    date: DateTime<Utc>,
}

impl Plate {
    fn names(&self) -> Vec<String> {
        self.topics.iter().map(|(_, name)| name.clone()).collect()
    }
}

/// Readers of one edition have the same topics, mostly: in words, those of the last one.
struct Why {
    /// JSON, as a delivery has it.
    topics: String,
    language: Language,
    place: Place,
}

pub struct Press {
    pub(super) line: Line,
    pub(super) site: Site,
    pub(super) directory: Directory,
    from: Mailbox,
    /// Of the batch that was looked ahead to. None: it cannot be rendered, and was set aside.
    plates: HashMap<i64, Option<Plate>>,
    /// Of the batches that were looked ahead to, the hashes of addresses that must not be mailed.
    suppressed: HashSet<Vec<u8>>,
    why: Option<Why>,
    /// Parcels that have not come to their end.
    pub(super) in_hand: TaskTracker,
    /// At work at the same time, each of which may have begun the same rendering.
    daemons: i64,
}

impl Press {
    pub async fn open(line: &Line) -> Result<Self, Error> {
        let topics = declared::all_topics(&line.store).await?.into_iter().map(|t| (t.id, t.facet, t.slug));
        let frequencies = declared::all_frequencies(&line.store).await?.into_iter().map(|f| (f.id, f.slug));
        let in_hand = TaskTracker::new();
        // Whoever waits for it waits until there is none.
        in_hand.close();
        Ok(Self {
            site: site(&line.config),
            directory: line.config.directory(topics, frequencies),
            from: from(&line.config),
            line: line.clone(),
            plates: HashMap::new(),
            suppressed: HashSet::new(),
            why: None,
            in_hand,
            daemons: i64::try_from(lease::holders(&line.store).await?.len()).unwrap_or(1).max(1),
        })
    }

    /// Of a batch that [`Press::look_ahead`] has seen, and whose editions were made.
    pub async fn press(&mut self, claimed: Claimed, now: DateTime<Utc>) -> Result<Pressed, Error> {
        let Some(to) = address_of(&claimed, &self.line.keys) else {
            return Ok(Pressed::Ended(Settled::Cancelled { reason: "erased" }));
        };
        let hash = self.line.keys.hash_of_address(&to);
        if self.suppressed.contains(&hash) {
            return Ok(Pressed::Ended(Settled::Cancelled { reason: "suppressed" }));
        }
        let made = match (claimed.kind, claimed.edition) {
            (Kind::Digest, Some(edition)) => match self.plate(edition, now).await? {
                Some(plate) => self.digest(&claimed, &plate, &to),
                None => return Ok(Pressed::SetAside),
            },
            (Kind::Digest, None) => return Ok(Pressed::Ended(Settled::Cancelled { reason: "has no edition" })),
            _ => match self.answer(&claimed, &to).await? {
                Some(made) => made,
                None => return Ok(Pressed::Ended(Settled::Cancelled { reason: "what it answers is there no more" })),
            },
        };
        let mail = match made {
            Ok(mail) => mail,
            Err(error) => {
                error!(delivery.id = claimed.id, "delivery {} cannot be made: {}", claimed.id, with_causes(&*error));
                let why = with_causes(&*error);
                return Ok(Pressed::Ended(match claimed.kind {
                    Kind::Digest => Settled::Refused { reply: format!("never handed over: {why}") },
                    // There is no edition to be set aside.
                    _ => Settled::SetAside { why },
                }));
            }
        };
        let captured = is_captured(&self.line, claimed.mode, &to);
        let envelope_from = envelope_from(&self.line, &claimed.key);
        let _in_hand = self.in_hand.token();
        Ok(Pressed::Parcel(Box::new(Parcel { claimed, envelope_from, to, hash, message: mail, captured, _in_hand })))
    }

    /// The edition, rendered and encoded; None when it cannot be and was set aside.
    async fn plate(&mut self, id: i64, now: DateTime<Utc>) -> Result<Option<Plate>, Error> {
        if let Some(plate) = self.plates.get(&id) {
            return Ok(plate.clone());
        }
        // Marked before it is tried: what brings the program down is not tried for ever. That outlives the program without
        // a wait for the disk, during which a kill would count as one by the rendering.
        let mut tx = self.line.store.begin_relaxed().await?;
        let marks = edition::mark_rendering(&mut tx, id).await?;
        tx.commit().await?;
        let plate = if marks > MARKS * self.daemons {
            self.set_aside(id, "three attempts to render it came to no end", now).await?;
            None
        } else {
            let made = self.made(id, now).await;
            self.not_held_against(&[id], made).await?
        };
        self.plates.insert(id, plate.clone());
        Ok(plate)
    }

    async fn made(&self, id: i64, now: DateTime<Utc>) -> Result<Option<Plate>, Error> {
        match self.render_one(id).await? {
            Ok(plate) => {
                self.unmark(&[id]).await?;
                Ok(Some(plate))
            }
            Err(why) => {
                self.set_aside(id, &why, now).await?;
                Ok(None)
            }
        }
    }

    async fn set_aside(&self, id: i64, why: &str, now: DateTime<Utc>) -> Result<(), Error> {
        let mut tx = self.line.store.begin().await?;
        let waiting = edition::quarantine(&mut tx, id, why, now).await?;
        tx.commit().await?;
        error!(edition.id = id, waiting, "edition {id} cannot be rendered; {waiting} deliveries wait: {why}");
        Ok(())
    }

    /// An error is not what the marks count: it takes them back, if the database takes anything.
    pub async fn not_held_against<T>(&self, marked: &[i64], done: Result<T, Error>) -> Result<T, Error> {
        if done.is_err() && !marked.is_empty() {
            let _ = self.take_back(marked).await;
        }
        done
    }

    async fn take_back(&self, marked: &[i64]) -> Result<(), Error> {
        let mut tx = self.line.store.begin_relaxed().await?;
        edition::take_back(&mut tx, marked).await?;
        Ok(tx.commit().await?)
    }

    /// Marks the editions that are to be made for what is taken, in the same transaction: what brings the program down is
    /// not tried for ever. Gives what [`Press::render_ahead`] takes.
    pub async fn mark_ahead(&mut self, tx: &mut Tx, taken: &Taken) -> Result<Vec<i64>, Error> {
        let editions: BTreeSet<i64> = taken.editions().collect();
        // Claims come edition by edition: those of the batch before are done, but for the one that goes on.
        if !editions.is_empty() {
            // What was set aside is due again if somebody has other texts.
            self.plates.retain(|id, plate| plate.is_some() && editions.contains(id));
        }
        let new: Vec<i64> = editions.into_iter().filter(|id| !self.plates.contains_key(id)).collect();
        Ok(if new.is_empty() { vec![] } else { edition::mark_fresh(tx, &new).await? })
    }

    /// At once, and without a wait for the disk: whoever is killed later was not brought down by these.
    async fn unmark(&self, rendered: &[i64]) -> Result<(), Error> {
        let mut tx = self.line.store.begin_relaxed().await?;
        edition::rendered(&mut tx, rendered).await?;
        Ok(tx.commit().await?)
    }

    /// Looks up who of this batch must not be mailed, all at once.
    pub async fn look_ahead(&mut self, batch: &[Claimed]) -> Result<(), Error> {
        let to = batch.iter().filter_map(|claimed| address_of(claimed, &self.line.keys));
        let hashes: Vec<Vec<u8>> = to.map(|to| self.line.keys.hash_of_address(&to)).collect();
        let suppressed = suppression::which(&self.line.store, &hashes).await?;
        for hash in &hashes {
            self.suppressed.remove(hash);
        }
        self.suppressed.extend(suppressed);
        Ok(())
    }

    /// Makes these editions. What cannot be rendered here is come back to one by one.
    pub async fn render_ahead(&mut self, editions: &[i64]) -> Result<(), Error> {
        let mut rendered = Vec::with_capacity(editions.len());
        for some in editions.chunks(AT_ONCE) {
            let (found, stories) = match self.read(some).await {
                Err(failure) if failure.is_of_a_row() => continue,
                read => read?,
            };
            for edition in &found {
                if let Ok(plate) = self.make_of(&stories, &edition.content, &edition.key, false) {
                    self.plates.insert(edition.id, Some(plate));
                    rendered.push(edition.id);
                }
            }
        }
        if rendered.is_empty() { Ok(()) } else { self.unmark(&rendered).await }
    }

    async fn render_one(&self, id: i64) -> Result<Result<Plate, String>, Error> {
        Ok(match self.read(&[id]).await {
            Ok((found, stories)) => match found.first() {
                Some(edition) => self.make_of(&stories, &edition.content, &edition.key, false),
                None => Err("it is not there".to_owned()),
            },
            Err(failure) if failure.is_of_a_row() => Err("what is kept of it cannot be read".to_owned()),
            Err(failure) => return Err(failure.into()),
        })
    }

    /// Editions, and what they tell.
    async fn read(&self, ids: &[i64]) -> Result<(Vec<Edition>, Stories), store::Error> {
        let found = edition::by_ids(&self.line.store, ids).await?;
        let stories = self.stories(found.iter().map(|edition| &edition.content)).await?;
        Ok((found, stories))
    }

    async fn stories(&self, contents: impl Iterator<Item = &Content>) -> Result<Stories, store::Error> {
        let ids: BTreeSet<i64> = contents.flat_map(Content::articles).collect();
        let ids: Vec<i64> = ids.into_iter().collect();
        article::stories(&self.line.store, &ids, Version::Mailed).await
    }

    /// Renders and encodes content, or says in words why not.
    async fn make(&self, content: &Content, key: &[u8], test: bool) -> Result<Result<Plate, String>, Error> {
        let stories = self.stories([content].into_iter()).await?;
        Ok(self.make_of(&stories, content, key, test))
    }

    fn make_of(&self, stories: &Stories, content: &Content, key: &[u8], test: bool) -> Result<Plate, String> {
        let (rendered, edition_url, topics) = self.render(stories, content, key, test);
        let encoded = rendered.and_then(|r| Encoded::of(&r).map_err(|error| with_causes(&error)));
        encoded.map(|encoded| Plate { encoded: Arc::new(encoded), edition_url, topics })
    }

    /// What is rendered, the page behind it, and the slugs and names of its topics.
    fn render(&self, stories: &Stories, content: &Content, key: &[u8], test: bool) -> Rendered {
        let edition_url = self.line.config.site.link(&format!("/edition/{}", base32(key)));
        let reading = Reading {
            site: &self.site,
            directory: &self.directory,
            stories,
            // An edition that still has one goes as it was: whoever withdraws gives what waits another.
            withdrawn: &HashSet::new(),
            edition_url: &edition_url,
            whole: false,
            test,
        };
        let digest = reading.digest(content);
        let topics: Vec<_> = digest.sections.iter().map(|s| (s.topic.to_string(), s.name.clone())).collect();
        let rendered = self.line.templates.digest(&digest).map_err(|error| with_causes(&error));
        let rendered = rendered.and_then(|rendering| self.nothing_left(rendering, &topics));
        (rendered, edition_url.into(), topics.into())
    }

    fn digest(&mut self, claimed: &Claimed, plate: &Plate, to: &Address) -> Result<Message, Failure> {
        let (Some(reader), Some(language)) = (&claimed.reader_key, &claimed.language) else {
            return Err("its reader is not there".into());
        };
        let why = self.why(claimed.topics.as_deref(), language, plate);
        let delivery = &claimed.key;
        self.splice(plate, &Recipient { to, reader, delivery, why: &why, date: claimed.created_at })
    }

    /// `topics`: JSON, those that the reader held in the run's slot.
    fn why(&mut self, topics: Option<&str>, language: &Language, plate: &Plate) -> Place {
        let known =
            self.why.as_ref().filter(|known| Some(known.topics.as_str()) == topics && known.language == *language);
        if let Some(known) = known {
            return known.place.clone();
        }
        let Some((topics, names)) = topics.and_then(|held| Some((held, self.topics_of(held, language)?))) else {
            return self.line.templates.why(language, &plate.names());
        };
        let place = self.line.templates.why(language, &names);
        self.why = Some(Why { topics: topics.to_owned(), language: language.clone(), place: place.clone() });
        place
    }

    fn splice(&self, plate: &Plate, recipient: &Recipient<'_>) -> Result<Message, Failure> {
        let (places, stop) = self.places(&plate.topics, recipient.reader, recipient.why, recipient.date);
        let owner = reply_to(&self.line.config);
        let help = format!("mailto:{}", owner.wire());
        let list = List {
            id: self.line.config.site.url.host_str().unwrap_or("tidings"),
            name: &self.line.config.site.name,
            unsubscribe_url: &stop,
            unsubscribe_address: None,
            help_url: &help,
            owner,
            archive_url: &plate.edition_url,
        };
        let head = Head { list: Some(list), ..self.head(recipient.delivery, recipient.date, recipient.to) };
        Ok(plate.encoded.splice(&head, &places)?)
    }

    /// What fills the holes for a reader, and the link that stops everything.
    fn places(&self, topics: &[(String, String)], reader: &Key, why: &Place, date: DateTime<Utc>) -> (Places, String) {
        let site = &self.line.config.site;
        let stop = site.link(&format!("/stop/{}", self.line.keys.token(Purpose::Stop, &reader.0)));
        let mut places = Places::new();
        for (slug, _) in topics {
            places.insert(format!("stop_topic_{slug}"), Place::plain(format!("{stop}?topic={slug}")));
        }
        places.insert("why".to_owned(), why.clone());
        let token = self.line.keys.dated(Purpose::Preferences, &reader.0, date);
        let preferences = site.link(&format!("/preferences/{token}"));
        places.insert("pause".to_owned(), Place::plain(format!("{preferences}#pause")));
        places.insert("preferences".to_owned(), Place::plain(preferences));
        places.insert("stop".to_owned(), Place::plain(stop.as_str()));
        (places, stop)
    }

    /// An edition with a hole that nothing fills is set aside, as one that cannot be rendered is: each of its messages
    /// would be refused for good, one by one.
    fn nothing_left(&self, rendering: Rendering, topics: &[(String, String)]) -> Result<Rendering, String> {
        let (places, _) = self.places(topics, &Key([0; 16]), &Place::plain(""), DateTime::UNIX_EPOCH);
        let mut holes = rendering.text.holes().chain(rendering.html.holes());
        let left = holes.find(|hole| !places.contains_key(*hole)).map(str::to_owned);
        drop(holes);
        match left {
            Some(hole) => Err(format!("nothing fills the place `{hole}` of its template")),
            None => Ok(rendering),
        }
    }

    /// All topics that the reader held in the run's slot, for the "why": the same at every attempt.
    fn topics_of(&self, held: &str, language: &Language) -> Option<Vec<String>> {
        let held: Vec<i64> = serde_json::from_str(held).ok()?;
        let site = &self.line.config.site.language;
        let named = held.iter().filter_map(|topic| self.directory.topics.get(topic));
        Some(named.map(|named| named.in_language(language, site).to_owned()).collect())
    }

    pub(super) fn head<'a>(&'a self, key: &Key, date: DateTime<Utc>, to: &'a Address) -> Head<'a> {
        let delivery = &self.line.config.delivery;
        Head {
            from: &self.from,
            to,
            reply_to: delivery.reply_to.as_ref().map(|mailbox| &mailbox.address),
            date,
            key: *key,
            message_id_domain: delivery.from.address.domain(),
            list: None,
            feedback_id: None,
        }
    }

    /// A reader's digest as it would leave, for somebody to look at. `held`: JSON, their topics.
    pub(super) async fn proof(
        &self,
        content: &Content,
        held: &str,
        reader: &Subscriber,
        to: &Address,
        now: DateTime<Utc>,
    ) -> Result<Result<Proof, String>, Error> {
        let stories = self.stories([content].into_iter()).await?;
        let (rendered, edition_url, topics) = self.render(&stories, content, &content.key(), false);
        let rendering = match rendered {
            Ok(rendering) => rendering,
            Err(why) => return Ok(Err(why)),
        };
        let encoded = match Encoded::of(&rendering) {
            Ok(encoded) => Arc::new(encoded),
            Err(error) => return Ok(Err(with_causes(&error))),
        };
        let plate = Plate { encoded, edition_url, topics };
        let names = self.topics_of(held, &reader.language).unwrap_or_else(|| plate.names());
        let why = self.line.templates.why(&reader.language, &names);
        let delivery = self.line.chance.key();
        let key = &reader.key;
        let recipient = Recipient { to, reader: key, delivery: &delivery, why: &why, date: now };
        let message = match self.splice(&plate, &recipient) {
            Ok(message) => signed(&self.line, message, now).await,
            Err(error) => Err(with_causes(&*error)),
        };
        let message = match message {
            Ok(message) => message,
            Err(why) => return Ok(Err(why)),
        };
        let (places, _) = self.places(&plate.topics, key, &why, now);
        let html = rendering.html.filled(|name| places.get(name).map(|place| place.html.as_str()));
        Ok(Ok(Proof {
            text: rendering.text.filled(|name| places.get(name).map(|place| place.text.as_str())),
            html: (!html.is_empty()).then_some(html),
            subject: rendering.subject,
            message: message.into_bytes(),
        }))
    }

    /// A digest for somebody to look at, outside the queue and the ledger.
    pub(super) async fn trial(
        &self,
        content: &Content,
        reader: &Key,
        delivery: &Key,
        to: &Address,
        now: DateTime<Utc>,
    ) -> Result<Result<Message, String>, Error> {
        Ok(match self.make(content, &content.key(), true).await? {
            Ok(plate) => {
                let why = self.line.templates.why(&content.language, &plate.names());
                let recipient = Recipient { to, reader, delivery, why: &why, date: now };
                self.splice(&plate, &recipient).map_err(|error| with_causes(&*error))
            }
            Err(why) => Err(why),
        })
    }
}

/// The texts of articles, by their ids.
type Stories = HashMap<i64, Story>;

/// A rendering, or in words why not; the address of its page; slugs and names of its topics.
type Rendered = (Result<Rendering, String>, Arc<str>, Arc<[(String, String)]>);

/// A message that could not be made.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) fn is_captured(line: &Line, mode: Mode, to: &Address) -> bool {
    let for_real = |mode| match mode {
        Mode::Capture => false,
        Mode::Allowlist => line.config.delivery.allowlist.iter().any(|listed| listed.key() == to.key()),
        Mode::Live => true,
    };
    // As it was composed, and as the installation is now: the stricter of the two.
    line.relay.is_none() || !for_real(mode) || !for_real(line.config.delivery.mode)
}

/// `b+<key, HMAC>@bounce-domain`: what comes back names its delivery, and nobody else can make one.
pub(super) fn envelope_from(line: &Line, key: &Key) -> String {
    format!("b+{}@{}", line.keys.token(Purpose::Bounce, &key.0), line.config.delivery.bounce_domain())
}

/// What mails say of their sender.
pub fn site(config: &Config) -> Site {
    Site {
        name: config.site.name.clone(),
        url: config.site.link("/"),
        postal_address: config.site.postal_address.clone(),
        reply_to: Some(reply_to(config).to_string()),
        logo: config.site.logo.as_ref().map(ToString::to_string),
        footer: config.site.footer.clone(),
        language: config.site.language.clone(),
    }
}

fn from(config: &Config) -> Mailbox {
    let from = &config.delivery.from;
    Mailbox { name: from.name.clone(), address: from.address.clone() }
}

/// Where people can write to.
fn reply_to(config: &Config) -> &Address {
    config.delivery.reply_to.as_ref().map_or(&config.delivery.from.address, |mailbox| &mailbox.address)
}
