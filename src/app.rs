//! The only place that builds things: configuration → database, templates, keys, fetcher, relay, mailbox.
//!
//! A command opens an [`App`] and asks it for what it needs: the store, a [`Line`] to run a stage with, or, for whoever
//! runs stages on their own account, to be [`App::at_work`].

mod goes_by;
mod mailbox;
mod relay;
mod reload;
mod secret;
mod sign;
mod tenure;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::info;

use tenure::Tenure;

use crate::clock::{Chance, Clock};
use crate::config::{Config, Database};
use crate::daemon::DaemonError;
use crate::feed::fetch::{FetchError, Fetcher, Limits, user_agent};
use crate::mail::inbox::{InboxError, Receiver};
use crate::mail::relay::Relay;
use crate::model::breaker::Breaker;
use crate::model::pulse::Pulse;
use crate::model::token::Keys;
use crate::pipeline::deliver::traffic::Traffic;
use crate::pipeline::receive::Mailbox;
use crate::pipeline::{self, Line, compose, deliver};
use crate::render::{self, TemplateError, Templates};
use crate::store::adoption::{self, Adoption, Begun, Progress};
use crate::store::declared::StillHeld;
use crate::store::lock::{Lock, LockError};
use crate::store::{self, Place, Store, edition, lease};
use crate::web::Pages;

pub use goes_by::{AtWorkBy, look as at_work_by};
pub use mailbox::Capture;
pub use relay::{RelaySettingsError, RelayTrialError, try_out as try_relay};
pub use secret::SecretError;
pub use sign::{SignSettingsError, prepared as prepared_signer};

/// Everything that is open.
pub struct App {
    pub config: Arc<Config>,
    pub store: Store,
    pub templates: Arc<Templates>,
    pub keys: Keys,
    pub clock: Clock,
    pub chance: Chance,
    pub stopping: CancellationToken,
    /// The scheduler's.
    pub pulse: Pulse,
}

/// The process that runs stages. What it holds, it holds until this is dropped or [`AtWork::leave`]s.
pub struct AtWork {
    pub line: Line,
    tenure: Tenure,
}

