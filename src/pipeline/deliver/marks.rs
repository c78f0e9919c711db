//! All connections' marks go through one writer with group commit: one durable wait serves many messages.
//!
//! A mark before the dot waits for its commit. An outcome does not: it rides with the next commit, and if that cannot
//! be written (disk full, database away) it stays here and is written before anything else.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tracing::{error, info};

use crate::clock::{Clock, since_boot};
use crate::model::holdings::StopReason;
use crate::model::words::with_causes;
use crate::pipeline::Line;
use crate::store::delivery::{self, Settled, Token};
use crate::store::mark::{self, Group, Sending};
use crate::store::{self, Store, subscription, suppression};

/// Marks that one commit takes.
const GROUP: usize = 500;
/// So long an outcome waits for others, and a mark for those of the other connections.
const SOON: Duration = Duration::from_millis(3);
/// Groups that do not wait, after one that waited in vain: the relay is so slow that waiting only makes it slower.
const IN_A_HURRY: u32 = 10;
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// A mark that took longer was granted to a process, or a machine, that stood still meanwhile: others may have its claims.
const STALE: Duration = Duration::from_secs(5);

pub struct Marks {
    queue: mpsc::Sender<Mark>,
    on_their_way: Arc<AtomicUsize>,
    writer: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// A message on its way to its mark and its outcome.
pub struct OnItsWay(Arc<AtomicUsize>);

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The answer to a mark before the dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    Yes,
    /// Something changed since the claim. The row is still claimed.
    No,
    /// The mark's fate is not known, or it came too late; the writer sees to the row. The dot must not leave.
    Unknown,
}

enum Mark {
    Sending(Sending, oneshot::Sender<Granted>),
    Outcome(Outcome),
    Finish,
}

#[derive(Clone)]
struct Outcome {
    id: i64,
    settled: Settled,
    bad_address: Option<BadAddress>,
}

/// An address that the relay says does not exist: suppressed, and its subscriptions end with that reason.
#[derive(Debug, Clone)]
pub struct BadAddress {
    /// None: of a letter to nobody that we know.
    pub subscriber: Option<i64>,
    pub hash: Vec<u8>,
    pub reply: String,
}

struct Writer {
    store: Store,
    clock: Clock,
    token: Token,
    queue: mpsc::Receiver<Mark>,
    /// Outcomes not yet written.
    outcomes: Vec<Outcome>,
    /// Granted, with their outcomes still to be written. None of them is granted once more: a delivery that went back and was
    /// claimed again, while its message was on its way, is two messages.
    granted: HashSet<i64>,
    on_their_way: Arc<AtomicUsize>,
    /// Messages are signed, and come no faster than that goes.
    signs: bool,
    in_a_hurry: u32,
    failing: bool,
}

impl Marks {
    pub fn start(line: &Line, on: &Handle) -> Self {
        let (sender, queue) = mpsc::channel(GROUP * 2);
        let on_their_way = Arc::default();
        let writer = Writer {
            store: line.store.clone(),
            clock: line.clock.clone(),
            token: line.token,
            queue,
            outcomes: Vec::new(),
            granted: HashSet::new(),
            on_their_way: Arc::clone(&on_their_way),
            signs: line.signer.is_some(),
            in_a_hurry: 0,
            failing: false,
        };
        Self { queue: sender, on_their_way, writer: tokio::sync::Mutex::new(Some(on.spawn(writer.write()))) }
    }

    /// A message sets out; as long as what comes back is kept, its mark is waited for.
    pub fn sets_out(&self) -> OnItsWay {
        self.on_their_way.fetch_add(1, Ordering::Relaxed);
        OnItsWay(Arc::clone(&self.on_their_way))
    }

    /// Makes `sending` durable. Anything but yes: the dot must not leave.
    pub async fn sending(&self, sending: Sending) -> Granted {
        let asked = since_boot();
        let id = sending.id;
        let (answer, answered) = oneshot::channel();
        if self.queue.send(Mark::Sending(sending, answer)).await.is_err() {
            return Granted::Unknown;
        }
        let granted = answered.await.unwrap_or(Granted::Unknown);
        if granted == Granted::Yes && since_boot().saturating_sub(asked) > STALE {
            // Its dot has not left, so it is ready again, if it is still ours.
            self.settle(id, Settled::Unmarked).await;
            return Granted::Unknown;
        }
        granted
    }

