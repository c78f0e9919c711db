//! Tidings: news, brought to you. This page is the map.
//!
//! An **entry** in a **feed** becomes an **article**, filed under **topics**; when a **run** falls due, what is new to
//! its readers becomes **editions**; an edition on its way to one **subscriber** is a **delivery**.
//!
//! ```text
//! cli → app → daemon → pipeline → feed, mail, render, store → model
//!         └→ web ──────────────────────────→ render, store → model
//! ```
//!
//! `feed`, `mail`, `render` and `store` do not know each other. If an arrow wants to point back, a noun is missing.
//! `config` and `clock` are read from `app`, `daemon`, `pipeline` and `web`; `config` itself knows only `model`.
//!
//! Where to start: this map, then [`pipeline`] (the page of the flow), then `tests/daily_digest.rs` (what it
//! promises). Only then the SQL.

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daemon;
pub mod feed;
pub mod mail;
pub mod model;
pub mod pipeline;
pub mod render;
pub mod store;
pub mod web;

#[cfg(test)]
mod tests;