#[derive(Debug, Error)]
pub enum AppError {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error("the folder {folder} of the database is not there: is a volume not mounted?")]
    Folder { folder: PathBuf },
    #[error(transparent)]
    Daemon(#[from] DaemonError),
    #[error("storage.url names another database; stop this process and start it again to work on that one")]
    OtherDatabase,
    #[error(transparent)]
    Pipeline(#[from] pipeline::Error),
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error("{}", unfit(folder, failures).join("\n"))]
    Unfit { folder: PathBuf, failures: Vec<render::Failure> },
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Relay(#[from] RelaySettingsError),
    #[error(transparent)]
    Sign(#[from] SignSettingsError),
    #[error("could not set up fetching")]
    Fetcher(#[from] FetchError),
    #[error("could not open the capture mailbox")]
    Mailbox(#[from] InboxError),
    #[error(transparent)]
    Lock(#[from] LockError),
    #[error(
        "the lease on the database ran out: the database was away for too long, or this process stood still; no mail is lost, start again"
    )]
    LeaseLost,
    #[error("{}", dropped(.0))]
    StillHeld(Vec<StillHeld>),
    #[error("stopped while readers were moving to what the configuration says; the next start goes on with it")]
    HalfAdopted,
    #[error("another configuration was put in force at the same time; see which one is meant, and start again")]
    Overtaken,
    #[error("{}", differs(.holder, .ours, .theirs.as_deref()))]
    OtherConfiguration { holder: String, ours: String, theirs: Option<String> },
}

/// A line for each, as for what is wrong with the configuration.
pub fn unfit(folder: &Path, failures: &[render::Failure]) -> Vec<String> {
    let line = |failure: &render::Failure| {
        let (place, why) = (failure.error.place(), failure.error.why());
        let sample = format!("sample `{}` of {} in {}", failure.sample, failure.kind, failure.language);
        format!("{}/{place}: {why} ({sample})", folder.display())
    };
    failures.iter().map(line).collect()
}

fn dropped(held: &[StillHeld]) -> String {
    let mut lines = vec!["this configuration no longer has what readers hold, so it was not put in force:".to_owned()];
    lines.extend(held.iter().map(|one| {
        let readers =
            if one.readers == 1 { "1 reader has it".to_owned() } else { format!("{} readers have it", one.readers) };
        format!("  {} `{}`: {readers}", one.what, one.slug)
    }));
    let StillHeld { what, slug, .. } = &held[0];
    let entry = format!("  [[{what}]]\n  slug = \"{slug}\"");
    let ends = if *what == "region" { "it leaves their choices" } else { "their subscriptions to it end" };
    lines.push(match held {
        [_] => format!("Say what becomes of its readers. Either they move to another {what}:"),
        _ => format!("Say of each what becomes of its readers. Either they move to another {what}:"),
    });
    lines.push(format!("{entry}\n  replaced_by = \"…\"\nor {ends}:\n{entry}\n  end_subscriptions = true"));
    lines.join("\n")
}

fn differs(holder: &str, ours: &str, theirs: Option<&str>) -> String {
    match theirs {
        Some(theirs) if theirs != ours => format!(
            "{ours} has other feeds, topics, regions, frequencies or languages than {theirs}, with which {holder} is at work; name that one with -c, or have the process at work started again with yours"
        ),
        _ => format!(
            "{ours} has other feeds, topics, regions, frequencies or languages than when it was read by {holder}; have that process read it again first: `systemctl reload tidings`, or SIGHUP"
        ),
    }
}

impl App {
    /// Opens the database, the templates and the keys. It runs nothing and holds no lock.
    pub async fn open(config: Config, clock: Clock, chance: Chance) -> Result<Self, AppError> {
        let templates = templates(&config)?;
        let place = place(&config);
        if let Place::File(file) = &place
            && let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        {
            return Err(AppError::Folder { folder: folder.to_owned() });
        }
        let keys = secret::keys(&config, &chance)?;
        let store = Store::open(&place).await?;
        Ok(Self {
            config: Arc::new(config),
            store,
            templates: Arc::new(templates),
            keys,
            clock,
            chance,
            stopping: CancellationToken::new(),
            pulse: Pulse::default(),
        })
    }

    pub fn pages(&self) -> Pages {
        Pages {
            config: Arc::clone(&self.config),
            store: self.store.clone(),
            templates: Arc::clone(&self.templates),
            keys: self.keys.clone(),
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            site: Arc::new(deliver::site(&self.config)),
            pulse: self.pulse.clone(),
        }
    }

    /// What the stages work with. The mailbox of captured mail is opened with it, on loopback.
    pub async fn line(&self) -> Result<Line, AppError> {
        let mailbox = Mailbox { store: self.store.clone(), clock: self.clock.clone() };
        self.line_with(Arc::new(mailbox::Capture(mailbox))).await
    }

    /// The same, with somebody else behind the mailbox.
    pub async fn line_with(&self, receiver: Arc<dyn Receiver>) -> Result<Line, AppError> {
        let mailbox = mailbox::open(receiver, &self.config).await?;
        self.line_to(Arc::new(mailbox))
    }

    /// The same, to a mailbox that is open.
    fn line_to(&self, mailbox: Arc<Relay>) -> Result<Line, AppError> {
        Ok(Line {
            config: Arc::clone(&self.config),
            store: self.store.clone(),
            fetcher: fetcher(&self.config, self.config.collect.per_host_delay)?,
            templates: Arc::clone(&self.templates),
            keys: self.keys.clone(),
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            relay: relay::of(&self.config)?.map(Arc::new),
            breaker: Breaker::default(),
            traffic: Traffic::of(&self.config),
            signer: sign::of(&self.config)?.map(Arc::new),
            mailbox,
            token: self.chance.bytes(),
            stopping: self.stopping.clone(),
        })
    }

    /// Brings the database in line with the configuration, for a command that writes. Beside a process at work that
    /// has another, it is refused.
    pub async fn adopt(&self) -> Result<(), AppError> {
        if adoption::is_in_force(&self.store, &self.config.fingerprint()).await? == Some(true) {
            return Ok(());
        }
        match self.store.file() {
            Some(file) => match Lock::take(file, "a command that puts a configuration in force") {
                Ok(_lock) => self.put_in_force().await,
                Err(LockError::Held { holder, .. }) => Err(self.beside_another(holder).await?),
                Err(error) => Err(error.into()),
            },
            None => match lease::holders(&self.store).await?.into_iter().next() {
                Some(holder) => Err(self.beside_another(holder).await?),
                None => self.put_in_force().await,
            },
        }
    }

    async fn beside_another(&self, holder: String) -> Result<AppError, AppError> {
        let theirs = adoption::source(&self.store).await?;
        Ok(AppError::OtherConfiguration { holder, ours: self.config.source(), theirs })
    }

    /// Readers move a batch at a time; a stop in between leaves the rest to whoever comes next.
    async fn put_in_force(&self) -> Result<(), AppError> {
        let text = self.config.declaration();
        let mut adoption = match Adoption::begin(&self.store, &text, self.clock.now()).await? {
            Begun::InForce => return Ok(()),
            Begun::Refused(held) => return Err(AppError::StillHeld(held)),
            Begun::UnderWay(adoption) => adoption,
        };
        loop {
            match adoption.go_on().await? {
                Progress::Going if self.stopping.is_cancelled() => return Err(AppError::HalfAdopted),
                Progress::Going => {}
                Progress::Done => break,
                Progress::Overtaken => return Err(AppError::Overtaken),
            }
        }
        // Where they have come to, the first digest comes at the next hour, whenever a daemon looks after it.
        compose::plan_ahead(&self.store, self.clock.now()).await?;
        let moved = adoption.moved();
        if moved > 0 {
            info!(moved, "the changed configuration moved {moved} readers");
        }
        Ok(())
    }

    /// What a template failed on is tried once more when the texts have changed, or the program.
    async fn try_again(&self) -> Result<(), AppError> {
        let texts = format!("{} {}", env!("CARGO_PKG_VERSION"), self.templates.version());
        let mut tx = self.store.begin().await?;
        let lifted = edition::lift_quarantines(&mut tx, &texts).await?;
        tx.commit().await.map_err(AppError::Store)?;
        if lifted > 0 {
            info!(lifted, "the templates have changed: {lifted} mails that were set aside are tried again");
        }
        Ok(())
    }

    /// Becomes the process that runs stages: takes the lock beside a SQLite file, or a lease on PostgreSQL; puts the
    /// configuration in force; releases what a dead one left behind.
    pub async fn at_work(&self, line: Line, holder: &str) -> Result<AtWork, AppError> {
        let lock = self.store.file().map(|file| Lock::take(file, holder)).transpose()?;
        if lock.is_some() {
            self.put_in_force().await?;
        } else {
            self.adopt().await?;
        }
        self.try_again().await?;
        let tenure = Tenure::begin(&line, lock, holder).await?;
        Ok(AtWork { line, tenure })
    }
}

impl AtWork {
    /// Gives the lease and the lock back.
    pub async fn leave(self) -> Result<(), AppError> {
        self.tenure.leave().await
    }
}

/// Whether the files are there that the configuration names, and can be read.
pub fn check_files(config: &Config) -> Result<(), AppError> {
    relay::of(config)?;
    sign::of(config)?;
    secret::check(config)?;
    check_templates(config)
}

/// Whether the operator's templates render every sample. The shipped ones do.
pub fn check_templates(config: &Config) -> Result<(), AppError> {
    try_out(config, &templates(config)?)
}

/// The folder of the operator's texts is not there: the shipped ones would be used without a word.
pub fn missing_templates(config: &Config) -> Option<String> {
    let folder = config.site.templates.as_deref().filter(|folder| !folder.is_dir())?;
    Some(format!("site.templates names {}, and there is no such folder: the shipped texts are used", folder.display()))
}

/// Makes the keys of all links, in capture mode, where there are none yet.
pub fn make_secret(config: &Config, chance: &Chance) -> Result<(), AppError> {
    Ok(secret::keys(config, chance).map(drop)?)
}

/// Whether the keys of all links are there, or may still be made.
pub fn check_secret(config: &Config) -> Result<(), AppError> {
    Ok(secret::check(config)?)
}

/// The templates in force: the operator's over the shipped ones, in the site's colours.
pub fn templates(config: &Config) -> Result<Templates, AppError> {
    let site = &config.site;
    Ok(Templates::load(site.templates.as_deref(), &site.language, site.colour)?)
}

fn try_out(config: &Config, templates: &Templates) -> Result<(), AppError> {
    let Some(folder) = &config.site.templates else { return Ok(()) };
    let failures = render::trial(templates, &deliver::site(config));
    if failures.is_empty() {
        return Ok(());
    }
    // A message may be at fault, not the template that says it.
    render::look_through_catalogues(folder)?;
    Err(AppError::Unfit { folder: folder.clone(), failures })
}

/// Whoever asks feeds, within the limits of `[collect]`, with this pause between two requests to a host.
pub fn fetcher(config: &Config, pause: Duration) -> Result<Fetcher, FetchError> {
    let collect = &config.collect;
    let limits = Limits {
        connect: collect.connect_timeout,
        whole: collect.fetch_timeout,
        body: collect.max_body,
        redirects: u8::try_from(collect.max_redirects).unwrap_or(u8::MAX),
        pause,
    };
    Fetcher::open(&user_agent(&config.site.link("/")), limits)
}

/// Where the database is, and how it is opened.
pub fn place(config: &Config) -> Place {
    match &config.storage.database {
        Database::Sqlite(file) => Place::File(file.clone()),
        Database::Postgres(url) => Place::Server {
            url: url.expose_secret().to_owned(),
            connections: config.storage.connections,
            behind_pooler: config.storage.transaction_pooler,
            // Others renew their leases meanwhile, and wait for it with that.
            stands_still: (config.delivery.lease / 2).max(Duration::from_secs(1)),
        },
    }
}
