//! Stories about the whole program, and what tells them. Each runs on SQLite and on PostgreSQL.

mod app;
mod at_work;
mod changed_text;
mod changes;
mod daily_digest;
pub mod engine;
mod explained;
mod feeds;
mod hours;
mod mail;
mod matching;
mod modes;
mod newsstand;
mod on_request;
mod pages;
mod promises;
mod races;
mod refusals;
pub mod relay;
pub mod rows;
mod runs;
mod templates;
mod texts;
mod topics;
mod withdrawals;
