//! What the pages say. One frame (`pages/layout.html`), one template each.

use serde::Serialize;

use super::digest::{Digest, Item};
use super::form::{Area, Ask, Choice, Fault, FrequencyChoice, TopicChoice};
use super::mailbox::{MailList, OneMail};
use super::site::{Day, Moment, Site};
use crate::model::language::Language;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub site: Site,
    pub language: Language,
    /// The same page in the site's languages; none on a page behind a token.
    pub elsewhere: Vec<Elsewhere>,
    pub content: Content,
}

/// A page in another language, by that language's own name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Elsewhere {
    pub language: Language,
    pub dir: &'static str,
    pub name: String,
    pub url: String,
    /// It is this page.
    pub here: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// `/{lang}/`
    Home {
        topics: Vec<TopicLine>,
        subscribe_url: String,
    },
    /// `/{lang}/subscribe`
    SignUp(Box<SignUp>),
    /// `/{lang}/sent`: after every sign-up and every question for a link, whatever came of it.
    Sent {
        what: Sent,
    },
    /// `/{lang}/topic/{slug}`, and of one day.
    Topic(Box<Topic>),
    /// `/{lang}/preferences`: mails a reader their link.
    Link {
        ask: Ask,
        address: String,
        faults: Vec<Fault>,
    },
    /// `/preferences/{token}`
    Preferences(Box<Preferences>),
    /// `/stop/{token}`
    Stop {
        what: Stopping,
        step: Step,
        /// After a stop, for four weeks.
        again: Option<Again>,
    },
    /// `/again/{token}`
    Again {
        again: Again,
        /// It was started again: when the first digest comes.
        done: Option<Started>,
    },
    /// `/confirm/{token}`
    Confirm(Box<Confirming>),
    /// `/confirm/{token}`, in a letter about a change of address.
    AddressChange {
        step: Step,
    },
    /// `/edition/{key}`: all articles, none left behind "N more". Its language is the digest's own.
    Edition {
        digest: Box<Digest>,
        subscribe_url: String,
    },
    /// `/{lang}/privacy`
    Privacy {
        captured: bool,
        confirm_days: u32,
        again_days: u32,
    },
    /// `/{lang}/embed`: the line to paste.
    Embed {
        topics: Vec<Snippets>,
    },
    /// `/mailbox`
    Mailbox(Box<MailList>),
    /// `/mailbox/{id}`
    Mail(Box<OneMail>),
    Error {
        trouble: Trouble,
    },
}

/// A topic in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TopicLine {
    pub name: String,
    pub description: Option<String>,
    pub url: String,
    pub pace: Option<Pace>,
}

/// How many articles a topic has, as measured: a day, or, where that is none, a week or a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Pace {
    pub n: u64,
    pub per: Per,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    Day,
    Week,
    Month,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignUp {
    pub ask: Ask,
    pub topics: Vec<TopicChoice>,
    pub frequencies: Vec<FrequencyChoice>,
    pub hours: Vec<Choice>,
    pub zones: Vec<Area>,
    pub address: String,
    pub faults: Vec<Fault>,
    /// What came last, to look at before signing up.
    pub sample: Option<Glimpse>,
}

/// A day of a topic, as readers of it were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Glimpse {
    pub topic: String,
    pub day: Day,
    pub url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    Confirmation,
    Link,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Topic {
    pub name: String,
    pub description: Option<String>,
    pub pace: Option<Pace>,
    pub topic_url: String,
    pub subscribe_url: String,
    /// The newest first.
    pub articles: Vec<Item>,
    /// Days that had news, the newest first.
    pub days: Vec<DayLine>,
    /// The page is of this day.
    pub day: Option<Day>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayLine {
    pub day: Day,
    pub url: String,
    pub count: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preferences {
    pub ask: Ask,
    pub address: String,
    /// What the last press of a button did.
    pub said: Option<Said>,
    pub faults: Vec<Fault>,
    /// All topics; those that the reader has are chosen.
    pub topics: Vec<TopicChoice>,
    pub regions: Vec<Choice>,
    pub hours: Vec<Choice>,
    pub zones: Vec<Area>,
    pub languages: Vec<Choice>,
    pub formats: Vec<Choice>,
    /// When the next digest may come, on the reader's wall.
    pub next: Option<Moment>,
    pub zone: String,
    pub pause: Pause,
    /// The day after which a pause is over, as typed.
    pub until: String,
    pub new_address: String,
    /// The link was asked for today, so that it may also change the address.
    pub fresh: bool,
    pub stop_url: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pause {
    None,
    Open,
    Until(Day),
}

/// An answer in a sentence: a message of the group `said`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Topics,
    Regions,
    Settings,
    Paused,
    Resumed,
    LinkSent,
    AddressAsked,
    Nothing,
}

/// What a stop ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stopping {
    Everything {
        /// Names of the topics that end.
        topics: Vec<String>,
    },
    Topic {
        name: String,
        /// Names of those that stay.
        left: Vec<String>,
        /// The page that stops everything.
        everything_url: String,
    },
}

/// What can be started again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Again {
    pub ask: Ask,
    pub topics: Vec<String>,
    /// A digest went out since: the reader chooses between what was missed and from now on.
    pub missed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Started {
    pub first: Option<Moment>,
    /// IANA name.
    pub zone: String,
}

/// What comes equally often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Often {
    pub topics: Vec<String>,
    pub frequency: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirming {
    /// What starts, or has started: topics with how often they come.
    pub parts: Vec<Often>,
    /// When the first digest comes (or would come), on the reader's wall.
    pub first: Option<Moment>,
    /// IANA name.
    pub zone: String,
    pub step: Step,
    /// "This wasn't me", and its undoing.
    pub not_me: Option<Ask>,
    /// Digests come to this address: nothing is offered to whoever did not sign up.
    pub gets_mail: bool,
    /// "Send me today's now".
    pub now: Option<Ask>,
    /// It was asked for.
    pub is_coming: bool,
    pub preferences_url: Option<String>,
}

/// A page that asks first, and the same page after the press of its button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Ask(Ask),
    Done,
    /// Nobody will be asked again; the button undoes it.
    Refused(Ask),
}

/// The line under an article, to be pasted into the newsroom's own pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Snippets {
    pub name: String,
    pub link: String,
    pub button: String,
    pub form: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    NotFound,
    /// A link that worked once, or for a while.
    Expired,
    /// Likewise, and another is to be had.
    OldLink,
    /// A form sent from another site's page, or long after it was made.
    Elsewhere,
    /// A new address that another reader has.
    Taken,
    /// Our fault.
    Wrong,
}

impl Content {
    pub(super) fn template(&self) -> &'static str {
        match self {
            Self::Home { .. } => "pages/home.html",
            Self::SignUp(_) => "pages/subscribe.html",
            Self::Sent { .. } => "pages/sent.html",
            Self::Topic(_) => "pages/topic.html",
            Self::Link { .. } => "pages/link.html",
            Self::Preferences(_) => "pages/preferences.html",
            Self::Stop { .. } => "pages/stop.html",
            Self::Again { .. } => "pages/again.html",
            Self::Confirm(_) => "pages/confirm.html",
            Self::AddressChange { .. } => "pages/address.html",
            Self::Edition { .. } => "pages/edition.html",
            Self::Privacy { .. } => "pages/privacy.html",
            Self::Embed { .. } => "pages/embed.html",
            Self::Mailbox(_) => "pages/mailbox.html",
            Self::Mail(_) => "pages/mail.html",
            Self::Error { .. } => "pages/error.html",
        }
    }
}
