//! `tidings subscriber set`

use chrono_tz::Tz;
use clap::Args;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::output::Output;
use super::super::resolve;
use super::super::typed::hour;
use super::changing::Changing;
use super::typed::{Format, zone};
use crate::model::address::Address;
use crate::model::edition;
use crate::model::holdings::{Settings, State};
use crate::model::language::Language;
use crate::model::slug::Slug;
use crate::model::topic::Facet;
use crate::store::declared;

#[derive(Debug, Args)]
#[command(after_help = "Frequency belongs to a subscription; hour, zone, language, format and regions to the reader. \
    Nothing is lost by a change, and nothing comes twice: what was new since the last digest comes with the first one \
    by the new choice.\n\n\
    Examples:  tidings subscriber set reader@example.org --topic health --frequency weekly\n           \
    tidings subscriber set reader@example.org --hour 7 --zone Africa/Nairobi")]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true)
    .args(["frequency", "hour", "zone", "language", "format", "regions", "all_regions"]))]
pub struct SetArgs {
    /// The reader's address
    address: Address,
    /// Whose frequency changes; repeat it for more [default: all topics they get]
    #[arg(long = "topic", value_name = "SLUG", requires = "frequency")]
    topics: Vec<Slug>,
    /// How often: `daily`, `weekly`, `as-it-happens`
    #[arg(long, value_name = "SLUG")]
    frequency: Option<Slug>,
    /// The hour of their digest in their time zone, 0 to 23
    #[arg(long, value_parser = hour)]
    hour: Option<u8>,
    /// Their time zone, such as `Africa/Nairobi`
    #[arg(long, value_parser = zone)]
    zone: Option<Tz>,
    /// The language of their mail, such as `fr`
    #[arg(long)]
    language: Option<Language>,
    /// What the mail looks like
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Only articles that are also in this region, in place of those chosen before; repeat it for more
    #[arg(long = "region", value_name = "SLUG")]
    regions: Vec<Slug>,
    /// Articles of all regions again
    #[arg(long, conflicts_with = "regions")]
    all_regions: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub async fn run(args: &SetArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let changing = Changing::open(&args.address, args.dry_run, global, output).await?;
    let app = &changing.app;
    let topics = changing.topics(&args.topics, &[State::Active, State::Paused, State::Pending]).await?;
    let frequency = match &args.frequency {
        Some(_) => Some(resolve::frequency(app, args.frequency.as_ref()).await?),
        None => None,
    };
    let regions = match args.all_regions {
        true => Some(vec![]),
        false => Some(resolve::topics(app, Facet::Region, &args.regions).await?).filter(|regions| !regions.is_empty()),
    };
    let settings = settings(&changing, args)?;
    refuse_idle_hour(&changing, args).await?;

    let done = changing.make(|holdings, ground| {
        let moved = frequency.as_ref().map(|f| holdings.set_frequency(topics.as_deref(), f.id, ground));
        let set = holdings.set(&settings, ground);
        let narrowed = regions.as_ref().is_some_and(|regions| holdings.choose_regions(regions, ground));
        (moved.unwrap_or_default(), set, narrowed)
    });
    let (moved, set, narrowed) = done.await?;
    let mut what = Vec::new();
    if let Some(frequency) = frequency.filter(|_| !moved.is_empty()) {
        what.push(format!("gets {} {} from now on", changing.list(&moved), frequency.slug));
    }
    if set {
        what.push(in_words(&settings));
    }
    if narrowed {
        let slugs: Vec<&str> = args.regions.iter().map(Slug::as_str).collect();
        what.push(if slugs.is_empty() { "all regions".to_owned() } else { format!("only {}", slugs.join(", ")) });
    }
    if what.is_empty() {
        return changing.say(&[], "nothing to change: all that is so already".to_owned(), None).await;
    }
    changing.say(&moved, what.join("; "), None).await
}

/// What was typed, over what the reader has.
fn settings(changing: &Changing<'_>, args: &SetArgs) -> anyhow::Result<Settings> {
    let mut settings = changing.reader.settings();
    if args.language.is_some() {
        settings.language = resolve::language(&changing.app, args.language.as_ref())?;
    }
    settings.zone = args.zone.unwrap_or(settings.zone);
    settings.hour = args.hour.map_or(settings.hour, i64::from);
    settings.format = args.format.map_or(settings.format, edition::Format::from);
    Ok(settings)
}

/// An hour that no frequency of the reader asks for would be set and do nothing.
async fn refuse_idle_hour(changing: &Changing<'_>, args: &SetArgs) -> anyhow::Result<()> {
    if args.hour.is_none() {
        return Ok(());
    }
    let offered = declared::frequencies(&changing.app.store).await?.into_iter().filter(|f| f.hour_choice);
    let offered: Vec<_> = offered.collect();
    let held = changing.holdings.live().any(|s| offered.iter().any(|f| f.id == s.frequency));
    let becomes = args.frequency.as_ref().is_some_and(|slug| offered.iter().any(|f| f.slug == *slug));
    if held || becomes {
        return Ok(());
    }
    let message = format!("none of the frequencies of {} offers a choice of the hour", changing.address());
    Err(Failure::new(Exit::Usage, message).then("leave --hour out, or change the frequency as well").into())
}

fn in_words(settings: &Settings) -> String {
    let format = match settings.format {
        edition::Format::Full => "",
        edition::Format::NoImages => ", without pictures",
        edition::Format::Text => ", text only",
    };
    format!("language {}, {} o'clock in {}{format}", settings.language, settings.hour, settings.zone.name())
}
