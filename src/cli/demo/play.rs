//! The steps of the demo, in the order in which they are played; each does one thing, tells it, and notes what must be
//! true of it.

use std::time::Instant;

use anyhow::Context;
use chrono::{DateTime, TimeDelta, Utc};

use super::browser::Browser;
use super::checks::{self, Check};
use super::house::{House, Manner};
use super::links;
use super::mailbox::{self, Mail};
use super::once::{Mails, Played, Summary};
use super::readers::{self, Part, Reader};
use super::teller::Teller;
use crate::cli::words::count;
use crate::pipeline::{self, Tally};
use crate::store::{article, delivery, feed, run, slot};

/// A week, and the hour more that it has when clocks are set back.
const A_WEEK: TimeDelta = TimeDelta::hours(7 * 24 + 1);

pub(super) struct Play<'a> {
    pub house: House,
    pub readers: Vec<Reader>,
    browser: Browser,
    pub teller: Teller<'a>,
    checks: Vec<Check>,
    mails: Mails,
    sample: Option<Mail>,
}

impl<'a> Play<'a> {
    pub async fn begin(manner: Manner, mut teller: Teller<'a>) -> anyhow::Result<Self> {
        let readers = readers::all();
        let refused = readers.iter().find(|reader| reader.part == Part::Refused).map_or("", |reader| reader.address);
        let house = House::open(manner, refused).await?;
        teller.plain("Everything here happens on this machine; no mail and no request leaves it.\n");
        teller.step(&format!(
            "{} (an invented paper) serves {} on {}",
            house.newsroom.name(),
            count(house.newsroom.feeds(), "feed"),
            house.paper
        ));
        teller.more(&format!("Tidings works in {}, which goes away at the end", house.folder().display()));
        teller.more(&format!("its clock can be moved; it shows {}", instant(house.app.clock.now())));
        let mails = Mails { sent: 0, refused: 0 };
        Ok(Self { house, readers, browser: Browser::open()?, teller, checks: vec![], mails, sample: None })
    }

    pub async fn first_fetch(&mut self) -> anyhow::Result<()> {
        let collected = self.run_due().await?.collected;
        let mut problems = Vec::new();
        differs(&mut problems, "feeds asked", self.house.newsroom.feeds(), collected.feeds);
        differs(&mut problems, "feeds that failed", 1, collected.failed);
        differs(&mut problems, "articles kept", self.house.newsroom.articles(), collected.new);
        differs(&mut problems, "articles to be mailed", 0, collected.filed);
        self.check("the first fetch keeps all articles and mails none of them", problems);
        self.teller.step(&format!(
            "first fetch: {} asked, {} kept; all of it is old news to readers, so none of it will be mailed",
            count(collected.feeds, "feed"),
            count(collected.new, "article")
        ));

        let listed = feed::list(&self.house.app.store).await?;
        let gone: Vec<_> = listed.into_iter().filter(|feed| feed.gone_at.is_some()).collect();
        let mut problems = Vec::new();
        differs(&mut problems, "feeds that are gone", 1, gone.len());
        self.check("the feed that answers 410 is known to be gone", problems);
        for feed in gone {
            let slug = feed.slug;
            self.teller.more(&format!("on purpose: the feed `{slug}` answers 410 Gone, and will not be asked again"));
        }
        Ok(())
    }

    pub async fn subscribe(&mut self) -> anyhow::Result<()> {
        for reader in &self.readers {
            reader.subscribe(&self.house.app).await?;
        }
        self.teller.step(&format!(
            "{} subscribe, in English, French and Arabic, from New York to Auckland",
            count(self.readers.len(), "reader")
        ));
        for reader in &self.readers {
            self.teller.more(&reader.to_string());
        }
        Ok(())
    }

    /// The reader who is asked first gets a mail, follows its link, and presses the button.
    pub async fn confirm(&mut self) -> anyhow::Result<()> {
        self.run_due().await?;
        let Some(reader) = self.readers.iter().find(|reader| reader.part == Part::Asked) else { return Ok(()) };
        let mails = mailbox::mails(&self.house.app.store).await?;
        let begins = self.house.app.config.site.link("/confirm/");
        let link = mails.iter().filter(|mail| mail.to == reader.address);
        let link = link.filter_map(|mail| mail.message.line_that_begins(&begins)).next();
        let link = link.with_context(|| format!("no mail with a link to confirm came to {}", reader.address))?;

        let problems = links::confirm(&self.house.app, &self.browser, reader, link).await?;
        let told = format!("{} is asked by mail, follows its link, and confirms", reader.address);
        self.check("looking at the question starts nothing, its button starts the subscriptions", problems);
        self.teller.step(&told);
        Ok(())
    }

