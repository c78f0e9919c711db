//! Who reads the demo's paper, and how they subscribe: through the same door as `tidings subscriber add`.

use std::fmt;

use chrono_tz::Tz;

use crate::app::App;
use crate::cli::resolve;
use crate::model::address::Address;
use crate::model::edition::Format;
use crate::model::holdings::{Settings, StartReason, Wanted};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::store;
use crate::store::delivery::{self, Answer, Kind};
use crate::store::subscription::{self, Wish};

/// A reader, in the words that an operator would type.
#[derive(Debug, Clone)]
pub struct Reader {
    pub address: &'static str,
    pub language: &'static str,
    pub zone: Tz,
    pub hour: u8,
    pub topics: &'static [&'static str],
    /// All, where there are none.
    pub regions: &'static [&'static str],
    pub frequency: &'static str,
    pub part: Part,
}

/// What a reader is there to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Subscribed by the operator.
    Plain,
    /// Asked first, by mail, and confirms.
    Asked,
    /// The mailbox refuses this address on purpose.
    Refused,
    /// Stops at the end, with one click of the mail program.
    Stops,
}

/// Each hour is one at which no zone here changes its clocks, so that "on the hour" is true on every day of the year.
pub fn all() -> Vec<Reader> {
    use chrono_tz::{Africa, America, Asia, Europe, Pacific};

    let daily = |address, language, zone, hour, topics, regions| Reader {
        address,
        language,
        zone,
        hour,
        topics,
        regions,
        frequency: "daily",
        part: Part::Plain,
    };
    let amina = daily("amina@example.org", "en", Africa::Nairobi, 8, &["health", "climate"], &[]);
    let lea = daily("lea@example.com", "fr", Europe::Paris, 8, &["culture", "farming"], &[]);
    let noor = daily("noor@example.net", "en", Asia::Kolkata, 6, &["farming", "health"], &[]);
    let nobody = daily("nobody@example.net", "en", Africa::Nairobi, 8, &["health"], &[]);
    vec![
        Reader { part: Part::Stops, ..amina },
        daily("ben@example.com", "en", America::New_York, 7, &["science", "economy", "transport"], &[]),
        daily("chloe@example.net", "fr", Europe::Paris, 7, &["climate", "science"], &[]),
        daily("omar@example.org", "ar", Africa::Cairo, 9, &["education", "culture", "economy"], &[]),
        daily("layla@example.com", "ar", Asia::Beirut, 18, &["health", "climate", "transport"], &["islands"]),
        daily("tama@example.org", "en", Pacific::Auckland, 18, &["culture", "education", "climate"], &["coast"]),
        Reader { frequency: "weekly", ..lea },
        Reader { part: Part::Asked, ..noor },
        Reader { part: Part::Refused, ..nobody },
    ]
}

impl Reader {
    pub fn language(&self) -> Language {
        self.language.parse().expect("a language's tag")
    }

    pub fn address(&self) -> Address {
        self.address.parse().expect("an address")
    }

    pub fn city(&self) -> String {
        self.zone.name().rsplit('/').next().unwrap_or_default().replace('_', " ")
    }

    /// Subscribes them; and asks first, in the same transaction, the one who is to be asked.
    pub async fn subscribe(&self, app: &App) -> anyhow::Result<()> {
        let (wish, now) = (self.wish(app).await?, app.clock.now());
        let mut tx = app.store.begin().await?;
        let granted = subscription::grant(&mut tx, &wish, now).await?;
        if wish.wanted.pending {
            let (key, mode) = (app.chance.key(), app.config.delivery.mode);
            let subscriber = Some(granted.subscriber);
            let question = Answer { kind: Kind::Confirm, key, mode, subscriber, withheld: None };
            delivery::answer(&mut tx, &question, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn wish(&self, app: &App) -> anyhow::Result<Wish> {
        let regions = resolve::topics(app, Facet::Region, &slugs(self.regions)).await?;
        let asked = self.part == Part::Asked;
        Ok(Wish {
            address: self.address(),
            key: app.chance.key(),
            settings: Settings {
                language: self.language(),
                zone: self.zone,
                hour: i64::from(self.hour),
                format: Format::Full,
            },
            set: true,
            regions: (!regions.is_empty()).then_some(regions),
            wanted: Wanted {
                topics: resolve::topics(app, Facet::Topic, &slugs(self.topics)).await?,
                frequency: resolve::frequency(app, Some(&slug(self.frequency))).await?.id,
                reason: if asked { StartReason::Confirmed } else { StartReason::Operator },
                pending: asked,
                respects_stops: false,
            },
        })
    }

    /// The states of their subscriptions now, and why they ended if they did.
    pub async fn states(&self, app: &App) -> Result<Vec<(String, Option<String>)>, store::Error> {
        let Some(reader) = store::subscriber::by_address(&app.store, &self.address()).await? else {
            return Ok(vec![]);
        };
        let subscriptions = subscription::of_reader(&app.store, reader.id).await?;
        Ok(subscriptions.into_iter().map(|s| (s.state, s.stop_reason)).collect())
    }
}

/// On one line.
impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, language, frequency, hour, .. } = self;
        let (city, topics) = (self.city(), self.topics.join(", "));
        write!(f, "{address:<20}  {language} {frequency:<7} {hour:>2}:00 in {city}: {topics}")?;
        if self.regions.is_empty() { Ok(()) } else { write!(f, "; only about the {}", self.regions.join(", ")) }
    }
}

fn slugs(words: &[&str]) -> Vec<Slug> {
    words.iter().map(|word| slug(word)).collect()
}

fn slug(word: &str) -> Slug {
    word.parse().expect("a slug")
}
