//! The database server goes away while mail is being sent, and comes back.

use std::process::Command;

use crate::engine::own_server;
use crate::house::House;
use crate::kill::{A_WHILE, AFTER_EIGHT, CONNECTIONS, Story};

const READERS: usize = 900;

/// Restarted by its operator, then fallen over: the daemon goes on by itself, and nobody gets a second mail.
#[test]
fn a_server_that_restarts_in_mid_run_loses_and_repeats_nothing() {
    let Some((mut server, database)) = own_server() else { return };
    let story = Story::in_house(House::with(database), READERS, CONNECTIONS);
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
    // The story's own lease is as short as a restart.
    command.args(["run", "--at", AFTER_EIGHT]).env("TIDINGS__DELIVERY__LEASE", "60s");
    let mut daemon = story.house.start_command(command);
    for (accepted, signal) in [(READERS / 4, "INT"), (READERS / 2, "QUIT")] {
        assert!(story.relay.wait_for(accepted, A_WHILE), "it sends no more:\n{}", daemon.said());
        server.restart(signal);
    }
    story.wait_until_all_is_sent(&daemon);
    assert_eq!(story.relay.accepted(), READERS, "somebody got it twice:\n{}", daemon.said());
    assert!(daemon.is_alive());
    let said = daemon.said();
    for words in ["outcomes cannot be written and are kept in memory", "outcomes are written again"] {
        assert!(said.contains(words), "it never said `{words}`:\n{said}");
    }
    daemon.signal("-TERM");
    assert_eq!(daemon.end_within(A_WHILE), 0);
}
