//! Claim → render → sign → hand over → record the outcome.
//!
//! One claimer takes small batches, answers to a person first; the outbox gives them to the connections as fast as the relay
//! and each domain take them; each connection is a task that owns its session; all marks go through one writer that commits
//! them in groups; these two have a thread of their own, and so has the claimer. `sending` is durable before the dot.

pub mod alert;
mod answers;
mod claiming;
mod connection;
mod direct;
mod marks;
mod outbox;
mod own_thread;
mod press;
pub mod proof;
mod signing;
pub mod traffic;
pub mod trial;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::{error, info, warn};

use super::{Error, Line};
use crate::config::Uncertain;
use crate::mail::message::Message;
use crate::model::address::Address;
use crate::model::breaker::{May, Outage};
use crate::store::claim::{self, Claimed, Lanes, Taken};
use crate::store::delivery::{self, Settled};
use crate::store::{captured_mail, letter, outage, setting};
use claiming::{Claimer, try_one};
use marks::Marks;
use own_thread::{Manners, OwnThread};
pub use press::site;
use press::{Press, Pressed};

/// How soon something that changed under a delivery is looked at again.
const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(5);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    pub sent: usize,
    /// Of these, into the mailbox inside.
    pub captured: usize,
    /// Will be tried again.
    pub deferred: usize,
    pub refused: usize,
    /// Stopped, suppressed, expired or set aside meanwhile.
    pub cancelled: usize,
    /// Handed over, and the answer was lost.
    pub uncertain: usize,
    /// Why nothing more was sent, if the relay was at fault.
    pub relay_fault: Option<String>,
    /// Why nothing was sent, if a person stopped all mail.
    pub held: Option<String>,
}

/// What the tasks of a run share.
struct Shared {
    line: Line,
    marks: Marks,
    thread: OwnThread,
    counts: Counts,
    /// The program stops, or the relay was at fault: nothing more is handed over in this run.
    halt: CancellationToken,
    fault: Mutex<Option<String>>,
    /// The relay has answered about a message.
    answered: AtomicBool,
    /// Messages in a row that were handed over and not answered.
    unanswered: AtomicUsize,
    /// What was known when the run began.
    outages: Vec<Outage>,
}

#[derive(Default)]
struct Counts {
    sent: AtomicUsize,
    captured: AtomicUsize,
    deferred: AtomicUsize,
    refused: AtomicUsize,
    cancelled: AtomicUsize,
    uncertain: AtomicUsize,
}

/// A message ready to be handed over.
struct Parcel {
    claimed: Claimed,
    envelope_from: String,
    to: Address,
    /// As the suppressions keep it.
    hash: Vec<u8>,
    message: Message,
    /// To the mailbox inside Tidings, not to the relay.
    captured: bool,
    /// As long as it has not come to its end.
    _in_hand: TaskTrackerToken,
}

/// Hands over everything that is due at `now`.
pub async fn run(line: &Line, now: DateTime<Utc>) -> Result<Delivered, Error> {
    settle_doubts(line, now).await?;
    if let Some(why) = held(line).await? {
        return Ok(Delivered { held: Some(why), ..Delivered::default() });
    }
    if delivery::next_attempt(&line.store).await?.is_none_or(|next| next > now) {
        return Ok(Delivered::default());
    }
    let may = line.breaker.may(now);
    if let May::Nothing { why, .. } = may {
        return Ok(Delivered { relay_fault: Some(why), ..Delivered::default() });
    }
    let thread = OwnThread::start("delivery", Manners::Usual);
    let press = OwnThread::start("press", Manners::GivesWay);
    let shared = Arc::new(Shared {
        line: line.clone(),
        marks: Marks::start(line, thread.handle()),
        thread,
        counts: Counts::default(),
        halt: line.stopping.child_token(),
        fault: Mutex::default(),
        answered: AtomicBool::new(false),
        unanswered: AtomicUsize::new(0),
        outages: outage::all(&line.store).await?,
    });
    let worked = match may {
        May::TryOne => try_one(&shared, now).await,
        _ => Ok(()),
    };
    let worked = match worked {
        Ok(()) if !shared.is_stopping() => match Claimer::open(&shared).await {
            Ok(claimer) => press.run(claimer.work(now)).await.unwrap_or_else(|broken| Err(broken.into())),
            Err(failure) => Err(failure),
        },
        tried => tried,
    };
    shared.marks.finish().await;
    shared.note_outage().await?;
    worked?;
    Ok(shared.tally().await)
}

/// What is in doubt is sent again, or held for a person.
async fn settle_doubts(line: &Line, now: DateTime<Utc>) -> Result<(), Error> {
    let settings = &line.config.delivery;
    let times = match settings.uncertain {
        Uncertain::Resend => i64::from(settings.resend_at_most),
        Uncertain::Hold => 0,
    };
    let mut tx = line.store.begin().await?;
    // Nothing is in hand now; what carries our token was left behind by a run that broke off.
    delivery::recover_own(&mut tx, &line.token).await?;
    let (resent, held) = delivery::resend_doubtful(&mut tx, times, now).await?;
    letter::tidy(&mut tx, now).await?;
    captured_mail::tidy(&mut tx, now).await?;
    tx.commit().await?;
    if resent > 0 {
        info!(resent, "{resent} messages whose answer was lost are sent again, the same bytes");
    }
    if held > 0 {
        warn!(held, "{held} messages were in doubt more than {times} times and are held: see `tidings status`");
    }
    Ok(())
}

