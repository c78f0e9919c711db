//! The databases under test: a SQLite file in a temporary folder, or a database of its own in a private PostgreSQL
//! cluster that is started once per test process and goes away with it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::store::Place;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Longer than a test takes between two statements.
const STANDS_STILL: Duration = Duration::from_secs(15);

/// A fresh, empty database, and what must live as long as it is used.
pub struct TestDatabase {
    pub place: Place,
    pub folder: TempDir,
}

impl Engine {
    /// None: there is no PostgreSQL on this machine, and nobody insists on it.
    pub fn database(self) -> Option<TestDatabase> {
        let folder = tempfile::Builder::new().prefix("tidings-test").tempdir().expect("a temporary folder");
        let place = match self {
            Self::Sqlite => Place::File(folder.path().join("tidings.db")),
            Self::Postgres => Place::Server {
                url: cluster()?.database(),
                connections: 8,
                behind_pooler: false,
                stands_still: STANDS_STILL,
            },
        };
        Some(TestDatabase { place, folder })
    }
}

/// Declares one story as two tests, one on each engine.
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($engine:ident: Engine) $body:block)+) => {
        $($(#[$doc])* mod $name {
            use super::*;
            async fn story($engine: crate::tests::engine::Engine) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                story(crate::tests::engine::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if crate::tests::engine::postgres_is_here() {
                    story(crate::tests::engine::Engine::Postgres).await;
                }
            }
        })+
    };
}
pub(crate) use on_both_engines;

pub fn postgres_is_here() -> bool {
    cluster().is_some()
}

/// A private PostgreSQL server.
pub struct Cluster {
    socket: PathBuf,
    databases: AtomicU32,
    /// Ends, and takes the folder with it, when its standard input closes: that is, with this process.
    keeper: Child,
}

/// A server of a story's own, which it may restart. None: there is none on this machine, and nobody insists on it.
#[allow(dead_code, reason = "the stories about the finished program use it")]
pub fn own_server() -> Option<(Cluster, TestDatabase)> {
    cluster()?;
    let cluster = Cluster::start(&binaries()?);
    let folder = tempfile::Builder::new().prefix("tidings-test").tempdir().expect("a temporary folder");
    let place =
        Place::Server { url: cluster.database(), connections: 8, behind_pooler: false, stands_still: STANDS_STILL };
    Some((cluster, TestDatabase { place, folder }))
}

fn cluster() -> Option<&'static Cluster> {
    static CLUSTER: OnceLock<Option<Cluster>> = OnceLock::new();
    CLUSTER
        .get_or_init(|| match binaries() {
            Some(binaries) => Some(Cluster::start(&binaries)),
            None if std::env::var("TIDINGS_TEST_POSTGRES").is_ok_and(|v| v == "require") => {
                panic!("PostgreSQL is required (TIDINGS_TEST_POSTGRES=require) and not installed")
            }
            None => {
                // Past the test harness's capture: whoever reads the result must know what it does not say.
                let words =
                    b"\nSKIPPED: the PostgreSQL half of the suite, for want of a server; `scripts/test` installs one\n";
                let _ = std::io::stderr().write_all(words);
                None
            }
        })
        .as_ref()
}

fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists() && bin.join("postgres").exists())
        .collect();
    found.sort();
    found.pop()
}

/// PostgreSQL refuses to run as root, so root runs it as the user its package made.
fn as_server_user(program: &Path) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.starts_with(b"0\n"));
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// A test's database need not survive a power cut; one that is measured (`TIDINGS_TEST_FSYNC=on`) writes as in earnest.
fn fsync() -> &'static str {
    if std::env::var("TIDINGS_TEST_FSYNC").is_ok_and(|v| v == "on") { "on" } else { "off" }
}

impl Cluster {
    fn start(bin: &Path) -> Self {
        let out = as_server_user(Path::new("mktemp")).args(["-d", "/tmp/tidings-pg.XXXXXX"]).output().expect("mktemp");
        let folder = PathBuf::from(String::from_utf8(out.stdout).expect("a path").trim());
        let data = folder.join("data");
        let made = as_server_user(&bin.join("initdb"))
            .args(["--auth=trust", "--username=tidings", "--encoding=UTF8", "--no-locale", "--no-sync", "-D"])
            .arg(&data)
            .stdout(Stdio::null())
            .status()
            .expect("initdb");
        assert!(made.success(), "initdb failed");

        // The server stops and its folder goes when this process does, however it ends.
        let script = r#"
            trap '' INT TERM
            start() {
                "$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c "fsync=$3" -c "full_page_writes=$3" -c max_connections=400 >>"$2/log" 2>&1 &
                server=$!
            }
            start "$@"
            while read -r signal; do
                kill -s "$signal" $server
                wait $server
                start "$@"
            done
            kill -QUIT $server
            wait $server
            rm -rf "$2"
        "#;
        let keeper = as_server_user(Path::new("sh"))
            .args(["-c", script, "keeper"])
            .arg(bin)
            .arg(&folder)
            .arg(fsync())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the PostgreSQL server");
        let cluster = Self { socket: folder, databases: AtomicU32::new(0), keeper };
        cluster.wait(bin);
        cluster
    }

    fn wait(&self, bin: &Path) {
        for _ in 0..200 {
            let ready = Command::new(bin.join("pg_isready"))
                .arg("-q")
                .arg("-h")
                .arg(&self.socket)
                .status()
                .is_ok_and(|status| status.success());
            if ready {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.socket.join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start:\n{log}");
    }

    /// Ends the server by this signal and starts it again: INT is a restart as an operator makes it, QUIT a crash.
    #[allow(dead_code, reason = "the stories about the finished program use it")]
    pub fn restart(&mut self, signal: &str) {
        let before = self.process();
        let keeper = self.keeper.stdin.as_mut().expect("the keeper listens");
        writeln!(keeper, "{signal}").expect("the keeper listens");
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.process().is_none() || self.process() == before {
            assert!(Instant::now() < deadline, "PostgreSQL did not start again");
            std::thread::sleep(Duration::from_millis(5));
        }
        self.wait(&binaries().expect("it was there"));
    }

    /// The server's process id, as it writes it down itself.
    fn process(&self) -> Option<String> {
        let text = std::fs::read_to_string(self.socket.join("data/postmaster.pid")).ok()?;
        text.lines().next().map(str::to_owned)
    }

    fn database(&self) -> String {
        let name = format!("t{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = Command::new("psql")
            .args(["-q", "-U", "tidings", "-d", "postgres", "-c", &format!("CREATE DATABASE {name}")])
            .arg("-h")
            .arg(&self.socket)
            .status()
            .expect("psql");
        assert!(made.success(), "CREATE DATABASE failed");
        format!("postgres://tidings@localhost/{name}?host={}", self.socket.display())
    }
}
