//! What happens to a SQLite file while mail is being sent: the disk is full, or another program has the file for itself.
//! The daemon goes on by itself, and nobody gets a second mail.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use sqlx::{Connection, Executor, SqliteConnection};
use tidings::store::Place;

use crate::daemon::Daemon;
use crate::engine::{Engine, TestDatabase};
use crate::house::House;
use crate::kill::{A_WHILE, AFTER_EIGHT, CONNECTIONS, Story};

const READERS: usize = 900;

impl Story {
    /// A daemon that has begun to send.
    fn is_sending(&self) -> Daemon {
        let daemon = self.house.start(&["run", "--at", AFTER_EIGHT]);
        assert!(self.relay.wait_for(READERS / 4, A_WHILE), "it sends nothing:\n{}", daemon.said());
        daemon
    }

    /// After trouble that it spoke of: all is sent, once, and it ends as it should.
    fn came_through(&self, mut daemon: Daemon) {
        assert!(self.relay.accepted() < READERS, "all was sent before anything happened: the story proves nothing");
        self.wait_until_all_is_sent(&daemon);
        assert_eq!(self.relay.accepted(), READERS, "somebody got it twice:\n{}", daemon.said());
        daemon.wait_until_it_says("outcomes are written again");
        daemon.signal("-TERM");
        assert_eq!(daemon.end_within(A_WHILE), 0, "{}", daemon.said());
    }
}

const KEPT_IN_MEMORY: &str = "outcomes cannot be written and are kept in memory; nothing new is sent until they are";

#[tokio::test]
async fn a_file_that_another_program_has_for_itself_is_waited_for() {
    let story = tokio::task::spawn_blocking(|| Story::with(Engine::Sqlite, READERS, CONNECTIONS).unwrap());
    let story = story.await.unwrap();
    let Place::File(file) = story.house.place() else { unreachable!("a story on SQLite") };
    let mut other = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let mut daemon = story.is_sending();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    daemon.wait_until_it_says(KEPT_IN_MEMORY);
    assert!(daemon.said().contains("database is locked"), "{}", daemon.said());
    other.execute("ROLLBACK").await.unwrap();
    tokio::task::spawn_blocking(move || story.came_through(daemon)).await.unwrap();
}

/// A disk of some megabytes.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None: only root can make one.
    fn make(folder: PathBuf) -> Option<Self> {
        fs::create_dir_all(&folder).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=48m", "tidings-test"]).arg(&folder).status();
        if !mounted.is_ok_and(|status| status.success()) {
            eprintln!("SKIPPED: no disk is filled, for want of the right to mount one (root has it)");
            return None;
        }
        Some(Self(folder))
    }

    /// Takes all the room there is, until it is dropped.
    fn fill(&self) -> Ballast {
        let file = self.0.join("ballast");
        let mut ballast = File::create(&file).unwrap();
        let mut blocks = 65536;
        while blocks > 0 {
            while ballast.write_all(&vec![7; blocks]).is_ok() {}
            blocks /= 16;
        }
        Ballast(file)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

struct Ballast(PathBuf);

impl Drop for Ballast {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn a_disk_that_is_full_stops_the_mail_until_there_is_room() {
    let folder = tempfile::Builder::new().prefix("tidings-test").tempdir().unwrap();
    let Some(disk) = SmallDisk::make(folder.path().join("disk")) else { return };
    let place = Place::File(disk.0.join("tidings.db"));
    let story = Story::in_house(House::with(TestDatabase { place, folder }), READERS, CONNECTIONS);
    let mut daemon = story.is_sending();
    let ballast = disk.fill();
    daemon.wait_until_it_says(KEPT_IN_MEMORY);
    assert!(daemon.said().contains("disk is full"), "{}", daemon.said());
    drop(ballast);
    story.came_through(daemon);
}
