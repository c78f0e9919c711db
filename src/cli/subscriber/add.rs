//! `tidings subscriber add`

use chrono::TimeDelta;
use chrono_tz::Tz;
use clap::Args;
use serde::Serialize;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::output::Output;
use super::super::typed::hour;
use super::super::{open, resolve};
use super::typed::{self, Format, zone};
use crate::app::App;
use crate::model::address::Address;
use crate::model::edition;
use crate::model::holdings::{Settings, StartReason, Wanted};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::pipeline::compose;
use crate::store::delivery::{self, Answer, Kind};
use crate::store::subscription::{self, Granted, Wish};
use crate::store::{former, subscriber, suppression};

#[derive(Debug, Args)]
#[command(after_help = "The reader is active at once, recorded as added by you; --confirm asks them first, by mail. \
    Topics that they have already stay as they are.\n\n\
    Example:  tidings subscriber add reader@example.org --topic health --topic climate")]
pub struct AddArgs {
    /// The reader's address
    address: Address,
    /// A topic they get; repeat it for more
    #[arg(long = "topic", value_name = "SLUG", required = true)]
    topics: Vec<Slug>,
    /// Only articles that are also in this region; repeat it for more [default: all regions]
    #[arg(long = "region", value_name = "SLUG")]
    regions: Vec<Slug>,
    /// How often: `daily`, `weekly`, `as-it-happens` [default: the first in the configuration]
    #[arg(long, value_name = "SLUG")]
    frequency: Option<Slug>,
    /// The language of their mail, such as `fr` [default: the site's]
    #[arg(long)]
    language: Option<Language>,
    /// Their time zone, such as `Africa/Nairobi` [default: the site's]
    #[arg(long, value_parser = zone)]
    zone: Option<Tz>,
    /// The hour of their digest in their time zone, 0 to 23 [default: the frequency's own]
    #[arg(long, value_parser = hour)]
    hour: Option<u8>,
    /// What the mail looks like [default: full]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Ask the reader first, by mail; they get nothing else until they say yes
    #[arg(long)]
    confirm: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Added {
    address: String,
    new_reader: bool,
    added: usize,
    already: usize,
    started: usize,
    /// Language, zone, hour, format or regions of a reader who was there already.
    changed: bool,
    /// The reader is asked first.
    pending: bool,
    dry_run: bool,
}

/// A reader is asked at most once a day, whatever the topics.
const ASK_AGAIN: TimeDelta = TimeDelta::hours(24);

pub async fn run(args: &AddArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let app = open::app_for(args.dry_run, global).await?;
    let hash = app.keys.hash_of_address(&args.address);
    if let Some((reason, since)) = suppression::find(&app.store, &hash).await? {
        return Err(typed::suppressed(&args.address, &reason, since).into());
    }
    let wish = wish(&app, args).await?;
    let now = app.clock.now();

    let mut tx = app.store.begin().await?;
    let granted = subscription::grant(&mut tx, &wish, now).await?;
    former::returns(&mut tx, &hash).await?;
    let asks = args.confirm
        && !granted.given.added.is_empty()
        && delivery::answers_since(&mut tx, Kind::Confirm, granted.subscriber, now - ASK_AGAIN).await? == 0;
    if asks {
        let mode = app.config.delivery.mode;
        let subscriber = Some(granted.subscriber);
        let question = Answer { kind: Kind::Confirm, key: app.chance.key(), mode, subscriber, withheld: None };
        delivery::answer(&mut tx, &question, now).await?;
    }
    if args.dry_run {
        tx.rollback().await?;
    } else {
        tx.commit().await?;
        compose::plan_ahead(&app.store, now).await?;
        open::nudge(&app, output).await?;
    }
    let added = Added {
        address: args.address.to_string(),
        new_reader: granted.new_reader,
        added: granted.given.added.len(),
        already: granted.given.already.len(),
        started: granted.given.started.len(),
        changed: granted.changed,
        pending: args.confirm,
        dry_run: args.dry_run,
    };
    output.result(&added, || in_words(&added, &granted, asks))?;
    Ok(Exit::Done)
}

async fn wish(app: &App, args: &AddArgs) -> anyhow::Result<Wish> {
    let frequency = resolve::frequency(app, args.frequency.as_ref()).await?;
    if args.hour.is_some() && !frequency.hour_choice {
        let message = format!("the frequency `{}` offers no choice of the hour", frequency.slug);
        return Err(Failure::new(Exit::Usage, message).then("leave --hour out").into());
    }
    let topics = resolve::topics(app, Facet::Topic, &args.topics).await?;
    let regions = resolve::topics(app, Facet::Region, &args.regions).await?;
    let before = subscriber::by_address(&app.store, &args.address).await?.map(|reader| reader.settings());
    let settings = settings(app, args, before, &frequency.slug)?;
    Ok(Wish {
        address: args.address.clone(),
        key: app.chance.key(),
        settings,
        set: args.language.is_some()
            || args.zone.is_some()
            || args.hour.is_some()
            || args.format.is_some()
            || !regions.is_empty(),
        regions: (!regions.is_empty()).then_some(regions),
        wanted: Wanted {
            topics,
            frequency: frequency.id,
            reason: if args.confirm { StartReason::Confirmed } else { StartReason::Operator },
            pending: args.confirm,
            respects_stops: false,
        },
    })
}

/// What was typed, over what the reader has, over the site's own.
fn settings(app: &App, args: &AddArgs, before: Option<Settings>, frequency: &Slug) -> anyhow::Result<Settings> {
    let usual = app.config.frequency(frequency).and_then(|f| f.schedule.fixed_hour()).unwrap_or(8);
    let base = before.unwrap_or_else(|| Settings {
        language: app.config.site.language.clone(),
        zone: app.config.site.timezone,
        hour: i64::from(usual),
        format: edition::Format::default(),
    });
    let language = match &args.language {
        Some(language) => resolve::language(app, Some(language))?,
        None => base.language,
    };
    Ok(Settings {
        language,
        zone: args.zone.unwrap_or(base.zone),
        hour: args.hour.map_or(base.hour, i64::from),
        format: args.format.map_or(base.format, edition::Format::from),
    })
}

fn in_words(added: &Added, granted: &Granted, asks: bool) -> String {
    let topics = |n: usize| if n == 1 { "1 topic".to_owned() } else { format!("{n} topics") };
    let mut parts = Vec::new();
    if !granted.given.added.is_empty() {
        let how = if added.pending { "waits for the reader's confirmation for" } else { "now receives" };
        parts.push(format!("{} {how} {}", added.address, topics(granted.given.added.len())));
    }
    if !granted.given.started.is_empty() {
        parts.push(format!("{} that waited for a confirmation started", topics(granted.given.started.len())));
    }
    if !granted.given.already.is_empty() {
        parts.push(format!("{} had {} already, left as before", added.address, topics(granted.given.already.len())));
    }
    if added.pending && !granted.given.added.is_empty() {
        let mail = if asks {
            "the mail that asks is on its way"
        } else {
            "they were asked within the last day, so no second mail is sent"
        };
        parts.push(mail.to_owned());
    }
    if granted.changed {
        parts.push(format!("the settings of {} were changed as asked", added.address));
    }
    let text = parts.join("; ");
    if added.dry_run { format!("would be: {text}") } else { text }
}
