//! The daemon, and SIGHUP: the configuration is read again, looked through, and takes over between two breaths. What is
//! wrong with it is said, and the old one stays at work.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{App, AppError, AtWork, place, relay, secret, sign, templates, try_out};
use crate::config::Config;
use crate::daemon::{self, Door, Hangups};
use crate::model::words::with_causes;
use crate::pipeline::Line;
use crate::store::nudge::Nudges;

/// A configuration that could take over.
struct Next {
    app: App,
    line: Line,
    /// Where the pages are asked for from then on, if that is elsewhere.
    door: Option<Door>,
}

impl AtWork {
    /// Runs as the daemon until it is asked to stop. At SIGHUP `read` reads again the configuration that is in force.
    pub async fn run(
        &mut self,
        mut app: App,
        read: impl Fn(&Config) -> Result<Config, String>,
    ) -> Result<(), AppError> {
        let stops = tokio::spawn(daemon::stop_on_signal(app.stopping.clone())?);
        let alive = tokio::spawn(daemon::supervisor::keep_telling());
        let mut hangups = Hangups::listen()?;
        let mut door = Door::open(app.config.web.listen).await?;
        while let Some(next) = self.until_reload(&app, &door, &mut hangups, &read).await? {
            match app.gives_way_to(&next.app, &door).await {
                Ok(()) => {
                    // Only who looks would not know.
                    if let Err(unsaid) = self.tenure.goes_by(&next.app.config).await {
                        warn!("`tidings status` cannot know of it: {}", with_causes(&unsaid));
                    }
                    info!("{} is in force", next.app.config.source());
                    (app, self.line) = (next.app, next.line);
                    door = next.door.unwrap_or(door);
                }
                Err(AppError::HalfAdopted) => return Err(AppError::HalfAdopted),
                Err(refused) => keeps_the_old(&with_causes(&refused)),
            }
        }
        stops.abort();
        alive.abort();
        info!("stopped; nothing is left half done");
        Ok(())
    }

    /// Works until everything stops, or until another configuration is ready to take over and nothing is in hand.
    async fn until_reload(
        &self,
        app: &App,
        door: &Door,
        hangups: &mut Hangups,
        read: &impl Fn(&Config) -> Result<Config, String>,
    ) -> Result<Option<Next>, AppError> {
        let line = Line { stopping: app.stopping.child_token(), ..self.line.clone() };
        let nudges = Nudges::listen(&line.store).await.map_err(AppError::Store)?;
        let mut work = std::pin::pin!(daemon::run(&line, app.pages(), nudges, door));
        loop {
            tokio::select! {
                ended = &mut work => return Ok(ended.map(|()| None)?),
                () = hangups.next() => {}
            }
            info!("SIGHUP: reading the configuration again");
            match self.look_through(app, door, read(&app.config)).await {
                Ok(next) => {
                    line.stopping.cancel();
                    work.await?;
                    // It may have been asked to stop meanwhile.
                    return Ok((!app.stopping.is_cancelled()).then_some(next));
                }
                Err(wrong) => keeps_the_old(&wrong),
            }
        }
    }

    /// What it would work with, made ready while the old one goes on.
    async fn look_through(&self, app: &App, door: &Door, read: Result<Config, String>) -> Result<Next, String> {
        let config = read?;
        let address = config.web.listen;
        let door = async {
            let moves = address != door.address;
            if moves { Door::open(address).await.map(Some).map_err(AppError::Daemon) } else { Ok(None) }
        };
        let next = async {
            let app = app.reread(config)?;
            // Its claims carry the token of the lease, and what is captured goes where it went.
            let line = Line { token: self.line.token, ..app.line_to(Arc::clone(&self.line.mailbox))? };
            Ok(Next { app, line, door: door.await? })
        };
        next.await.map_err(|wrong: AppError| with_causes(&wrong))
    }
}

fn keeps_the_old(why: &str) {
    error!("the configuration as it was stays in force: {why}");
}

impl App {
    /// Readers may be many, and take their time to move. Who stops meanwhile, or opens an edition, is answered as before.
    async fn gives_way_to(&self, next: &Self, door: &Door) -> Result<(), AppError> {
        let moved = CancellationToken::new();
        let move_all = async {
            let _answered = moved.clone().drop_guard();
            next.put_in_force().await?;
            next.try_again().await
        };
        let (in_force, answered) = tokio::join!(move_all, daemon::answer(self.pages(), door, moved.clone()));
        in_force?;
        Ok(answered?)
    }

    /// The same installation with another configuration, of which nothing is in force yet.
    fn reread(&self, config: Config) -> Result<Self, AppError> {
        if place(&config) != place(&self.config) {
            return Err(AppError::OtherDatabase);
        }
        relay::of(&config)?;
        sign::of(&config)?;
        let templates = templates(&config)?;
        try_out(&config, &templates)?;
        Ok(Self {
            store: self.store.clone(),
            templates: Arc::new(templates),
            keys: secret::keys(&config, &self.chance)?,
            config: Arc::new(config),
            clock: self.clock.clone(),
            chance: self.chance.clone(),
            stopping: self.stopping.clone(),
            pulse: self.pulse.clone(),
        })
    }
}
