//! The program as its operator has it: a binary, a configuration file, signals, exit codes.
//!
//! What it is made of has its tests beside the code, and its stories in `src/tests/`.

mod adversity;
mod alerts;
mod articles;
mod backup;
mod clock;
mod collecting;
mod commands;
mod daemon;
mod db;
mod dice;
mod dkim;
mod doctor;
mod errors;
mod explain;
mod feeds;
mod house;
mod importing;
mod init;
mod kill;
mod mail_commands;
mod matching;
mod newsroom;
mod open_day;
mod order;
mod pair;
mod postfix;
mod readers;
mod reload;
mod runs;
mod server;
mod storm;
mod streams;
mod supervised;
mod templates;
mod twins;
mod upgrade;

// Borrowed from the library's own tests, which name these rooms from the library's root.
use tidings::{mail, store};

#[path = "../../src/tests/engine.rs"]
#[expect(unused_imports, unused_macros, reason = "the library's tests use the rest")]
mod engine;
#[path = "../../src/tests/relay/mod.rs"]
#[expect(dead_code, reason = "the library's tests use the rest")]
mod relay;
