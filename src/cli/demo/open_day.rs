//! The demo that goes on: a visitor reads the mail in the browser, signs up, brings out stories of their own, and lets
//! days go by.
//!
//! One task does everything in turn: what falls due, what the pages wrote, and what the visitor wishes. So a day that goes
//! by is told as it goes.

use std::io::{BufRead, IsTerminal};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::door::{self, Door, Granted, Visit, Wish};
use super::house::{House, Manner};
use super::mime::Message;
use super::play::{Play, instant};
use super::teller::Teller;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::resolve;
use crate::cli::words::count;
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::pipeline::matching::Matching;
use crate::pipeline::{self, Tally};
use crate::store::nudge::Nudges;
use crate::store::{article, captured_mail, delivery, feed, filing, slot};

/// It looks by itself at least so often.
const LOOK: Duration = Duration::from_secs(30);
/// Characters that a headline can have.
const LONGEST_HEADLINE: usize = 300;

pub struct OpenDay<'a> {
    house: House,
    teller: Teller<'a>,
    /// The last mail that was told of.
    told: i64,
    /// How many were told of.
    mails: usize,
}

pub async fn run(start: DateTime<Utc>, output: &Output) -> anyhow::Result<Exit> {
    let mut terminate = signal(SignalKind::terminate())?;
    // The terminal was closed.
    let mut hangup = signal(SignalKind::hangup())?;
    // Whoever comes early waits.
    let door = Door::open(door::path()).await?;
    let mut day = tokio::select! {
        begun = OpenDay::begin(start, output) => begun?,
        // Dropped half-way, it still takes its folder with it.
        _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        _ = terminate.recv() => return Ok(Exit::Interrupted),
        _ = hangup.recv() => return Ok(Exit::Interrupted),
    };
    day.tell_ways();
    let ended = tokio::select! {
        ended = day.go_on(door) => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
    };
    day.end().await?;
    ended.map(|()| Exit::Done)
}

impl<'a> OpenDay<'a> {
    /// The paper has brought out its news, and its readers have had their digests.
    pub async fn begin(start: DateTime<Utc>, output: &'a Output) -> anyhow::Result<Self> {
        let mut play = Play::begin(Manner::GoingOn { start }, Teller::new(output)).await?;
        play.first_fetch().await?;
        play.subscribe().await?;
        play.confirm().await?;
        play.publish().await?;
        let Play { house, teller, .. } = play;
        let mut day = Self { house, teller, told: 0, mails: 0 };
        day.new_mails().await?;
        day.tomorrow().await?;
        Ok(day)
    }

    fn tell_ways(&self) {
        let link = |path: &str| self.house.app.config.site.link(path);
        let program = std::env::args().next().unwrap_or_else(|| "tidings".to_owned());
        let lines = [
            String::new(),
            "Look around, as long as this runs:".to_owned(),
            format!("  Mailbox     {}", link("/mailbox")),
            format!("  Subscribe   {}", link("/en/subscribe?topic=health")),
            format!("  In Arabic   {}", link("/ar/topic/health")),
            String::new(),
            "Bring out a story of your own, and let a day go by, from a second terminal:".to_owned(),
            format!("  {program} demo publish \"A headline of mine\" --topic health"),
            format!("  {program} demo tomorrow"),
            String::new(),
            "Enter lets a day go by too. Ctrl-C ends it and takes everything away.".to_owned(),
        ];
        lines.iter().for_each(|line| self.teller.plain(line));
    }