/// Why all mail is held, if it is.
async fn held(line: &Line) -> Result<Option<String>, Error> {
    Ok(setting::get(&line.store, "hold").await?)
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.halt.is_cancelled()
    }

    /// Takes a batch in hand, with all that is needed to make messages of it.
    async fn claim(
        &self,
        press: &mut Press,
        limit: i64,
        lanes: Lanes,
        now: DateTime<Utc>,
    ) -> Result<Vec<Claimed>, Error> {
        // What fell due since the run began, a confirmation say, does not wait for its end.
        let now = now.max(self.line.clock.now());
        let store = &self.line.store;
        // A claim that is lost with this process was never made: what it took is ready.
        let mut tx = store.begin_relaxed().await?;
        let taken = claim::take(&mut tx, &self.line.token, limit, lanes, now).await?;
        let editions = press.mark_ahead(&mut tx, &taken).await?;
        tx.commit().await?;
        if taken.is_empty() {
            return Ok(vec![]);
        }
        // Whoever marks has the turn again from here on.
        let batch = self.looked_ahead(press, &taken, &editions).await;
        press.not_held_against(&editions, batch).await
    }

    async fn looked_ahead(&self, press: &mut Press, taken: &Taken, editions: &[i64]) -> Result<Vec<Claimed>, Error> {
        let batch = claim::taken(&self.line.store, taken).await?;
        press.look_ahead(&batch).await?;
        press.render_ahead(editions).await?;
        Ok(batch)
    }

    /// None: it has come to its end here.
    async fn pressed(
        &self,
        press: &mut Press,
        claimed: Claimed,
        now: DateTime<Utc>,
    ) -> Result<Option<Box<Parcel>>, Error> {
        let id = claimed.id;
        let settled = match press.press(claimed, now).await? {
            Pressed::Parcel(parcel) => return Ok(Some(parcel)),
            Pressed::Ended(settled) => Some(settled),
            // Its rows say so already.
            Pressed::SetAside => None,
        };
        self.counts.cancelled.fetch_add(1, Ordering::Relaxed);
        if let Some(settled) = settled {
            self.marks.settle(id, settled).await;
        }
        Ok(None)
    }

    /// The relay, not a reader, is at fault: everything in hand goes back, uncharged.
    async fn relay_fault(&self, why: String) {
        let mut fault = self.fault.lock().await;
        if fault.is_none() {
            error!("nothing is sent for now: {why}");
            *fault = Some(why);
        }
        self.halt.cancel();
    }

    /// The relay has said something about a message: it works.
    fn answered(&self) {
        self.unanswered.store(0, Ordering::Relaxed);
        if !self.answered.swap(true, Ordering::Relaxed) {
            self.line.breaker.closes();
        }
    }

    /// No answer came to the end of a message. So many of them in a row would be as many mails sent twice, and more with
    /// each try: that is the relay's fault.
    async fn unanswered(&self, why: &str) {
        let in_a_row = self.unanswered.fetch_add(1, Ordering::Relaxed) + 1;
        if in_a_row > self.line.config.relay.connections {
            self.relay_fault(format!("{in_a_row} messages in a row were handed over and not answered: {why}")).await;
        }
    }

    /// Whether the relay was at fault at the end, for those that wait.
    async fn note_outage(&self) -> Result<(), Error> {
        let (line, now) = (&self.line, self.line.clock.now());
        let goes_on = self.outages.last().is_some_and(|last| last.ended.is_none());
        let fault = self.fault.lock().await.clone();
        let mut tx = line.store.begin().await?;
        match fault {
            Some(why) => {
                line.breaker.opens(&why, now);
                outage::begins(&mut tx, now).await?;
            }
            None if goes_on && self.answered.load(Ordering::Relaxed) => outage::ends(&mut tx, now).await?,
            None => {}
        }
        tx.commit().await?;
        Ok(())
    }

    /// Our own or the relay's fault before the mark: always safe, and nobody is charged.
    async fn release(&self, id: i64) {
        let from = self.line.clock.now();
        self.marks.settle(id, Settled::Released { from }).await;
    }

    async fn tally(&self) -> Delivered {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        Delivered {
            sent: count(&self.counts.sent),
            captured: count(&self.counts.captured),
            deferred: count(&self.counts.deferred),
            refused: count(&self.counts.refused),
            cancelled: count(&self.counts.cancelled),
            uncertain: count(&self.counts.uncertain),
            relay_fault: self.fault.lock().await.clone(),
            held: None,
        }
    }
}
