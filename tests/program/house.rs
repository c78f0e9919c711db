//! An installation: a folder with `tidings.toml`, a secret and a database, and the program run in it.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tidings::store::{Place, Store, delivery};

use crate::daemon::{Daemon, Logs};
use crate::engine::{Engine, TestDatabase};

/// How long a command may take that does not wait for anything.
const A_COMMAND: Duration = Duration::from_secs(30);

pub struct House {
    database: TestDatabase,
    runs: AtomicUsize,
}

/// A command that ended.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    /// What it printed: its result.
    pub out: String,
    /// What it said on the way.
    pub err: String,
}

impl House {
    /// None: this machine has no such engine.
    pub fn on(engine: Engine) -> Option<Self> {
        Some(Self::with(engine.database()?))
    }

    pub fn with(database: TestDatabase) -> Self {
        Self { database, runs: AtomicUsize::new(0) }
    }

    pub fn new() -> Self {
        Self::on(Engine::Sqlite).expect("SQLite is always there")
    }

    pub fn place(&self) -> &Place {
        &self.database.place
    }

    pub fn folder(&self) -> &Path {
        self.database.folder.path()
    }

    pub fn file(&self) -> PathBuf {
        self.folder().join("tidings.toml")
    }

    /// Writes the configuration: `text`, and where the database is.
    pub fn configure(&self, text: &str) {
        let storage = match &self.database.place {
            Place::File(file) => format!("sqlite:{}", file.strip_prefix(self.folder()).unwrap_or(file).display()),
            Place::Server { url, .. } => url.clone(),
        };
        fs::write(self.file(), format!("{text}\n[storage]\nurl = \"{storage}\"\n")).unwrap();
    }

    /// Puts the site's secret where a site that is live must have it.
    pub fn make_secret(&self) {
        fs::create_dir_all(self.folder().join("secrets")).unwrap();
        fs::write(self.folder().join("secrets/site"), format!("{}\n", "a".repeat(52))).unwrap();
    }

    /// Runs a command to its end.
    pub fn tidings(&self, arguments: &[&str]) -> Done {
        let mut running = self.start(arguments);
        let code = running.end_within(A_COMMAND);
        Done { code, out: running.said_out(), err: running.said() }
    }

    /// A daemon that has begun.
    pub fn at_work(&self) -> Daemon {
        let mut daemon = self.start(&["run"]);
        daemon.wait_until_it_says("at work");
        daemon
    }

    /// Starts a command and lets it run.
    pub fn start(&self, arguments: &[&str]) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidings"));
        command.args(arguments);
        self.start_command(command)
    }

    /// Starts `command` in this house.
    pub fn start_command(&self, mut command: Command) -> Daemon {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let logs =
            Logs { out: self.folder().join(format!("{run}.out")), err: self.folder().join(format!("{run}.err")) };
        command
            .current_dir(self.folder())
            .env("NO_COLOR", "1")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(File::create(&logs.out).unwrap())
            .stderr(File::create(&logs.err).unwrap());
        Daemon::of(command.spawn().unwrap(), logs)
    }

    pub async fn store(&self) -> Store {
        Store::open(&self.database.place).await.unwrap()
    }

    /// How many deliveries are in each state, as somebody sees it who opens the database.
    pub async fn states(&self) -> States {
        let store = self.store().await;
        let states = delivery::by_state(&store).await.unwrap();
        store.close().await;
        States(states)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct States(pub Vec<(String, i64)>);

impl States {
    pub fn count(&self, state: &str) -> usize {
        self.0.iter().find(|(s, _)| s == state).map_or(0, |(_, n)| usize::try_from(*n).unwrap())
    }
}

/// A port that was free a moment ago, for what cannot say which one it took.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