    pub async fn publish(&mut self) -> anyhow::Result<()> {
        let now = self.move_clock(self.now() + TimeDelta::hours(1)).await?;
        let before = self.house.newsroom.articles();
        self.house.newsroom.publish(now);
        let mut tx = self.house.app.store.begin().await?;
        feed::make_all_due(&mut tx, now).await?;
        tx.commit().await?;

        let collected = self.run_due().await?.collected;
        let mut problems = Vec::new();
        differs(&mut problems, "feeds asked", self.house.newsroom.feeds() - 1, collected.feeds);
        differs(&mut problems, "feeds that failed", 0, collected.failed);
        differs(&mut problems, "articles kept", self.house.newsroom.articles() - before, collected.new);
        let stored = usize::try_from(article::count(&self.house.app.store).await?)?;
        differs(&mut problems, "articles kept in all", self.house.newsroom.articles(), stored);
        self.check("the second fetch finds the new articles, each once", problems);
        self.teller.step(&format!(
            "{}: the paper publishes; {} asked again, {} new",
            instant(now),
            count(collected.feeds, "feed"),
            count(collected.new, "article")
        ));
        Ok(())
    }

    /// From one due time to the next: tomorrow the daily digests, on Monday the weekly one, else nothing.
    pub async fn let_a_week_go_by(&mut self) -> anyhow::Result<()> {
        let end = self.now() + A_WEEK;
        let mut quiet = 0;
        while let Some(next) = self.next_before(end).await? {
            let began = Instant::now();
            self.house.app.clock.set(next);
            let tally = self.run_due().await?;
            if tally.composed.deliveries == 0 {
                quiet += tally.composed.runs;
                continue;
            }
            self.tell_quiet(std::mem::take(&mut quiet), began);
            self.tell_digests(next, &tally).await?;
        }
        self.tell_quiet(quiet, Instant::now());
        self.house.app.clock.set(end);
        Ok(())
    }

    fn tell_quiet(&mut self, runs: usize, until: Instant) {
        if runs > 0 {
            self.teller.step_until(&format!("{} find nothing new: no mail", count(runs, "run")), until);
        }
    }

    async fn tell_digests(&mut self, now: DateTime<Utc>, tally: &Tally) -> anyhow::Result<()> {
        let mails = mailbox::mails(&self.house.app.store).await?;
        let came = |reader: &&Reader| checks::digests(reader, &mails).iter().any(|mail| mail.at == now);
        let there = |reader: &Reader| {
            let wall = now.with_timezone(&reader.zone).format("%-H:%M");
            format!("{} ({wall} in {})", reader.address, reader.city())
        };
        let names: Vec<String> = self.readers.iter().filter(came).map(there).collect();
        self.teller.step(&format!("{}: a digest for {}", instant(now), names.join(", ")));
        let refused = self.readers.iter().filter(|reader| reader.part == Part::Refused && tally.delivered.refused > 0);
        for reader in refused {
            self.teller.more(&format!(
                "on purpose: {} is refused with 550 5.1.1, and will not be written to again",
                reader.address
            ));
        }
        Ok(())
    }

    /// Nothing is due: nothing may happen.
    pub async fn run_once_more(&mut self) -> anyhow::Result<()> {
        let before = (self.mails.sent, self.mails.refused);
        let tally = self.run_due().await?;
        let mut problems = Vec::new();
        differs(&mut problems, "deliveries", 0, tally.composed.deliveries);
        differs(&mut problems, "mails", before.0 + before.1, self.mails.sent + self.mails.refused);
        self.check("doing it all once more mails nothing twice", problems);
        self.teller.step("all stages once more: nothing is mailed twice");
        Ok(())
    }

    pub async fn look_into_the_mailbox(&mut self) -> anyhow::Result<()> {
        let mails = mailbox::mails(&self.house.app.store).await?;
        self.checks.extend(checks::of_mailbox(&self.house.newsroom, &self.readers, &mails));

        let mut problems = Vec::new();
        differs(&mut problems, "mails in the mailbox", self.mails.sent, mails.len());
        differs(&mut problems, "mails refused", 1, self.mails.refused);
        let states = delivery::by_state(&self.house.app.store).await?;
        let unsettled = states.iter().filter(|(state, _)| !matches!(state.as_str(), "sent" | "refused"));
        problems.extend(unsettled.map(|(state, n)| format!("expected none {state}, found {n}")));
        self.check("what Tidings says it sent and was refused is what the mailbox took and refused", problems);

        let refused = self.readers.iter().filter(|reader| reader.part == Part::Refused);
        let mut problems = Vec::new();
        for reader in refused {
            problems.extend(links::not_all(&self.house.app, reader, ("ended", Some("suppressed"))).await?);
        }
        self.check("the subscriptions of the address that does not exist have ended", problems);
        self.sample = checks::digests(&self.readers[0], &mails).first().map(|mail| (*mail).clone());
        self.teller
            .step(&format!("{} read again and compared with what the paper published", count(mails.len(), "mail")));
        Ok(())
    }

