//! All that the demo needs, open: the paper on its own server, the program on its embedded default in a folder that goes
//! away, its mailbox, its pages, and a clock that can be moved.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use chrono::{DateTime, Utc};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::mailbox::Postbox;
use super::newsroom::Newsroom;
use crate::app::{App, AtWork, Capture};
use crate::clock::{Chance, Clock};
use crate::config::Config;
use crate::pipeline::receive::Mailbox;
use crate::web;

/// Every demo that plays once draws the same keys; they are good for nothing but its own few seconds.
const SEED: u64 = 2026;
/// Where the pages of a demo that goes on are, if nobody else is there.
const PORT: u16 = 8025;

/// Where its clock begins, and how it goes.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// The clock stands unless it is moved.
    Once { start: DateTime<Utc> },
    /// The clock runs, and can be moved.
    GoingOn { start: DateTime<Utc> },
}

impl Manner {
    fn start(self) -> DateTime<Utc> {
        let (Self::Once { start } | Self::GoingOn { start }) = self;
        start
    }

    fn clock(self) -> Clock {
        match self {
            Self::Once { start } => Clock::by_hand(start),
            Self::GoingOn { start } => Clock::starting_at(start),
        }
    }

    /// Pages that are open for hours to whoever is on this machine want keys that nobody knows.
    fn chance(self) -> Chance {
        match self {
            Self::Once { .. } => Chance::seeded(SEED),
            Self::GoingOn { .. } => Chance::system(),
        }
    }

    async fn listen(self) -> std::io::Result<TcpListener> {
        let at = async |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        match self {
            Self::Once { .. } => at(0).await,
            Self::GoingOn { .. } => match at(PORT).await {
                Ok(listener) => Ok(listener),
                Err(_) => at(0).await,
            },
        }
    }
}

pub struct House {
    pub newsroom: Arc<Newsroom>,
    /// Where it is served.
    pub paper: String,
    pub app: App,
    pub at_work: AtWork,
    served: Vec<JoinHandle<()>>,
    folder: TempDir,
}

impl House {
    /// Opens it. Mail for `refused` is refused by the mailbox.
    pub async fn open(manner: Manner, refused: &str) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("tidings-demo-")
            .tempdir()
            .context("could not make a temporary folder for the demo")?;
        let newsroom = Arc::new(Newsroom::load(manner.start()));
        let (address, paper_served) = Arc::clone(&newsroom)
            .serve()
            .await
            .context("could not open a port on this machine for the demo's newspaper")?;
        let paper = format!("http://{address}");
        let listener = manner.listen().await.context("could not open a port on this machine for the demo's pages")?;
        let text = text(&newsroom, &paper, &listener.local_addr()?.to_string());

        // What stands in the environment is about another installation.
        let config = Config::from_text(&text, "the demo's tidings.toml", folder.path(), [])?;
        let app = App::open(config, manner.clock(), manner.chance()).await?;
        let capture = Capture(Mailbox { store: app.store.clone(), clock: app.clock.clone() });
        let line = app.line_with(Arc::new(Postbox { capture, refused: refused.to_owned() })).await?;
        let at_work = app.at_work(line, "`tidings demo`").await?;

        let stop = app.stopping.clone().cancelled_owned();
        let pages = web::serve(app.pages(), listener, stop);
        let pages_served = tokio::spawn(async move { pages.await.unwrap_or_default() });
        Ok(Self { newsroom, paper, app, at_work, served: vec![paper_served, pages_served], folder })
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Closes everything and takes the folder away.
    pub async fn close(self) -> anyhow::Result<()> {
        self.app.stopping.cancel();
        self.served.iter().for_each(JoinHandle::abort);
        self.at_work.leave().await?;
        self.app.store.close().await;
        self.folder.close().context("could not remove the demo's temporary folder")
    }
}

/// The `tidings.toml` of the demo.
fn text(newsroom: &Newsroom, paper: &str, pages: &str) -> String {
    format!(
        "[site]\nname = \"{name}\"\nurl = \"http://{pages}\"\nlanguages = [\"en\", \"fr\", \"ar\"]\n\
         timezone = \"Africa/Nairobi\"\npostal_address = \"1 Quay Street, Calder Bay\"\n\
         [web]\nlisten = \"{pages}\"\n\
         [delivery]\nfrom = \"{name} <digest@harbourpost.example>\"\n\
         [collect]\nper_host_delay = \"0s\"\n\n{tables}",
        name = newsroom.name(),
        tables = newsroom.config(paper),
    )
}
