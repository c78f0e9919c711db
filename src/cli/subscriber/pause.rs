//! `tidings subscriber pause|resume`

use chrono::NaiveDate;
use clap::Args;

use super::super::exit::{Exit, Failure};
use super::super::global::Global;
use super::super::output::Output;
use super::super::typed::day;
use super::changing::Changing;
use crate::model::address::Address;
use crate::model::holdings::{Pause, PauseReason, Return, State};
use crate::model::slug::Slug;

#[derive(Debug, Args)]
#[command(
    after_help = "Nothing that waits is lost: what is new meanwhile, and what of it had not left yet, comes when \
    they go on, unless they then want only what is new.\n\n\
    Example:  tidings subscriber pause reader@example.org --until 2026-12-01"
)]
pub struct PauseArgs {
    /// The reader's address
    address: Address,
    /// Only this topic; repeat it for more [default: all they get]
    #[arg(long = "topic", value_name = "SLUG")]
    topics: Vec<Slug>,
    /// The last day without mail, by their calendar, such as 2026-12-01 [default: until they resume]
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<NaiveDate>,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:  tidings subscriber resume reader@example.org --from-now")]
pub struct ResumeArgs {
    /// The reader's address
    address: Address,
    /// Only this topic; repeat it for more [default: all that are paused]
    #[arg(long = "topic", value_name = "SLUG")]
    topics: Vec<Slug>,
    /// Only what is new from now on [default: also what they missed]
    #[arg(long)]
    from_now: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub async fn pause(args: &PauseArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let changing = Changing::open(&args.address, args.dry_run, global, output).await?;
    if let Some(until) = args.until.filter(|until| *until < changing.today()) {
        let message = format!("{until} is over: where they are it is {}", changing.today());
        return Err(Failure::new(Exit::Usage, message).then("--until takes the last day of the pause").into());
    }
    let topics = changing.topics(&args.topics, &[State::Active, State::Paused]).await?;
    let pause = Pause { until: args.until, reason: PauseReason::Operator };
    let paused = changing.make(|holdings, ground| holdings.pause(topics.as_deref(), pause, ground)).await?;
    if paused.is_empty() {
        return changing.say(&[], "nothing to pause: nothing is active that is not paused so".to_owned(), None).await;
    }
    let until = args.until.map_or("until they resume".to_owned(), |day| format!("until {}", day.format("%-d %B %Y")));
    let what = format!("paused {} {until}", changing.list(&paused));
    let more = match args.until {
        Some(_) => "what is new meanwhile comes with the first digest after that day",
        None => "what is new meanwhile comes when they resume, unless with --from-now",
    };
    changing.say(&paused, what, Some(more.to_owned())).await
}

pub async fn resume(args: &ResumeArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let changing = Changing::open(&args.address, args.dry_run, global, output).await?;
    let topics = changing.topics(&args.topics, &[State::Paused]).await?;
    let how = if args.from_now { Return::FromNow } else { Return::CatchUp };
    let back = changing.make(|holdings, ground| holdings.resume(topics.as_deref(), how, ground)).await?;
    if back.is_empty() {
        let waits = changing.holdings.live().any(|s| s.pause.is_some_and(|pause| pause.reason == PauseReason::Region));
        if waits {
            let message = format!("the last region that {} chose has ended: they have to choose another", args.address);
            let next = format!("tidings subscriber set {} --region SLUG, or --all-regions", args.address);
            return Err(Failure::new(Exit::Refused, message).then(next).into());
        }
        return changing.say(&[], "nothing to resume: nothing is paused".to_owned(), None).await;
    }
    let what = format!("goes on with {}", changing.list(&back));
    changing.say(&back, what, Some(what_comes(how).to_owned())).await
}

pub fn what_comes(how: Return) -> &'static str {
    match how {
        Return::CatchUp => "what they missed comes with the next digest",
        Return::FromNow => "only what is new from now on comes; what they missed does not",
    }
}
