//! `tidings subscriber explain`: who got what, and why not.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::output::Output;
use super::super::typed::number;
use super::super::{open, words};
use crate::app::App;
use crate::model::address::Address;
use crate::model::explanation::Missing;
use crate::model::holdings::{Pause, State, Stop, StopReason};
use crate::model::topic::Facet;
use crate::pipeline::explaining::{Explained, Explaining, Line, Place, Silence};
use crate::store::ledger::Digest;
use crate::store::{declared, former, slot, subscriber, suppression};

#[derive(Debug, Args)]
#[command(after_help = "It is told from what was recorded. What a reader held in the past is not kept: where their \
    choices changed after a run, it says so and goes by those of today.\n\n\
    Examples:  tidings subscriber explain reader@example.org\n           \
    tidings subscriber explain reader@example.org --run 12")]
pub struct ExplainArgs {
    /// The reader's address
    address: Address,
    /// One run, article by article; `tidings subscriber explain ADDRESS` and `tidings digest runs` show the numbers
    #[arg(long, value_name = "NUMBER", value_parser = number)]
    run: Option<i64>,
    /// So many of the newest runs
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(i64).range(1..=1000), conflicts_with = "run")]
    limit: i64,
}

#[derive(Serialize)]
struct Answer {
    address: String,
    /// Why nothing is sent to them at all, if that is so.
    suppressed: Option<String>,
    next_digest: Option<DateTime<Utc>>,
    runs: Vec<Said>,
}

#[derive(Serialize)]
struct Said {
    /// Null: on request.
    run: Option<i64>,
    due_at: DateTime<Utc>,
    frequency: Option<String>,
    /// The digest's state, or `none`.
    state: String,
    /// What became of it, or why there was none.
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    articles: Option<Vec<Article>>,
}

#[derive(Serialize)]
struct Article {
    article: i64,
    title: String,
    topic: String,
    /// Where it went, or why it did not come.
    what: String,
}

pub async fn run(args: &ExplainArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app(global).await?;
    let hash = app.keys.hash_of_address(&args.address);
    let Some(reader) = subscriber::by_address(&app.store, &args.address).await? else {
        let what = match was_a_reader(&app, &hash).await? {
            true => "is no reader any more: stopped or erased, and forgotten",
            false => "is no reader, and never was one",
        };
        return Err(Failure::new(Exit::NotFound, format!("{} {what}", args.address))
            .then("tidings subscriber list")
            .into());
    };
    let Some(explaining) = Explaining::of(&app.store, &app.config, reader.id).await? else {
        return Err(Failure::new(Exit::NotFound, format!("{} was erased in the meantime", args.address)).into());
    };
    let said = Sayer::of(&app, reader.zone).await?;
    let runs = match args.run {
        None => explaining.newest(args.limit).await?.iter().map(|explained| said.explained(explained)).collect(),
        Some(id) => {
            let Some((explained, lines)) = explaining.run(id).await? else {
                return Err(Failure::new(Exit::NotFound, format!("there is no run {id}"))
                    .then(format!("tidings subscriber explain {}", args.address))
                    .into());
            };
            let articles = lines.iter().map(|line| said.article(line)).collect();
            vec![Said { articles: Some(articles), ..said.explained(&explained) }]
        }
    };
    let suppressed = suppression::find(&app.store, &hash).await?;
    let next_digest = slot::of_subscriber(&app.store, reader.id).await?.iter().filter_map(|s| s.next_run_at).min();
    let is_active = explaining.holdings().live().any(|s| s.state == State::Active);
    let answer = Answer {
        address: args.address.to_string(),
        suppressed: suppressed.map(|(reason, since)| format!("{reason}, since {}", said.time(since))),
        next_digest: next_digest.filter(|_| is_active),
        runs,
    };
    output.result(&answer, || said.text(&answer))?;
    Ok(Exit::Done)
}

/// Of whom nothing is kept but that.
async fn was_a_reader(app: &App, hash: &[u8]) -> anyhow::Result<bool> {
    let mut tx = app.store.begin().await?;
    let among = former::among(&mut tx, &[hash.to_vec()]).await?;
    tx.rollback().await?;
    Ok(!among.is_empty())
}

/// Puts it into words: names of topics, times in the reader's zone.
struct Sayer {
    zone: Tz,
    now: DateTime<Utc>,
    names: HashMap<i64, String>,
}

