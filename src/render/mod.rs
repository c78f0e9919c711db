//! Data and templates → texts: the subject, text and HTML of a mail, and the pages.
//!
//! What a template sees is plain data ([`Digest`], [`Confirm`], [`Page`]), built from rows by `pipeline` and `web` and
//! already in the reader's language and zone. Templates and catalogues of messages are shipped inside the program; a
//! folder of the operator's may replace any of them, and add languages.
//!
//! ```text
//! shipped + the operator's folder → Templates ─ digest, confirm, note → Rendering (with holes)
//!                                             └ page                  → HTML
//! ```
//!
//! Samples of all of them, which [`lint`] holds to rules, are for an operator who changes a text to look at.
//!
//! Whatever differs between the readers of one edition is a hole (`stop`, `stop_topic_SLUG`, `preferences`, `pause`, `why`;
//! `link` in other mails), so that an edition is rendered once for all of them. Filling holes, encoding and headers are `mail`'s;
//! choosing and ordering articles is `model`'s; headers and status codes of pages are `web`'s. Nothing here asks what
//! time it is, does I/O after loading, or knows a reader.

mod catalogue;
mod confirm;
mod digest;
mod edition;
mod encoded;
mod engine;
mod error;
mod escape;
mod form;
mod functions;
pub mod lint;
mod mailbox;
mod note;
mod page;
mod places;
mod samples;
mod script;
mod shipped;
mod site;
mod templates;
pub mod texts;
mod theme;
mod trial;
mod view;

#[cfg(test)]
mod checks;

pub use confirm::Confirm;
pub use digest::{Digest, Item, Section, Window};
pub use edition::Reading;
pub use error::{RenderError, TemplateError};
pub use form::{Area, Ask, Choice, Fault, FrequencyChoice, TopicChoice};
pub use mailbox::{MailLine, MailList, OneMail, Shown, Switch, Way};
pub use note::{Note, Occasion};
pub use page::{
    Again, Confirming, Content, DayLine, Elsewhere, Glimpse, Often, Pace, Page, Pause, Per, Preferences, Said, Sent,
    SignUp, Snippets, Started, Step, Stopping, Topic, TopicLine, Trouble,
};
pub use places::look_through as look_through_catalogues;
pub use samples::{Mail, Sample, Subject, all as samples};
pub use site::{Day, Moment, Site};
pub use templates::Templates;
pub use trial::{Failure, run as trial};
