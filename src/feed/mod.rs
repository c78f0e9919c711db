//! Inbound: from the bytes of a feed to entries fit to be kept, and the topics they belong to.
//!
//! In the order an entry passes through: [`parse`] (bytes → [`Document`]), [`clean`] (entry → story), [`identity`]
//! (which entry is which), [`rules`] (story → topics). [`discover`] finds a
//! feed behind the address of its site. Nothing here knows the database, and nothing asks for the time.

pub mod clean;
pub mod discover;
mod document;
pub mod fetch;
pub mod form;
pub mod identity;
pub mod oddities;
pub mod opml;
pub mod parse;
pub mod rules;

pub use document::{Document, Entry, Text, TextKind};