impl Sayer {
    async fn of(app: &App, zone: Tz) -> anyhow::Result<Self> {
        let language = &app.config.site.language;
        let topics = declared::topics(&app.store).await?.into_iter().filter(|topic| topic.facet == Facet::Topic);
        let names = topics.map(|t| (t.id, app.config.name_of(Facet::Topic, &t.slug, language))).collect();
        Ok(Self { zone, now: app.clock.now(), names })
    }

    /// `Tue 3 March 2026, 08:00`.
    fn time(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.zone).format("%a %-d %B %Y, %H:%M").to_string()
    }

    fn name(&self, topic: i64) -> String {
        self.names.get(&topic).cloned().unwrap_or_else(|| "a topic that is gone".to_owned())
    }

    fn list(&self, topics: impl Iterator<Item = i64>) -> String {
        let names: Vec<String> = topics.map(|topic| self.name(topic)).collect();
        match names.as_slice() {
            [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
            _ => names.concat(),
        }
    }

    fn explained(&self, explained: &Explained) -> Said {
        let Explained { run, digest, silence, .. } = explained;
        let mut what = match (digest, silence) {
            (Some(digest), _) => self.digest(explained, digest),
            (None, Some(silence)) => self.silence(explained, silence),
            (None, None) => String::new(),
        };
        if run.as_ref().is_some_and(|run| run.late) && digest.is_some() {
            what.push_str("; the run was late, and the mail says so");
        }
        if explained.chosen_since && silence.as_ref().is_some_and(|silence| !silence.is_certain()) {
            what.push_str(" (by the choices of today; they may have changed after this run)");
        }
        Said {
            run: run.as_ref().map(|run| run.id),
            due_at: run.as_ref().map(|run| run.due_at).or(digest.as_ref().map(|d| d.created_at)).unwrap_or(self.now),
            frequency: run.as_ref().map(|run| run.frequency_slug.to_string()),
            state: digest.as_ref().map_or_else(|| "none".to_owned(), |digest| digest.state.clone()),
            what,
            articles: None,
        }
    }

    fn digest(&self, explained: &Explained, digest: &Digest) -> String {
        let total: usize = explained.sections.iter().map(|(_, count)| count).sum();
        let sections: Vec<String> =
            explained.sections.iter().map(|(topic, count)| format!("{} {count}", self.name(*topic))).collect();
        let carries = format!("{} ({})", words::count(total, "article"), sections.join(", "));
        let reply = digest.reply.as_ref().map(|reply| format!("; the relay said: {reply}")).unwrap_or_default();
        let reason = digest.reason.as_deref();
        let at = digest.settled_at.map(|at| format!(" {}", self.time(at))).unwrap_or_default();
        let owed = match digest.folded_into {
            Some(run) => format!("; what it owed went into run {run}"),
            None => "; what it owed goes into the next run that serves them".to_owned(),
        };
        match digest.state.as_str() {
            "ready" if explained.run.as_ref().is_some_and(|run| run.held) => {
                format!("{carries}, held until somebody releases the run")
            }
            "ready" => format!("{carries}, waits to be sent"),
            "claimed" | "sending" => format!("{carries}, being sent"),
            "sent" if digest.mode == "capture" => format!("captured{at}: {carries}"),
            "sent" => format!("sent{at}: {carries}{reply}"),
            "deferred" => format!("{carries}, to be tried again {}{reply}", self.time(digest.next_attempt_at)),
            "refused" => format!("refused{at}: the address does not take it, and nothing of it is owed{reply}"),
            "uncertain" => {
                format!("{carries}, handed over, but the answer was lost; it may have arrived, so it is not sent anew")
            }
            "held" => format!("{carries}, set aside ({}): a person has to decide", reason.unwrap_or("in doubt")),
            "quarantined" => format!("{carries}, set aside: {}", reason.unwrap_or("it could not be rendered")),
            "expired" if reason == Some("folded") => format!("had not left when the next run came{owed}"),
            "expired" => format!("could not be sent in time{owed}{reply}"),
            "not sent" => format!("settled as not sent{at}{owed}"),
            "cancelled" => format!("cancelled{at}: {}", self.cancelled(reason, &owed)),
            other => other.to_owned(),
        }
    }

    fn cancelled(&self, reason: Option<&str>, owed: &str) -> String {
        match reason {
            Some("stopped") => "they stopped what was in it; it comes back if they do".to_owned(),
            Some("paused") => "they paused what was in it; it comes when they resume".to_owned(),
            Some("operator") => format!("the run was cancelled{owed}"),
            Some("dropped") => "the run was cancelled and dropped; nothing of it is owed".to_owned(),
            Some("withdrawn") => "all that was in it was withdrawn".to_owned(),
            Some(other) => other.to_owned(),
            None => "no reason was recorded".to_owned(),
        }
    }

    fn silence(&self, explained: &Explained, silence: &Silence) -> String {
        match silence {
            Silence::Skipped => {
                "the run was found so late that it was left to the next one, which covers it".to_owned()
            }
            Silence::NotYet => "the run is being planned and has not come to them yet".to_owned(),
            Silence::BeforeTheyCame => "they had not subscribed by then".to_owned(),
            Silence::Pending => "waits for their confirmation".to_owned(),
            Silence::Paused(Pause { until: Some(day), .. }) => format!("paused until {}", day.format("%-d %B %Y")),
            Silence::Paused(_) => "paused until they resume".to_owned(),
            Silence::Ended(stop) => self.ended(stop),
            Silence::NothingNew(topics) => {
                let since = explained.run.as_ref().filter(|run| run.covers_from < run.due_at);
                let since = since.map(|run| format!(" since {}", self.time(run.covers_from))).unwrap_or_default();
                format!("nothing new in {}{since}", self.list(topics.iter().copied()))
            }
            Silence::NotForThem(reasons) => {
                let reason = |((topic, why), count): (&(i64, Missing), &usize)| {
                    format!("{} in {}: {}", words::count(*count, "article"), self.name(*topic), missing_words(*why))
                };
                reasons.iter().map(reason).collect::<Vec<_>>().join("; ")
            }
        }
    }

    fn ended(&self, stop: &Stop) -> String {
        let who = match stop.reason {
            StopReason::Reader | StopReason::OneClick => "they stopped it",
            StopReason::Operator => "stopped by an operator",
            StopReason::Suppressed => "stopped because the address is suppressed",
            StopReason::Erased => "erased",
            StopReason::Retired => "ended with its topic or frequency",
            StopReason::Unconfirmed => "never confirmed",
        };
        format!("{who} on {}", self.time(stop.at))
    }

    fn article(&self, line: &Line) -> Article {
        let what = match line.place {
            Place::Listed => "in the digest".to_owned(),
            Place::Beyond => "in the digest, behind \"and more\"".to_owned(),
            Place::TakenOut => "was in the digest, and was taken out before it left".to_owned(),
            Place::In(told) => match told.run {
                Some(run) => format!("left out: the digest of run {run} has it ({})", self.time(told.at)),
                None => format!("left out: the digest on request has it ({})", self.time(told.at)),
            },
            Place::Missing(why) => format!("left out: {}", missing_words(why)),
        };
        Article { article: line.article, title: line.title.clone(), topic: self.name(line.topic), what }
    }

    fn text(&self, answer: &Answer) -> String {
        let mut lines = vec![format!("{} (times in {})", answer.address, self.zone.name())];
        lines.extend(answer.suppressed.iter().map(|why| format!("nothing is sent to this address: {why}")));
        lines.push(match answer.next_digest {
            Some(at) => format!("the next run that serves them is due {}", self.time(at)),
            None => "no run serves them: no subscription is active, or no run is planned yet".to_owned(),
        });
        if answer.runs.is_empty() {
            lines.push("no run has served them yet".to_owned());
        }
        for said in &answer.runs {
            let name = match (said.run, &said.frequency) {
                (Some(run), Some(frequency)) => format!("run {run}, {frequency}"),
                _ => "on request".to_owned(),
            };
            lines.push(format!("  {}  {name}: {}", self.time(said.due_at), said.what));
            for article in said.articles.iter().flatten() {
                lines.push(format!("    {} [{}] {}", article.title, article.topic, article.what));
            }
        }
        lines.join("\n")
    }
}

impl Silence {
    /// Whether it is so whatever their choices were.
    fn is_certain(&self) -> bool {
        matches!(self, Self::Skipped | Self::NotYet | Self::BeforeTheyCame)
    }
}

fn missing_words(why: Missing) -> &'static str {
    match why {
        Missing::Withdrawn => "withdrawn",
        Missing::OtherLanguage => "not in the language they get",
        Missing::OtherRegion => "outside the regions they chose",
        Missing::Later => "filed after the run had begun; the next one has it",
        Missing::BeforeTheyCame => "from before they subscribed",
        Missing::Told => "another digest of theirs has it",
        Missing::ChosenSince => "due by the choices of today, not by those they had then",
    }
}
