//! The way into a demo that is running, from a second terminal: a socket that only the same user can open. One wish, one
//! answer, each a line of JSON.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use crate::cli::exit::{self, Exit, Failure};
use crate::model::language::Language;
use crate::model::slug::Slug;

/// Longer than any headline.
const LONGEST_WISH: u64 = 64 * 1024;
/// Who opens the door and says nothing is sent away.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a visitor wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Publish { headline: String, topic: Slug, language: Language },
    Tomorrow,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    /// Lines for people.
    pub told: Vec<String>,
    /// Mails that went into the mailbox by it.
    pub mails: usize,
    /// Where the mailbox is.
    pub mailbox: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Granted(Granted),
    Refused { because: String, next: Option<String>, exit: Exit },
}

/// A wish, and where its answer goes.
#[derive(Debug)]
pub struct Visit {
    pub wish: Wish,
    answer: oneshot::Sender<Answer>,
}

impl Visit {
    pub fn answer(self, granted: &anyhow::Result<Granted>) {
        let answer = match granted {
            Ok(granted) => Answer::Granted(granted.clone()),
            Err(error) => {
                let next = error.downcast_ref::<Failure>().and_then(|failure| failure.next.clone());
                Answer::Refused { because: format!("{error:#}"), next, exit: exit::of(error) }
            }
        };
        // Who has left does not hear it.
        let _ = self.answer.send(answer);
    }
}

/// Where the demo of this user is to be found.
pub fn path() -> PathBuf {
    let user = rustix::process::getuid().as_raw();
    let own = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir());
    own.unwrap_or_else(std::env::temp_dir).join(format!("tidings-demo-{user}.sock"))
}

/// It is open as long as this is there.
pub struct Door {
    path: PathBuf,
    visits: mpsc::Receiver<Visit>,
    opened: JoinHandle<()>,
}

impl Door {
    /// Opens it. There can be one demo for each user.
    pub async fn open(path: PathBuf) -> anyhow::Result<Self> {
        if UnixStream::connect(&path).await.is_ok() {
            return Err(Failure::new(Exit::Refused, "a demo of yours is running already")
                .then("end it with Ctrl-C in its terminal, or use it: `tidings demo tomorrow`")
                .into());
        }
        // Left behind by one that was killed.
        let _ = std::fs::remove_file(&path);
        let whole = || format!("could not open {}, by which a running demo is reached", path.display());
        let listener = UnixListener::bind(&path).with_context(whole)?;
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).with_context(whole)?;
        let (bell, visits) = mpsc::channel(8);
        Ok(Self { path, visits, opened: tokio::spawn(receive(listener, bell)) })
    }

    /// The next visit.
    pub async fn next(&mut self) -> Option<Visit> {
        self.visits.recv().await
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.opened.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn receive(listener: UnixListener, bell: mpsc::Sender<Visit>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(attend(stream, bell.clone()))),
            // Out of file handles: others may still come.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn attend(stream: UnixStream, bell: mpsc::Sender<Visit>) -> Option<()> {
    let (from, mut to) = stream.into_split();
    let mut line = String::new();
    let mut read = BufReader::new(from.take(LONGEST_WISH));
    tokio::time::timeout(PATIENCE, read.read_line(&mut line)).await.ok()?.ok()?;
    let answer = match serde_json::from_str(&line) {
        Ok(wish) => {
            let (answer, answered) = oneshot::channel();
            bell.send(Visit { wish, answer }).await.ok()?;
            answered.await.ok()?
        }
        // Another version of the program.
        Err(error) => {
            let because = format!("the demo that is running does not understand this: {error}");
            Answer::Refused { because, next: None, exit: Exit::Refused }
        }
    };
    let mut text = serde_json::to_string(&answer).ok()?;
    text.push('\n');
    to.write_all(text.as_bytes()).await.ok()
}

/// Asks the demo that is running, and waits for what comes of it.
pub async fn ask(path: &Path, wish: &Wish) -> anyhow::Result<Granted> {
    let stream = UnixStream::connect(path).await.map_err(|error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => {
            let failure = Failure::new(Exit::NotFound, "no demo of yours is running on this machine");
            anyhow::Error::from(failure.then("`tidings demo`, in another terminal"))
        }
        _ => anyhow::Error::from(error).context(format!("could not reach the running demo by {}", path.display())),
    })?;
    let (from, mut to) = stream.into_split();
    let ended = || {
        Failure::new(Exit::Outside, "the demo ended before it had answered").then("`tidings demo`, in another terminal")
    };
    let mut line = serde_json::to_string(wish)?;
    line.push('\n');
    to.write_all(line.as_bytes()).await.map_err(|_| ended())?;
    let mut answer = String::new();
    BufReader::new(from).read_line(&mut answer).await.map_err(|_| ended())?;
    match serde_json::from_str(&answer).map_err(|_| ended())? {
        Answer::Granted(granted) => Ok(granted),
        Answer::Refused { because, next, exit } => Err(Failure { exit, message: because, next, cause: None }.into()),
    }
}
