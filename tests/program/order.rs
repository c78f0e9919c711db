//! The order of effects, as the kernel saw it: no final dot leaves before the mark of its message is on the disk.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::engine::Engine;
use crate::kill::{AFTER_EIGHT, Story};

const READERS: usize = 40;

#[test]
fn every_final_dot_is_preceded_by_a_newer_sync() {
    if !strace_is_here() {
        return;
    }
    // With one connection no other message's sync can be taken for this one's.
    let story = Story::with(Engine::Sqlite, READERS, 1).unwrap();
    let trace = story.house.folder().join("trace");
    let mut traced = Command::new("strace");
    traced.args(["-f", "-e", "trace=fsync,fdatasync,write,writev,sendto,sendmsg", "-o"]).arg(&trace);
    traced.arg(env!("CARGO_BIN_EXE_tidings")).args(["run", "--once", "--at", AFTER_EIGHT]);
    let mut once = story.house.start_command(traced);
    assert_eq!(once.end_within(Duration::from_secs(60)), 0, "{}", once.said());
    assert_eq!(story.relay.accepted(), READERS);

    assert_eq!(marked_dots(&trace), READERS);
}

/// How many final dots the trace has.
///
/// # Panics
/// When a dot was not preceded by a sync that began after its message was written.
fn marked_dots(trace: &Path) -> usize {
    let mut begun: HashMap<&str, usize> = HashMap::new();
    let mut written: HashMap<&str, usize> = HashMap::new();
    // The line where the last sync began of those that have come to their end.
    let mut synced = 0;
    let mut dots = 0;
    let text = std::fs::read_to_string(trace).unwrap();
    for (at, line) in text.lines().enumerate() {
        let Some((thread, call)) = line.split_once(' ').map(|(thread, call)| (thread, call.trim_start())) else {
            continue;
        };
        if call.starts_with("fsync(") || call.starts_with("fdatasync(") {
            begun.insert(thread, at);
            if !call.ends_with("<unfinished ...>") {
                synced = at;
            }
        } else if call.starts_with("<... fsync resumed>") || call.starts_with("<... fdatasync resumed>") {
            synced = begun[thread];
        } else if let Some((_, to)) = call.split_once('(').filter(|_| !call.starts_with('<')) {
            let (descriptor, what) = to.split_once(", ").unwrap_or((to, ""));
            // Behind it the next envelope may follow.
            if what.starts_with(r#"".\r\n"#) {
                dots += 1;
                let message = written[descriptor];
                assert!(message < synced, "line {}: a dot whose mark is not on the disk: {line}", at + 1);
            }
            written.insert(descriptor, at);
        }
    }
    dots
}

fn strace_is_here() -> bool {
    // Where it is installed it may still be forbidden, as in some containers.
    if Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success()) {
        return true;
    }
    let required = std::env::var("TIDINGS_TEST_POSTGRES").is_ok_and(|word| word == "require");
    assert!(!required, "strace is required (TIDINGS_TEST_POSTGRES=require) and does not work here");
    // Past the test harness's capture: whoever reads the result must know what it does not say.
    let words = b"\nSKIPPED: the order of effects, for want of strace; `scripts/test` installs it\n";
    let _ = std::io::stderr().write_all(words);
    false
}
