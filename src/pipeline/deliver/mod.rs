//! Claim → render → sign → hand over → record the outcome.
//!
//! One claimer takes small batches, answers to a person first; each connection is a task that owns its session; all
//! marks go through one writer that commits them in groups. `sending` is durable before the dot.

pub mod alert;
mod answers;
mod connection;
mod direct;
mod marks;
mod press;
pub mod proof;
mod signing;
pub mod trial;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use super::{Error, Line};
use crate::config::Uncertain;
use crate::model::address::Address;
use crate::model::breaker::{May, Outage};
use crate::store::delivery::{self, Claimed, Settled};
use crate::store::{captured_mail, letter, outage, setting};
use connection::Connection;
use marks::Marks;
pub use press::site;
use press::{Press, Pressed};
use signing::Desk;

/// Deliveries claimed at once: few enough that an answer to a person waits seconds at most.
const BATCH: i64 = 200;
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
    counts: Counts,
    /// The relay was at fault: nothing more is handed over in this run.
    broken: AtomicBool,
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
    bytes: Vec<u8>,
    /// To the mailbox inside Tidings, not to the relay.
    captured: bool,
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
    let shared = Arc::new(Shared {
        line: line.clone(),
        marks: Marks::start(line),
        counts: Counts::default(),
        broken: AtomicBool::new(false),
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
        Ok(()) if !shared.is_stopping() => work(&shared, now).await,
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

/// The relay was at fault when it was asked last: one message shows how it stands, while all others wait.
async fn try_one(shared: &Arc<Shared>, now: DateTime<Utc>) -> Result<(), Error> {
    let line = &shared.line;
    let mut press = Press::open(line).await?;
    let mut connection = Connection::new(shared);
    // What is captured says nothing of the relay, nor does what ends before it comes to it.
    while line.breaker.is_open() && !shared.is_stopping() && held(line).await?.is_none() {
        let Some(claimed) = claim(line, 1, now).await?.pop() else { break };
        let id = claimed.id;
        match shared.pressed(&mut press, claimed, now).await? {
            None => {}
            Some(mut parcel) => match signing::signed(line, std::mem::take(&mut parcel.bytes), parcel.date()).await {
                Ok(bytes) => {
                    let captured = parcel.captured;
                    connection.deliver(&Parcel { bytes, ..*parcel }).await;
                    if !captured && line.breaker.is_open() && !shared.is_stopping() {
                        shared.relay_fault("it takes messages and does not answer".to_owned()).await;
                    }
                }
                Err(why) => {
                    shared.relay_fault(why).await;
                    shared.release(id).await;
                }
            },
        }
    }
    connection.quit().await;
    Ok(())
}

async fn claim(line: &Line, limit: i64, now: DateTime<Utc>) -> Result<Vec<Claimed>, Error> {
    let mut tx = line.store.begin().await?;
    let batch = delivery::claim(&mut tx, &line.token, limit, now).await?;
    tx.commit().await?;
    Ok(batch)
}

/// Claims and presses, while connections carry. Whatever breaks off, what the connections have in hand comes to its end.
async fn work(shared: &Arc<Shared>, now: DateTime<Utc>) -> Result<(), Error> {
    let (parcels, waiting) = mpsc::channel::<Parcel>(BATCH as usize);
    let (mut connections, mut signers) = (JoinSet::new(), JoinSet::new());
    let desk = Desk::open(shared, parcels, &mut signers);
    let worked = feed(shared, &desk, Arc::new(Mutex::new(waiting)), &mut connections, now).await;
    if worked.is_err() {
        shared.broken.store(true, Ordering::Relaxed);
    }
    drop(desk);
    for (mut tasks, whose) in [(signers, "a signer's"), (connections, "a connection's")] {
        while let Some(done) = tasks.join_next().await {
            if let Err(broken) = done {
                error!("{whose} task broke off; what it had in hand is in doubt or ready again: {broken}");
            }
        }
    }
    worked
}

/// Claims small batches and passes them on, until nothing is due.
async fn feed(
    shared: &Arc<Shared>,
    desk: &Desk,
    waiting: Arc<Mutex<mpsc::Receiver<Parcel>>>,
    connections: &mut JoinSet<()>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    let line = &shared.line;
    let mut press = Press::open(line).await?;
    while !shared.is_stopping() && held(line).await?.is_none() {
        // What fell due since the run began, a confirmation say, does not wait for its end.
        let now = now.max(line.clock.now());
        let batch = claim(line, BATCH, now).await?;
        if batch.is_empty() {
            break;
        }
        for claimed in batch {
            if shared.is_stopping() {
                shared.release(claimed.id).await;
                continue;
            }
            let Some(parcel) = shared.pressed(&mut press, claimed, now).await? else { continue };
            let busy = connections.is_empty() || desk.is_busy();
            if busy && connections.len() < line.config.relay.connections {
                connections.spawn(Connection::new(shared).carry(Arc::clone(&waiting)));
            }
            if let Err(unsent) = desk.put(*parcel).await {
                shared.release(unsent.claimed.id).await;
            }
        }
    }
    Ok(())
}

/// Why all mail is held, if it is.
async fn held(line: &Line) -> Result<Option<String>, Error> {
    Ok(setting::get(&line.store, "hold").await?)
}

impl Shared {
    fn is_stopping(&self) -> bool {
        self.broken.load(Ordering::Relaxed) || self.line.stopping.is_cancelled()
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
        self.broken.store(true, Ordering::Relaxed);
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
