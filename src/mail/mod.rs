//! Mail, out and in: messages as bytes, the session that hands them to the relay, what its replies mean, and a small
//! server that takes mail on loopback.
//!
//! The way of one delivery: [`message::Encoded`] is made once for an edition; each delivery is spliced from it with its
//! own [`head::Head`] and places; [`sign::Signer`] puts its fields on top; [`session::Session`] takes it to the relay
//! phase by phase, so that the caller always knows whether the final dot has left; `outcome` says what the reply means
//! for the reader.
//!
//! It does not know the database, the templates or the configuration, and never asks what time it is. It speaks to one
//! relay, never to the world's MX hosts.

mod encode;
mod envelope;
pub mod fault;
mod field;
pub mod head;
pub mod inbox;
pub mod message;
mod offers;
mod opening;
mod outcome;
pub mod parsed;
pub mod relay;
pub mod reply;
pub mod session;
pub mod sign;
mod stream;
pub mod transcript;
pub mod unfit;
mod wire;
