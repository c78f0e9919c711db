//! One connection to the relay, and the task that owns it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::marks::{BadAddress, Granted};
use super::outbox::{Next, Outbox};
use super::traffic::Leave;
use super::{LOOK_AGAIN, Parcel, Shared};
use crate::mail::fault::SessionError;
use crate::mail::relay::Relay;
use crate::mail::session::Session;
use crate::model::breaker::stood_still;
use crate::model::delivery::{Outcome, retry};
use crate::store::delivery::Settled;
use crate::store::mark::Sending;

/// Where the last message was answered within this time, the next one is asked for behind a dot; and goes back to the others
/// if the answer to that dot takes longer.
const PROMPT: Duration = Duration::from_secs(1);

pub struct Connection {
    shared: Arc<Shared>,
    /// To the relay, and to the mailbox inside Tidings.
    sessions: [Option<Session>; 2],
    /// Amid what is not to be ended. It has to be gone before another one comes.
    given_up: Option<Session>,
    /// Where the next parcel comes from. None: there is none but this one.
    source: Option<Source>,
    /// Taken when the last one's dot left.
    next: Option<Next>,
    /// Whether the last message was answered soon.
    is_prompt: bool,
}

/// Where parcels come from, and where they go back to.
#[derive(Clone)]
pub struct Source {
    pub outbox: Arc<Mutex<Outbox>>,
    pub back: mpsc::Sender<Parcel>,
}

/// How one exchange ended.
enum Exchange {
    Answered(Outcome),
    /// The mark was not granted: something changed, and the relay does not have the message.
    Unmarked,
    /// The mark's fate is not known; its writer sees to the row.
    Dropped,
    /// The connection was lost, by the relay's doing, before it took anything.
    Closing,
    Relay(String),
    BeforeDot(String),
    AfterDot(String),
}

