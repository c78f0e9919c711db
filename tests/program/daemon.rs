//! A running `tidings`, which the test ends whatever becomes of it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// How often something outside is looked at that cannot tell by itself.
const LOOK: Duration = Duration::from_millis(3);

pub struct Daemon {
    child: Child,
    logs: Logs,
}

/// Where what it says goes.
pub struct Logs {
    pub out: PathBuf,
    pub err: PathBuf,
}

impl Daemon {
    pub fn of(child: Child, logs: Logs) -> Self {
        Self { child, logs }
    }

    /// Everything on its standard error so far.
    pub fn said(&self) -> String {
        fs::read_to_string(&self.logs.err).unwrap()
    }

    pub fn said_out(&self) -> String {
        fs::read_to_string(&self.logs.out).unwrap()
    }

    pub fn wait_until_it_says(&mut self, words: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.said().contains(words) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended ({ended:?}) and never said `{words}`:\n{}", self.said());
            assert!(Instant::now() < deadline, "it never said `{words}`:\n{}", self.said());
            thread::sleep(LOOK);
        }
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// `kill -9`. False: it had ended before.
    pub fn kill(mut self) -> bool {
        self.child.kill().unwrap();
        self.child.wait().unwrap().code().is_none()
    }

    pub fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success(), "kill {signal}");
    }

    /// Its exit code.
    pub fn end_within(&mut self, limit: Duration) -> i32 {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or_else(|| panic!("a signal ended it: {status}\n{}", self.said()));
            }
            assert!(Instant::now() < deadline, "it did not end within {limit:?}:\n{}", self.said());
            thread::sleep(LOOK);
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
