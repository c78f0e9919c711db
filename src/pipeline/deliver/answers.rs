//! Mail in answer to a person, one at a time: the question whether a sign-up was meant, the link to one's preferences,
//! a change of address, a welcome, a goodbye.

use super::press::{Failure, Press};
use crate::mail::message::{Encoded, Message};
use crate::model::address::Address;
use crate::model::language::Language;
use crate::model::rendering::{Place, Places, Rendering};
use crate::model::token::{Keys, Purpose};
use crate::model::topic::Facet;
use crate::pipeline::Error;
use crate::render::{Confirm, Note, Occasion};
use crate::store::claim::Claimed;
use crate::store::delivery::Kind;
use crate::store::{letter, subscription};

/// A mail, and where its one link leads.
struct Answer {
    rendering: Rendering,
    link: String,
}

impl Press {
    /// None: what it answers is there no more.
    pub(super) async fn answer(
        &self,
        claimed: &Claimed,
        to: &Address,
    ) -> Result<Option<Result<Message, Failure>>, Error> {
        let made = match claimed.kind {
            Kind::Digest => return Ok(None),
            Kind::Confirm => self.question(claimed).await?,
            kind => self.note(kind, claimed),
        };
        let spliced = |Answer { rendering, link }| -> Result<Message, Failure> {
            let places = Places::from([("link".to_owned(), Place::plain(link))]);
            Ok(Encoded::of(&rendering)?.splice(&self.head(&claimed.key, claimed.created_at, to), &places)?)
        };
        Ok(made.map(|made| made.and_then(spliced)))
    }

    /// "Please confirm": of a sign-up on a page, or of somebody whom an operator has added.
    async fn question(&self, claimed: &Claimed) -> Result<Option<Result<Answer, Failure>>, Error> {
        let Some(language) = &claimed.language else { return Ok(None) };
        let (config, directory) = (&self.line.config, &self.directory);
        let name =
            |id: &i64| directory.topics.get(id).map(|n| n.in_language(language, &config.site.language).to_owned());
        let (topics, frequency, link) = if let Some(subscriber) = claimed.subscriber {
            let all = subscription::of_reader(&self.line.store, subscriber).await?;
            let pending: Vec<_> = all.into_iter().filter(|s| s.state == "pending").collect();
            let frequency = pending.first().map(|s| config.name_of_frequency(&s.frequency, language));
            let topics = pending.iter().map(|s| config.name_of(Facet::Topic, &s.topic, language)).collect();
            let token = self.line.keys.token(Purpose::Confirm, &claimed.key.0);
            (topics, frequency, config.site.link(&format!("/confirm/{token}")))
        } else {
            let found = letter::by_key(&self.line.store, &claimed.key).await?;
            let Some((letter, link)) = found.zip(self.letter_link(claimed)) else { return Ok(None) };
            let frequency = letter.frequency.and_then(|id| directory.frequencies.get(&id));
            let frequency = frequency.map(|named| named.in_language(language, &config.site.language).to_owned());
            (letter.topics().iter().filter_map(name).collect(), frequency, link)
        };
        let confirm = Confirm {
            site: self.site.clone(),
            language: language.clone(),
            topics,
            frequency: frequency.unwrap_or_default(),
            days: days(),
        };
        let rendered = self.line.templates.confirm(&confirm).map_err(Failure::from);
        Ok(Some(rendered.map(|rendering| Answer { rendering, link })))
    }

    fn note(&self, kind: Kind, claimed: &Claimed) -> Option<Result<Answer, Failure>> {
        let language = claimed.language.as_ref()?;
        let keys = &self.line.keys;
        let dated = |purpose| Some(keys.dated(purpose, &claimed.reader_key?.0, claimed.created_at));
        let preferences = |purpose| Some(format!("/preferences/{}", dated(purpose)?));
        let link = |path: String| self.line.config.site.link(&path);
        let (occasion, link) = match kind {
            Kind::PreferencesLink => (Occasion::PreferencesLink, link(preferences(Purpose::Fresh)?)),
            Kind::Welcome => (Occasion::Welcome, link(preferences(Purpose::Preferences)?)),
            Kind::Goodbye => (Occasion::Goodbye, link(format!("/again/{}", dated(Purpose::Again)?))),
            Kind::AddressChange => (Occasion::AddressChange, self.letter_link(claimed)?),
            // It asks for nothing: whoever reads it cannot undo from here what the owner did.
            Kind::AddressChanged => (Occasion::AddressChanged, link(home(language))),
            Kind::Digest | Kind::Confirm => return None,
        };
        let note = Note { site: self.site.clone(), language: language.clone(), occasion, days: days() };
        let rendered = self.line.templates.note(&note).map_err(Failure::from);
        Some(rendered.map(|rendering| Answer { rendering, link }))
    }

    fn letter_link(&self, claimed: &Claimed) -> Option<String> {
        let token = Keys::letter_token(&claimed.key, claimed.sealed.as_deref()?);
        Some(self.line.config.site.link(&format!("/confirm/{token}")))
    }
}

/// How long the link in a letter works.
fn days() -> u32 {
    u32::try_from(letter::VALID.num_days()).unwrap_or_default()
}

fn home(language: &Language) -> String {
    format!("/{language}/")
}

/// Where a delivery goes: to its reader, or to the sealed address of its letter.
pub(super) fn address_of(claimed: &Claimed, keys: &Keys) -> Option<Address> {
    claimed.address.clone().or_else(|| keys.unseal(&claimed.key, claimed.sealed.as_deref()?))
}
