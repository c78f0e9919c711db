//! Stories about the whole program, and what tells them. Each runs on SQLite and on PostgreSQL.

pub mod engine;
pub mod relay;