impl Connection {
    pub fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            sessions: [None, None],
            given_up: None,
            source: None,
            next: None,
            is_prompt: false,
        }
    }

    /// Carries parcels until there are none.
    pub async fn carry(mut self, source: Source) {
        let outbox = Arc::clone(&source.outbox);
        self.source = Some(source);
        loop {
            let next = match self.next.take() {
                None => outbox.lock().await.next().await,
                taken => taken,
            };
            match next {
                Some(Next::Parcel(parcel, _)) if self.shared.is_stopping() => {
                    self.shared.release(parcel.claimed.id).await
                }
                Some(Next::Parcel(parcel, leave)) => self.deliver(&parcel, leave).await,
                Some(Next::TooEarly(parcel, wait)) => self.put_off(&parcel, wait).await,
                None => break,
            }
        }
        self.quit().await;
    }

    /// It is to come back later.
    async fn put_off(&self, parcel: &Parcel, wait: Duration) {
        let from = self.shared.line.clock.now() + wait;
        self.shared.marks.settle(parcel.claimed.id, Settled::Released { from }).await;
    }

    pub async fn quit(self) {
        for session in self.sessions.into_iter().flatten() {
            session.quit().await;
        }
    }

    /// One message, from its claim to its outcome.
    pub async fn deliver(&mut self, parcel: &Parcel, leave: Option<Leave>) {
        let _on_its_way = self.shared.marks.sets_out();
        let mut exchange = self.hand_over(parcel).await;
        if matches!(exchange, Exchange::Closing) {
            exchange = self.hand_over(parcel).await;
        }
        match exchange {
            Exchange::Answered(outcome) => self.record(parcel, outcome, leave.as_ref()).await,
            Exchange::Unmarked => {
                let from = self.shared.line.clock.now() + LOOK_AGAIN;
                self.shared.marks.settle(parcel.claimed.id, Settled::Released { from }).await;
            }
            Exchange::Dropped => {}
            Exchange::Closing => self.defer(parcel, "the relay closed the connection twice".into()).await,
            Exchange::BeforeDot(why) => self.defer(parcel, why).await,
            Exchange::AfterDot(why) => {
                let id = parcel.claimed.id;
                warn!(delivery.id = id, "the answer to delivery {id} was lost; it is in doubt: {why}");
                self.shared.counts.uncertain.fetch_add(1, Ordering::Relaxed);
                self.shared.unanswered(&why).await;
                self.shared.marks.settle(id, Settled::Doubted { why }).await;
            }
            Exchange::Relay(why) => {
                self.shared.relay_fault(why).await;
                self.shared.release(parcel.claimed.id).await;
            }
        }
        // What became of the message does not wait for this.
        if let Some(given_up) = self.given_up.take() {
            given_up.quit().await;
        }
    }

    /// The exchange. The mark is durable before the dot.
    async fn hand_over(&mut self, parcel: &Parcel) -> Exchange {
        let mut session = match self.session(parcel.captured).await {
            Ok(session) => session,
            Err(error) => return Exchange::of(error),
        };
        match session.envelope(&parcel.envelope_from, &parcel.to).await {
            Ok(None) => {}
            Ok(Some(refused)) => {
                self.keep(parcel.captured, session);
                return Exchange::Answered(refused);
            }
            Err(error) => return Exchange::of(error),
        }
        if let Err(error) = session.body(&parcel.message).await {
            return Exchange::of(error);
        }
        // That the connection ends here is what tells the relay that there is no message.
        let unsent = match self.shared.marks.sending(parcel.sending()).await {
            Granted::Yes => None,
            Granted::No => Some(Exchange::Unmarked),
            Granted::Unknown => Some(Exchange::Dropped),
        };
        if let Some(unsent) = unsent {
            self.given_up = Some(session);
            return unsent;
        }
        self.look_ahead();
        match self.dot(&mut session, parcel.captured).await {
            Ok(outcome) => {
                self.keep(parcel.captured, session);
                Exchange::Answered(outcome)
            }
            Err(error) => Exchange::of(error),
        }
    }

    /// The dot, and the next envelope with it. If no answer comes soon, the next parcel goes back, for another connection:
    /// whoever falls silent at one message holds up no other.
    async fn dot(&mut self, session: &mut Session, captured: bool) -> Result<Outcome, SessionError> {
        let since = Instant::now();
        let next = self.next.as_ref().and_then(|next| next.envelope(captured));
        let next = next.map(|(from, to)| (from.to_owned(), to.clone()));
        let mut dot = pin!(session.dot(next.as_ref().map(|(from, to)| (from.as_str(), to))));
        let answered = match timeout(PROMPT, &mut dot).await {
            Ok(answered) => answered,
            Err(_) => {
                self.give_back().await;
                dot.await
            }
        };
        self.is_prompt = since.elapsed() < PROMPT;
        answered
    }

    /// Takes the next parcel if one lies there; where another connection waits for one, none does.
    fn look_ahead(&mut self) {
        if self.is_prompt
            && self.next.is_none()
            && let Some(source) = &self.source
            && let Ok(mut outbox) = source.outbox.try_lock()
        {
            self.next = outbox.at_hand();
        }
    }

    async fn give_back(&mut self) {
        match (self.next.take(), &self.source) {
            (Some(Next::Parcel(parcel, _)), Some(source)) => {
                if let Err(full) = source.back.try_send(parcel) {
                    self.shared.release(full.into_inner().claimed.id).await;
                }
            }
            (Some(Next::TooEarly(parcel, wait)), _) => self.put_off(&parcel, wait).await,
            _ => {}
        }
    }

    async fn session(&mut self, captured: bool) -> Result<Session, SessionError> {
        match self.sessions[usize::from(captured)].take() {
            Some(session) if session.reusable() => return Ok(session),
            // It has to be gone before another one comes: there are never more than are configured.
            Some(spent) => spent.quit().await,
            None => {}
        }
        Session::open(self.relay(captured)).await
    }

    fn relay(&self, captured: bool) -> &Relay {
        let line = &self.shared.line;
        if captured { &line.mailbox } else { line.relay.as_deref().unwrap_or(&line.mailbox) }
    }

    /// For the next message, or to say goodbye.
    fn keep(&mut self, captured: bool, session: Session) {
        if !session.is_whole() {
            return;
        }
        // What it was asked for may have gone back.
        if session.is_asked() && self.next.is_none() {
            self.given_up = Some(session);
        } else {
            self.sessions[usize::from(captured)] = Some(session);
        }
    }

    async fn record(&mut self, parcel: &Parcel, outcome: Outcome, leave: Option<&Leave>) {
        let (id, counts, marks) = (parcel.claimed.id, &self.shared.counts, &self.shared.marks);
        if !parcel.captured && !matches!(outcome, Outcome::Ours { .. }) {
            self.shared.answered();
        }
        match outcome.without(&parcel.to) {
            Outcome::Sent { reply } => {
                leave.inspect(|leave| leave.went_well());
                counts.sent.fetch_add(1, Ordering::Relaxed);
                counts.captured.fetch_add(usize::from(parcel.captured), Ordering::Relaxed);
                marks.settle(id, Settled::Sent { reply }).await;
            }
            Outcome::Transient { reply, slow_down } => {
                leave.zip(slow_down).inspect(|(leave, who)| leave.slow_down(*who, &reply));
                self.defer(parcel, reply).await;
            }
            Outcome::Permanent { reply, hard } => {
                info!(delivery.id = id, hard, "the relay refused delivery {id}: {reply}");
                counts.refused.fetch_add(1, Ordering::Relaxed);
                let settled = Settled::Refused { reply: reply.clone() };
                if hard {
                    let subscriber = parcel.claimed.subscriber;
                    marks.refuse(id, settled, BadAddress { subscriber, hash: parcel.hash.clone(), reply }).await;
                } else {
                    marks.settle(id, settled).await;
                }
            }
            Outcome::Ours { reply } => {
                self.shared.relay_fault(format!("the relay refuses us, not a reader: {reply}")).await;
                self.shared.release(parcel.claimed.id).await;
            }
        }
    }

    /// Tries again later, or gives up: what it owes then goes into the reader's next digest.
    async fn defer(&self, parcel: &Parcel, reply: String) {
        let (claimed, now) = (&parcel.claimed, self.shared.line.clock.now());
        let settings = &self.shared.line.config.delivery;
        self.shared.counts.deferred.fetch_add(1, Ordering::Relaxed);
        // While the relay was at fault nobody could take it.
        let since = claimed.created_at + stood_still(&self.shared.outages, claimed.created_at, now);
        let settled = match retry(&settings.retry, settings.give_up_after, claimed.attempts, since, now) {
            Some(until) => Settled::Deferred { until, reply },
            // Once in doubt, a failed retry proves nothing: the relay may have had it before.
            None if claimed.doubts > 0 => Settled::Held { reply },
            None => Settled::Expired { reply },
        };
        self.shared.marks.settle(claimed.id, settled).await;
    }
}

impl Parcel {
    /// The message's, and its signature's.
    pub fn date(&self) -> DateTime<Utc> {
        self.claimed.created_at
    }

    fn sending(&self) -> Sending {
        Sending {
            id: self.claimed.id,
            edition: self.claimed.edition,
            address_key: self.to.key(),
            hash: self.hash.clone(),
        }
    }
}

impl Exchange {
    fn of(error: SessionError) -> Self {
        let words = crate::model::words::with_causes(&error);
        match error {
            SessionError::Relay(_) => Self::Relay(words),
            SessionError::Closing { .. } => Self::Closing,
            SessionError::BeforeDot { .. } => Self::BeforeDot(words),
            SessionError::AfterDot { .. } => Self::AfterDot(words),
        }
    }
}