    /// Records an outcome with the next commit.
    pub async fn settle(&self, id: i64, settled: Settled) {
        self.put(Outcome { id, settled, bad_address: None }).await;
    }

    /// Records a refusal for good of an address that does not exist.
    pub async fn refuse(&self, id: i64, settled: Settled, bad_address: BadAddress) {
        self.put(Outcome { id, settled, bad_address: Some(bad_address) }).await;
    }

    async fn put(&self, outcome: Outcome) {
        if self.queue.send(Mark::Outcome(outcome)).await.is_err() {
            error!("an outcome could not be recorded: the writer of marks is gone");
        }
    }

    /// Comes back when every outcome is written.
    pub async fn finish(&self) {
        let _ = self.queue.send(Mark::Finish).await;
        if let Some(writer) = self.writer.lock().await.take()
            && let Err(broken) = writer.await
        {
            error!("the writer of marks broke off: {broken}");
        }
    }
}

impl Writer {
    async fn write(mut self) {
        let mut finishing = false;
        while !finishing || !self.outcomes.is_empty() {
            let mut sendings = Vec::new();
            if self.outcomes.is_empty() || !self.failing {
                match self.queue.recv().await {
                    Some(mark) => finishing |= self.sort(mark, &mut sendings),
                    None => finishing = true,
                }
            }
            finishing |= self.gather(&mut sendings, finishing).await;
            self.turn_twins_away(&mut sendings);
            match self.commit(&sendings).await {
                Ok(marked) => {
                    for outcome in self.outcomes.drain(..) {
                        self.granted.remove(&outcome.id);
                    }
                    self.say_it_works();
                    for (sending, answer) in sendings {
                        let is_marked = marked.contains(&sending.id);
                        if is_marked {
                            self.granted.insert(sending.id);
                        }
                        let _ = answer.send(if is_marked { Granted::Yes } else { Granted::No });
                    }
                }
                Err(failure) => {
                    self.keep(sendings);
                    self.say_it_fails(&failure);
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        }
    }

    /// What a commit takes along: an outcome waits for the next mark, and the marks until those of a third of the messages on
    /// their way are there: more of them would wait longer than a commit takes, and fewer take more CPU. Where signing is what
    /// takes time, those of all of them, which costs nobody any. Whether the last was among them.
    async fn gather(&mut self, sendings: &mut Vec<(Sending, oneshot::Sender<Granted>)>, mut finishing: bool) -> bool {
        let on_their_way = self.on_their_way.load(Ordering::Relaxed);
        let enough = if self.signs { on_their_way } else { on_their_way.div_ceil(3) };
        let since = Instant::now();
        while sendings.len() + self.outcomes.len() < GROUP {
            let waits = !finishing && (sendings.is_empty() || self.in_a_hurry == 0 && sendings.len() < enough);
            let wait = if waits { SOON.saturating_sub(since.elapsed()) } else { Duration::ZERO };
            let Some(mark) = self.next_within(wait).await else { break };
            finishing |= self.sort(mark, sendings);
        }
        self.in_a_hurry = match self.in_a_hurry {
            0 if !sendings.is_empty() && sendings.len() < enough => IN_A_HURRY,
            hurry => hurry.saturating_sub(1),
        };
        finishing
    }

    async fn next_within(&mut self, wait: Duration) -> Option<Mark> {
        match self.queue.try_recv() {
            Err(_) if !wait.is_zero() => timeout(wait, self.queue.recv()).await.ok().flatten(),
            mark => mark.ok(),
        }
    }

    /// Whether this is the last.
    fn sort(&mut self, mark: Mark, sendings: &mut Vec<(Sending, oneshot::Sender<Granted>)>) -> bool {
        match mark {
            Mark::Sending(sending, answer) => sendings.push((sending, answer)),
            Mark::Outcome(outcome) => self.outcomes.push(outcome),
            Mark::Finish => return true,
        }
        false
    }

    /// Of two messages for one delivery, the one that asks first is the one: its outcome is that of both.
    fn turn_twins_away(&self, sendings: &mut Vec<(Sending, oneshot::Sender<Granted>)>) {
        let mut asked = HashSet::with_capacity(sendings.len());
        let mut is_twin = |id: i64| self.granted.contains(&id) || !asked.insert(id);
        for (_, answer) in sendings.extract_if(.., |(sending, _)| is_twin(sending.id)) {
            let _ = answer.send(Granted::Unknown);
        }
    }

    /// Which of these were marked.
    async fn commit(&self, sendings: &[(Sending, oneshot::Sender<Granted>)]) -> Result<HashSet<i64>, store::Error> {
        let now = self.clock.now();
        let sent = self.outcomes.iter().filter_map(|outcome| match &outcome.settled {
            Settled::Sent { reply } => Some((outcome.id, reply.as_str())),
            _ => None,
        });
        let sendings = sendings.iter().map(|(sending, _)| sending).collect();
        let group = Group { sent: sent.collect(), sendings };
        if group.sent.len() == self.outcomes.len() {
            group.write(&self.store, &self.token, now).await
        } else {
            self.commit_one_by_one(&group, now).await
        }
    }

    /// With outcomes that take more than a statement.
    async fn commit_one_by_one(&self, group: &Group<'_>, now: DateTime<Utc>) -> Result<HashSet<i64>, store::Error> {
        let mut tx = self.store.begin().await?;
        mark::insist_on_the_disk(&mut tx).await?;
        let others = self.outcomes.iter().filter(|outcome| !matches!(outcome.settled, Settled::Sent { .. }));
        for outcome in others {
            delivery::settle(&mut tx, &self.token, outcome.id, &outcome.settled, now).await?;
            if let Some(bad) = &outcome.bad_address {
                suppression::add_hard(&mut tx, &bad.hash, &bad.reply, now).await?;
                if let Some(subscriber) = bad.subscriber {
                    subscription::stop(&mut tx, subscriber, None, StopReason::Suppressed, now).await?;
                }
            }
        }
        let marked = group.write_in(&mut tx, &self.token, now).await?;
        tx.commit().await?;
        Ok(marked)
    }

    /// The fate of these marks is unknown, and their dots will not leave: they are written back to ready.
    fn keep(&mut self, sendings: Vec<(Sending, oneshot::Sender<Granted>)>) {
        for (sending, answer) in sendings {
            self.outcomes.push(Outcome { id: sending.id, settled: Settled::Unmarked, bad_address: None });
            let _ = answer.send(Granted::Unknown);
        }
    }

    fn say_it_fails(&mut self, failure: &store::Error) {
        if !self.failing {
            let waiting = self.outcomes.len();
            error!(
                waiting,
                "outcomes cannot be written and are kept in memory; nothing new is sent until they are: {}",
                with_causes(failure)
            );
        }
        self.failing = true;
    }

    fn say_it_works(&mut self) {
        if self.failing {
            info!("outcomes are written again");
        }
        self.failing = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::claim::{self, Lanes};
    use crate::tests::app::TestApp;
    use crate::tests::engine::on_both_engines;

    on_both_engines! {
        /// A row that went back, by hand or with a server that fell, was claimed again.
        async fn of_two_messages_for_one_delivery_one_is_granted(engine: Engine) {
            let app = TestApp::at(engine, "2026-03-02 12:00").await;
            app.subscribe("ada@example.org", &["health"]).await;
            app.publish("health", "Once");
            app.meddle("INSERT INTO setting (name, value) VALUES ('hold', 'until it is claimed by hand')").await;
            app.run_until("2026-03-03 08:00").await;
            app.meddle("DELETE FROM setting WHERE name = 'hold'").await;

            let line = app.line();
            let mut tx = line.store.begin().await.unwrap();
            let taken = claim::take(&mut tx, &line.token, 10, Lanes::All, app.clock.now()).await.unwrap();
            tx.commit().await.unwrap();
            let claimed = claim::taken(&line.store, &taken).await.unwrap().remove(0);
            let sending = app.sending(&claimed);

            let marks = Marks::start(line, &Handle::current());
            let (one, other) = tokio::join!(marks.sending(sending.clone()), marks.sending(sending.clone()));
            assert_eq!((one, other), (Granted::Yes, Granted::Unknown), "asked at once");
            assert_eq!(marks.sending(sending.clone()).await, Granted::Unknown, "while the first is on its way");
            marks.settle(claimed.id, Settled::Sent { reply: "250 kept".to_owned() }).await;
            assert_ne!(marks.sending(sending).await, Granted::Yes, "and when it has arrived");
            marks.finish().await;
            assert_eq!(app.digests().await, ["sent"]);
        }
    }
}
