//! `tidings subscriber stop|start-again`

use clap::Args;

use super::super::exit::Exit;
use super::super::global::Global;
use super::super::output::Output;
use super::changing::Changing;
use super::pause::what_comes;
use crate::model::address::Address;
use crate::model::holdings::{Return, State, StopReason};
use crate::model::slug::Slug;

#[derive(Debug, Args)]
#[command(
    after_help = "What waits to be sent leaves it out; a reader who stops everything gets nothing any more from \
    this moment. An import never overrides a stop; `start-again` does.\n\n\
    Example:  tidings subscriber stop reader@example.org --topic health"
)]
pub struct StopArgs {
    /// The reader's address
    address: Address,
    /// Only this topic; repeat it for more [default: everything]
    #[arg(long = "topic", value_name = "SLUG")]
    topics: Vec<Slug>,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Only for somebody who asked for it: who stopped has a right to silence.\n\n\
    Example:  tidings subscriber start-again reader@example.org")]
pub struct StartAgainArgs {
    /// The reader's address
    address: Address,
    /// Only this topic; repeat it for more [default: all that ended last]
    #[arg(long = "topic", value_name = "SLUG")]
    topics: Vec<Slug>,
    /// Only what is new from now on [default: also what they missed]
    #[arg(long)]
    from_now: bool,
    /// Say what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub async fn stop(args: &StopArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let changing = Changing::open(&args.address, args.dry_run, global, output).await?;
    let topics = changing.topics(&args.topics, &[State::Active, State::Paused, State::Pending]).await?;
    let stop = changing.make(|holdings, ground| {
        let ended = holdings.stop(topics.as_deref(), StopReason::Operator, ground);
        (ended, holdings.is_gone())
    });
    let (ended, gone) = stop.await?;
    if ended.is_empty() {
        return changing.say(&[], "nothing to stop: no subscription is live".to_owned(), None).await;
    }
    let what = format!("ended {}", changing.list(&ended));
    let more = if gone { "nothing is left: no mail goes to them any more" } else { "what waits leaves it out" };
    changing.say(&ended, what, Some(more.to_owned())).await
}

pub async fn start_again(args: &StartAgainArgs, global: &Global, output: &Output) -> anyhow::Result<Exit> {
    let changing = Changing::open(&args.address, args.dry_run, global, output).await?;
    changing.refuse_suppressed().await?;
    let topics = changing.topics(&args.topics, &[State::Ended]).await?;
    let how = if args.from_now { Return::FromNow } else { Return::CatchUp };
    let back = changing.make(|holdings, ground| holdings.start_again(topics.as_deref(), how, ground)).await?;
    if back.is_empty() {
        return changing.say(&[], "nothing to start again: nothing has ended".to_owned(), None).await;
    }
    let what = format!("starts again with {}", changing.list(&back));
    changing.say(&back, what, Some(what_comes(how).to_owned())).await
}