    pub async fn follow_the_links(&mut self) -> anyhow::Result<()> {
        let mails = mailbox::mails(&self.house.app.store).await?;
        let digests: Vec<&Mail> = mails.iter().filter(|mail| mail.is_digest()).collect();
        let (followed, problems) = links::follow(&self.browser, &digests).await?;
        self.check("no link in a digest is dead", problems);

        let edition = self.house.app.config.site.link("/edition/");
        let mut problems = Vec::new();
        for reader in &self.readers {
            for mail in checks::digests(reader, &mails) {
                let expected = self.house.newsroom.expected(&reader.language(), reader.topics, reader.regions);
                problems.extend(links::edition(&self.browser, mail, &edition, &expected).await?);
            }
        }
        self.check("the page of each digest has its articles", problems);
        self.teller.step(&format!("{} followed over HTTP", count(followed, "link")));
        Ok(())
    }

    pub async fn stop_with_one_click(&mut self) -> anyhow::Result<()> {
        let mails = mailbox::mails(&self.house.app.store).await?;
        let Some(reader) = self.readers.iter().find(|reader| reader.part == Part::Stops) else { return Ok(()) };
        let link = checks::digests(reader, &mails).into_iter().find_map(Mail::one_click);
        let problems = match link {
            Some(link) => links::one_click(&self.house.app, &self.browser, reader, link).await?,
            None => vec![format!("expected a link for one click in the digest of {}, found none", reader.address)],
        };
        let told = format!("{} unsubscribes with one click of the mail program", reader.address);
        self.check("looking at the stop page ends nothing, one click ends everything", problems);
        self.teller.step(&told);
        Ok(())
    }

    pub async fn end(mut self) -> anyhow::Result<Played> {
        let runs = run::count(&self.house.app.store).await?;
        let (feeds, articles) = (self.house.newsroom.feeds(), article::count(&self.house.app.store).await?);
        self.house.close().await?;
        let held = self.checks.iter().filter(|check| check.holds()).count();
        self.teller.step(&format!("closed and cleared away; {held} of {} checks hold", self.checks.len()));
        for check in &self.checks {
            self.teller.more(&format!("{}  {}", if check.holds() { "ok    " } else { "BROKEN" }, check.promise));
        }
        self.teller.plain("");
        let summary = Summary {
            feeds,
            articles: usize::try_from(articles)?,
            readers: self.readers.len(),
            runs,
            mails: self.mails,
            seconds: (self.teller.all().as_secs_f64() * 100.0).round() / 100.0,
            ok: self.checks.iter().all(Check::holds),
        };
        Ok(Played { summary, checks: self.checks, sample: self.sample })
    }

    fn now(&self) -> DateTime<Utc> {
        self.house.app.clock.now()
    }

    fn check(&mut self, promise: &'static str, problems: Vec<String>) {
        self.checks.push(Check::new(promise, problems));
    }

    /// Everything that is due now.
    async fn run_due(&mut self) -> anyhow::Result<Tally> {
        let tally = pipeline::run_due(&self.house.at_work.line, self.now()).await?;
        self.mails.sent += tally.delivered.sent;
        self.mails.refused += tally.delivered.refused;
        Ok(tally)
    }

    /// Moves the clock, by way of whatever falls due on the way.
    async fn move_clock(&mut self, to: DateTime<Utc>) -> anyhow::Result<DateTime<Utc>> {
        while let Some(next) = self.next_before(to).await? {
            self.house.app.clock.set(next);
            self.run_due().await?;
        }
        self.house.app.clock.set(to);
        Ok(to)
    }

    async fn next_before(&self, end: DateTime<Utc>) -> anyhow::Result<Option<DateTime<Utc>>> {
        Ok(slot::next_run(&self.house.app.store).await?.filter(|next| *next < end))
    }
}

fn differs(problems: &mut Vec<String>, what: &str, expected: usize, found: usize) {
    if expected != found {
        problems.push(format!("{what}: expected {expected}, found {found}"));
    }
}

/// As people read it.
pub fn instant(at: DateTime<Utc>) -> String {
    at.format("%a %-d %b %Y, %H:%M UTC").to_string()
}