    /// Until somebody ends it.
    async fn go_on(&mut self, mut door: Door) -> anyhow::Result<()> {
        let mut nudges = Nudges::listen(&self.house.app.store).await?;
        let mut keys = keys();
        loop {
            self.teller.begin_step();
            self.look().await?;
            let wait = self.until_next().await?;
            tokio::select! {
                visit = door.next() => {
                    let Some(visit) = visit else { return Ok(()) };
                    self.receive(visit).await;
                }
                Some(()) = keys.recv() => {
                    self.teller.begin_step();
                    self.tomorrow().await?;
                }
                nudged = nudges.wait() => nudged?,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn receive(&mut self, visit: Visit) {
        self.teller.begin_step();
        let granted = self.grant(&visit.wish).await;
        if let Err(error) = &granted {
            self.teller.more(&format!("a wish could not be granted: {error:#}"));
        }
        visit.answer(&granted);
    }

    pub async fn grant(&mut self, wish: &Wish) -> anyhow::Result<Granted> {
        let before = self.mails;
        let told = match wish {
            Wish::Publish { headline, topic, language } => self.publish(headline, topic, language).await?,
            Wish::Tomorrow => self.tomorrow().await?,
        };
        let mailbox = self.house.app.config.site.link("/mailbox");
        Ok(Granted { told, mails: self.mails - before, mailbox })
    }

    /// A story of the visitor's own, fetched at once.
    async fn publish(&mut self, headline: &str, topic: &Slug, language: &Language) -> anyhow::Result<Vec<String>> {
        let (app, now) = (&self.house.app, self.house.app.clock.now());
        let headline = headline.trim();
        if headline.is_empty() || headline.chars().count() > LONGEST_HEADLINE || headline.chars().any(char::is_control)
        {
            let wanted = format!(
                "this cannot be a headline: it must be one line of text, of 1 to {LONGEST_HEADLINE} characters"
            );
            return Err(Failure::new(Exit::Usage, wanted).into());
        }
        // What stands in the folder of whoever asks is about another installation.
        let here = |error: anyhow::Error| Failure::new(Exit::NotFound, format!("{error:#}"));
        resolve::topics(app, Facet::Topic, std::slice::from_ref(topic)).await.map_err(here)?;
        let language = resolve::language(app, Some(language)).map_err(here)?;
        if !self.house.newsroom.bring_out(headline, topic.as_str(), &language, now) {
            let lacks = format!("the demo's newspaper has no `{topic}` in `{language}`");
            return Err(Failure::new(Exit::NotFound, lacks).then("--language en").into());
        }
        let mut tx = app.store.begin().await?;
        feed::make_all_due(&mut tx, now).await?;
        tx.commit().await?;
        self.run_due().await?;

        let name = self.house.app.config.name_of(Facet::Topic, topic, &self.house.app.config.site.language);
        let mut told = vec![format!("“{headline}” is out, under {name}. It was fetched and filed.")];
        told.extend(self.prospect().await?);
        self.teller.step(&told.join(" "));
        self.tell_mails().await?;
        Ok(told)
    }

    /// What will become of the newest article.
    async fn prospect(&self) -> anyhow::Result<Option<String>> {
        let app = &self.house.app;
        let newest = article::list(&app.store, None, DateTime::UNIX_EPOCH, 1).await?;
        let newest: Vec<i64> = newest.into_iter().map(|article| article.id).collect();
        let matched = Matching::open(&app.store, &app.config).await?.articles(&newest).await?;
        let Some(matched) = matched.first() else { return Ok(None) };
        let readers: i64 = matched.audiences.iter().map(|audience| audience.readers).sum();
        let first = matched.audiences.iter().filter_map(|audience| audience.at).min();
        Ok(Some(match first {
            Some(first) => format!(
                "It goes to {}, from {} on: `tidings demo tomorrow` mails it.",
                count(usize::try_from(readers).unwrap_or_default(), "reader"),
                instant(first)
            ),
            None => "No reader has chosen that topic in that language: sign up for it, and it is yours.".to_owned(),
        }))
    }

    /// A day goes by, from one due time to the next.
    pub async fn tomorrow(&mut self) -> anyhow::Result<Vec<String>> {
        let end = self.house.app.clock.now() + TimeDelta::days(1);
        let mut told = Vec::new();
        while let Some(next) = slot::next_run(&self.house.app.store).await?.filter(|next| *next < end) {
            let clock = &self.house.app.clock;
            clock.set(next.max(clock.now()));
            let tally = self.run_due().await?;
            told.extend(self.tell_mails().await?);
            if tally.delivered.refused > 0 {
                told.push("one address was refused with 550 5.1.1, on purpose: it is not written to again".to_owned());
                self.teller.more(&told[told.len() - 1]);
            }
        }
        self.house.app.clock.set(end);
        self.look().await?;
        let now = instant(self.house.app.clock.now());
        told.push(if told.is_empty() {
            format!("It is {now} now. Nothing was new, so nobody had mail.")
        } else {
            format!("It is {now} now. The mail is in {}", self.house.app.config.site.link("/mailbox"))
        });
        self.teller.step(&told[told.len() - 1]);
        Ok(told)
    }

    /// Does what is due, and tells what mail there was.
    async fn look(&mut self) -> anyhow::Result<()> {
        self.run_due().await?;
        self.tell_mails().await.map(drop)
    }

    async fn run_due(&mut self) -> anyhow::Result<Tally> {
        let now = self.house.app.clock.now();
        self.house.app.pulse.beats(now);
        Ok(pipeline::run_due(&self.house.at_work.line, now).await?)
    }

    /// How long nothing falls due.
    async fn until_next(&self) -> anyhow::Result<Duration> {
        let (store, now) = (&self.house.app.store, self.house.app.clock.now());
        let due = [
            feed::next_check(store).await?,
            filing::next_ripe(store).await?,
            slot::next_run(store).await?,
            delivery::next_attempt(store).await?,
        ];
        let next = due.into_iter().flatten().filter(|next| *next > now).min();
        Ok(next.and_then(|next| (next - now).to_std().ok()).map_or(LOOK, |wait| wait.min(LOOK)))
    }

    async fn tell_mails(&mut self) -> anyhow::Result<Vec<String>> {
        let lines = self.new_mails().await?;
        lines.iter().for_each(|line| self.teller.step(line));
        Ok(lines)
    }

    /// A line for each mail that came since the last time.
    async fn new_mails(&mut self) -> anyhow::Result<Vec<String>> {
        const AT_MOST: i64 = 1000;
        let mails = captured_mail::after(&self.house.app.store, self.told, AT_MOST).await?;
        self.told = mails.last().map_or(self.told, |mail| mail.id);
        self.mails += mails.len();
        let line = |mail: captured_mail::Captured| {
            let message = Message::read(&mail.bytes);
            let subject = message.as_ref().map_or("", |message| message.subject());
            format!("{}: “{subject}” to {}", instant(mail.received_at), mail.envelope_to)
        };
        Ok(mails.into_iter().map(line).collect())
    }

    pub async fn end(self) -> anyhow::Result<()> {
        let Self { house, mut teller, .. } = self;
        teller.begin_step();
        house.close().await?;
        teller.step("closed and cleared away");
        Ok(())
    }
}

/// Presses of Enter in the terminal that it runs in.
fn keys() -> mpsc::Receiver<()> {
    let (pressed, keys) = mpsc::channel(1);
    if std::io::stdin().is_terminal() {
        // A thread of its own, which nobody waits for at the end.
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                if line.is_err() || pressed.blocking_send(()).is_err() {
                    break;
                }
            }
        });
    }
    keys
}
